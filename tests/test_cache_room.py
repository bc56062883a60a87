"""The cache makes room: least recently used out first, never one in use, and those who wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.errors import Cancelled, ModelError
from pipelines.loading import Loaded
from pipelines.spec import ModelFacts
from pipelines.turns import Patience
from pipelines.weights import Take, WeightsKey
from tests.caches import (
    SIZE,
    SOON,
    FakeModel,
    impatient,
    key,
    limited,
    loads,
    names,
    never,
    taken,
    use,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("nothing_given_back")


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


def test_while_one_tries_again_after_a_failure_others_make_room() -> None:
    """A key whose first weights failed has none for a while, and is still in use."""
    cache = limited(2 * SIZE)
    use(cache, "a")

    def fails() -> FakeModel:
        raise ModelError("damaged")

    def loader(take: Take) -> Loaded:
        at = WeightsKey(folder="b", kind="K", device="cpu", dtype="float32")
        with pytest.raises(ModelError, match="damaged"):
            take("b", at, SIZE, fails)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(use, cache, "c").result(SOON)
        return loads("b")(take)

    with cache.lease(key("b"), loader):
        assert set(names(cache)) == {"b", "c"}
