"""Depths: rooms with tiles, walls, balls and boxes, and how far away every pixel of them is.

Each ray of a pinhole camera is cast at the floor, the ceiling, three walls and what stands there.
How far a thing is shows in where it touches the floor, in the size of tiles and bricks, in what
hides what, and in the haze. Lengths are in metres: x right, y up, z forward from the camera.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # RGB (height, width, 3)
Depth = NDArray[np.float32]  # metres along the camera's axis, (height, width)
Points = NDArray[np.float32]  # (rays, 3)

SIZE = (160, 120)  # width and height in pixels unless said otherwise
FOCAL = 0.85  # focal length as a share of the picture's height
FARTHEST = 12.0  # nothing is farther away
FINE = 2  # rays for each pixel, each way
EYE = (1.45, 1.55)  # of the camera above the floor
PITCH, YAW = 3.0, 20.0  # degrees, most either way: the camera up or down, the room left or right
CEILING = (2.5, 3.2)  # above the floor
BACK, SIDES = (3.5, 9.0), (1.4, 3.6)  # distance of the walls
THINGS = (1, 6)  # balls and boxes in a room
NEAREST = 1.3  # distance of the nearest thing
SIZES = (0.22, 0.6)  # radius of a ball, half the width of a box
TILE = 0.5
BRICK = (0.6, 0.3)  # width and height
HAZE = 9.0  # metres after which a colour is a third of its own and two thirds haze
NOISE = (0.0, 7.0)  # standard deviation, of 0..255
SHADOW = 0.45  # darkest share that a thing takes from the floor's light
COLOURS = np.array(
    [(205, 60, 50), (60, 120, 200), (235, 190, 60), (70, 150, 85), (150, 85, 170), (235, 130, 50),
     (225, 225, 220), (90, 70, 60)], np.float32,
)  # fmt: skip
GROUNDS = np.array(
    [(205, 200, 190), (165, 150, 130), (120, 110, 100), (190, 195, 205), (150, 165, 150),
     (215, 205, 170), (130, 140, 160)], np.float32,
)  # fmt: skip
TINY = 1e-6


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A ball (turn is None) or a box on the floor: its middle there, its size, its colour."""

    x: float
    z: float
    radius: float
    height: float
    colour: NDArray[np.float32]
    turn: float | None = None


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where the camera stands, the walls around it, and the things on the floor."""

    eye: float
    ceiling: float
    back: float
    left: float
    right: float
    pitch: float
    yaw: float
    things: tuple[Thing, ...]
    grounds: NDArray[np.float32]  # two colours each of floor, walls and ceiling (3, 2, 3)
    haze: NDArray[np.float32]
    light: Points  # direction to the light (3,)
    noise: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A picture and its depth."""

    picture: Picture
    depth: Depth


def scenes(seed: int, count: int, width: int = SIZE[0], height: int = SIZE[1]) -> Iterator[Scene]:
    """`count` scenes; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield scene(rng, width, height)


def scene(
    rng: np.random.Generator, width: int = SIZE[0], height: int = SIZE[1], aspect: float = 0.0
) -> Scene:
    """One scene. `aspect` is of width to height before the picture was squeezed, if it was."""
    return rendered(room(rng), rng, width, height, aspect or width / height)


def room(rng: np.random.Generator, things: int = 0) -> Room:
    """A room with as many things, or some; they do not stand in each other."""
    back = rng.uniform(*BACK)
    left, right = rng.uniform(*SIDES, 2)
    count = things or int(rng.integers(THINGS[0], THINGS[1] + 1))
    placed: list[Thing] = []
    for _ in range(4 * count):
        radius = rng.uniform(*SIZES)
        x = rng.uniform(-left + radius, right - radius)
        z = rng.uniform(NEAREST + radius, back - radius)
        apart = all(math.hypot(x - t.x, z - t.z) > 1.3 * (radius + t.radius) for t in placed)
        if apart and len(placed) < count:
            ball = rng.random() < 0.5
            placed.append(
                Thing(
                    x=x, z=z, radius=radius, colour=_tinted(rng, COLOURS),
                    height=2 * radius if ball else rng.uniform(0.4, 1.7),
                    turn=None if ball else rng.uniform(0, math.pi / 2),
                )
            )  # fmt: skip
    light = np.array([rng.uniform(-0.8, 0.8), 1.0, rng.uniform(-0.9, 0.1)], np.float32)
    grounds = np.stack([[_tinted(rng, GROUNDS), _tinted(rng, GROUNDS)] for _ in range(3)])
    return Room(
        eye=rng.uniform(*EYE), ceiling=rng.uniform(*CEILING), back=back, left=left, right=right,
        pitch=math.radians(rng.uniform(-PITCH, PITCH)), yaw=math.radians(rng.uniform(-YAW, YAW)),
        things=tuple(placed), grounds=grounds, haze=rng.uniform(150, 235, 3).astype(np.float32),
        light=light / np.linalg.norm(light), noise=rng.uniform(*NOISE),
    )  # fmt: skip


def rendered(
    place: Room, rng: np.random.Generator, width: int, height: int, aspect: float
) -> Scene:
    """What the camera sees; several rays for a pixel's colour, the middle one for its depth."""
    fine = (height * FINE, width * FINE)
    across, down = (
        ((np.arange(n, dtype=np.float32) + 0.5) / n - 0.5) * span / FOCAL
        for n, span in ((fine[1], aspect), (fine[0], -1.0))
    )
    rays = np.stack([*np.broadcast_arrays(across, down[:, None]), np.ones(fine, np.float32)], -1)
    rays = rays.reshape(-1, 3) @ _turned(place).T
    distance, colour = _cast(place, rays)
    kept = np.exp(-distance / HAZE)[:, None]
    seen = colour * kept + place.haze * (1 - kept)
    pixels = seen.reshape(height, FINE, width, FINE, 3).mean((1, 3))
    pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(place.noise)
    depth = distance.reshape(height, FINE, width, FINE)[:, FINE // 2, :, FINE // 2]
    return Scene(
        picture=pixels.clip(0, 255).astype(np.uint8), depth=np.minimum(depth, FARTHEST)
    )  # fmt: skip


def _turned(place: Room) -> NDArray[np.float32]:
    """The rotation from the camera's axes to the room's."""
    up, side = (
        (math.cos(place.pitch), math.sin(place.pitch)),
        (math.cos(place.yaw), math.sin(place.yaw)),
    )
    pitch = np.array([[1, 0, 0], [0, up[0], up[1]], [0, -up[1], up[0]]], np.float32)
    yaw = np.array([[side[0], 0, side[1]], [0, 1, 0], [-side[1], 0, side[0]]], np.float32)
    return (yaw @ pitch).astype(np.float32)


def _cast(place: Room, rays: Points) -> tuple[NDArray[np.float32], Points]:
    """For each ray its length until it meets something, in units of the ray, and the colour there.

    A ray is one metre along the camera's axis, so its length is the depth.
    """
    length, colour = _walls(place, rays)
    for thing in place.things:
        meet = _ball if thing.turn is None else _box
        at, normal = meet(place, thing, rays)
        nearer = at < length
        shade = 0.35 + 0.65 * np.clip(normal[nearer] @ place.light, 0, 1)
        colour[nearer] = thing.colour * shade[:, None]
        length[nearer] = at[nearer]
    return length, colour


def _walls(place: Room, rays: Points) -> tuple[NDArray[np.float32], Points]:
    """The nearest of floor, ceiling and three walls for each ray, with its pattern."""
    planes = (
        (1, -place.eye), (1, place.ceiling - place.eye), (2, place.back),
        (0, -place.left), (0, place.right),
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = np.stack([offset / rays[:, axis] for axis, offset in planes])
    lengths[~(lengths > TINY)] = np.inf
    which = lengths.argmin(0)
    length = np.minimum(lengths.min(0), FARTHEST).astype(np.float32)
    points = rays * length[:, None]
    colour = np.zeros_like(points)
    for surface, (across, along, size, pattern) in SURFACES.items():
        on = which == surface
        a, b = points[on, across] / size[0], (points[on, along] + place.eye) / size[1]
        share = pattern(a, b)[:, None]
        one, other = place.grounds[min(surface, 2)]
        colour[on] = (one * share + other * (1 - share)) * LIT[surface]
    _shadows(place, points, which == 0, colour)
    return length, colour


def _tiles(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return ((np.floor(a) + np.floor(b)) % 2).astype(np.float32)


def _bricks(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 on a brick, 0 in the joints; every second row is shifted by half a brick."""
    shifted = a + 0.5 * (np.floor(b) % 2)
    joint = (shifted % 1 < 0.08) | (b % 1 < 0.14)
    return np.where(joint, 0.0, 1.0).astype(np.float32)


def _plain(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ones_like(a)


SURFACES = {
    0: (0, 2, (TILE, TILE), _tiles),
    1: (0, 2, (1.0, 1.0), _plain),
    2: (0, 1, BRICK, _bricks),
    3: (2, 1, BRICK, _bricks),
    4: (2, 1, BRICK, _bricks),
}
"""Floor, ceiling, back, left, right: its two axes, the size of its pattern, the pattern."""
LIT = (1.0, 0.85, 0.9, 0.7, 0.78)


def _shadows(place: Room, points: Points, floor: NDArray[np.bool_], colour: Points) -> None:
    """Darken the floor under and around each thing."""
    x, z = points[floor, 0], points[floor, 2]
    dark = np.ones_like(x)
    for thing in place.things:
        away = np.hypot(x - thing.x, z - thing.z) / thing.radius
        dark *= 1 - SHADOW * np.clip(1.7 - away, 0, 1)
    colour[floor] *= dark[:, None]


def _ball(place: Room, thing: Thing, rays: Points) -> tuple[NDArray[np.float32], Points]:
    """Where each ray enters the ball (infinity: it does not), and the direction outwards there."""
    middle = np.array([thing.x, thing.radius - place.eye, thing.z], np.float32)
    a, b = (rays * rays).sum(1), rays @ middle
    inside = b * b - a * (middle @ middle - thing.radius**2)
    at = np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
    at = np.where(at > TINY, at, np.inf).astype(np.float32)
    reach = np.where(np.isfinite(at), at, 0)[:, None]
    return at, (rays * reach - middle) / np.float32(thing.radius)


def _box(place: Room, thing: Thing, rays: Points) -> tuple[NDArray[np.float32], Points]:
    """The same for a box, by the slabs between its faces (Kay and Kajiya 1986)."""
    cos, sin = math.cos(thing.turn or 0), math.sin(thing.turn or 0)
    spin = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]], np.float32)
    half = np.array([thing.radius, thing.height / 2, thing.radius], np.float32)
    middle = np.array([thing.x, thing.height / 2 - place.eye, thing.z], np.float32)
    turned, centre = rays @ spin.T, spin @ middle
    turned = np.where(np.abs(turned) < TINY, TINY, turned)
    low, high = (centre - half) / turned, (centre + half) / turned
    enter = np.minimum(low, high)
    axis = enter.argmax(1)
    first, last = enter.max(1), np.maximum(low, high).min(1)
    at = np.where((first < last) & (first > TINY), first, np.inf).astype(np.float32)
    normal = np.zeros_like(rays)
    each = np.arange(len(rays))
    normal[each, axis] = -np.sign(turned[each, axis])
    return at, normal @ spin


def _tinted(rng: np.random.Generator, colours: NDArray[np.float32]) -> NDArray[np.float32]:
    picked = colours[rng.integers(len(colours))] + rng.uniform(-22, 22, 3)
    return picked.clip(0, 255).astype(np.float32)
