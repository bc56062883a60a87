"""Lanes: threads for requests, each of which ends with its work.

A thread that has computed keeps OpenMP's threads of its own until it ends. Once there are more of
those than processors, all of them sleep after each operation in place of waiting awake for the
next, and what is made of many small operations takes half as long again: a text that is written.
So no thread is kept for the next request.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Lanes:
    """Makes calls in threads, `most` at once; further ones wait for their turn."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], object]] = deque()

    def submit(self, call: Callable[[], object]) -> None:
        """Make the call soon; what it raises is logged."""
        with self._lock:
            self._waiting.append(call)
            if not self._free:
                return
            self._free -= 1
        threading.Thread(target=self._work, name="lane", daemon=True).start()

    def close(self) -> None:
        """Forget the calls that wait."""
        with self._lock:
            self._waiting.clear()

    def _work(self) -> None:
        while call := self._next():
            try:
                call()
            except Exception:
                logger.exception("a call failed")

    def _next(self) -> Callable[[], object] | None:
        """The call that has waited longest; where none waits, the lane is free."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._free += 1
            return None
