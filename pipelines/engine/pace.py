"""The pace of a task: how long the next run will take, by those before it."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from pipelines.engine.request import Request
from pipelines.engine.rows import length

FIRST_SECONDS = 30
"""Asked for where nothing has been measured."""
LEAST_SECONDS, MOST_SECONDS = 10, 120
START_SECONDS = 5.0
"""A process that is new to the GPU moves its models there first."""
MARGIN = 1.5
REMEMBERED = 20
LENGTHENED = 2.0
"""A run that was cut off is taken to need so many times what it had."""
WORDS = ("num_beams", "num_return_sequences", "max_new_tokens")


class Pace:
    """Seconds by task and model, with how much work each run was. Safe to call from threads."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], deque[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def seconds(self, request: Request) -> int:
        """Whole seconds to ask for: the run most like this one, scaled up, and a margin."""
        with self._lock:
            runs = list(self._runs.get(_key(request), ()))
        if not runs:
            return FIRST_SECONDS
        now = work(request.params, request.inputs)
        cost, took = min(runs, key=lambda run: abs(math.log(run[0] / now)))
        wanted = START_SECONDS + MARGIN * took * max(1.0, now / cost)
        return min(MOST_SECONDS, max(LEAST_SECONDS, math.ceil(wanted)))

    def took(self, request: Request, seconds: float) -> None:
        """A run has taken so long."""
        with self._lock:
            runs = self._runs.setdefault(_key(request), deque(maxlen=REMEMBERED))
            runs.append((work(request.params, request.inputs), seconds))

    def cut_off(self, request: Request, seconds: float) -> None:
        """A run did not get ready in so long; shorter ones of its size are forgotten."""
        now = work(request.params, request.inputs)
        with self._lock:
            runs = self._runs.setdefault(_key(request), deque(maxlen=REMEMBERED))
            kept = [run for run in runs if run[0] < now or run[1] >= seconds]
            runs.clear()
            runs.extend([*kept, (now, seconds * LENGTHENED / MARGIN)])


def work(params: Mapping[str, Any], inputs: Mapping[str, Any]) -> float:
    """About how much a request is: tokens that it may write, else the size of what it brings."""
    written = 1.0
    for name in WORDS:
        written *= params.get(name) or 1
    return written if params.get("max_new_tokens") else float(length(inputs))


def _key(request: Request) -> tuple[str, str]:
    return request.task, request.load.model
