"""What a run waits for, and says meanwhile: the bytes of a model, room, or another run."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipelines.delivery import Report
from pipelines.engine.request import Event, Loading, Progress, Waiting
from pipelines.errors import Cancelled
from pipelines.loading import SAMPLING, set_seed
from pipelines.pages import Told
from pipelines.turns import Patience, turn
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


@contextlib.contextmanager
def drawn(params: Mapping[str, Any], patience: Patience) -> Iterator[None]:
    """Runs that draw by lot go one at a time, so that a seed gives the same answer again."""
    seed = params.get("seed")
    if seed is None and not params.get("do_sample"):
        yield
        return
    with turn(SAMPLING, patience, "Waiting for another answer to be drawn"):
        if seed is not None:
            set_seed(seed)
        yield


def page_by_page(emit: Emit, cancelled: threading.Event) -> Told:
    """Says which page of a document is next, and ends the run there where it was stopped."""

    def told(done: int, total: int, note: str) -> None:
        if cancelled.is_set():
            raise Cancelled
        emit(Progress(done, total, note))

    return told
