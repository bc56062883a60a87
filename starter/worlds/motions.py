"""Motions: short clips of one coloured shape that moves, grows, shrinks, spins, circles or stands.

Shapes are distances that are drawn for all frames at once, so that training can have ever new
clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from starter.worlds.shapes import COLOURS, KINDS, tinted

Clip = NDArray[np.uint8]  # RGB (frames, height, width, 3)
Times = NDArray[np.float64]  # (frames,) from 0, the start of the motion, to 1, its end

LABELS = (
    *("moving left", "moving right", "moving up", "moving down"),
    *("growing", "shrinking", "spinning", "circling", "standing still"),
)
ASIDE = {
    "moving left": (-1, 0), "moving right": (1, 0), "moving up": (0, -1), "moving down": (0, 1),
}  # fmt: skip
"""The way a shape goes, to the right and down."""
TURNING = tuple(kind for kind in KINDS if kind != "circle")

RADII = (0.12, 0.22)  # of a shape, as a share of the clip's shorter side
WAYS = (0.16, 0.6)  # length of a way, as a share of the side
DRIFT = 0.12  # most drift across the way, as a share of it
GROWTH = (1.5, 2.8)  # how many times larger a growing shape ends
LARGEST = 0.42  # radius of a shape when it is largest
SPIN = (60.0, 220.0)  # degrees in all; more than half a corner between two frames cannot be told
CIRCLE = (0.12, 0.26)  # radius of the circle that a shape runs on
ROUND = (250.0, 400.0)  # degrees of it that it runs
SHAKE = 0.004  # of a hand, as a share of the side
GROUNDS = ((20, 70), (70, 130), (130, 190), (190, 250))  # brightness of a ground, of 0..255
GREY = 15.0  # most colour of a ground's channel, of 0..255
NOISY, NOISE = 0.5, (2.0, 10.0)  # share of noisy clips; standard deviation, of 0..255
Thing = TypeVar("Thing")
RATE = 12  # frames a second of a written clip


@dataclass(frozen=True, kw_only=True, eq=False)
class Way:
    """Where a shape is at each time: centre (x, y) and radius in shorter sides, turn in radians."""

    x: Times
    y: Times
    radius: Times
    turn: Times


def clip(
    rng: np.random.Generator,
    label: str,
    frames: int,
    width: int,
    height: int,
    *,
    aspect: float = 0.0,
    kind: str = "",
    colour: str = "",
) -> Clip:
    """One clip of a motion; shape and colour at random unless they are named.

    `aspect` is that of the clip before it was squeezed to width x height, if it was.
    """
    kind = kind or _one(rng, TURNING if label == "spinning" else KINDS)
    paint = np.array(tinted(rng, COLOURS[colour or _one(rng, tuple(COLOURS))]), np.float32)
    where = way(rng, label, np.linspace(0, 1, frames), aspect or width / height)
    cover = _cover(kind, where, width, height, aspect or width / height)[..., None]
    pixels = _ground(rng, width, height) * (1 - cover) + paint * cover
    if rng.random() < NOISY:
        noise = rng.standard_normal(pixels.shape, np.float32)
        pixels = pixels + noise * np.float32(rng.uniform(*NOISE))
    return pixels.clip(0, 255).astype(np.uint8)


def way(rng: np.random.Generator, label: str, times: Times, aspect: float = 1.0) -> Way:
    """A random way of moving as `label` says."""
    still = np.zeros_like(times)
    radius, x, y, turn = (
        still + rng.uniform(*RADII),
        still,
        still,
        still + rng.uniform(0, 2 * np.pi),
    )
    if label in ASIDE:
        length, drift = rng.uniform(*WAYS), rng.uniform(-DRIFT, DRIFT)
        right, down = ASIDE[label]
        along = length * (times - 0.5)
        x, y = along * (right + drift * down), along * (down + drift * right)
    elif label in ("growing", "shrinking"):
        growth = rng.uniform(*GROWTH)
        least = min(rng.uniform(*RADII), LARGEST / growth)
        radius = least * growth ** (times if label == "growing" else 1 - times)
    elif label == "spinning":
        turn = turn + np.radians(rng.uniform(*SPIN)) * times * _one(rng, (-1, 1))
    elif label == "circling":
        angle = rng.uniform(0, 2 * np.pi) + np.radians(rng.uniform(*ROUND)) * times * _one(
            rng, (-1, 1)
        )
        reach = rng.uniform(*CIRCLE)
        x, y = reach * np.cos(angle), reach * np.sin(angle)
    elif label != "standing still":
        raise ValueError(f"no motion {label!r}; known: {', '.join(LABELS)}")
    shake = rng.normal(0, SHAKE, (2, len(times)))
    wide, high = max(1.0, aspect), max(1.0, 1 / aspect)
    x = _anywhere(rng, x, radius, wide) + shake[0]
    y = _anywhere(rng, y, radius, high) + shake[1]
    return Way(x=x, y=y, radius=radius, turn=turn)


def write(frames: Clip, path: Path, rate: int = RATE) -> None:
    """Write a clip as a small MP4 (H.264) that browsers play; width and height must be even."""
    import av

    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        height, width = frames.shape[1:3]
        stream = container.add_stream("libx264", Fraction(rate), options={"crf": "26"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _anywhere(rng: np.random.Generator, at: Times, radius: Times, length: float) -> Times:
    """The same way (of one axis, around 0), put where the shape stays in the picture if it can."""
    first, last = (radius - at).max(), (length - radius - at).min()
    middle = (first + last) / 2
    return at + (rng.uniform(first, last) if first < last else middle)


def _cover(kind: str, where: Way, width: int, height: int, aspect: float) -> NDArray[np.float32]:
    """How much of each pixel a shape covers, (frames, height, width) from 0 to 1."""
    wide, high = max(1.0, aspect), max(1.0, 1 / aspect)
    x, y = (np.arange(width) + 0.5) / width * wide, (np.arange(height) + 0.5) / height * high
    radius = where.radius[:, None, None]
    across = ((x - where.x[:, None])[:, None, :] / radius).astype(np.float32)
    down = ((y - where.y[:, None])[:, :, None] / radius).astype(np.float32)
    cosine, sine = (f(where.turn)[:, None, None].astype(np.float32) for f in (np.cos, np.sin))
    u, v = cosine * across + sine * down, cosine * down - sine * across
    pixels = radius * min(width / wide, height / high)
    return np.clip(0.5 - _DISTANCES[kind](u, v) * pixels, 0, 1).astype(np.float32)


def _circle(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.hypot(u, v) - 1)


def _square(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.maximum(np.abs(u), np.abs(v)) - 0.8)


def _triangle(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    sides = [np.cos(a) * u + np.sin(a) * v for a in np.pi / 2 + np.arange(3) * 2 * np.pi / 3]
    return np.asarray(np.maximum.reduce(sides) - 0.55)


def _star(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    corner = np.abs((np.arctan2(u, -v) / (2 * np.pi) * 5 + 0.5) % 1 - 0.5) * 2  # 0 at a point
    return np.asarray(np.hypot(u, v) - (1.05 - 0.6 * np.sqrt(corner)))


_DISTANCES = {"circle": _circle, "square": _square, "triangle": _triangle, "star": _star}


def _ground(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """A greyish ground that changes from one side to the other, (height, width, 3)."""
    band = GROUNDS[rng.integers(len(GROUNDS))]
    ends = rng.uniform(*band, (2, 1)) + rng.uniform(-GREY, GREY, (2, 3))
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height, 0:width]
    along = np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)
    share = (along + 0.5)[..., None]
    return np.asarray(ends[0] * (1 - share) + ends[1] * share, np.float32)


def _one(rng: np.random.Generator, choices: tuple[Thing, ...]) -> Thing:
    return choices[rng.integers(len(choices))]
