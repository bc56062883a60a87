"""Micro-batches: requests of several people that wait for one pipeline go through it together.

A run that finds its pipeline free calls it by itself and waits for nobody. One that finds it busy
stands in line; whenever the pipeline is free, those in line that fit together go as one batch.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.device import is_out_of_memory
from pipelines.engine.call import Prepared
from pipelines.engine.request import Event, Progress, Waiting
from pipelines.engine.watch import Watch
from pipelines.errors import Cancelled
from pipelines.loading import Loaded
from pipelines.release import give_memory_back
from pipelines.spec import ModelFacts, TaskSpec

logger = logging.getLogger(__name__)

MOST = 32
"""Runs in a batch."""
LONGER = 1.3
"""A text may be this many times as long as another one of its batch: what is padded is computed."""
CALL_CHARACTERS = 32
"""A call by itself costs about as much as so many characters: short texts go together anyway."""
LOOK_SECONDS = 0.1
"""How often a run in line looks whether it was stopped."""
BUSY = "Waiting for the model to finish another run"


def fits_others(spec: TaskSpec, prepared: Prepared, loaded: Loaded) -> bool:
    """One unnamed argument that is no list of its own, nothing drawn by lot, and padding."""
    args, params = prepared.call.args, prepared.params
    sampled = params.get("do_sample") or params.get("seed") is not None
    nested = len(args) != 1 or (isinstance(args[0], list | tuple) and not _is_chat(args[0]))
    return spec.batches and not (sampled or nested) and "pads" in loaded.facts.traits


def key_of(prepared: Prepared, facts: ModelFacts) -> str:
    """What calls must have in common to be made as one: every keyword, and the length of a sound.

    Sounds are filled up with silence, which not every model can tell from sound; those of a fixed
    window fill up every recording that is shorter.
    """
    (value,) = prepared.call.args
    shape = getattr(value, "shape", ())
    window = facts.max_seconds * facts.sampling_rate
    shape = () if shape and shape[0] <= window else shape
    kwargs = {k: v for k, v in prepared.call.kwargs.items() if k != "batch_size"}
    return repr((shape, sorted(kwargs.items())))


def _is_chat(value: Sequence[Any]) -> bool:
    return bool(value) and all(isinstance(part, Mapping) and "role" in part for part in value)


@dataclass(eq=False, kw_only=True)
class Ticket:
    """A run in line. When it has `ended`, `raws` holds what the pipeline gave, as the only item.

    It is empty where the run has to call the pipeline by itself. `seconds` is the time that the
    call took, `watch` has counted its forward passes.
    """

    prepared: Prepared
    key: str
    watch: Watch
    cancelled: threading.Event
    emit: Callable[[Event], None]
    raws: list[Any] = field(default_factory=list)
    error: BaseException | None = None
    seconds: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)
    batch: tuple[Ticket, ...] = ()
    """Those that it goes with, itself among them, once the call has begun."""

    @property
    def length(self) -> int:
        """Characters that are read; 0 for what is no text."""
        return text_length(self.prepared.call.args[0])


def ticket_for(
    spec: TaskSpec,
    prepared: Prepared,
    loaded: Loaded,
    watch: Watch,
    cancelled: threading.Event,
    emit: Callable[[Event], None],
) -> Ticket | None:
    """A place in line; None for what goes one by one: answers that are written, lists of parts.

    A batch of writers would hold the quick one up until the slow one has written its last word.
    """
    writes = spec.streams or "generates" in loaded.facts.traits
    if writes or not fits_others(spec, prepared, loaded):
        return None
    key = key_of(prepared, loaded.facts)
    return Ticket(prepared=prepared, key=key, watch=watch, cancelled=cancelled, emit=emit)


class Lines:
    """The runs that wait for each pipeline. `seconds` is the most that a batch may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._lines: dict[int, list[Ticket]] = {}

    def busy(self, loaded: Loaded) -> bool:
        """Whether someone uses the pipeline or waits for it."""
        return loaded.lock.locked() or id(loaded) in self._lines

    def wait(self, loaded: Loaded, ticket: Ticket) -> bool:
        """Stand in line until the ticket has its answer; false if the run has to do it alone.

        The pipeline must stay loaded meanwhile. Raises what a call that was for this run only has
        raised, and Cancelled when the run is stopped, however long the others of its batch take.
        """
        ticket.emit(Waiting(BUSY))
        with self._lock:
            opened = id(loaded) not in self._lines
            self._lines.setdefault(id(loaded), []).append(ticket)
        if opened:
            threading.Thread(target=self._serve, args=(loaded,), name="line", daemon=True).start()
        while not ticket.ended.wait(LOOK_SECONDS):
            if ticket.cancelled.is_set() and self._leaves(loaded, ticket):
                raise Cancelled
        if ticket.cancelled.is_set():
            raise Cancelled
        if ticket.error is not None:
            raise ticket.error
        return bool(ticket.raws)

    def _leaves(self, loaded: Loaded, ticket: Ticket) -> bool:
        """Out of the line, or of a batch that goes on for others; the last one sees it stop."""
        with self._lock:
            if not ticket.batch:
                self._lines[id(loaded)].remove(ticket)
                return True
        return not all(other.cancelled.is_set() for other in ticket.batch)

    def _serve(self, loaded: Loaded) -> None:
        """Batch after batch, until nobody is in line."""
        while True:
            with loaded.lock:
                batch = self._next(id(loaded))
                if not batch:
                    return
                try:
                    _answer(batch, loaded, self._seconds)
                except BaseException as error:  # noqa: BLE001  a panic of Rust code is no Exception
                    _failed(batch, error)
                for ticket in batch:
                    ticket.ended.set()

    def _next(self, line: int) -> tuple[Ticket, ...]:
        """The one that has waited longest and those that fit; nobody: the line is closed."""
        with self._lock:
            waiting = self._lines[line]
            batch = tuple(together(waiting))
            for ticket in batch:
                waiting.remove(ticket)
                ticket.batch = batch
            if not batch:
                del self._lines[line]
            return batch


def together(waiting: Iterable[Ticket]) -> list[Ticket]:
    """The first one and those that may go with it, of like length before others; MOST at most."""
    line = list(waiting)
    if not line:
        return []
    first, batch = line[0], line[:1]
    low = high = first.length
    same = (ticket for ticket in line[1:] if ticket.key == first.key)
    for ticket in sorted(same, key=lambda ticket: abs(ticket.length - first.length)):
        shortest, longest = min(low, ticket.length), max(high, ticket.length)
        if len(batch) < MOST and alike(shortest, longest):
            batch.append(ticket)
            low, high = shortest, longest
    return batch


class Everyone(threading.Event):
    """Set when all of several events are."""

    def __init__(self, events: Iterable[threading.Event]) -> None:
        super().__init__()
        self._events = tuple(events)

    def is_set(self) -> bool:
        return all(event.is_set() for event in self._events)


def _answer(batch: tuple[Ticket, ...], loaded: Loaded, seconds: float) -> None:
    """Call the pipeline once for all of them."""
    first, size, pipe = batch[0], len(batch), loaded.pipe
    watch = first.watch
    if size > 1:
        watch = Watch(Everyone(ticket.cancelled for ticket in batch), seconds, lambda _: None)
    for ticket in batch:
        ticket.emit(Progress(0, 0, shared=size > 1))
    began = time.monotonic()
    with watch.over(pipe, max(size, first.prepared.batch_size)):
        raws = call(pipe, [ticket.prepared for ticket in batch])
    passed = time.monotonic() - began
    for ticket, raw in zip(batch, raws, strict=True):
        ticket.seconds, ticket.watch.forwards = passed, watch.forwards
        ticket.raws = [raw]


def _failed(batch: tuple[Ticket, ...], error: BaseException) -> None:
    """One bad input fails alone: those of a larger batch are tried one by one, by their runs."""
    if len(batch) == 1:
        batch[0].error = error
    elif is_out_of_memory(error):
        give_memory_back()
    logger.info("a batch of %d failed: %s", len(batch), type(error).__name__)


def call(pipe: Any, together: Sequence[Prepared], batch_size: int = 0) -> list[Any]:
    """What the pipeline gives for each of several calls that fit together, or for one.

    `batch_size` is the number of items of a forward pass; 0: one for each call.
    """
    first, size = together[0], len(together)
    kwargs = first.call.fresh()
    if batch_size > 1 or size > 1:
        kwargs["batch_size"] = max(batch_size, size)
    if size == 1:
        return [pipe(*first.call.args, **kwargs)]
    return list(pipe([prepared.call.args[0] for prepared in together], **kwargs))


def alike(one: int, other: int) -> bool:
    """Whether texts of so many characters are better computed together than apart."""
    low, high = sorted((one, other))
    return high + CALL_CHARACTERS <= LONGER * (low + CALL_CHARACTERS)


def text_length(value: Any) -> int:
    """Characters of a text, or of all that are in a list or by name; 0 for what is no text."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(text_length, value.values()))
    return sum(map(text_length, value)) if isinstance(value, list | tuple) else 0
