"""A homography from matched points, some of which are wrong (RANSAC), and pictures moved by it.

A homography is a 3x3 matrix that takes (x, y, 1) of one picture to the same point of another, up to
a factor: what happens between two views of something flat, or from one place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LEAST = 4
"""Points that a homography needs."""
TRIES = 600
"""Drawn at once; with half of the matches right, four right ones are among them surely."""
SEED = 0
NEAR = 0.015
"""A match agrees within this share of the picture's diagonal."""
ROUNDS = 3
"""Times that the homography is fitted again to all that agree."""
AGREEING = 8
"""Fewer matches than this agree by chance; two homographies of four points always do."""
MOST_SKEWED = 1e-8

Points = NDArray[np.float64]  # (n, 2)
Matrix = NDArray[np.float64]  # (3, 3)


def found(one: Points, other: Points, diagonal: float) -> tuple[Matrix | None, NDArray[np.bool_]]:
    """What takes `one` to `other`, and which pairs agree; no matrix where too few do.

    `diagonal` is the length of the other picture's, in pixels.
    """
    none = np.zeros(len(one), bool)
    if len(one) < max(LEAST, AGREEING):
        return None, none
    rng = np.random.default_rng(SEED)
    picked = rng.random((TRIES, len(one))).argsort(1)[:, :LEAST]
    matrices = fitted(one[picked], other[picked])
    agree = away(matrices, one, other) < NEAR * diagonal
    best = agree[agree.sum(1).argmax()]
    for _ in range(ROUNDS):
        if best.sum() < AGREEING:
            return None, none
        matrix = fitted(one[best][None], other[best][None])
        best = away(matrix, one, other)[0] < NEAR * diagonal
    if best.sum() < AGREEING or abs(np.linalg.det(matrix[0])) < MOST_SKEWED:
        return None, none
    return matrix[0], best


def fitted(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least-squares homographies (k, 3, 3) of k sets of n pairs, each (k, n, 2).

    The normalised direct linear transform (Hartley 1997).
    """
    (a, here), (b, there) = _normal(one), _normal(other)
    x, y, u, v = a[..., 0], a[..., 1], b[..., 0], b[..., 1]
    zero, unit = np.zeros_like(x), np.ones_like(x)
    upper = np.stack([x, y, unit, zero, zero, zero, -u * x, -u * y, -u], -1)
    lower = np.stack([zero, zero, zero, x, y, unit, -v * x, -v * y, -v], -1)
    rows = np.concatenate([upper, lower], 1)
    least = np.linalg.eigh(rows.transpose(0, 2, 1) @ rows)[1][..., 0].reshape(-1, 3, 3)
    matrices = np.linalg.inv(there) @ least @ here
    scale = matrices[:, 2:, 2:]
    return matrices / np.where(np.abs(scale) < MOST_SKEWED, 1.0, scale)


def _normal(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points about their middle with a mean distance of 1, and what makes them so (k, 3, 3)."""
    middle = points.mean(1)
    size = np.linalg.norm(points - middle[:, None], axis=-1).mean(1)
    scale = 1 / np.maximum(size, 1e-9)
    to = np.zeros((len(points), 3, 3))
    to[:, 0, 0] = to[:, 1, 1] = scale
    to[:, :2, 2] = -middle * scale[:, None]
    to[:, 2, 2] = 1
    return (points - middle[:, None]) * scale[:, None, None], to


def away(matrices: NDArray[np.float64], one: Points, other: Points) -> NDArray[np.float64]:
    """How far (k, n) each of k homographies puts the points of `one` from those of `other`."""
    there = np.column_stack([one, np.ones(len(one))]) @ matrices.transpose(0, 2, 1)
    depth = np.where(np.abs(there[..., 2:]) < 1e-9, 1e-9, there[..., 2:])
    distance: NDArray[np.float64] = np.linalg.norm(there[..., :2] / depth - other, axis=-1)
    return distance


def laid_over(picture: Image.Image, matrix: Matrix, size: tuple[int, int]) -> Image.Image:
    """The picture as it looks in a frame of the size, by the matrix from frame to picture."""
    numbers = (matrix / matrix[2, 2]).ravel()[:8].tolist()
    return picture.transform(
        size, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC, fillcolor="white"
    )
