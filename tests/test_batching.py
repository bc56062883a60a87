"""Requests that wait for one pipeline go through it together, and nobody notices (R28, R39)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from pipelines.engine.batching import (
    MOST,
    Lines,
    Ticket,
    key_of,
    together,
)
from pipelines.engine.call import Prepared
from pipelines.engine.request import Event, Progress, Waiting
from pipelines.engine.watch import Watch
from pipelines.errors import Cancelled
from pipelines.loading import Loaded
from pipelines.spec import Invocation, ModelFacts

PATIENCE = 20.0
FACTS = ModelFacts(model="m", revision="r", traits=frozenset({"pads"}))
POISON = "poison"


class Model:
    """What a Watch asks of a model; `before` is its hook."""

    before: Callable[[Any, Any], None] | None = None

    def modules(self) -> list[Any]:
        return [self]

    def register_forward_pre_hook(self, hook: Callable[[Any, Any], None]) -> Any:
        self.before = hook
        return self

    def remove(self) -> None:
        """The hook is its own handle here."""


@dataclass(eq=False)
class Pipe:
    """Answers a text with its capitals; a batch is one forward pass, which `go` lets end."""

    model: Model = field(default_factory=Model)
    calls: list[list[str]] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)

    def forward(self, texts: list[str]) -> list[str]:
        assert self.model.before
        self.model.before(self.model, ())
        self.begun.set()
        assert self.go.wait(PATIENCE)
        self.model.before(self.model, ())
        return [text.upper() for text in texts]

    def __call__(self, given: Any, batch_size: int = 1) -> Any:
        texts = given if isinstance(given, list) else [given]
        self.calls.append(texts)
        if POISON in texts:
            raise ValueError("no such word")
        found = self.forward(texts)
        return found if isinstance(given, list) else found[0]


@dataclass
class Stand:
    """A pipeline, the runs that come to it in threads of their own, and what they hear."""

    pool: ThreadPoolExecutor
    lines: Lines = field(default_factory=lambda: Lines(PATIENCE))
    pipe: Pipe = field(default_factory=Pipe)
    heard: dict[str, list[Event]] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.loaded = Loaded(pipe=self.pipe, facts=FACTS, seconds=0.0)

    def come(self, text: str) -> Future[Any]:
        """Returns when the run stands in line."""
        made = ticket(text, emit=self.heard.setdefault(text, []).append)
        self.tickets.append(made)

        def run() -> Any:
            return self.lines.wait(self.loaded, made) and made.raws[0]

        future = self.pool.submit(run)
        until(lambda: bool(self.heard[text]))
        return future


@pytest.fixture
def stand() -> Iterator[Stand]:
    with ThreadPoolExecutor(MOST) as pool:
        stand = Stand(pool)
        yield stand
        stand.pipe.go.set()


def ticket(value: Any, key: str = "", emit: Callable[[Event], None] = lambda _: None) -> Ticket:
    cancelled = threading.Event()
    prepared = Prepared({}, {}, call=Invocation((value,)))
    watch = Watch(cancelled, PATIENCE, lambda _: None)
    return Ticket(prepared=prepared, key=key, watch=watch, cancelled=cancelled, emit=emit)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_runs_that_come_while_the_pipeline_is_busy_are_one_call(stand: Stand) -> None:
    texts = [f"text {n}" for n in range(16)]
    stand.pipe.go.set()
    with stand.loaded.lock:
        runs = [stand.come(text) for text in texts]
        assert not stand.pipe.calls
    assert [run.result(PATIENCE) for run in runs] == [text.upper() for text in texts]
    assert [sorted(each) for each in stand.pipe.calls] == [sorted(texts)]
    assert stand.heard["text 3"][1:] == [Progress(0, 0, shared=True)]
    assert isinstance(stand.heard["text 3"][0], Waiting)
    until(lambda: not stand.lines.busy(stand.loaded))


def test_those_who_come_during_a_batch_are_the_next_one(stand: Stand) -> None:
    first = stand.come("first")
    assert stand.pipe.begun.wait(PATIENCE)
    others = [stand.come(text) for text in ("a", "b", "c")]
    stand.pipe.go.set()
    assert [run.result(PATIENCE) for run in (first, *others)] == ["FIRST", "A", "B", "C"]
    assert [sorted(each) for each in stand.pipe.calls] == [["first"], ["a", "b", "c"]]


def test_one_that_is_stopped_leaves_its_batch_and_the_others_are_answered(stand: Stand) -> None:
    with stand.loaded.lock:
        left, stays = stand.come("left"), stand.come("stays")
    assert stand.pipe.begun.wait(PATIENCE)
    stand.tickets[0].cancelled.set()
    with pytest.raises(Cancelled):
        left.result(PATIENCE)
    assert not stays.done()
    stand.pipe.go.set()
    assert stays.result(PATIENCE) == "STAYS"


def test_one_that_is_stopped_in_line_is_never_run(stand: Stand) -> None:
    stand.pipe.go.set()
    with stand.loaded.lock:
        left, stays = stand.come("left"), stand.come("stays")
        stand.tickets[0].cancelled.set()
        with pytest.raises(Cancelled):
            left.result(PATIENCE)
    assert stays.result(PATIENCE) == "STAYS"
    assert stand.pipe.calls == [["stays"]]


def test_a_batch_that_all_have_left_stops_at_its_next_step(stand: Stand) -> None:
    with stand.loaded.lock:
        runs = [stand.come("a"), stand.come("b")]
    assert stand.pipe.begun.wait(PATIENCE)
    for each in stand.tickets:
        each.cancelled.set()
    stand.pipe.go.set()
    for run in runs:
        with pytest.raises(Cancelled):
            run.result(PATIENCE)
    assert all(not each.raws for each in stand.tickets)
    until(lambda: not stand.loaded.lock.locked())


def test_of_a_batch_with_a_bad_input_each_has_to_run_alone(stand: Stand) -> None:
    with stand.loaded.lock:
        runs = [stand.come("good"), stand.come(POISON)]
    assert [run.result(PATIENCE) for run in runs] == [False, False]


def test_a_bad_input_alone_in_line_is_its_own_error_and_is_not_tried_again(stand: Stand) -> None:
    with stand.loaded.lock:
        run = stand.come(POISON)
    with pytest.raises(ValueError, match="no such word"):
        run.result(PATIENCE)
    assert stand.pipe.calls == [[POISON]]


def sizes_of(batch: list[Ticket]) -> list[int]:
    return [each.length for each in batch]


def test_texts_of_like_length_go_together() -> None:
    assert sizes_of(together(map(ticket, "x y zz".split()))) == [1, 1, 2]
    batch = together(ticket("x" * size) for size in (100, 1, 120, 1_000, 110, 130, 90, 100))
    assert sizes_of(batch) == [100, 100, 110, 90, 120]


def test_the_one_that_has_waited_longest_is_always_in_the_batch() -> None:
    assert sizes_of(together(ticket("x" * size) for size in (5_000, 1, 1, 1))) == [5_000]


def test_other_settings_are_another_batch_and_a_batch_has_an_end() -> None:
    waiting = [ticket("a", key="mine"), ticket("a", key="other")]
    assert together(waiting) == waiting[:1]
    assert len(together(ticket("a") for _ in range(2 * MOST))) == MOST
    assert together([]) == []


def test_sounds_go_together_where_they_are_filled_up_to_one_length_anyway() -> None:
    second = np.zeros(16_000, np.float32)
    free = ModelFacts(model="m", revision="r", sampling_rate=16_000)
    fixed = ModelFacts(model="m", revision="r", sampling_rate=16_000, max_seconds=30.0)
    one, other = (Prepared({}, {}, call=Invocation((s,))) for s in (second, second[:8_000]))
    assert key_of(one, free) != key_of(other, free)
    assert key_of(one, fixed) == key_of(other, fixed)
