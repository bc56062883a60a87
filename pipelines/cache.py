"""The pipelines in memory: loaded once per key, least recently used out first."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import hashlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.loading import Loaded, LoadSettings

logger = logging.getLogger(__name__)

ID_CHARS = 12
Loader = Callable[[], Loaded]
Hold = Callable[[threading.Lock], contextlib.AbstractContextManager[Any]]


@dataclass
class Entry:
    """One key: its lock serialises loading, `users` counts the runs that hold it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    loaded: Loaded | None = None
    users: int = 0
    last_used: float = 0.0
    pinned: bool = False


@dataclass(frozen=True, kw_only=True)
class Held:
    """A pipeline in memory as it is told to others.

    `last_used` and `expires` are seconds since the epoch; expires is 0 where it stays.
    """

    id: str
    task: str
    model: str
    revision: str
    device: str
    dtype: str
    bytes: int
    users: int
    pinned: bool
    last_used: float
    expires: float


class PipelineCache:
    """Pipelines by LoadSettings within a budget of bytes (0: no limit) and of idle seconds.

    A pipeline in use or pinned is never evicted, so the budget may be exceeded while all are.
    `on_change` is called whenever `held` would answer differently.
    """

    def __init__(
        self,
        budget_bytes: int = 0,
        idle_seconds: float = 0.0,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._budget = budget_bytes
        self._idle = idle_seconds
        self._changed = on_change
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
            self._changed()
            yield entry.loaded
        finally:
            self._leave(settings, entry)
            self._evict()
            self._changed()

    def holds(self, settings: LoadSettings) -> bool:
        """Whether the pipeline is loaded."""
        entry = self._entries.get(settings)
        return entry is not None and entry.loaded is not None

    def loaded(self) -> list[Loaded]:
        """Every pipeline in memory, least recently used first."""
        with self._table:
            entries = sorted(self._entries.values(), key=lambda e: e.last_used)
            return [e.loaded for e in entries if e.loaded is not None]

    def held(self) -> tuple[Held, ...]:
        """What is in memory, the one used last first."""
        ago = time.time() - time.monotonic()
        with self._table:
            there = [(key, e, e.loaded.facts) for key, e in self._entries.items() if e.loaded]
        stays = [not self._idle or e.pinned or e.users > 0 for _, e, _ in there]
        found = [
            Held(
                id=id_of(key), task=key.task, model=key.model, revision=facts.revision,
                device=facts.device, dtype=facts.dtype, bytes=facts.bytes, users=e.users,
                pinned=e.pinned, last_used=e.last_used + ago,
                expires=0.0 if stay else e.last_used + ago + self._idle,
            )
            for (key, e, facts), stay in zip(there, stays, strict=True)
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda held: -held.last_used))

    def unload(self, id: str = "") -> int:
        """Drop one pipeline, or all, but none in use; the number dropped."""
        return self._drop(lambda key, entry: not id or id_of(key) == id)

    def unload_idle(self) -> int:
        """Drop what nobody has used for the idle time; the number dropped."""
        last = time.monotonic() - self._idle
        return self._drop(lambda key, e: bool(self._idle) and not e.pinned and e.last_used < last)

    def pin(self, id: str, pinned: bool) -> None:
        """Keep a pipeline whatever the budget and the idle time say; an unknown id is ignored."""
        with self._table:
            for key, entry in self._entries.items():
                if id_of(key) == id:
                    entry.pinned = pinned
        self._changed()

    def _drop(self, wanted: Callable[[LoadSettings, Entry], bool]) -> int:
        with self._table:
            keys = [k for k, e in self._entries.items() if e.users == 0 and wanted(k, e)]
            for key in keys:
                del self._entries[key]
        if keys:
            give_memory_back()
            self._changed()
        return len(keys)

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
                (i for i in self._entries.items() if i[1].users == 0 and not i[1].pinned),
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


def id_of(key: LoadSettings) -> str:
    """A short name of a key, the same in every process."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:ID_CHARS]


def give_memory_back() -> None:
    """Return freed memory to the device and, on glibc, to the operating system."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
