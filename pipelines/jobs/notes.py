"""Notes: what a person is told of a job while a run of it has not begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.engine.request import Event, Loading, Waiting
from pipelines.limits import MB


def _loading(event: Loading) -> str:
    if not event.total_bytes:
        return event.note
    return f"{event.note} {event.done_bytes / MB:,.0f} of {event.total_bytes / MB:,.0f} MB"


NOTES: dict[type[Event], Callable[[Any], str]] = {
    Waiting: lambda event: event.note,
    Loading: _loading,
}
"""Event -> the note."""
