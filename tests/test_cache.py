"""The cache: one load per key, least recently used out first, never one in use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import cache as cache_module
from pipelines.cache import Loader, PipelineCache
from pipelines.device import RAM, Memory
from pipelines.errors import Cancelled, ModelError
from pipelines.loading import Loaded, LoadSettings
from pipelines.spec import ModelFacts
from pipelines.turns import Patience
from pipelines.weights import Take, WeightsKey

SIZE = 100
SOON = 5.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here has memory that is worth collecting."""
    monkeypatch.setattr(cache_module, "give_memory_back", lambda: None)


class FakeModel:
    """As large as it says."""

    def __init__(self, size: int) -> None:
        self.size = size

    def named_parameters(self) -> list[tuple[str, Any]]:
        tensor = SimpleNamespace(device="cpu", nelement=lambda: self.size, element_size=lambda: 1)
        return [("w", tensor)]

    def named_buffers(self) -> list[tuple[str, Any]]:
        return []


def key(name: str, task: str = "t") -> LoadSettings:
    return LoadSettings(task=task, model=name, device="cpu")


def loads(name: str, size: int = SIZE) -> Loader:
    """Loads a model of so many bytes, which pipelines of the same name share."""

    def loader(take: Take) -> Loaded:
        at = WeightsKey(folder=name, kind="K", device="cpu", dtype="float32")
        weights = take(name, at, size, lambda: FakeModel(size))
        facts = ModelFacts(model=name, revision="r", bytes=size)
        return Loaded(pipe=object(), facts=facts, seconds=0, weights=weights)

    return loader


def never(take: Take) -> Loaded:
    pytest.fail("loaded twice")


def limited(budget: int, **changes: float) -> PipelineCache:
    return PipelineCache(lambda: {RAM: budget}, **changes)


def use(cache: PipelineCache, name: str, size: int = SIZE) -> None:
    with cache.lease(key(name), loads(name, size)):
        pass


def taken(cache: PipelineCache) -> int:
    (memory,) = cache.shares([Memory(RAM, 0, 0)])
    return memory.models


def impatient() -> Patience:
    """Stopped as soon as it has to wait."""

    def check() -> None:
        raise Cancelled

    return Patience(check=check)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def names(cache: PipelineCache) -> list[str]:
    return [each.facts.model for each in cache.loaded()]


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


def test_the_least_recently_used_goes_first() -> None:
    cache = limited(2 * SIZE)
    for name in ("a", "b", "a", "c"):
        use(cache, name)
    assert names(cache) == ["a", "c"]


def test_one_in_use_is_never_evicted() -> None:
    cache = limited(2 * SIZE)
    with cache.lease(key("a"), loads("a")):
        use(cache, "b")
        use(cache, "c")
        assert names(cache) == ["a", "c"]
    use(cache, "d")
    assert names(cache) == ["a", "d"]


def test_none_leaves_in_vain() -> None:
    cache = limited(3 * SIZE)
    use(cache, "a")
    with (
        cache.lease(key("b"), loads("b", 2 * SIZE)),
        pytest.raises(Cancelled),
        cache.lease(key("c"), loads("c", 2 * SIZE), impatient()),
    ):
        pass
    assert names(cache) == ["a", "b"]


def test_where_all_are_in_use_the_next_one_waits_and_says_so() -> None:
    cache, said, finish = limited(SIZE), threading.Event(), threading.Event()
    notes: list[str] = []

    def say(note: str) -> None:
        notes.append(note)
        said.set()

    def hold_a() -> None:
        with cache.lease(key("a"), loads("a")):
            assert finish.wait(SOON)

    def ask_for_b() -> tuple[list[str], int]:
        with cache.lease(key("b"), loads("b"), Patience(say=say)):
            return names(cache), taken(cache)

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold_a)
        wait_until(lambda: cache.holds(key("a")))
        asking = pool.submit(ask_for_b)
        assert said.wait(SOON)
        assert (names(cache), taken(cache)) == (["a"], SIZE)
        finish.set()
        assert asking.result(SOON) == (["b"], SIZE)
        holding.result(SOON)
    assert notes == ["Waiting for room in memory for b: all models are in use"]


def test_those_who_come_later_do_not_overtake_one_who_waits_for_room() -> None:
    """Or two models that are always in use would keep a third one out for ever."""
    cache, waits, order = limited(SIZE), threading.Event(), []
    finish = threading.Event()

    def hold_a() -> None:
        with cache.lease(key("a"), loads("a")):
            assert finish.wait(SOON)

    def ask(name: str) -> None:
        with cache.lease(key(name), loads(name), Patience(say=lambda _: waits.set())):
            order.append(name)

    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(hold_a)]
        wait_until(lambda: cache.holds(key("a")))
        for name in ("b", "a"):
            futures.append(pool.submit(ask, name))
            assert waits.wait(SOON)
            waits.clear()
        finish.set()
        for future in futures:
            future.result(SOON)
    assert order == ["b", "a"]


def test_one_who_waits_for_room_can_be_stopped_and_nobody_waits_behind_it() -> None:
    cache = limited(SIZE)
    with cache.lease(key("a"), loads("a")):
        with pytest.raises(Cancelled), cache.lease(key("b"), loads("b"), impatient()):
            pass
        with cache.lease(key("a"), never, impatient()):
            pass
    use(cache, "b")
    assert names(cache) == ["b"]


def test_what_alone_is_too_large_is_refused_with_numbers_and_none_leaves_for_it() -> None:
    cache = limited(2 * SIZE)
    use(cache, "a")
    with pytest.raises(ModelError, match=r"big needs 5\.0 GB of RAM and models may take 0\.0 MB"):
        use(cache, "big", 5_000_000_000)
    assert names(cache) == ["a"]


def test_a_pinned_model_stays_and_what_would_wait_for_it_is_refused() -> None:
    cache = limited(2 * SIZE)
    use(cache, "a")
    (held,) = cache.held()
    cache.pin(held.id, True)
    for name in "bc":
        use(cache, name)
    assert names(cache) == ["a", "c"]
    with pytest.raises(ModelError, match=r"unpin one in the Models tab"):
        use(cache, "d", 2 * SIZE)
    cache.pin(held.id, False)
    use(cache, "d", 2 * SIZE)
    assert names(cache) == ["d"]


def test_a_model_larger_than_it_said_sends_idle_ones_away() -> None:
    cache = limited(2 * SIZE)
    use(cache, "a")

    def more(take: Take) -> Loaded:
        at = WeightsKey(folder="b", kind="K", device="cpu", dtype="float32")
        weights = take("b", at, SIZE, lambda: FakeModel(SIZE + 1))
        facts = ModelFacts(model="b", revision="r", bytes=SIZE + 1)
        return Loaded(pipe=object(), facts=facts, seconds=0, weights=weights)

    with cache.lease(key("b"), more):
        assert names(cache) == ["b"]
        assert taken(cache) == SIZE + 1


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
