"""Flights: the requests that the worker has and has not finished."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.engine.request import Event, Request, Status
from pipelines.errors import Cancelled

BROKEN = Status(ready=False, note="The engine cannot start; its log says why.")
DIED = "The worker ended while it ran this (out of memory, or killed); try again with less."
STOPPED = str(Cancelled())
STARTING = Status(ready=False, note="Starting the engine")
CLOSING = "The playground is closing."


@dataclass
class Flight:
    """A request that the worker has and has not finished; `started` ones die with the worker."""

    request: Request
    emit: Callable[[Event], None]
    started: bool = False
    cancelled: bool = False
    timers: dict[str, threading.Timer] = field(default_factory=dict)

    def call_off(self, name: str) -> None:
        """Stop a timer if it runs."""
        if name in self.timers:
            self.timers.pop(name).cancel()

    def land(self, event: Event) -> None:
        """Hand on the last event and forget the timers."""
        for name in tuple(self.timers):
            self.call_off(name)
        self.emit(event)

    def last_word(self, broken: bool, blameless: bool) -> str:
        """What ends this flight now that its worker is gone; empty if it may run again."""
        if self.cancelled:
            return STOPPED
        if broken:
            return BROKEN.note
        return DIED if self.started and not blameless else ""
