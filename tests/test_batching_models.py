"""Batches of several people over real tiny models: each gets the answer of its own run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipelines.engine.batching import (
    CALL_CHARACTERS,
    ticket_for,
)
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, Waiting
from pipelines.engine.watch import Watch
from pipelines.loading import Loaded
from pipelines.tasks import task
from tests.engine_room import Room
from tests.test_batching import FACTS, PATIENCE, POISON
from tests.test_rows import TEXTS, alike
from tests.tiny import MODELS

CLASSIFY, SPEAK = "text-classification", "text-generation"


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
