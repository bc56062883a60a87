"""Digits: scikit-learn's real handwritten digits drawn large on varied canvases, and stroke glyphs.

The 1797 handwritten digits are 8x8 pictures of people's writing. Each is turned into a field that
can be sampled at any size; `scene` places it on a canvas with a pen, colours and noise. The glyphs
are polylines drawn by code, a stand-in for a sketch pad; they are for measuring only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.uint8]  # RGB (height, width, 3)
Field = NDArray[np.float32]  # (FIELD, FIELD), see Digit

LABELS = tuple("0123456789")
HELD_OUT_EVERY = 5  # each fifth handwritten digit is for measuring only: 360 of 1797
FIELD = 48  # pixels, side of a digit's fields
MARGIN = 6  # pixels, empty border of a field
INK_LEVELS = 16.0  # of scikit-learn's pictures

SIZES = (0.28, 1.0)  # height of the digit, as a share of the canvas' shorter side
SQUEEZES = (0.75, 1.3)  # width of the digit against its own
SLANT = 0.3  # most shear either way
TURN = 14.0  # degrees, most either way
PENS = (0.035, 0.13)  # half the stroke's width, as a share of the digit's height
INK = (0.35, 0.65)  # level at which a blurred picture becomes ink
INVERTED = 0.35  # share of scenes that are light on dark
COLOURED = 0.3  # share of scenes in colour
NOISY = 0.4  # share of scenes with noise
NOISE = 22.0  # most standard deviation, of 0..255
DARK, LIGHT = (0.0, 80.0), (175.0, 255.0)  # brightness of the two colours, of 0..255
STARK = 0.4  # share of scenes in pure black and white
TINT = 80.0  # most shift of a colour channel, of 0..255
EDGES = (0.02, 0.5)  # softness of the ink's edge, in levels


@dataclass(frozen=True, kw_only=True, eq=False)
class Digit:
    """One handwritten digit: its label 0..9 and two fields over the same square.

    ink: the picture enlarged smoothly, 0..1. line: the distance in pixels to the middle of the
    strokes, so that any pen can draw it.
    """

    label: int
    ink: Field
    line: Field


@lru_cache(maxsize=2)
def handwritten(held_out: bool) -> tuple[Digit, ...]:
    """The digits for training, or those for measuring only (each HELD_OUT_EVERY-th)."""
    from scipy.ndimage import distance_transform_edt
    from sklearn.datasets import load_digits

    pictures = load_digits()
    chosen = (np.arange(len(pictures.target)) % HELD_OUT_EVERY == 0) == held_out
    inks = np.stack([enlarged(picture / INK_LEVELS) for picture in pictures.images[chosen]])
    lines = thinned(inks > sum(INK) / 2)
    return tuple(
        Digit(label=int(label), ink=ink, line=distance_transform_edt(~line).astype(np.float32))
        for label, ink, line in zip(pictures.target[chosen], inks, lines, strict=True)
    )


def enlarged(picture: NDArray[np.float64]) -> Field:
    """An 8x8 picture of 0..1, smoothly enlarged to a field."""
    side = FIELD - 2 * MARGIN
    large = Image.fromarray(picture.astype(np.float32))
    large = large.resize((side, side), Image.Resampling.BICUBIC)
    return np.pad(np.asarray(large, np.float32).clip(0, 1), MARGIN)


def plain(what: Digit, side: int = 240) -> Picture:
    """The handwritten digit as scikit-learn has it, black on white, enlarged to side pixels."""
    inner = what.ink[MARGIN:-MARGIN, MARGIN:-MARGIN]
    grey = Image.fromarray(((1 - inner) * 255).astype(np.uint8))
    return np.asarray(grey.resize((side, side), Image.Resampling.BICUBIC).convert("RGB"))


def thinned(shapes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The one-pixel middle lines of shapes (..., height, width) (Zhang and Suen 1984)."""
    shapes = shapes.copy()
    while True:
        before = shapes.sum()
        for first in (True, False):
            p = [np.roll(shapes, step, (-2, -1)) for step in _AROUND]  # north, then clockwise
            count = sum(q.astype(np.int8) for q in p)
            turns = sum((~a & b).astype(np.int8) for a, b in zip(p, p[1:] + p[:1], strict=True))
            north, east, south, west = p[0], p[2], p[4], p[6]
            free = (
                ~(north & east & south) & ~(east & south & west)
                if first
                else ~(north & east & west) & ~(north & south & west)
            )
            shapes &= ~((count >= 2) & (count <= 6) & (turns == 1) & free)
        if shapes.sum() == before:
            return shapes


# Rolls that bring the neighbour onto a pixel: north, north-east, ... clockwise.
_AROUND = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))


def scene(what: Digit, rng: np.random.Generator, width: int, height: int) -> Picture:
    """The digit somewhere on a canvas, with a random pen, size, slant, colours and noise."""
    scale = rng.uniform(*SIZES) * min(width, height) / (FIELD - 2 * MARGIN)  # pixels per cell
    grid = _grid(rng, width, height, scale)
    if rng.random() < 0.5:
        pen = rng.uniform(*PENS) * (FIELD - 2 * MARGIN)
        cover = (pen - _sample(what.line, grid, FIELD)) * scale + 0.5
    else:
        softness = rng.uniform(*EDGES)
        cover = (_sample(what.ink, grid, 0) - rng.uniform(*INK)) / softness + 0.5
    return coloured(cover.clip(0, 1), rng)


def coloured(cover: NDArray[np.float32], rng: np.random.Generator) -> Picture:
    """Ink on paper, given the share of ink per pixel (height, width)."""
    paper, ink = _inks(rng)
    picture = paper + cover[..., None] * (ink - paper)
    if rng.random() < NOISY:
        picture = picture + rng.standard_normal(picture.shape) * rng.uniform(0, NOISE)
    return picture.clip(0, 255).astype(np.uint8)


def glyph(label: int, rng: np.random.Generator, width: int, height: int) -> Picture:
    """A digit drawn as polylines with a round pen, black on white, anywhere on the canvas."""
    over = 3  # times larger while drawing, for smooth edges
    tall = rng.uniform(0.4, 0.85) * min(width, height) * over
    wide = tall * rng.uniform(0.5, 0.75)
    pen = tall * rng.uniform(0.07, 0.16)
    left = rng.uniform(pen, width * over - wide - pen)
    top = rng.uniform(pen, height * over - tall - pen) if tall + 2 * pen < height * over else pen
    slant = rng.uniform(-0.15, 0.25)
    image = Image.new("L", (width * over, height * over), 255)
    draw = ImageDraw.Draw(image)
    strokes = GLYPHS[label]
    for stroke in strokes[rng.integers(len(strokes))]:
        shaken = np.array(stroke) + rng.normal(0, 0.02, (len(stroke), 2))
        x = left + (shaken[:, 0] + slant * (0.5 - shaken[:, 1])) * wide
        y = top + shaken[:, 1] * tall
        points = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
        draw.line(points, fill=0, width=round(pen), joint="curve")
        for a, b in points:
            draw.ellipse((a - pen / 2, b - pen / 2, a + pen / 2, b + pen / 2), fill=0)
    small = image.filter(ImageFilter.GaussianBlur(over / 2)).resize(
        (width, height), Image.Resampling.BOX
    )
    return np.asarray(small.convert("RGB"))


def _arc(
    x: float, y: float, wide: float, tall: float, start: float, end: float
) -> list[Sequence[float]]:
    """Points on an ellipse; angles in degrees, 0 to the right, clockwise on the screen."""
    angles = np.radians(np.linspace(start, end, 14))
    return [(float(x + wide * np.cos(a)), float(y + tall * np.sin(a))) for a in angles]


# Per digit its ways of writing, each a list of strokes of (x, y) in 0..1, y downwards.
GLYPHS: dict[int, list[list[list[Sequence[float]]]]] = {
    0: [[_arc(0.5, 0.5, 0.48, 0.5, -90, 270)], [_arc(0.5, 0.5, 0.38, 0.5, -60, 300)]],
    1: [[[(0.5, 0), (0.5, 1)]], [[(0.25, 0.25), (0.55, 0), (0.55, 1)]]],
    2: [
        [[*_arc(0.5, 0.28, 0.45, 0.28, -170, 30), (0.05, 1), (0.97, 1)]],
        [[(0.08, 0.2), (0.3, 0.02), (0.7, 0.02), (0.9, 0.25), (0.75, 0.5), (0.05, 1), (1, 0.98)]],
    ],
    3: [
        [[*_arc(0.45, 0.26, 0.43, 0.26, -150, 90), *_arc(0.45, 0.75, 0.5, 0.25, -90, 150)]],
        [[(0.1, 0.02), (0.9, 0.02), (0.45, 0.4), *_arc(0.45, 0.7, 0.48, 0.3, -80, 150)]],
    ],
    4: [
        [[(0.7, 1), (0.7, 0), (0.02, 0.68), (1, 0.68)]],
        [[(0.2, 0), (0.12, 0.52), (0.92, 0.52)], [(0.72, 0.1), (0.72, 1)]],
    ],
    5: [
        [[(0.9, 0), (0.2, 0), (0.14, 0.45), *_arc(0.45, 0.68, 0.46, 0.31, -120, 145)]],
        [
            [(0.18, 0.03), (0.12, 0.44), *_arc(0.42, 0.69, 0.48, 0.3, -110, 150)],
            [(0.18, 0.03), (0.92, 0.03)],
        ],
    ],
    6: [
        [[(0.75, 0), (0.3, 0.3), (0.06, 0.65), *_arc(0.5, 0.72, 0.44, 0.28, 180, -180)]],
        [[*_arc(0.75, 0.6, 0.7, 0.58, -95, -180), *_arc(0.48, 0.73, 0.42, 0.27, 180, -150)]],
    ],
    7: [
        [[(0.03, 0.02), (0.95, 0.02), (0.38, 1)]],
        [[(0.05, 0.04), (0.95, 0.02), (0.42, 1)], [(0.25, 0.5), (0.85, 0.5)]],
    ],
    8: [
        [_arc(0.5, 0.25, 0.36, 0.25, 90, 450), _arc(0.5, 0.75, 0.45, 0.25, -90, 270)],
        [[*_arc(0.5, 0.25, 0.38, 0.25, 60, -250), *_arc(0.5, 0.75, 0.42, 0.25, -60, 250)]],
    ],
    9: [
        [[*_arc(0.48, 0.28, 0.44, 0.28, 0, 360), (0.88, 1)]],
        [[*_arc(0.5, 0.28, 0.42, 0.28, -20, -380), (0.9, 0.6), (0.6, 1)]],
    ],
}


def _grid(
    rng: np.random.Generator, width: int, height: int, scale: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where in the field (row, column) each pixel of the canvas lies, for a random placing."""
    turn = np.radians(rng.uniform(-TURN, TURN))
    shear, squeeze = rng.uniform(-SLANT, SLANT), rng.uniform(*SQUEEZES)
    room = (FIELD - 2 * MARGIN) * scale / 2
    x = rng.uniform(min(room, width / 2), max(width - room, width / 2))
    y = rng.uniform(min(room, height / 2), max(height - room, height / 2))
    rows, columns = np.mgrid[:height, :width]
    down, right = (rows + 0.5 - y) / scale, (columns + 0.5 - x) / scale
    turned_down = np.cos(turn) * down - np.sin(turn) * right
    turned_right = np.sin(turn) * down + np.cos(turn) * right
    centre = FIELD / 2 - 0.5
    return turned_down + centre, (turned_right + shear * turned_down) / squeeze + centre


def _sample(field: Field, grid: tuple[NDArray[np.float64], ...], outside: float) -> Field:
    """The field at the grid's places, `outside` beyond its border."""
    from scipy.ndimage import map_coordinates

    return np.asarray(map_coordinates(field, grid, np.float32, order=1, cval=outside), np.float32)


def _inks(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Colours (3,) of 0..255 of paper and ink, one dark and one light."""
    dark, light = rng.uniform(*DARK), rng.uniform(*LIGHT)
    if rng.random() < STARK:
        dark, light = 0.0, 255.0
    tints = rng.uniform(-TINT, TINT, (2, 3)) * (rng.random() < COLOURED)
    tints -= tints.mean(axis=1, keepdims=True)
    colours = [
        (level + tint).clip(0, 255) for level, tint in zip((light, dark), tints, strict=True)
    ]
    return (colours[1], colours[0]) if rng.random() < INVERTED else (colours[0], colours[1])
