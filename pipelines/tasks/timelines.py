"""Fields and functions of the rows that judge a recording or a clip in windows of its time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.errors import InputError
from pipelines.field import ENGINE, Field
from pipelines.kinds import Number

SHORTEST, LONGEST = 0.1, 300.0
"""Seconds of a window."""
DIGITS = 3
"""Of a time in seconds."""
MAX_NUMBERS = 1_000_000
"""Scores of one answer: about 20 MB of JSON."""

TOGETHER = """scores = {one["label"]: [] for one in found[0]}
for one in [one for window in found for one in window]:
    scores[one["label"]].append(one["score"])
answer = [
    {"label": label, "score": sum(each) / len(each), "scores": each}
    for label, each in scores.items()
]
sorted(answer, key=lambda one: -one["score"])"""

Values = Mapping[str, Any]


def fields(window_help: str) -> tuple[Field, Field]:
    """Window and step in seconds."""
    return (
        Field(
            name="window_s",
            kind=Number(low=SHORTEST, high=LONGEST, step=0.1, unit="s"),
            label="Window",
            help=window_help,
            route=ENGINE,
            advanced=True,
        ),
        Field(
            name="step_s",
            kind=Number(low=SHORTEST, high=LONGEST, step=0.1, unit="s"),
            label="Step",
            help="From one window's start to the next. Empty: half a window.",
            route=ENGINE,
            advanced=True,
        ),
    )


def together(found: Any, params: Values) -> list[dict[str, Any]]:
    """[{"label", "score"}], the best first; of windows the mean, and "scores" with one for each."""
    most = params.get("top_k")
    if params["window_s"] is None:
        return list(found[:most])
    if len(found) * min(most or len(found[0]), len(found[0])) > MAX_NUMBERS:
        raise InputError("window_s", f"gives more than {MAX_NUMBERS:,} scores; take longer ones.")
    windows = [{one["label"]: one["score"] for one in window} for window in found]
    merged = []
    for label in dict.fromkeys(one["label"] for one in found[0]):
        scores = [window[label] for window in windows]
        mean = sum(scores) / len(scores)
        merged.append({"label": label, "score": mean, "scores": scores})
    return sorted(merged, key=lambda one: -one["score"])[:most]


def written_together(params: Values) -> str:
    """`together` as Python of `found`; the last line is the answer."""
    most = params.get("top_k")
    cut = f"[:{most}]" if most else ""
    return f"found{cut}" if params["window_s"] is None else f"{TOGETHER}{cut}"


def over_time(raw: Any, times: list[tuple[float, float]]) -> dict[str, Any]:
    """The scores, the times of the windows that were judged, and the score of each label in each.

    A run that was stopped has judged the first ones only.
    """
    each = [one.get("scores", [one["score"]]) for one in raw]
    judged = times[: len(each[0])] if each else times
    return {
        "scores": [{"label": one["label"], "score": one["score"]} for one in raw],
        "times": [(round(start, DIGITS), round(end, DIGITS)) for start, end in judged],
        "timeline": np.asarray(each, np.float32),
    }
