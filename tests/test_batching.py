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
    CALL_CHARACTERS,
    MOST,
    Lines,
    Ticket,
    key_of,
    ticket_for,
    together,
)
from pipelines.engine.call import Prepared
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, Progress, Waiting
from pipelines.engine.watch import Watch
from pipelines.errors import Cancelled
from pipelines.loading import Loaded
from pipelines.spec import Invocation, ModelFacts
from pipelines.tasks import task
from tests.engine_room import Room
from tests.test_rows import TEXTS, alike
from tests.tiny import MODELS

PATIENCE = 20.0
CLASSIFY, SPEAK = "text-classification", "text-generation"
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


def runs_of(room: Room, id: str, each: list[dict[str, Any]]) -> tuple[list[Event], list[int]]:
    """The last events of runs that came while the pipeline was busy, and the sizes of its calls."""
    warm = room.run(id)
    loaded = next(x for x in room.runner.cache.loaded() if x.facts.model == warm.meta.model)
    named = {"model": f"starter/{MODELS[id]}", "dtype": "float32", "device": "cpu"}
    sizes: list[int] = []

    def count(module: Any, args: Any, kwargs: Any) -> None:
        sizes.append(len(next(v for v in (*args, *kwargs.values()) if hasattr(v, "shape"))))

    def run(values: dict[str, Any]) -> Event:
        request = request_from(task(id), {**named, **room.given(id), **values}, room.limits)
        events: list[Event] = []

        def emit(event: Event) -> None:
            events.append(event)
            if isinstance(event, Waiting):
                waiting.release()

        room.runner.execute(request, emit, threading.Event())
        return events[-1]

    waiting = threading.Semaphore(0)
    hook = loaded.pipe.model.register_forward_pre_hook(count, with_kwargs=True)
    with hook, ThreadPoolExecutor(len(each)) as pool:
        with loaded.lock:
            futures = [pool.submit(run, values) for values in each]
            for _ in each:
                assert waiting.acquire(timeout=PATIENCE)
        return [future.result(PATIENCE) for future in futures], sizes


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("id", [CLASSIFY, "zero-shot-classification", "token-classification"])
def test_people_who_share_a_batch_get_the_answers_of_one_at_a_time(room: Room, id: str) -> None:
    """R28, R39."""
    texts = [text for text in TEXTS if len(text) <= 2 * CALL_CHARACTERS]
    alone = [room.run(id, text=text).answer for text in texts]
    ends, sizes = runs_of(room, id, [{"text": text} for text in texts * 4])
    assert all(isinstance(end, Done) for end in ends)
    assert all(alike(end.answer, one) for end, one in zip(ends, alone * 4, strict=True))
    assert max(sizes) >= len(texts)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_pictures_of_several_people_share_a_batch(room: Room) -> None:
    id = "image-classification"
    pictures = [room.file(name) for name in ("picture.png", "clear.png", "page.png")]
    alone = [room.run(id, image=picture).answer for picture in pictures]
    ends, sizes = runs_of(room, id, [{"image": picture} for picture in pictures])
    assert all(alike(end.answer, one) for end, one in zip(ends, alone, strict=True))
    assert sizes == [3]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_one_bad_input_fails_alone(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.run(CLASSIFY)
    pipe = next(x.pipe for x in room.runner.cache.loaded() if x.pipe.task == CLASSIFY)
    original = type(pipe).preprocess

    def preprocess(self: Any, inputs: Any, **kwargs: Any) -> Any:
        if POISON in str(inputs):
            raise ValueError("no such word")
        return original(self, inputs, **kwargs)

    monkeypatch.setattr(type(pipe), "preprocess", preprocess)
    ends, _ = runs_of(room, CLASSIFY, [{"text": text} for text in ("rain", POISON, "a goal")])
    assert [type(end) for end in ends] == [Done, Failed, Done]
    assert "no such word" in ends[1].message


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_writers_and_other_settings_go_one_by_one(room: Room) -> None:
    ends, sizes = runs_of(room, SPEAK, [{"text": "the quick"}] * 3)
    assert all(isinstance(end, Done) for end in ends)
    assert set(sizes) == {1}
    ends, sizes = runs_of(room, CLASSIFY, [{"top_k": n} for n in (1, 2)])
    assert [len(end.answer) for end in ends] == [1, 2]
    assert sizes == [1, 1]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_model_that_writes_has_no_place_in_line(room: Room) -> None:
    prepared = room.prepared(SPEAK)
    loaded = Loaded(pipe=None, facts=FACTS, seconds=0.0)
    watch = Watch(threading.Event(), PATIENCE, lambda _: None)
    assert ticket_for(task(SPEAK), prepared, loaded, watch, threading.Event(), print) is None
