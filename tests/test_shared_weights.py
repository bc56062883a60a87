"""Real pipelines of several tasks on one model: one object in memory, and the same answers."""

from __future__ import annotations

import pytest

from pipelines.engine.request import Done
from tests.engine_room import Room

pytestmark = pytest.mark.slow

PAIRS = [
    ("text-classification", "zero-shot-classification", "bert-nli"),
    ("image-text-to-text", "any-to-any", ""),
    ("text2text-generation", "summarization", "t5"),
]


@pytest.fixture(autouse=True)
def empty(room: Room) -> None:
    room.runner.cache.unload()


@pytest.mark.parametrize(("one", "other", "model"), PAIRS)
def test_tasks_on_one_checkpoint_share_its_model(
    room: Room, one: str, other: str, model: str
) -> None:
    alone = []
    for id in (one, other):
        alone.append(room.run(id, model).answer)
        room.runner.cache.unload()
    together = [room.run(id, model).answer for id in (one, other)]
    first, second = room.runner.cache.loaded()
    assert first.pipe is not second.pipe
    assert first.pipe.model is second.pipe.model
    assert first.lock is second.lock
    (memory,) = {held.weights for held in room.runner.cache.held()}
    assert memory
    assert together == alone


def test_a_task_that_leaves_lets_the_other_keep_the_model(room: Room) -> None:
    one, other, model = PAIRS[0]
    room.run(one, model)
    room.run(other, model)
    cache = room.runner.cache
    cache.unload(next(held.id for held in cache.held() if held.task == one))
    (left,) = cache.loaded()
    assert isinstance(room.run(one, model), Done)
    assert {id(each.pipe.model) for each in cache.loaded()} == {id(left.pipe.model)}


def test_a_headless_task_and_another_dtype_have_models_of_their_own(room: Room) -> None:
    room.run("fill-mask", "bert-fill-mask")
    room.run("feature-extraction", "bert-fill-mask")
    room.run("fill-mask", "bert-fill-mask", dtype="bfloat16")
    assert len({held.weights for held in room.runner.cache.held()}) == 3
