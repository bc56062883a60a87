"""The pipelines in memory: loaded once per key, weights shared, within the room that there is."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipelines.device import Memory
from pipelines.held import Held, id_of
from pipelines.loading import Loaded, LoadSettings
from pipelines.release import give_memory_back
from pipelines.room import Room
from pipelines.turns import LOCK_SECONDS, Patience, turn
from pipelines.weights import Make, Take, Weights, WeightsKey, footprint

logger = logging.getLogger(__name__)

PATIENT = Patience()
Loader = Callable[[Take], Loaded]


@dataclass
class Entry:
    """One key: its lock serialises loading, `users` counts the runs that hold it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    loaded: Loaded | None = None
    weights: Weights | None = None
    users: int = 0
    last_used: float = 0.0
    pinned: bool = False
    began: bool = False
    """Whether its weights were asked for."""


class PipelineCache:
    """Pipelines by LoadSettings within the budgets of a Room and of idle seconds.

    What is in use or pinned is never evicted: a model for which there is no room waits for it.
    `on_change` is called whenever `held` would answer differently.
    """

    def __init__(
        self,
        budgets: Callable[[], Mapping[str, int]] = dict,
        idle_seconds: float = 0.0,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._idle = idle_seconds
        self._changed = on_change
        self._entries: dict[LoadSettings, Entry] = {}
        self._weights: dict[WeightsKey, Weights] = {}
        self._table = threading.Condition()
        self._room = Room(budgets)

    @contextlib.contextmanager
    def lease(
        self, settings: LoadSettings, loader: Loader, patience: Patience = PATIENT
    ) -> Iterator[Loaded]:
        """The pipeline of this key for the length of the block; many may hold it.

        The loader is given what gives it the weights; one in a thread may be held at a time.
        """
        entry = self._enter(settings, patience)
        try:
            with turn(entry.lock, patience, f"Waiting for {settings.model} to load"):
                if entry.loaded is None:
                    entry.loaded = loader(self._take(entry, patience))
            self._changed()
            yield entry.loaded
        finally:
            self._leave(settings, entry)
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
            names = {id(weights): id_of(key) for key, weights in self._weights.items()}
            there = [(key, replace(e), e.loaded.facts) for key, e in self._entries.items()
                     if e.loaded]  # fmt: skip
        stays = [not self._idle or e.pinned or e.users > 0 for _, e, _ in there]
        found = [
            Held(
                id=id_of(key), task=key.task, model=key.model, revision=facts.revision,
                device=facts.device, dtype=facts.dtype, bytes=facts.bytes, users=e.users,
                pinned=e.pinned, last_used=e.last_used + ago,
                expires=0.0 if stay else e.last_used + ago + self._idle,
                weights=names.get(id(e.weights), ""), load=key,
            )
            for (key, e, facts), stay in zip(there, stays, strict=True)
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda held: -held.last_used))

    def shares(self, memory: Iterable[Memory]) -> tuple[Memory, ...]:
        """The same with what of it the models take, and how much they may."""
        with self._table:
            taken = self._room.taken(self._weights.values())
        return tuple(
            replace(m, models=taken[m.name], budget=self._room.budgets.get(m.name, 0))
            for m in memory
        )

    @property
    def budgets(self) -> Mapping[str, int]:
        """The most that models may take of each memory; one that is not named has none."""
        return self._room.budgets

    def room_for(self, settings: LoadSettings) -> int | None:
        """The most that one model may take where these settings put it; None where any."""
        return self._room.most(settings.device, settings.device_map)

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
            self._prune()
        if keys:
            give_memory_back()
            self._changed()
        return len(keys)

    def _enter(self, settings: LoadSettings, patience: Patience) -> Entry:
        """The entry, in use; while others wait for room, those who come later do so too."""
        patient = False
        while True:
            with self._table:
                if not self._room.awaited(settings.device, settings.device_map):
                    entry = self._entries.setdefault(settings, Entry())
                    entry.users += 1
                    return entry
                self._table.wait(LOCK_SECONDS)
            if not patient:
                patience.say("Waiting for a model that needs room in memory")
            patient = True
            patience.check()

    def _leave(self, settings: LoadSettings, entry: Entry) -> None:
        with self._table:
            entry.users -= 1
            entry.last_used = time.monotonic()
            failed = entry.loaded is None and entry.users == 0
            if failed:
                self._entries.pop(settings, None)
                entry.weights = None
                self._prune()
            self._table.notify_all()
        if failed and entry.began:  # one that was stopped while its files came has taken none
            give_memory_back()

    def _take(self, entry: Entry, patience: Patience) -> Take:
        """What gives this entry its weights: those that are there, or new ones once they fit."""

        def take(model: str, key: WeightsKey, needed: int, make: Make) -> Weights:
            entry.began = True
            with self._table:
                weights = entry.weights = self._weights.setdefault(key, Weights())
            try:
                with turn(weights.loading, patience, f"Waiting for {model} to load"):
                    if weights.model is None:
                        self._fill(model, key, weights, needed, make, patience)
            except BaseException:
                entry.weights = None
                raise
            return weights

        return take

    def _fill(
        self, model: str, key: WeightsKey, weights: Weights, needed: int, make: Make,
        patience: Patience,
    ) -> None:  # fmt: skip
        """Wait for room, then make the model. Room is reserved while it is made."""
        places = self._room.places(key.device, key.device_map, needed)
        self._make_room(model, weights, places, patience)
        try:
            weights.model = make()
        except BaseException:
            with self._table:
                weights.places = {}
                self._table.notify_all()
            raise
        with self._table:
            weights.places = footprint(weights.model)
            gone = self._leaving(dict.fromkeys(weights.places, 0)) or []  # it was larger
            self._forget(gone)
            self._table.notify_all()
        if gone:
            give_memory_back()

    def _make_room(
        self, model: str, weights: Weights, places: Mapping[str, int], patience: Patience
    ) -> None:
        """Reserve the places, oldest models out first; raises ModelError where waiting is vain."""
        self._room.check(model, places)
        said = False
        with self._room.queued(places, self._table) as ahead:
            while True:
                with self._table:
                    self._room.check_pinned(model, places, self._pinned())
                    leaving = None if ahead() else self._leaving(places)
                    if leaving is not None:
                        weights.places = places
                        self._forget(leaving)
                    else:
                        self._table.wait(LOCK_SECONDS)
                if leaving is not None:
                    break
                if not said:
                    patience.say(f"Waiting for room in memory for {model}: all models are in use")
                said = True
                patience.check()
        if leaving:
            give_memory_back()

    def _leaving(self, places: Mapping[str, int]) -> list[WeightsKey] | None:
        """The idle models, oldest first, that make room for as much when they go; None if none do.

        Holds the table's lock, as do those below.
        """
        self._prune()  # those of a load that failed are nobody's
        left = dict(self._weights)
        gone: list[WeightsKey] = []
        candidates = sorted((k for k in left if self._is_idle(left[k])), key=self._last_used)
        while not self._room.fits(places, left.values()):
            if not candidates:
                return None
            key = candidates.pop(0)
            if any(left[key].places.get(name) for name in places):
                gone.append(key)
                del left[key]
        return gone

    def _forget(self, keys: list[WeightsKey]) -> None:
        for key in keys:
            weights = self._weights.pop(key)
            for settings in [s for s, e in self._entries.items() if e.weights is weights]:
                logger.info("evicted %s %s", settings.task, settings.model)
                del self._entries[settings]

    def _prune(self) -> None:
        """Forget the weights that no pipeline holds any more."""
        held = {id(entry.weights) for entry in self._entries.values()}
        self._weights = {key: w for key, w in self._weights.items() if id(w) in held}

    def _is_idle(self, weights: Weights) -> bool:
        return not any(e.users or e.pinned for e in self._of(weights))

    def _last_used(self, key: WeightsKey) -> float:
        return max(e.last_used for e in self._of(self._weights[key]))

    def _of(self, weights: Weights) -> list[Entry]:
        return [e for e in self._entries.values() if e.weights is weights]

    def _pinned(self) -> list[Weights]:
        return [w for w in self._weights.values() if any(e.pinned for e in self._of(w))]
