"""What a run says while it waits: for the bytes of a model, for room, or for another run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pipelines.delivery import Report
from pipelines.engine.request import Event, Loading, Progress, Waiting
from pipelines.errors import Cancelled
from pipelines.pages import Told
from pipelines.turns import Patience
from pipelines.weights import Make, Take, Weights, WeightsKey

Emit = Callable[[Event], None]
Tell = Callable[[Loading], None]
TELL_SECONDS = 0.2
"""Shortest time between two words on a download."""


def reporter(model: str, tell: Tell, cancelled: threading.Event) -> Report:
    """Bytes that arrive become Loading events, and a run that was stopped waits no longer."""
    last = 0.0

    def report(done: int, total: int, file: str) -> None:
        nonlocal last
        if cancelled.is_set():
            raise Cancelled
        now = time.monotonic()
        if file and (now - last >= TELL_SECONDS or done == total):
            last = now
            tell(Loading(f"Downloading {model}: {file}", done, total))

    return report


def telling(take: Take, tell: Tell) -> Take:
    """The same, saying that the model is loaded now: before that, the run may have waited."""

    def taking(model: str, key: WeightsKey, needed: int, make: Make) -> Weights:
        def made() -> Any:
            tell(Loading(f"Loading {model} into memory"))
            return make()

        return take(model, key, needed, made)

    return taking


def patient(
    emit: Emit, cancelled: threading.Event, other: Callable[[], Loading | None] = lambda: None
) -> Patience:
    """A run that waits says for what, and ends at once when it is stopped.

    `other` is how far another run is that loads what this one waits for.
    """
    said: list[Waiting] = []

    def say(note: str) -> None:
        said[:] = [Waiting(note)]
        emit(said[0])

    def check() -> None:
        if cancelled.is_set():
            raise Cancelled
        seen = other()
        now = Waiting(seen.note, seen.done_bytes, seen.total_bytes) if seen else None
        if now and [now] != said:
            said[:] = [now]
            emit(now)

    return Patience(say=say, check=check)


def page_by_page(emit: Emit, cancelled: threading.Event) -> Told:
    """Says which page of a document is next, and ends the run there where it was stopped."""

    def told(done: int, total: int, note: str) -> None:
        if cancelled.is_set():
            raise Cancelled
        emit(Progress(done, total, note))

    return told
