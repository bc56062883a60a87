"""Events of one run as an iterator, whoever produces them."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from pipelines.engine.request import Done, Event, Failed, Request

Submit = Callable[[Request, Callable[[Event], None]], None]


def stream(request: Request, submit: Submit, cancel: Callable[[str], None]) -> Iterator[Event]:
    """Submit and yield until Done or Failed; closing the iterator cancels the run by its id."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    submit(request, events.put)
    ended = False
    try:
        while not ended:
            event = events.get()
            ended = isinstance(event, Done | Failed)
            yield event
    finally:
        if not ended:
            cancel(request.id)
