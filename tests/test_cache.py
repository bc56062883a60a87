"""The cache: one load per key, least recently used out first, never one in use."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pipelines.cache import PipelineCache
from pipelines.errors import ModelError
from pipelines.loading import Loaded
from pipelines.spec import ModelFacts
from pipelines.weights import Take, WeightsKey
from tests.caches import (
    SIZE,
    SOON,
    FakeModel,
    key,
    limited,
    loads,
    names,
    never,
    taken,
    use,
)

pytestmark = pytest.mark.usefixtures("nothing_given_back")


def test_fifty_threads_at_once_load_once() -> None:
    cache = PipelineCache()
    began, gate = [], threading.Barrier(50)

    def slow_load(take: Take) -> Loaded:
        began.append(1)
        time.sleep(0.05)
        return loads("a")(take)

    def ask(_: int) -> Loaded:
        gate.wait()
        with cache.lease(key("a"), slow_load) as found:
            return found

    with ThreadPoolExecutor(50) as pool:
        found = set(map(id, pool.map(ask, range(50))))
    assert (len(began), len(found)) == (1, 1)


def test_other_keys_load_meanwhile() -> None:
    cache = PipelineCache()
    inside = threading.Event()

    def waits_for_b(take: Take) -> Loaded:
        assert inside.wait(5)
        return loads("a")(take)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: cache.lease(key("a"), waits_for_b).__enter__())
        with cache.lease(key("b"), loads("b")):
            inside.set()
        assert future.result(5).facts.model == "a"


def test_second_lease_reuses_the_loaded_pipeline() -> None:
    cache = PipelineCache()
    use(cache, "a")
    with cache.lease(key("a"), never) as found:
        assert found.facts.model == "a"
    assert cache.holds(key("a"))
    assert not cache.holds(key("b"))


def test_a_failed_load_leaves_nothing_and_the_next_one_tries_again() -> None:
    cache = PipelineCache()

    def fails(take: Take) -> Loaded:
        loads("a")(take)
        raise ModelError("no")

    with pytest.raises(ModelError), cache.lease(key("a"), fails):
        pass
    assert not cache._entries
    assert taken(cache) == 0
    use(cache, "a")
    assert names(cache) == ["a"]


def test_tasks_share_one_model_and_its_lock_and_it_counts_once() -> None:
    cache = limited(2 * SIZE)
    with cache.lease(key("a"), loads("a")) as one, cache.lease(key("a", "u"), loads("a")) as other:
        assert one is not other
        assert one.weights is other.weights
        assert one.lock is other.lock
        assert taken(cache) == SIZE
        first, second = cache.held()
        assert first.weights == second.weights
        assert first.id != second.id


def test_two_tasks_that_ask_at_once_make_one_model() -> None:
    cache, made, gate = PipelineCache(), [], threading.Barrier(2)

    def slow() -> FakeModel:
        made.append(1)
        time.sleep(0.05)
        return FakeModel(SIZE)

    def ask(task: str) -> int:
        def loader(take: Take) -> Loaded:
            gate.wait(SOON)
            at = WeightsKey(folder="a", kind="K", device="cpu", dtype="float32")
            facts = ModelFacts(model="a", revision="r")
            weights = take("a", at, SIZE, slow)
            return Loaded(pipe=object(), facts=facts, seconds=0, weights=weights)

        with cache.lease(key("a", task), loader) as found:
            return id(found.weights.model)

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(ask, ("t", "u")))) == 1
    assert made == [1]


def test_a_shared_model_leaves_with_the_last_task_that_holds_it() -> None:
    cache = limited(2 * SIZE)
    for task in "tu":
        with cache.lease(key("a", task), loads("a")):
            pass
    last, first = cache.held()
    cache.unload(first.id)
    assert taken(cache) == SIZE
    cache.unload(last.id)
    assert taken(cache) == 0


def test_a_shared_model_is_not_evicted_while_one_task_uses_it() -> None:
    cache = limited(2 * SIZE)
    with cache.lease(key("a", "u"), loads("a")):
        pass
    use(cache, "b")
    with cache.lease(key("a"), loads("a")):
        use(cache, "c")
        assert names(cache) == ["a", "a", "c"]
    use(cache, "d")
    assert names(cache) == ["a", "a", "d"]


def test_other_weights_are_not_shared() -> None:
    cache = PipelineCache()
    at = WeightsKey(folder="a", kind="K", device="cpu", dtype="float32")
    others = [replace(at, dtype="bfloat16"), replace(at, attention="eager"),
              replace(at, widened=("logits",)), replace(at, device_map="auto")]  # fmt: skip
    for n, each in enumerate([at, *others]):

        def loader(take: Take, each: WeightsKey = each) -> Loaded:
            weights = take("a", each, SIZE, lambda: FakeModel(SIZE))
            facts = ModelFacts(model="a", revision="r")
            return Loaded(pipe=object(), facts=facts, seconds=0, weights=weights)

        with cache.lease(key("a", f"t{n}"), loader):
            pass
    assert taken(cache) == 5 * SIZE


def test_without_a_budget_all_stay() -> None:
    cache = PipelineCache()
    for name in "abcdef":
        use(cache, name)
    assert names(cache) == list("abcdef")


def test_what_is_idle_is_unloaded_and_what_is_in_use_is_not() -> None:
    cache = PipelineCache(idle_seconds=0.05)
    use(cache, "a")
    with cache.lease(key("b"), loads("b")):
        assert cache.unload_idle() == 0
        time.sleep(0.06)
        assert cache.unload_idle() == 1
    assert names(cache) == ["b"]


def test_idle_zero_means_never() -> None:
    cache = PipelineCache()
    use(cache, "a")
    assert cache.unload_idle() == 0


def test_many_threads_over_a_small_budget_agree_with_themselves() -> None:
    cache = limited(2 * SIZE)

    def work(turn: int) -> bool:
        name = "abcd"[turn % 4]
        with cache.lease(key(name), loads(name)) as found:
            return found.facts.model == name and taken(cache) <= 2 * SIZE

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(400)))
    assert taken(cache) <= 2 * SIZE
    assert all(entry.users == 0 for entry in cache._entries.values())
