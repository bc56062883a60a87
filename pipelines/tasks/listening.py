"""Fields and functions of the rows that name what they hear, in windows where it is long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.errors import InputError
from pipelines.kinds import Audio, Number
from pipelines.spec import ENGINE, Field, Invocation, ModelFacts
from pipelines.spectrograms import picture
from pipelines.windows import Windows, starts

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

AUDIO = Field(
    name="audio",
    kind=Audio(window="window_s", step="step_s"),
    label="Recording",
    required=True,
)
WINDOWS = (
    Field(
        name="window_s",
        kind=Number(low=SHORTEST, high=LONGEST, step=0.1, unit="s"),
        label="Window",
        help="A longer recording is heard in windows. Empty: as much as the model hears at once.",
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


def heard(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """The recording, or its windows; `listen` has set the window where there are several."""
    audio = inputs["audio"]
    if params["window_s"] is None:
        return Invocation((audio,))
    return Invocation((Windows(audio, *_samples(params, facts)),))


def _samples(params: Values, facts: ModelFacts) -> tuple[int, int]:
    """Width and step of the windows in samples."""
    rate = facts.sampling_rate
    return round(params["window_s"] * rate), max(1, round(params["step_s"] * rate))


def window_count(inputs: Values, params: Values, facts: ModelFacts) -> int:
    if params["window_s"] is None:
        return 1
    return len(starts(len(inputs["audio"]), *_samples(params, facts)))


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


def drawn(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """The scores, those of each window with its times, and what the recording looks like."""
    audio, rate = inputs["audio"], facts.sampling_rate
    times = [(0.0, len(audio) / rate)]
    if params["window_s"] is not None:
        width, step = _samples(params, facts)
        times = [(n / rate, (n + width) / rate) for n in starts(len(audio), width, step)]
    timeline = [one.get("scores", [one["score"]]) for one in raw]
    return {
        "sounds": {
            "scores": [{"label": one["label"], "score": one["score"]} for one in raw],
            "times": [(round(start, DIGITS), round(end, DIGITS)) for start, end in times],
            "timeline": np.asarray(timeline, np.float32),
            **picture(audio, rate),
        }
    }


def seconds(raw: Any, inputs: Values, facts: ModelFacts, forwards: int) -> float:
    return len(inputs["audio"]) / (facts.sampling_rate or 1)
