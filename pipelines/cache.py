"""The pipelines in memory: loaded once per key, least recently used out first."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.loading import Loaded, LoadSettings

logger = logging.getLogger(__name__)

Loader = Callable[[], Loaded]
Hold = Callable[[threading.Lock], contextlib.AbstractContextManager[Any]]


@dataclass
class Entry:
    """One key: its lock serialises loading, `users` counts the runs that hold it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    loaded: Loaded | None = None
    users: int = 0
    last_used: float = 0.0


class PipelineCache:
    """Pipelines by LoadSettings within a budget of bytes (0: no limit) and of idle seconds.

    A pipeline in use is never evicted, so the budget may be exceeded while all are busy.
    """

    def __init__(self, budget_bytes: int = 0, idle_seconds: float = 0.0) -> None:
        self._budget = budget_bytes
        self._idle = idle_seconds
        self._entries: dict[LoadSettings, Entry] = {}
        self._table = threading.Lock()

    @contextlib.contextmanager
    def lease(
        self, settings: LoadSettings, loader: Loader, hold: Hold = lambda lock: lock
    ) -> Iterator[Loaded]:
        """The pipeline of this key for the length of the block; many may hold it.

        `hold` says how to wait while another loads it: a context manager over the entry's lock.
        """
        entry = self._enter(settings)
        try:
            with hold(entry.lock):
                if entry.loaded is None:
                    entry.loaded = loader()
            self._evict()
            yield entry.loaded
        finally:
            self._leave(settings, entry)
            self._evict()

    def holds(self, settings: LoadSettings) -> bool:
        """Whether the pipeline is loaded."""
        entry = self._entries.get(settings)
        return entry is not None and entry.loaded is not None

    def loaded(self) -> list[Loaded]:
        """Every pipeline in memory, least recently used first."""
        with self._table:
            entries = sorted(self._entries.values(), key=lambda e: e.last_used)
            return [e.loaded for e in entries if e.loaded is not None]

    def unload_idle(self) -> int:
        """Drop what nobody has used for the idle time; the number dropped."""
        now = time.monotonic()
        with self._table:
            stale = [
                key
                for key, e in self._entries.items()
                if self._idle and e.users == 0 and now - e.last_used > self._idle
            ]
            for key in stale:
                del self._entries[key]
        if stale:
            give_memory_back()
        return len(stale)

    def _enter(self, settings: LoadSettings) -> Entry:
        with self._table:
            entry = self._entries.setdefault(settings, Entry())
            entry.users += 1
            return entry

    def _leave(self, settings: LoadSettings, entry: Entry) -> None:
        with self._table:
            entry.users -= 1
            entry.last_used = time.monotonic()
            if entry.loaded is None and entry.users == 0:
                self._entries.pop(settings, None)

    def _evict(self) -> None:
        dropped = 0
        with self._table:
            idle = sorted(
                (item for item in self._entries.items() if item[1].users == 0),
                key=lambda item: item[1].last_used,
            )
            for key, entry in idle:
                if not self._budget or self._bytes() <= self._budget:
                    break
                logger.info("evicted %s %s", key.task, key.model)
                del self._entries[key]
                del entry
                dropped += 1
        if dropped:
            give_memory_back()

    def _bytes(self) -> int:
        return sum(e.loaded.facts.bytes for e in self._entries.values() if e.loaded)


def give_memory_back() -> None:
    """Return freed memory to the device and, on glibc, to the operating system."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
