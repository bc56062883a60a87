"""The exam on pairs of views: matches that lie where the motion took them, and those of nothing."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.worlds import views

SQUARE = 1_024  # see the card: pictures are squeezed to squares of this side first
MEASURED = 40  # pairs of each motion
RIGHT = 0.05  # of the width: a match this near to the truth is right


def examine(ask: Ask, seed: int) -> dict[str, float]:
    """The share of right matches for each motion, their mean number, and of unrelated views."""
    rng = np.random.default_rng(seed)
    scores: dict[str, float] = {}
    numbers = []
    for kind in views.KINDS:
        shares = []
        for _ in range(MEASURED):
            pair = views.pair(rng, kind)
            one, other = matched(ask, pair.first, pair.second)
            away = np.linalg.norm(views.projected(pair.homography, one) - other, axis=1)
            shares.append(np.mean(away < RIGHT * views.SIZE[0]) if len(away) else 0.0)
            numbers.append(len(away))
        scores[f"right_{kind}"] = float(np.mean(shares))
    scores["matches"] = float(np.mean(numbers))
    apart = (views.pair(rng, "shift").first for _ in range(2 * MEASURED))
    scores["matches_unrelated"] = float(
        np.mean([len(matched(ask, *two)[0]) for two in zip(apart, apart, strict=True)])
    )
    return scores


def matched(ask: Ask, first: Any, second: Any) -> tuple[Any, Any]:
    """The matched points of two views (n, 2) in pixels of each."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{n}.bmp" for n in range(2)]
        for path, view in zip(paths, (first, second), strict=True):
            Image.fromarray(view).resize((SQUARE, SQUARE)).save(path)
        found = ask(images=paths)
    size = np.array(views.SIZE) / SQUARE
    one, other = (
        np.array([[m[name]["x"], m[name]["y"]] for m in found], float).reshape(-1, 2) * size
        for name in ("keypoint_image_0", "keypoint_image_1")
    )
    return one, other
