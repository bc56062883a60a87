"""Fakes: an engine that answers every row from its own raw_example, without models or torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from pipelines.engine.request import (
    Done,
    Event,
    Failed,
    InMemory,
    Loading,
    Meta,
    Partial,
    Progress,
    Request,
    Status,
    Waiting,
)
from pipelines.held import Held
from pipelines.outputs import (
    Reply,
    Scores,
)
from pipelines.spec import TaskSpec
from pipelines.tasks import task
from tests.outputs_made import FACTS, MADE

WORDS = ("The baker of the village is Mia. She lives by the mill with a grey cat, ",
         "and every morning she carries warm bread to the school.")  # fmt: skip


@dataclass
class FakeEngine:
    """Scripted events. `pause` is the time between two partial results in seconds."""

    pause: float = 0.01
    words: int = 24
    ready: bool = True
    fail: Callable[[Request], Exception | Failed | None] = lambda request: None
    cancelled: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)
    held: tuple[Held, ...] = ()
    _stops: dict[str, threading.Event] = field(default_factory=dict)

    def start(self) -> None:
        """It is always warm."""

    def run(self, request: Request) -> Iterator[Event]:
        self.requests.append(request)
        stop = self._stops.setdefault(request.owner, threading.Event())
        stop.clear()
        try:
            yield Waiting("Waiting for the worker")
            wrong = self.fail(request)
            if isinstance(wrong, Exception):
                raise wrong
            yield Loading("Loading starter/fake", 3_000_000, 12_000_000)
            if isinstance(wrong, Failed):
                yield wrong
                return
            if request.only_load:
                yield InMemory(0.1)
                return
            yield from self._answer(request, stop)
        finally:
            self.closed.append(request.id)

    def cancel(self, owner: str) -> None:
        self.cancelled.append(owner)
        if owner in self._stops:
            self._stops[owner].set()

    def status(self) -> Status:
        note = "" if self.ready else "Warming up."
        return Status(ready=self.ready, note=note, devices=("cpu",), hub=False, held=self.held)

    def unload(self, id: str) -> None:
        self.told.append(("unload", id))

    def pin(self, id: str, pinned: bool) -> None:
        self.told.append(("pin", id, pinned))

    def close(self) -> None:
        for stop in self._stops.values():
            stop.set()

    def _answer(self, request: Request, stop: threading.Event) -> Iterator[Event]:
        row = task(request.task)
        outputs, stopped = outputs_of(row, request), False
        if any(output.kind is Reply for output in row.outputs):
            words = (" ".join(WORDS) * 40).split(" ")[: self.words]
            for n in range(1, len(words) + 1):
                outputs = {"reply": [" ".join(words[:n])]}
                yield Partial(outputs)
                if stop.wait(self.pause):
                    stopped = True
                    break
            outputs = {"reply": outputs["reply"] * (request.params["num_return_sequences"] or 1)}
        else:
            for n in range(4):
                yield Progress(n, 4, "Step")
                time.sleep(self.pause)
        yield Done(outputs, row.to_json(row.raw_example), meta(row, stopped), code(row), ())


def outputs_of(row: TaskSpec, request: Request) -> dict[str, Any]:
    """The outputs that the row reads from its own raw example."""
    made = {output.name: MADE[output.kind]() for output in row.outputs if output.kind in MADE}
    if made:
        scores = [output.name for output in row.outputs if output.kind is Scores]
        return {**dict.fromkeys(scores, row.to_json(row.raw_example)), **made}
    return row.read_output(row.raw_example, request.inputs, request.params, FACTS)


def meta(row: TaskSpec, stopped: bool = False) -> Meta:
    return Meta(
        model=row.starter_id, revision="", device="cpu", dtype="float32", queue_seconds=0.0,
        load_seconds=0.4, run_seconds=0.12, rate=84.3, unit=row.unit, stopped=stopped,
    )  # fmt: skip


def code(row: TaskSpec) -> str:
    return f'from transformers import pipeline\n\npipe = pipeline("{row.id}")\nprint(pipe(...))\n'


def fake_session(name: str = "abc") -> Any:
    """What a handler needs of gr.Request."""
    return SimpleNamespace(session_hash=name)
