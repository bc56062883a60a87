"""The cache: one load per key, least recently used out first, never one in use."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines import cache as cache_module
from pipelines.cache import PipelineCache
from pipelines.errors import ModelError
from pipelines.loading import Loaded, LoadSettings
from pipelines.spec import ModelFacts

SIZE = 100


def key(name: str) -> LoadSettings:
    return LoadSettings(task="t", model=name)


def loaded(name: str) -> Loaded:
    return Loaded(pipe=object(), facts=ModelFacts(model=name, revision="r", bytes=SIZE), seconds=0)


def use(cache: PipelineCache, name: str) -> None:
    with cache.lease(key(name), lambda: loaded(name)):
        pass


def names(cache: PipelineCache) -> list[str]:
    return [each.facts.model for each in cache.loaded()]


def test_fifty_threads_at_once_load_once() -> None:
    cache = PipelineCache()
    loads, gate = [], threading.Barrier(50)

    def slow_load() -> Loaded:
        loads.append(1)
        time.sleep(0.05)
        return loaded("a")

    def ask(_: int) -> Loaded:
        gate.wait()
        with cache.lease(key("a"), slow_load) as found:
            return found

    with ThreadPoolExecutor(50) as pool:
        found = set(map(id, pool.map(ask, range(50))))
    assert (len(loads), len(found)) == (1, 1)


def test_other_keys_load_meanwhile() -> None:
    cache = PipelineCache()
    inside = threading.Event()

    def waits_for_b() -> Loaded:
        assert inside.wait(5)
        return loaded("a")

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: cache.lease(key("a"), waits_for_b).__enter__())
        with cache.lease(key("b"), lambda: loaded("b")):
            inside.set()
        assert future.result(5).facts.model == "a"


def test_second_lease_reuses_the_loaded_pipeline() -> None:
    cache = PipelineCache()
    use(cache, "a")
    with cache.lease(key("a"), lambda: pytest.fail("loaded twice")) as found:
        assert found.facts.model == "a"
    assert cache.holds(key("a"))
    assert not cache.holds(key("b"))


def test_a_failed_load_leaves_nothing_and_the_next_one_tries_again() -> None:
    cache = PipelineCache()

    def fails() -> Loaded:
        raise ModelError("no")

    with pytest.raises(ModelError), cache.lease(key("a"), fails):
        pass
    assert not cache._entries
    use(cache, "a")
    assert names(cache) == ["a"]


def test_the_least_recently_used_goes_first() -> None:
    cache = PipelineCache(budget_bytes=2 * SIZE)
    for name in ("a", "b", "a", "c"):
        use(cache, name)
    assert names(cache) == ["a", "c"]


def test_one_in_use_is_never_evicted_though_the_budget_is_exceeded() -> None:
    cache = PipelineCache(budget_bytes=SIZE)
    with cache.lease(key("a"), lambda: loaded("a")):
        with cache.lease(key("b"), lambda: loaded("b")):
            assert names(cache) == ["a", "b"]
        use(cache, "c")
        assert cache.holds(key("a"))
    use(cache, "d")
    assert names(cache) == ["d"]


def test_without_a_budget_all_stay() -> None:
    cache = PipelineCache()
    for name in "abcdef":
        use(cache, name)
    assert names(cache) == list("abcdef")


def test_what_is_idle_is_unloaded_and_what_is_in_use_is_not() -> None:
    cache = PipelineCache(idle_seconds=0.05)
    use(cache, "a")
    with cache.lease(key("b"), lambda: loaded("b")):
        assert cache.unload_idle() == 0
        time.sleep(0.06)
        assert cache.unload_idle() == 1
    assert names(cache) == ["b"]


def test_idle_zero_means_never() -> None:
    cache = PipelineCache()
    use(cache, "a")
    assert cache.unload_idle() == 0


def test_many_threads_over_a_small_budget_agree_with_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache_module, "give_memory_back", lambda: None)
    cache = PipelineCache(budget_bytes=2 * SIZE)

    def work(turn: int) -> bool:
        name = "abcd"[turn % 4]
        with cache.lease(key(name), lambda: loaded(name)) as found:
            return found.facts.model == name

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(400)))
    assert sum(each.facts.bytes for each in cache.loaded()) <= 2 * SIZE
    assert all(entry.users == 0 for entry in cache._entries.values())
