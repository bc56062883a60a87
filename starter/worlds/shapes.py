"""Shapes: coloured circles, squares, triangles and stars on noisy backgrounds, with their places.

Everything that pictures teach here comes from these scenes: boxes, masks, names, counts, places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.uint8]  # RGB (height, width, 3)
Ids = NDArray[np.uint8]  # (height, width): 0 for the background, n for the n-th shape
Colour = tuple[int, int, int]  # red, green, blue, each 0..255

KINDS = ("circle", "square", "triangle", "star")
COLOURS: dict[str, Colour] = {
    "red": (215, 35, 35),
    "green": (40, 160, 50),
    "blue": (40, 70, 215),
    "yellow": (240, 220, 40),
    "purple": (140, 45, 170),
    "orange": (245, 135, 25),
}
LABELS = tuple(f"{colour} {kind}" for colour in COLOURS for kind in KINDS)

SIDE = 128  # pixels, height and width of a scene unless said otherwise
MOST = 5  # shapes in a scene
RADII = (10 / 128, 28 / 128)  # of a shape, as a share of the shorter side
TURN = 26.0  # degrees, most either way
TINT = 22.0  # most shift of a colour channel, of 0..255
OUTLINED = 0.3  # share of shapes with a darker edge
EDGE = 0.55  # brightness of that edge against the shape's own
APART = 0.8  # least distance of two centres, as a share of the radii's sum
TRIES = 60  # places tried for one scene's shapes
LEAST_SEEN = 60 / 128**2  # share of the picture that a shape must show, or it is not counted
FINE = 2  # times larger that a scene is drawn before it is made smaller
BANDS = ((60, 110), (110, 170), (170, 240), (225, 255))  # brightness of a background, of 0..255
GREY = 18.0  # most colour of a background's channel, of 0..255
GRADIENT = 0.7  # share of backgrounds that change from side to side
LINES = (0, 0, 0, 2, 4)  # thin grey lines that distract, one of these at random
NOISY, NOISE = 0.7, (2.0, 12.0)  # share of noisy scenes; standard deviation, of 0..255
BLURRED, BLUR = 0.2, (0.3, 0.9)  # share of blurred scenes; pixels
LIGHT = (0.85, 1.1)  # brightness of a whole scene


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One shape: names, box (xmin, ymin, xmax, ymax) of what is seen of it, centre and radius.

    All in pixels; `turn` in radians. The box's right and lower ends are exclusive.
    """

    kind: str
    colour: str
    box: tuple[int, int, int, int]
    centre: tuple[float, float]
    radius: float
    turn: float = 0.0

    @property
    def label(self) -> str:
        """The name, such as "red circle"."""
        return f"{self.colour} {self.kind}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A picture and what it shows; ids say which pixel belongs to which shape, from 1 on."""

    picture: Picture
    ids: Ids
    shapes: tuple[Shape, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each shape."""
        return tuple(shape.label for shape in self.shapes)


def scenes(seed: int, count: int, width: int = SIDE, height: int = SIDE) -> Iterator[Scene]:
    """`count` scenes; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield scene(rng, width, height)


def scene(
    rng: np.random.Generator,
    width: int = SIDE,
    height: int = SIDE,
    *,
    most: int = MOST,
    labels: tuple[str, ...] = LABELS,
    count: int = 0,
    radii: tuple[float, float] = RADII,
) -> Scene:
    """One scene of 1 to `most` shapes (or as many as `count`) with names among `labels`."""
    wanted = count or int(rng.integers(1, most + 1))
    planned = _placed(rng, width, height, wanted, labels, radii)
    canvas = background(rng, width * FINE, height * FINE)
    ids = Image.new("L", canvas.size, 0)
    for number, shape in enumerate(planned, start=1):
        draw(canvas, shape, tinted(rng, COLOURS[shape.colour]), rng.random() < OUTLINED)
        draw(ids, shape, number)
    picture = taken(rng, canvas.resize((width, height), Image.Resampling.BOX))
    return _seen(
        picture, np.asarray(ids.resize((width, height), Image.Resampling.NEAREST)), planned
    )


def background(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A greyish ground, often a gradient, sometimes with thin lines; mode RGB."""
    band = BANDS[rng.integers(len(BANDS))]
    ends = rng.uniform(*band, (2, 1)) + rng.uniform(-GREY, GREY, (2, 3))
    angle = rng.uniform(0, 2 * math.pi) if rng.random() < GRADIENT else None
    if angle is None:
        ground = np.broadcast_to(ends[0], (height // FINE, width // FINE, 3))
    else:
        y, x = np.mgrid[0 : height // FINE, 0 : width // FINE]
        along = math.cos(angle) * (x / x.shape[1] - 0.5) + math.sin(angle) * (y / y.shape[0] - 0.5)
        share = (along + 0.5)[..., None]
        ground = ends[0] * (1 - share) + ends[1] * share
    canvas = Image.fromarray(ground.clip(0, 255).astype(np.uint8))
    canvas = canvas.resize((width, height), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(canvas)
    for _ in range(LINES[rng.integers(len(LINES))]):
        grey = int(rng.integers(60, 231))
        ends_at = [*rng.integers(0, width, 2), *rng.integers(0, height, 2)]
        line = [int(ends_at[i]) for i in (0, 2, 1, 3)]
        pen.line(line, fill=(grey, grey, grey), width=int(rng.integers(1, 4)))
    return canvas


def draw(canvas: Image.Image, shape: Shape, fill: Colour | int, outlined: bool = False) -> None:
    """Draw a shape on a canvas FINE times as large as its scene."""
    edge = (
        tuple(int(value * EDGE) for value in fill) if outlined and isinstance(fill, tuple) else None
    )
    points = [(x * FINE, y * FINE) for x, y in outline(shape)]
    pen = ImageDraw.Draw(canvas)
    if shape.kind == "circle":
        pen.ellipse(points, fill=fill, outline=edge, width=FINE)
    else:
        pen.polygon(points, fill=fill, outline=edge, width=FINE)


def outline(shape: Shape) -> list[tuple[float, float]]:
    """The corners of a shape in pixels; for a circle those of the square around it."""
    (x, y), radius = shape.centre, shape.radius
    if shape.kind == "circle":
        return [(x - radius, y - radius), (x + radius, y + radius)]
    corners, first, inner = CORNERS[shape.kind]
    found = []
    for k in range(corners):
        angle = shape.turn + first + k * 2 * math.pi / corners
        reach = radius * (inner if k % 2 else 1.0)
        found.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return found


CORNERS = {
    "square": (4, math.pi / 4, 1.0),
    "triangle": (3, -math.pi / 2, 1.0),
    "star": (10, -math.pi / 2, 0.45),
}
"""How many corners, the angle of the first, and how far out every second one is."""


def tinted(rng: np.random.Generator, colour: Colour) -> Colour:
    """A colour a little beside the pure one."""
    red, green, blue = np.clip(np.add(colour, rng.uniform(-TINT, TINT, 3)), 0, 255).astype(int)
    return int(red), int(green), int(blue)


def taken(rng: np.random.Generator, canvas: Image.Image) -> Picture:
    """The canvas as a poor camera sees it: sometimes blurred, often noisy, brighter or darker."""
    if rng.random() < BLURRED:
        canvas = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(*BLUR)))
    pixels = np.asarray(canvas, np.float32)
    if rng.random() < NOISY:
        noise = rng.standard_normal(pixels.shape, np.float32)
        pixels = pixels + noise * np.float32(rng.uniform(*NOISE))
    return (pixels * rng.uniform(*LIGHT)).clip(0, 255).astype(np.uint8)


def _placed(
    rng: np.random.Generator,
    width: int,
    height: int,
    wanted: int,
    labels: tuple[str, ...],
    radii: tuple[float, float],
) -> list[Shape]:
    """Shapes whose centres keep apart; fewer than wanted where there is no room."""
    shorter = min(width, height)
    shapes: list[Shape] = []
    for _ in range(TRIES):
        if len(shapes) == wanted:
            break
        radius = rng.uniform(*radii) * shorter
        centre = (rng.uniform(radius, width - radius), rng.uniform(radius, height - radius))
        if any(math.dist(centre, s.centre) < (radius + s.radius) * APART for s in shapes):
            continue
        colour, kind = labels[rng.integers(len(labels))].split()
        turn = math.radians(rng.uniform(-TURN, TURN))
        shapes.append(
            Shape(
                kind=kind, colour=colour, box=(0, 0, 0, 0), centre=centre,
                radius=radius * (0.92 if kind == "circle" else 1.0), turn=turn,
            )
        )  # fmt: skip
    return shapes


def _seen(picture: Picture, ids: Ids, planned: list[Shape]) -> Scene:
    """The scene with the shapes that still show, numbered anew, each with its box."""
    numbered = np.zeros_like(ids)
    shapes: list[Shape] = []
    for number, shape in enumerate(planned, start=1):
        rows, columns = np.nonzero(ids == number)
        if len(rows) < LEAST_SEEN * ids.size:
            continue
        box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        shapes.append(
            Shape(
                kind=shape.kind, colour=shape.colour, centre=shape.centre, radius=shape.radius,
                turn=shape.turn, box=tuple(int(edge) for edge in box),
            )
        )  # fmt: skip
        numbered[rows, columns] = len(shapes)
    return Scene(picture=picture, ids=numbered, shapes=tuple(shapes))
