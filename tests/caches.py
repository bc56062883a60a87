"""Caches of models that only say how large they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.cache import Loader, PipelineCache
from pipelines.device import RAM, Memory
from pipelines.errors import Cancelled
from pipelines.loading import Loaded, LoadSettings
from pipelines.spec import ModelFacts
from pipelines.turns import Patience
from pipelines.weights import Take, WeightsKey

SIZE = 100
SOON = 5.0


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
