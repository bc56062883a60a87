"""Stops: how a job that is under way is asked to stop, and how it says that it does not go on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from pipelines.errors import PipelineError
from pipelines.jobs.job import CANCELLED, PAUSED, WAITING

STOPPING = {PAUSED: "Paused.", CANCELLED: "Cancelled.", WAITING: ""}


class Stopped(PipelineError):
    """The job does not go on: `status` and the reason say why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class Signal:
    """How a job is asked to stop from another thread: paused, cancelled, or left for later."""

    status: str = ""
    _event: threading.Event = field(default_factory=threading.Event)

    def ask(self, status: str) -> None:
        self.status = status
        self._event.set()

    def check(self) -> None:
        """Raise Stopped if someone asked for it."""
        if self._event.is_set():
            raise Stopped(self.status, STOPPING[self.status])
