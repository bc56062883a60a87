"""Boxes: overlaps, and how many of a picture's found boxes are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.overlaps import iou

Box = Sequence[float]
"""xmin, ymin, xmax, ymax."""
OVERLAP = 0.5  # intersection over union from which a found box counts as right
TINY = 1e-9


@dataclass
class Tally:
    """Found boxes that are right and wrong, and true ones that were missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    def add(self, found: Sequence[tuple[str, Box]], truth: Sequence[tuple[str, Box]]) -> None:
        """Match (label, box) pairs, best score first, to true ones of the same label."""
        left = list(truth)
        for label, box in found:
            near = [t for t in left if t[0] == label and iou(box, t[1]) >= OVERLAP]
            if near:
                left.remove(max(near, key=lambda t: iou(box, t[1])))
                self.right += 1
            else:
                self.wrong += 1
        self.missed += len(left)


def found(raw: Sequence[dict[str, Any]]) -> list[tuple[str, Box]]:
    """The pipeline's boxes as (label, box), the surest first."""
    ranked = sorted(raw, key=lambda item: -item["score"])
    edges = ("xmin", "ymin", "xmax", "ymax")
    return [(item["label"], [float(item["box"][edge]) for edge in edges]) for item in ranked]


def to_centres(boxes: Any) -> Any:
    """Tensor (..., 4) of corners as centre x, centre y, width, height."""
    import torch

    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], -1)


def to_corners(boxes: Any) -> Any:
    """Tensor (..., 4) of centres and sizes as corners."""
    import torch

    middle, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([middle - half, middle + half], -1)


def generalized_iou(a: Any, b: Any) -> Any:
    """GIoU of paired corner boxes (n, 4), (n,) from -1 to 1 (Rezatofighi et al. 2019)."""
    import torch

    inter = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0)
    shared = inter.prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return shared / (union + TINY) - (hull - union) / (hull + TINY)


def mean_iou(overlaps: Sequence[float]) -> float:
    """The mean of some overlaps; 0 where there are none."""
    return float(np.mean(overlaps)) if len(overlaps) else 0.0
