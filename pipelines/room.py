"""Room: how many bytes of each memory models may take, and who waits for some."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from pipelines.device import memory_of
from pipelines.errors import ModelError
from pipelines.limits import GB, MB
from pipelines.weights import Weights

NO_MAP = "none"


class Room:
    """Budgets by memory ("RAM", "cuda:0"); one that is not named has none.

    They are asked for once, when they are needed first: that may import torch.
    """

    def __init__(self, budgets: Callable[[], Mapping[str, int]]) -> None:
        self._find = budgets
        self._queue: list[Mapping[str, int]] = []

    @cached_property
    def budgets(self) -> Mapping[str, int]:
        """Bytes by memory."""
        return self._find()

    def places(self, device: str, device_map: str, needed: int) -> dict[str, int]:
        """Where so many bytes will lie; mapped ones fill the devices first, then the RAM."""
        if device_map == NO_MAP:
            return {memory_of(device): needed}
        found = {}
        for name in sorted(self.budgets, key=lambda name: name == memory_of("cpu")):
            found[name] = min(needed, self.budgets[name])
            needed -= found[name]
        return {name: count for name, count in found.items() if count}

    def most(self, device: str, device_map: str) -> int | None:
        """The budget of a device; None where there is none, or several share the weights."""
        return self.budgets.get(memory_of(device)) if device_map == NO_MAP else None

    def taken(self, weights: Iterable[Weights]) -> Counter[str]:
        """Bytes by memory that these take together."""
        found: Counter[str] = Counter()
        for each in weights:
            found.update(each.places)
        return found

    def fits(self, places: Mapping[str, int], beside: Iterable[Weights]) -> bool:
        """Whether there is room for as much beside these."""
        taken = self.taken(beside)
        return all(
            taken[name] + count <= self.budgets[name]
            for name, count in places.items()
            if name in self.budgets
        )

    def check(self, model: str, places: Mapping[str, int]) -> None:
        """Refuse what alone is too large."""
        for name, count in places.items():
            if count > self.budgets.get(name, count):
                raise ModelError(
                    f"{model} needs {size(count)} of {name} and models may take "
                    f"{size(self.budgets[name])}; choose a smaller model or precision, a device "
                    "map, or raise --memory-budget."
                )

    def check_pinned(self, model: str, places: Mapping[str, int], pinned: list[Weights]) -> None:
        """Refuse what would wait for a pinned model to leave."""
        taken = self.taken(pinned)
        for name, count in places.items():
            if count + taken[name] > self.budgets.get(name, count + taken[name]):
                raise ModelError(
                    f"{model} needs {size(count)} of {name}, and pinned models keep "
                    f"{size(taken[name])} of the {size(self.budgets[name])} that models may take; "
                    "unpin one in the Models tab."
                )

    @contextlib.contextmanager
    def queued(
        self, places: Mapping[str, int], table: threading.Condition
    ) -> Iterator[Callable[[], bool]]:
        """Stand in the queue; what is given says whether others are ahead for the same memory."""
        mine = dict(places)
        with table:
            self._queue.append(mine)

        def ahead() -> bool:
            return any(each.keys() & mine.keys() for each in self._queue[: self._place(mine)])

        try:
            yield ahead
        finally:
            with table:
                del self._queue[self._place(mine)]
                table.notify_all()

    def awaited(self, device: str, device_map: str) -> bool:
        """Whether somebody waits for room where such a pipeline lies."""
        name = memory_of(device)
        return any(device_map != NO_MAP or name in places for places in self._queue)

    def _place(self, mine: Mapping[str, int]) -> int:
        return next(n for n, each in enumerate(self._queue) if each is mine)


def size(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.1f} MB"
