"""Turns: who waits for something that another holds says so, and can be stopped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LOCK_SECONDS = 0.1
"""How often one who waits looks whether it was stopped."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How a run waits: `say` is told once for what, `check` now and then; it may raise."""

    say: Callable[[str], None] = lambda note: None
    check: Callable[[], None] = lambda: None


@contextlib.contextmanager
def turn(lock: threading.Lock, patience: Patience, note: str) -> Iterator[None]:
    """Hold a lock; a run that is stopped while it waits ends at once."""
    if not lock.acquire(blocking=False):
        patience.say(note)
        while not lock.acquire(timeout=LOCK_SECONDS):
            patience.check()
    try:
        yield
    finally:
        lock.release()
