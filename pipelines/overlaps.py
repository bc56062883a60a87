"""Boxes: how much two of them overlap."""

from __future__ import annotations

from collections.abc import Sequence


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes (xmin, ymin, xmax, ymax), 0 to 1."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, wide) * max(0.0, high)
    areas = sum((x[2] - x[0]) * (x[3] - x[1]) for x in (a, b))
    return float(shared / (areas - shared)) if areas > shared else 0.0
