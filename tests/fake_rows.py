"""An engine for rows that needs no model: a text's label is its last word.

`python -m tests.fake_rows FOLDER` carries out the job in a folder, to be killed at any moment.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.engine.request import (
    Event,
    Failed,
    Meta,
    Progress,
    Request,
    Row,
    RowResult,
    RowsDone,
    Status,
)
from pipelines.errors import Cancelled
from pipelines.jobs.job import Job
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits

TASK = "text-classification"
POISON, KILLER = "poison", "killer"
"""A text with the first is an error of its row; one with the second ends the whole run."""


@dataclass
class RowsEngine:
    """`seconds` is the time that a row takes; `hopeless` fails every run."""

    seconds: float = 0.0
    hopeless: str = ""
    sizes: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None: ...

    def run(self, request: Request) -> Iterator[Event]:
        self._stop.clear()
        self.sizes.append(request.batch_size)
        yield Progress(0, len(request.rows))
        if self.hopeless:
            yield Failed(self.hopeless, hopeless=True)
        elif any(KILLER in row.inputs["text"] for row in request.rows):
            yield Failed("The worker ended during this run; try again.")
        elif self._stop.wait(self.seconds * len(request.rows)):
            yield Failed(str(Cancelled()))
        else:
            self.rows += [row.index for row in request.rows]
            seconds = len(request.rows) * speed(request.batch_size)
            yield RowsDone(tuple(map(answer, request.rows)), meta(seconds), request.batch_size)

    def cancel(self, owner: str) -> None:
        self._stop.set()

    def status(self) -> Status:
        return Status(ready=True, note="")

    def unload(self, id: str) -> None: ...

    def pin(self, id: str, pinned: bool) -> None: ...

    def close(self) -> None:
        self._stop.set()


def speed(batch_size: int) -> float:
    """Seconds a row: the best batch size is 8."""
    return 1.0 / batch_size if batch_size <= 8 else 1.0


def answer(row: Row) -> RowResult:
    text = row.inputs["text"]
    if POISON in text:
        return RowResult(row.index, error="text: is poison.")
    return RowResult(row.index, [{"label": text.split()[-1], "score": 0.5}])


def meta(seconds: float) -> Meta:
    return Meta(
        model="starter/text-classification", revision="shipped", device="cpu", dtype="float32",
        queue_seconds=0.0, load_seconds=0.0, run_seconds=seconds, rate=1.0, unit="rows/s",
    )  # fmt: skip


def expected(count: int, **wrong: Any) -> list[str]:
    """The labels of `texts(count)`."""
    return [f"word{n}" for n in range(count)]


def texts(count: int) -> str:
    """A line for each row, all different."""
    return "".join(f"row {n} says word{n}\n" for n in range(count))


if __name__ == "__main__":
    began = time.monotonic()
    carry_out(Job(Path(sys.argv[1])), RowsEngine(seconds=0.004), Limits(), Signal())
