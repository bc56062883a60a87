"""A long clip seen in windows: how wide they are, and which frames are read of each."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.windows import starts

AUTO_SECONDS = 10.0
"""The window of a clip that is longer, where none was asked for."""
MOST_FRAMES = 640
"""Of all windows together: what is kept in memory until the last one is read."""
LONGEST = 448
"""Pixels, the longer side of their frames: more than models of clips look at."""
HEAVY_PIXELS = 6_000_000_000
"""Of all frames of a clip; one with more is read in windows only where that was asked for."""
MILLISECONDS = 1_000


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Window and step in seconds, 0: left to us; and how many windows there may be, 0: none."""

    width: float = 0.0
    step: float = 0.0
    most: int = 0

    @property
    def asked(self) -> bool:
        return bool(self.width or self.step)


@dataclass(frozen=True, kw_only=True)
class Spans:
    """Width and step in seconds, and (start, end) of each window; no window: seen as a whole."""

    width: float = 0.0
    step: float = 0.0
    windows: tuple[tuple[float, float], ...] = ()


WHOLE = Spans()
"""A clip that is seen as a whole."""


def spans(seconds: float, wish: Wish) -> Spans:
    """Equally wide windows of a clip, the last of which ends with it.

    There may be more than wish.most only where window or step were asked for.
    """
    width = wish.width or _least_wide(seconds, wish.most)
    if not wish.most or seconds <= width:
        return WHOLE
    step = wish.step or width / 2
    found = _starts(seconds, width, step)
    if len(found) > wish.most and not wish.step:
        step = width
        found = _starts(seconds, width, step)
    windows = tuple((n / MILLISECONDS, n / MILLISECONDS + width) for n in found)
    return Spans(width=width, step=step, windows=windows)


def _least_wide(seconds: float, most: int) -> float:
    """As wide as half-overlapping windows need to be for so many to reach over the clip."""
    return max(AUTO_SECONDS, math.ceil(20 * seconds / (most + 1)) / 10)


def _starts(seconds: float, width: float, step: float) -> list[int]:
    """In milliseconds."""
    length, wide, apart = (round(s * MILLISECONDS) for s in (seconds, width, step))
    return starts(length, wide, max(1, apart))


def inside(times: Sequence[float], span: tuple[float, float], slack: float) -> tuple[int, int]:
    """First frame of a window and how many there are in it, at least one; slack is in seconds."""
    begin = min(bisect_left(times, times[0] + span[0] - slack), len(times) - 1)
    end = bisect_left(times, times[0] + span[1] - slack)
    return begin, max(1, end - begin)
