"""Which model answers: the one asked for, the Hub's default, or the starter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipelines.errors import ModelError
from pipelines.load_fields import AUTO
from pipelines.loading import STARTER, LoadSettings
from pipelines.spec import TaskSpec


def resolve(
    spec: TaskSpec, load: LoadSettings, mode: str, reachable: Callable[[], bool]
) -> LoadSettings:
    """Settings that name a model and a revision; raises ModelError if the mode forbids it.

    `mode` is auto, hub or starter; the Hub is only asked when the answer depends on it.
    """
    model = load.model
    if model == AUTO:
        use_hub = mode == "hub" or (mode == "auto" and reachable())
        model = spec.models[0].id if use_hub else spec.starter_id
    for id in (model, load.processor):
        if mode == "starter" and id and not id.startswith(STARTER):
            raise ModelError(
                f"Only starter models answer here; restart without --models starter to use {id}."
            )
    pinned = {m.id: m.revision for m in spec.models}
    dtype = spec.dtype if load.dtype == AUTO else load.dtype
    revision = load.revision or pinned.get(model, "")
    return replace(load, model=model, revision=revision, dtype=dtype)
