"""Fields and functions of the rows that name what they hear, in windows where it is long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import Field
from pipelines.kinds import Audio
from pipelines.spec import Invocation, ModelFacts
from pipelines.spectrograms import picture
from pipelines.tasks import timelines
from pipelines.windows import Windows, starts

Values = Mapping[str, Any]

AUDIO = Field(
    name="audio",
    kind=Audio(window="window_s", step="step_s"),
    label="Recording",
    required=True,
)
STARTER_SOUNDS = (
    "tone", "buzzer", "rising sweep", "falling sweep", "static", "wind", "clicks",
    "siren", "beeps", "drum", "bell", "hum", "engine", "speech",
)  # fmt: skip
"""What the starters for sounds know."""
WINDOWS = timelines.fields(
    "A longer recording is heard in windows. Empty: as much as the model hears at once."
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


def drawn(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """The scores, those of each window with its times, and what the recording looks like."""
    audio, rate = inputs["audio"], facts.sampling_rate
    times = [(0.0, len(audio) / rate)]
    if params["window_s"] is not None:
        width, step = _samples(params, facts)
        times = [(n / rate, (n + width) / rate) for n in starts(len(audio), width, step)]
    return {"sounds": {**timelines.over_time(raw, times), **picture(audio, rate)}}


def seconds(raw: Any, inputs: Values, facts: ModelFacts, forwards: int) -> float:
    return len(inputs["audio"]) / (facts.sampling_rate or 1)
