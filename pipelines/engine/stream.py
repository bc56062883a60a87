"""Events of one run as an iterator, whoever produces them."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator

from pipelines.engine.request import END, Event, Request, Waiting

BEAT_SECONDS = 1.0
"""A silent run repeats its last event this often: a caller who left is only noticed at a yield."""

BEFORE = Waiting("Waiting for the engine")
"""What a run repeats until it is heard of."""
Submit = Callable[[Request, Callable[[Event], None]], None]


def stream(request: Request, submit: Submit, cancel: Callable[[str], None]) -> Iterator[Event]:
    """Submit and yield until the end; closing the iterator cancels the run by its id."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    submit(request, events.put)
    event: Event = BEFORE
    ended = False
    try:
        while not ended:
            with contextlib.suppress(queue.Empty):
                event = events.get(timeout=BEAT_SECONDS)
            ended = isinstance(event, END)
            yield event
    finally:
        if not ended:
            cancel(request.id)
