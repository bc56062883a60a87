"""What goes into an engine and what comes out: its settings, a Request, the events of its run."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipelines.device import Memory
from pipelines.held import Held
from pipelines.limits import Limits
from pipelines.loading import LoadSettings
from pipelines.token import NO_TOKEN, Token


@dataclass(frozen=True)
class Row:
    """Checked inputs and params of one of many; `index` is its place in the whole, from 0."""

    index: int
    inputs: Mapping[str, Any]
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One checked request. `owner` says who may cancel it: a browser session and a task.

    With `rows` it is many: each is answered by itself, and inputs and params are the rows' own.
    One that is `only_load` has neither: it puts the pipeline in memory.
    """

    task: str
    inputs: Mapping[str, Any]
    params: Mapping[str, Any]
    load: LoadSettings
    batch_size: int = 1
    owner: str = ""
    rows: tuple[Row, ...] = ()
    token: Token = field(default=NO_TOKEN, repr=False, compare=False)
    """The visitor's own, with which the Hub is asked for the model."""
    alone: bool = False
    """It shares the pipeline with nobody: it was in a batch that ended the worker."""
    only_load: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    submitted: float = field(default_factory=time.time)
    """Seconds since the epoch; the queue time is counted from here."""


@dataclass(frozen=True, kw_only=True)
class RunnerSettings:
    """What the process that holds the models needs to know; small enough for a message.

    `memory_bytes` is the budget for models of each memory; 0 is none, None what is free.
    """

    limits: Limits
    models: str = "auto"
    lend_token: bool = False
    """Whether visitors' models are fetched with the host's token."""
    memory_bytes: int | None = 0
    ram_bytes: int = 0
    """All the RAM that the platform says there is; 0 where it does not."""
    cores: int = 0
    """Threads that torch computes with; 0 leaves it to torch."""
    idle_seconds: float = 0.0
    log_level: int = logging.INFO


@dataclass(frozen=True)
class Waiting:
    """Nothing has started yet: `note` says for what the run waits; bytes are 0 while unknown."""

    note: str
    done_bytes: int = 0
    total_bytes: int = 0


@dataclass(frozen=True)
class Loading:
    """The model is being fetched or put in memory; bytes are 0 while unknown."""

    note: str
    done_bytes: int = 0
    total_bytes: int = 0


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps (chunks, labels, tokens); total 0 means unknown.

    A `shared` run is in a batch with others: whose fault it is when that ends nobody knows.
    """

    done: int
    total: int
    note: str = ""
    shared: bool = False


@dataclass(frozen=True)
class Partial:
    """The outputs so far, whole each time."""

    outputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Meta:
    """Who answered and how long it took, in seconds; `rate` is work per second in `unit`."""

    model: str
    revision: str
    device: str
    dtype: str
    queue_seconds: float
    load_seconds: float
    run_seconds: float
    rate: float
    unit: str
    stopped: bool = False


@dataclass(frozen=True)
class Done:
    """The end of a run: outputs to draw, `answer` in the task format, the Python, notes."""

    outputs: Mapping[str, Any]
    answer: Any
    meta: Meta
    code: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowResult:
    """The answer to one row in the task format, or the sentence that says why there is none."""

    index: int
    answer: Any = None
    error: str = ""


@dataclass(frozen=True)
class RowsDone:
    """The end of a run over many rows: one result for each, in the order of the rows.

    `batch_size` is the largest that is still to be used: memory that runs out lowers it.
    """

    results: tuple[RowResult, ...]
    meta: Meta
    batch_size: int


@dataclass(frozen=True)
class InMemory:
    """The end of a run that only loads; loading took so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Failed:
    """The end of a run that could not finish; `message` is for the user."""

    message: str
    field: str = ""
    expected: bool = True
    """False for a bug: the message then holds only an id that is in the log."""
    hopeless: bool = False
    """True where no other input would fare better: the model cannot be had."""


Event = Waiting | Loading | Progress | Partial | Done | RowsDone | InMemory | Failed
END = (Done, RowsDone, InMemory, Failed)
"""What the last event of a run may be."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What the engine says of itself; `hub` is None until it is known whether it can be reached.

    `held` are the pipelines in memory, the one used last first; `memory` is that of the machine and
    its devices when this was said.
    """

    ready: bool
    note: str
    devices: tuple[str, ...] = ()
    hub: bool | None = None
    held: tuple[Held, ...] = ()
    memory: tuple[Memory, ...] = ()


class Engine(Protocol):
    """The few things an engine does; inline, worker (and one day a cluster) offer the same."""

    def start(self) -> object:
        """Begin to warm up; the first request does it too."""
        ...

    def run(self, request: Request) -> Iterator[Event]:
        """Yield events; the last one is Done or Failed. Closing the iterator cancels."""
        ...

    def cancel(self, owner: str) -> None:
        """Stop every run of this owner."""
        ...

    def status(self) -> Status:
        """Answer at once, without waiting for the worker."""
        ...

    def unload(self, id: str) -> None:
        """Drop the pipeline of this Held.id from memory, unless it is in use; "" is all of them."""
        ...

    def pin(self, id: str, pinned: bool) -> None:
        """Keep the pipeline of this Held.id in memory, or let it go like the others."""
        ...

    def close(self) -> None:
        """End all runs and give everything back."""
        ...
