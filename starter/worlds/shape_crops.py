"""Shapes seen close: one shape cut out of its scene, or a whole scene."""

from __future__ import annotations

import numpy as np

from starter.worlds import shapes
from starter.worlds.shape_batches import Pack, squeezed
from starter.worlds.shapes import Scene

FARTHEST = 2.6  # longer side of a cut, in longer sides of its shape
MARGIN = 0.06  # least room beside the shape, as a share of its longer side
ASPECTS = (0.7, 1.43)  # width by height of a cut


def packed(seed: int, count: int, side: int, several: float) -> Pack:
    """`count` fresh pictures squeezed to side x side; a share of them shows several shapes.

    Their boxes are left empty.
    """
    rng = np.random.default_rng(seed)
    pack = Pack(
        np.zeros((count, side, side, 3), np.uint8),
        np.zeros((count, side, side), np.uint8),
        np.zeros((count, shapes.MOST, 4), np.float32),
        np.full((count, shapes.MOST), -1, np.int64),
    )
    for n in range(count):
        scene = shapes.scene(rng) if rng.random() < several else single(rng)
        pack.pictures[n] = squeezed(scene.picture, side)
        pack.ids[n] = squeezed(scene.ids, side)
        for k, shape in enumerate(scene.shapes):
            pack.labels[n, k] = shapes.LABELS.index(shape.label)
    return pack


def single(
    rng: np.random.Generator, labels: tuple[str, ...] = shapes.LABELS, scale: int = 1
) -> Scene:
    """A picture of one shape, cut out of a larger scene at random."""
    side = shapes.SIDE * scale
    scene = shapes.scene(rng, side, side, count=1, labels=labels)
    while not scene.shapes:
        scene = shapes.scene(rng, side, side, count=1, labels=labels)
    rows, columns = window(rng, scene)
    return Scene(
        picture=scene.picture[rows, columns], ids=scene.ids[rows, columns], shapes=scene.shapes
    )


def window(rng: np.random.Generator, scene: Scene) -> tuple[slice, slice]:
    """Rows and columns around the scene's first shape."""
    xmin, ymin, xmax, ymax = scene.shapes[0].box
    height, width = scene.picture.shape[:2]
    longer = max(xmax - xmin, ymax - ymin) * (1 + 2 * MARGIN)
    aspect = float(np.exp(rng.uniform(*np.log(ASPECTS))))
    size = float(longer * np.exp(rng.uniform(0, np.log(FARTHEST))))
    wide = min(width, round(size * max(1.0, aspect)))
    high = min(height, round(size * max(1.0, 1 / aspect)))
    left = _start(rng, xmin, xmax, wide, width)
    top = _start(rng, ymin, ymax, high, height)
    return slice(top, top + high), slice(left, left + wide)


def _start(rng: np.random.Generator, low: int, high: int, size: int, whole: int) -> int:
    """Where a window of this size may begin so that it holds low..high."""
    first, last = max(0, high - size), min(low, whole - size)
    return int(rng.integers(first, max(first, last) + 1))
