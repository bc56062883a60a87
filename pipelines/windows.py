"""A long recording heard in windows: where they begin, and how they are cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def starts(length: int, width: int, step: int) -> list[int]:
    """First samples of the windows of a recording of `length` samples.

    All windows are equally wide, so that none is filled up; the last one ends with the recording.
    """
    return [*range(0, length - width, step), length - width] if length > width else [0]


class Windows(list[Any]):
    """The windows of a recording; written as the Python that cuts them."""

    def __init__(self, recording: Any, width: int, step: int) -> None:
        super().__init__(_cut(recording, width, step))
        self._written = (
            f"[{recording!r}[start:start + {width}] for start in "
            f"[*range(0, len({recording!r}) - {width}, {step}), len({recording!r}) - {width}]]"
        )

    def __repr__(self) -> str:
        return self._written


def _cut(recording: Any, width: int, step: int) -> Iterator[Any]:
    return (recording[n : n + width] for n in starts(len(recording), width, step))
