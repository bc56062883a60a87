"""Clips and models: the windows in which a long one was read, said in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.kinds import Video

if TYPE_CHECKING:
    from pipelines.engine.call import Prepared
    from pipelines.field import Field
    from pipelines.loading import Loaded
    from pipelines.spec import TaskSpec


def fit_clip(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Set the window and the step in seconds as they are, None: seen as a whole."""
    kind, footage = f.kind, prepared.inputs[f.name]
    assert isinstance(kind, Video)
    if not kind.window:
        return
    windows = footage.spans.windows
    if not windows:
        prepared.params |= {kind.window: None, kind.step: None}
        return
    width, step = footage.spans.width, footage.spans.step
    prepared.params |= {kind.window: width, kind.step: step}
    prepared.notes.append(
        f"{windows[-1][1]:.1f} s were seen in {len(windows):,} windows of {width:.3g} s, "
        f"{step:.3g} s apart; a score is the mean of theirs."
    )
