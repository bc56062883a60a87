"""Masks: what the two rows that cut things out share."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""(height, width); true inside."""


def to_mask(value: Any) -> Mask:
    """A PIL "L" image, a tensor, an array or nested lists as a mask."""
    found: Mask = np.asarray(value) > 0
    return found


def runs(mask: Mask) -> list[int]:
    """The lengths of the runs outside and inside in turn, row by row, outside first."""
    flat = np.concatenate([[False], mask.ravel()])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    ends = [0, *changes.tolist(), mask.size]
    return [after - before for before, after in pairwise(ends)]


def from_runs(lengths: Sequence[int], size: tuple[int, int]) -> Mask:
    """Back from `runs`; size is (width, height)."""
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(size[1], size[0])


def png(mask: Mask) -> str:
    """A black-and-white PNG in base64, as the Hugging Face task format has it."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).convert("1").save(file, "PNG")
    return b64encode(file.getvalue()).decode()


def box_of(mask: Mask) -> dict[str, int]:
    """The box around a mask in pixels; all 0 for an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), 0)
    return {
        "xmin": int(columns[0]), "ymin": int(rows[0]),
        "xmax": int(columns[-1]) + 1, "ymax": int(rows[-1]) + 1,
    }  # fmt: skip
