"""From the values of a form, an API call or a row to a checked Request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.engine.request import Request
from pipelines.limits import Limits
from pipelines.loading import LoadSettings
from pipelines.spec import TaskSpec
from pipelines.token import NO_TOKEN, Token


def request_from(
    spec: TaskSpec,
    values: Mapping[str, Any],
    limits: Limits,
    owner: str = "",
    token: Token = NO_TOKEN,
) -> Request:
    """Check every value at once; raises InputError naming the field."""
    parsed = spec.parse(values, limits)
    load = parsed.load
    return Request(
        task=spec.id,
        inputs=parsed.inputs,
        params=parsed.params,
        load=LoadSettings(
            task=spec.id,
            model=load["model"],
            revision=load["revision"] or "",
            processor=load["processor"] or "",
            device=load["device"],
            dtype=load["dtype"],
            device_map=load["device_map"],
            attention=load["attention"],
        ),
        batch_size=load["batch_size"],
        owner=owner,
        token=token,
    )
