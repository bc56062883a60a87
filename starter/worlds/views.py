"""Views: one patterned surface seen twice, and the homography from the first view to the second.

A homography is a 3x3 matrix that takes (x, y, 1) of a pixel in one view to the same point in the
other, up to a factor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Picture = NDArray[np.uint8]  # RGB (height, width, 3)
Homography = NDArray[np.float64]  # (3, 3)
Colour = tuple[int, int, int]  # red, green, blue, each 0..255

SIZE = (256, 192)  # width and height in pixels unless said otherwise
MARGIN = 0.5  # of the size, that the surface goes on beyond each side of the first view
FIGURES = (70, 130)  # on a surface of the size of a view with its margins
REACH = (0.03, 0.16)  # of a figure, as a share of the surface's height
SYMBOLS = "ABDEFGHKMNPRSTVXYZ2345679&%#?"
CLOUDS = (3, 6, 14)  # cells across of the ground's patches of colour
GRAIN = (0.0, 6.0)  # standard deviation of the noise in a view, of 0..255
LIGHT = (0.8, 1.15)  # brightness of a view
BLURRED, BLUR = 0.25, (0.3, 0.8)  # share of blurred views; pixels

SHIFT = (0.05, 0.2)  # of the size, each way
TURN = (4.0, 15.0)  # degrees, either way
ZOOM = (1.1, 1.3)  # larger, or smaller by as much
TILT = 0.0009  # of the perspective, in 1 / pixel at the usual size
KINDS = ("shift", "turn", "zoom", "tilt")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two views and the homography from pixels of the first to pixels of the second."""

    first: Picture
    second: Picture
    homography: Homography


def pair(rng: np.random.Generator, kind: str, width: int = SIZE[0], height: int = SIZE[1]) -> Pair:
    """Two views of a fresh surface, the second moved as `kind` says."""
    wide, high = round(width * (1 + 2 * MARGIN)), round(height * (1 + 2 * MARGIN))
    ground = surface(rng, wide, high)
    corner = shifted(width * MARGIN, height * MARGIN)
    moved = motion(rng, kind, width, height)
    return Pair(
        first=seen(rng, ground, corner, width, height),
        second=seen(rng, ground, corner @ np.linalg.inv(moved), width, height),
        homography=moved,
    )


def seen(
    rng: np.random.Generator, ground: Image.Image, place: Homography, width: int, height: int
) -> Picture:
    """A view of the surface; `place` takes pixels of the view to pixels of the surface."""
    numbers = (place / place[2, 2]).ravel()[:8].tolist()
    view = ground.transform(
        (width, height), Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC
    )
    return taken(rng, view)


def taken(rng: np.random.Generator, view: Image.Image) -> Picture:
    """As a poor camera sees it: sometimes blurred, brighter or darker, with noise."""
    if rng.random() < BLURRED:
        view = view.filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    pixels = np.asarray(view, np.float32) * np.float32(rng.uniform(*LIGHT))
    pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(*GRAIN))
    return pixels.clip(0, 255).astype(np.uint8)


def motion(rng: np.random.Generator, kind: str, width: int, height: int) -> Homography:
    """What takes the first view to the second, about the middle; every kind shifts a little."""
    far = rng.uniform(*SHIFT, 2) * rng.choice((-1, 1), 2) * (width, height)
    turn = math.radians(rng.uniform(*TURN) * rng.choice((-1, 1)))
    zoom = rng.uniform(*ZOOM) ** rng.choice((-1, 1))
    tilt = rng.uniform(-TILT, TILT, 2) * SIZE[0] / width
    if kind == "shift":
        return shifted(*far)
    if kind == "turn":
        return moved(width, height, turn=turn, shift=far / 3)
    if kind == "zoom":
        return moved(width, height, zoom=zoom, shift=far / 3)
    if kind == "tilt":
        return moved(width, height, turn=turn / 2, zoom=zoom**0.5, tilt=tilt, shift=far / 3)
    raise ValueError(f"{kind!r} is no motion; known: {', '.join(KINDS)}")


def moved(
    width: int,
    height: int,
    *,
    turn: float = 0.0,
    zoom: float = 1.0,
    tilt: NDArray[np.float64] | tuple[float, float] = (0.0, 0.0),
    shift: NDArray[np.float64] | tuple[float, float] = (0.0, 0.0),
) -> Homography:
    """A motion about the middle of a view; turn in radians, shift in pixels."""
    cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
    about = np.array([[cos, -sin, 0], [sin, cos, 0], [*tilt, 1]])
    there = shifted(width / 2 + shift[0], height / 2 + shift[1])
    return there @ about @ shifted(-width / 2, -height / 2)


def shifted(x: float, y: float) -> Homography:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def projected(homography: Homography, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) of one view as points of the other."""
    there = np.column_stack([points, np.ones(len(points))]) @ homography.T
    found: NDArray[np.float64] = there[:, :2] / there[:, 2:]
    return found


def surface(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Patches of colour with figures and signs on them; mode RGB."""
    ground = sum(
        np.asarray(
            Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)).resize(
                (width, height), Image.Resampling.BICUBIC
            ),
            np.float32,
        ) / len(CLOUDS)
        for cells in CLOUDS
    )  # fmt: skip
    canvas = Image.fromarray(np.asarray(ground).clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(canvas)
    for _ in range(int(rng.integers(FIGURES[0], FIGURES[1] + 1))):
        at = (rng.uniform(0, width), rng.uniform(0, height))
        reach = rng.uniform(*REACH) * height
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        DRAWN[rng.integers(len(DRAWN))](rng, pen, at, reach, (red, green, blue))
    return canvas


def _polygon(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    reach: float,
    fill: Colour,
) -> None:
    angles = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 7))))
    lengths = reach * rng.uniform(0.5, 1.2, len(angles))
    around = zip(angles, lengths, strict=True)
    points = [(at[0] + r * math.cos(a), at[1] + r * math.sin(a)) for a, r in around]
    pen.polygon(points, fill=fill)


def _ellipse(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    reach: float,
    fill: Colour,
) -> None:
    a, b = reach * rng.uniform(0.4, 1.0, 2)
    pen.ellipse((at[0] - a, at[1] - b, at[0] + a, at[1] + b), fill=fill)


def _sign(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    reach: float,
    fill: Colour,
) -> None:
    font = ImageFont.load_default(max(8, round(reach * 2)))
    pen.text(at, SYMBOLS[rng.integers(len(SYMBOLS))], fill=fill, font=font, anchor="mm")


def _tiles(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    reach: float,
    fill: Colour,
) -> None:
    step = reach / 2
    for row in range(3):
        for column in range(3):
            if (row + column) % 2 == 0:
                x, y = at[0] + (column - 1.5) * step, at[1] + (row - 1.5) * step
                pen.rectangle((x, y, x + step, y + step), fill=fill)


DRAWN = (_polygon, _polygon, _ellipse, _sign, _tiles)
