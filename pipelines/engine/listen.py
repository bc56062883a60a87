"""Recordings and models: what is too short to be heard, and the windows of what is too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import InputError
from pipelines.kinds import Audio
from pipelines.windows import starts

if TYPE_CHECKING:
    from pipelines.engine.call import Prepared
    from pipelines.field import Field
    from pipelines.loading import Loaded
    from pipelines.spec import ModelFacts, TaskSpec

AUTO_SECONDS = 10.0
"""The window of a model that hears any length."""
MOST_WINDOWS = 4_000


def fit_sound(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Refuse what is too short; set the window and the step in seconds, None: heard as a whole."""
    kind, facts = f.kind, loaded.facts
    assert isinstance(kind, Audio)
    seconds = len(prepared.inputs[f.name]) / (facts.sampling_rate or 1)
    if seconds < facts.min_seconds:
        raise InputError(
            f.name,
            f"lasts {seconds:.2f} s; {facts.model} needs {facts.min_seconds:.2f} s. Record longer.",
        )
    if not kind.window:
        return
    width, step = _chosen(kind, prepared, facts)
    if seconds <= width:
        prepared.params |= {kind.window: None, kind.step: None}
        return
    count = _count(seconds, width, step, facts)
    if count > MOST_WINDOWS and prepared.params[kind.step] is None:
        step = width
        count = _count(seconds, width, step, facts)
    if count > MOST_WINDOWS:
        raise InputError(
            kind.step,
            f"gives {count:,} windows; at most {MOST_WINDOWS:,}. Take longer ones or cut.",
        )
    prepared.params |= {kind.window: width, kind.step: step}
    prepared.notes.append(
        f"{seconds:.1f} s were heard in {count:,} windows of {width:.3g} s, {step:.3g} s "
        "apart; a score is the mean of theirs."
    )


def _chosen(kind: Audio, prepared: Prepared, facts: ModelFacts) -> tuple[float, float]:
    """Window and step in seconds as asked for, within what the model hears."""
    asked, step = prepared.params[kind.window], prepared.params[kind.step]
    width = asked or facts.max_seconds or AUTO_SECONDS
    if facts.max_seconds and width > facts.max_seconds:
        width = facts.max_seconds
        prepared.notes.append(f"{facts.model} hears {width:.3g} s at once.")
    if width < facts.min_seconds:
        raise InputError(kind.window, f"must be at least {facts.min_seconds:.2f} s for this model.")
    if step is not None and step > width:
        raise InputError(kind.step, f"must be no longer than the window, {width:.3g} s.")
    return width, step or width / 2


def _count(seconds: float, width: float, step: float, facts: ModelFacts) -> int:
    rate = facts.sampling_rate
    return len(starts(round(seconds * rate), round(width * rate), max(1, round(step * rate))))
