"""Shapes seen close and far: one shape cut out of its scene at any size, or a whole scene."""

from __future__ import annotations

import numpy as np
from PIL import Image

from starter.worlds import shapes
from starter.worlds.shape_batches import Pack, squeezed
from starter.worlds.shapes import Picture, Scene

WHOLE = 0.2  # share of single shapes whose scene is not cut
MARGIN = 0.06  # least room beside the shape, as a share of its longer side
ASPECTS = (0.7, 1.43)  # width by height of a cut


def packed(seed: int, count: int, side: int, several: float) -> Pack:
    """`count` fresh pictures squeezed to side x side; a share of them shows several shapes.

    Their boxes and ids are left empty.
    """
    rng = np.random.default_rng(seed)
    pack = Pack(
        np.zeros((count, side, side, 3), np.uint8),
        np.zeros((count, 1, 1), np.uint8),
        np.zeros((count, shapes.MOST, 4), np.float32),
        np.full((count, shapes.MOST), -1, np.int64),
    )
    for n in range(count):
        scene = shapes.scene(rng) if rng.random() < several else single(rng)
        pack.pictures[n] = squeezed(scene.picture, side)
        for k, shape in enumerate(scene.shapes):
            pack.labels[n, k] = shapes.LABELS.index(shape.label)
    return pack


def single(
    rng: np.random.Generator, labels: tuple[str, ...] = shapes.LABELS, scale: int = 1
) -> Scene:
    """A scene of one shape that is cut out of a larger one at random, or left whole."""
    side = shapes.SIDE * scale
    scene = shapes.scene(rng, side, side, count=1, labels=labels)
    while not scene.shapes:
        scene = shapes.scene(rng, side, side, count=1, labels=labels)
    if rng.random() < WHOLE:
        return scene
    return Scene(picture=cut(rng, scene), ids=scene.ids, shapes=scene.shapes)


def cut(rng: np.random.Generator, scene: Scene) -> Picture:
    """A window around the scene's first shape, (height, width, 3)."""
    xmin, ymin, xmax, ymax = scene.shapes[0].box
    height, width = scene.picture.shape[:2]
    longer = max(xmax - xmin, ymax - ymin) * (1 + 2 * MARGIN)
    aspect = float(np.exp(rng.uniform(*np.log(ASPECTS))))
    size = float(np.exp(rng.uniform(np.log(longer), np.log(max(longer, min(width, height))))))
    wide = min(width, round(size * max(1.0, aspect)))
    high = min(height, round(size * max(1.0, 1 / aspect)))
    left = _start(rng, xmin, xmax, wide, width)
    top = _start(rng, ymin, ymax, high, height)
    return scene.picture[top : top + high, left : left + wide]


def _start(rng: np.random.Generator, low: int, high: int, size: int, whole: int) -> int:
    """Where a window of this size may begin so that it holds low..high."""
    first, last = max(0, high - size), min(low, whole - size)
    return int(rng.integers(first, max(first, last) + 1))


def saved(picture: Picture, path: str, side: int) -> None:
    """Write a picture as PNG, `side` pixels wide."""
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    image.resize((side, round(side * height / width)), Image.Resampling.BICUBIC).save(path)
