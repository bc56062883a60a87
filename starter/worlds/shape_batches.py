"""Scenes of shapes as arrays: squeezed to a square as image processors do, and varied per batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from starter.worlds import shapes

SQUARE = 0.35  # share of scenes that are square from the start
ASPECTS = (0.6, 1.67)  # width by height of the others
BRIGHTER, SHIFTED = 0.05, 0.03  # most change of a batch's contrast and brightness, of 1
WHITE = 255.0  # full scale of a channel


@dataclass(frozen=True, eq=False)
class Pack:
    """Scenes of one size.

    pictures: uint8 (n, side, side, 3). ids: uint8 (n, side, side), see shapes.Scene. boxes: float32
    (n, MOST, 4) as xmin ymin xmax ymax from 0 to 1. labels: int64 (n, MOST), an index into
    shapes.LABELS, or -1 where there is no shape.
    """

    pictures: NDArray[np.uint8]
    ids: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pictures)


@dataclass(frozen=True, eq=False)
class Batch:
    """Some of a pack: pictures are float32 (n, 3, side, side) from 0 to 1, the rest as in Pack."""

    pictures: NDArray[np.float32]
    ids: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]


def packed(
    seed: int,
    count: int,
    side: int = shapes.SIDE,
    square: float = SQUARE,
    drawn: Callable[[np.random.Generator, int, int], shapes.Scene] = shapes.scene,
) -> Pack:
    """`count` fresh scenes, most of them wider or higher than square and squeezed."""
    rng = np.random.default_rng(seed)
    pack = Pack(
        np.zeros((count, side, side, 3), np.uint8),
        np.zeros((count, side, side), np.uint8),
        np.zeros((count, shapes.MOST, 4), np.float32),
        np.full((count, shapes.MOST), -1, np.int64),
    )
    for n in range(count):
        width, height = _size(rng, side, square)
        scene = drawn(rng, width, height)
        pack.pictures[n] = squeezed(scene.picture, side)
        pack.ids[n] = squeezed(scene.ids, side)
        for k, shape in enumerate(scene.shapes):
            pack.boxes[n, k] = np.array(shape.box) / (width, height, width, height)
            pack.labels[n, k] = shapes.LABELS.index(shape.label)
    return pack


def squeezed(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture, or the ids of one, resized to side x side."""
    if pixels.shape[:2] == (side, side):
        return pixels
    how = Image.Resampling.BILINEAR if pixels.ndim == 3 else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(pixels).resize((side, side), how))


def _size(rng: np.random.Generator, side: int, square: float) -> tuple[int, int]:
    if rng.random() < square:
        return side, side
    aspect = float(np.exp(rng.uniform(*np.log(ASPECTS))))
    return round(side * max(1.0, aspect)), round(side * max(1.0, 1 / aspect))


def draw(pack: Pack, rng: np.random.Generator, count: int) -> Batch:
    """`count` scenes at random, turned over at random all together, brighter or darker each."""
    chosen = np.sort(rng.integers(0, len(pack), count))
    x = pack.pictures[chosen].astype(np.float32).transpose(0, 3, 1, 2) / WHITE
    ids, boxes, labels = pack.ids[chosen], pack.boxes[chosen], pack.labels[chosen]
    if rng.random() < 0.5:  # left to right
        x, ids = x[..., ::-1], ids[..., ::-1]
        boxes = np.stack([1 - boxes[..., 2], boxes[..., 1], 1 - boxes[..., 0], boxes[..., 3]], -1)
    if rng.random() < 0.5:  # along the diagonal
        x, ids = x.transpose(0, 1, 3, 2), ids.transpose(0, 2, 1)
        boxes = boxes[..., [1, 0, 3, 2]]
    contrast = 1 + rng.uniform(-BRIGHTER, BRIGHTER, (count, 1, 1, 1)).astype(np.float32)
    shift = rng.uniform(-SHIFTED, SHIFTED, (count, 1, 1, 1)).astype(np.float32)
    pictures = np.ascontiguousarray((x * contrast + shift).clip(0, 1))
    return Batch(pictures, np.ascontiguousarray(ids), np.ascontiguousarray(boxes), labels)
