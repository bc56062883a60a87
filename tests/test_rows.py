"""Many rows through one pipeline get the answers of one at a time (R35, R39)."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.intake import request_from
from pipelines.engine.request import Event, Failed, Progress, Request, Row, RowsDone
from pipelines.engine.rows import MOST_PER_BATCH, cut
from pipelines.engine.waits import drawn
from pipelines.errors import Cancelled
from pipelines.loading import SAMPLING
from pipelines.tasks import BY_ID, task
from pipelines.turns import Patience
from pipelines.uploads import Upload
from tests.engine_room import Room
from tests.tiny import MODELS

CLOSE = 1e-4
"""Scores may differ this much between batch sizes in float32."""
TEXTS = ["the team", "a goal . the quick brown fox", "rain", "the soup of onions " * 12, "hello"]


def many(room: Room, id: str, each: list[dict[str, Any]], **load: Any) -> Request:
    """One request with a row for each dict of values beside what the task needs at least."""
    named = {"model": f"starter/{MODELS[id]}", "dtype": "float32", "device": "cpu", **load}
    requests = [
        request_from(task(id), {**named, **room.given(id), **values}, room.limits)
        for values in each
    ]
    rows = tuple(Row(n, r.inputs, r.params) for n, r in enumerate(requests))
    return replace(requests[0], rows=rows)


def run(room: Room, request: Request) -> RowsDone:
    events: list[Event] = []
    room.runner.execute(request, events.append, threading.Event())
    assert isinstance(events[-1], RowsDone), events[-1]
    return events[-1]


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) <= CLOSE * max(1.0, abs(one))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


@pytest.mark.parametrize("params", [{"do_sample": True}, {"seed": 7}])
def test_rows_and_runs_that_draw_by_lot_wait_for_each_other(params: dict[str, Any]) -> None:
    """Torch's generator is one: what is drawn meanwhile would change what a seed gives."""

    def stopped() -> None:
        raise Cancelled

    with drawn({"seed": None, "do_sample": False}, Patience()), SAMPLING:
        with pytest.raises(Cancelled), drawn(params, Patience(check=stopped)):
            pytest.fail("it did not wait")
        with drawn({}, Patience(check=stopped)):
            pass


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("id", BY_ID)
def test_rows_get_the_answer_of_a_single_run(room: Room, id: str, batch_size: int) -> None:
    alone = room.run(id).answer
    done = run(room, many(room, id, [{}] * 5, batch_size=batch_size))
    assert [r.index for r in done.results] == list(range(5))
    assert all(not r.error for r in done.results), done.results
    assert all(alike(r.answer, alone) for r in done.results)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("id", ["text-classification", "zero-shot-classification"])
def test_answers_do_not_depend_on_the_batch_size(room: Room, id: str) -> None:
    each = [{"text": text} for text in TEXTS * 4]
    found = [run(room, many(room, id, each, batch_size=n)).results for n in (1, 3, 8, 32)]
    for other in found[1:]:
        assert all(alike(a.answer, b.answer) for a, b in zip(found[0], other, strict=True))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_bad_row_is_an_error_and_the_others_are_answered(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = "the team scored a goal rain"
    request = many(
        room, "text-classification", [{"text": t} for t in [*TEXTS, poison]], batch_size=8
    )
    original = type(_pipe(room, request)).preprocess

    def preprocess(self: Any, inputs: Any, **kwargs: Any) -> Any:
        if poison in str(inputs):
            raise RuntimeError("no such word in /home/someone/model.bin")
        return original(self, inputs, **kwargs)

    monkeypatch.setattr(type(_pipe(room, request)), "preprocess", preprocess)
    *good, bad = run(room, request).results
    assert all(result.answer and not result.error for result in good)
    assert bad.answer is None
    assert "no such word" in bad.error
    assert "/home" not in bad.error


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_memory_that_runs_out_halves_the_batch_and_goes_on(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = many(room, "text-classification", [{"text": "rain"}] * 8, batch_size=8)
    pipe = _pipe(room, request)
    original = pipe.model.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        if kwargs["input_ids"].shape[0] > 2:
            raise MemoryError
        return original(*args, **kwargs)

    monkeypatch.setattr(pipe.model, "forward", forward)
    done = run(room, request)
    assert all(result.answer for result in done.results)
    assert done.batch_size == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_broken_file_is_one_error_row(room: Room) -> None:
    (room.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    pictures = [room.file("picture.png"), room.file("broken.png"), room.file("clear.png")]
    request = many(room, "image-classification", [{"image": p} for p in pictures], batch_size=2)
    first, second, third = run(room, request).results
    assert first.answer
    assert third.answer
    assert second.answer is None
    assert second.error.startswith("image: ")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_stopping_ends_between_two_rows(room: Room) -> None:
    stop, events = threading.Event(), []

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, Progress) and event.done:
            stop.set()

    request = many(room, "text-classification", [{"text": "rain"}] * 6)
    room.runner.execute(request, emit, stop)
    assert isinstance(events[-1], Failed)
    assert max(e.done for e in events if isinstance(e, Progress)) < 6


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_model_that_cannot_be_had_is_hopeless_for_every_row(room: Room) -> None:
    request = many(room, "text-classification", [{}] * 3, model="starter/nothing")
    events: list[Event] = []
    room.runner.execute(request, events.append, threading.Event())
    assert isinstance(events[-1], Failed)
    assert events[-1].hopeless


def _pipe(room: Room, request: Request) -> Any:
    run(room, replace(request, rows=request.rows[:1]))
    return next(x.pipe for x in room.runner.cache.loaded() if x.pipe.task == request.task)


def rows_of(*sizes: int) -> list[Row]:
    return [Row(n, {"text": "x" * size}, {}) for n, size in enumerate(sizes)]


def test_batches_hold_rows_of_like_length() -> None:
    batches = cut(rows_of(5, 500, 5, 480, 5, 5), batch_size=2)
    longest = [[len(r.inputs["text"]) for r in batch] for batch in batches]
    assert sorted(r.index for batch in batches for r in batch) == [0, 1, 2, 3, 4, 5]
    assert longest[0][0] == 500
    assert all(max(sizes) < 2 * min(sizes) for sizes in longest)


def test_a_batch_is_never_padded_to_more_than_was_asked_for() -> None:
    rows = rows_of(*range(1, 200, 3))
    mean = sum(1 + len(r.inputs["text"]) for r in rows) / len(rows)
    for batch in cut(rows, batch_size=8):
        assert len(batch) <= 8 * MOST_PER_BATCH
        padded = len(batch) * (1 + len(batch[0].inputs["text"]))
        assert padded <= 8 * mean or len(batch) == 1


def test_long_texts_do_not_make_shorter_ones_longer() -> None:
    batches = cut(rows_of(1_000, 900, 700, *[5] * 40), batch_size=8)
    assert [len(batch) for batch in batches[:2]] == [1, 1]  # there is room for one or two
    for batch in cut(rows_of(*range(100, 2_000, 50)), batch_size=32):
        sizes = [len(r.inputs["text"]) for r in batch]
        assert max(sizes) <= 1.4 * min(sizes)


def test_files_of_any_size_go_together(tmp_path: Path) -> None:
    rows = []
    for n, size in enumerate((9_000, 4_000, 1_000)):
        (tmp_path / f"{n}").write_bytes(bytes(size))
        rows.append(Row(n, {"image": Upload(name=f"{n}", path=tmp_path / f"{n}")}, {}))
    assert len(cut(rows, batch_size=8)) == 1


def test_a_batch_size_of_one_is_kept() -> None:
    assert [len(batch) for batch in cut(rows_of(1, 1, 9), 1)] == [1, 1, 1]


def test_no_rows_are_no_batches() -> None:
    assert cut([], 8) == []
