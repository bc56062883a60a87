"""The engine that runs requests in this process: tests, ZeroGPU, and inside the worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipelines import device, hub, loading
from pipelines.engine.request import Event, Failed, Request, Status
from pipelines.engine.runner import Runner, RunnerSettings
from pipelines.engine.stream import stream
from pipelines.errors import Cancelled

logger = logging.getLogger(__name__)

LANES = 4
"""Requests that are worked on at once; each pipeline still takes one at a time."""
SWEEP_SECONDS = 30.0


@dataclass
class Active:
    """A request between submission and its end."""

    request: Request
    emit: Callable[[Event], None]
    cancelled: threading.Event


class InlineEngine:
    """Engine over a Runner and a few threads. `on_start` hears which request a thread took up."""

    def __init__(
        self, settings: RunnerSettings, on_start: Callable[[str], None] = lambda _: None
    ) -> None:
        self._runner = Runner(settings)
        self._mode = settings.models
        self._on_start = on_start
        self._active: dict[str, Active] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(LANES, thread_name_prefix="lane")
        self._closed = threading.Event()
        self._status = Status(ready=False, note="Starting the engine")
        threading.Thread(target=self._live, name="engine", daemon=True).start()

    def run(self, request: Request) -> Iterator[Event]:
        """Yield the run's events; closing the iterator cancels it."""
        return stream(request, self.submit, self.cancel_run)

    def submit(self, request: Request, emit: Callable[[Event], None]) -> None:
        """Queue a request; its events go to `emit`, from another thread."""
        active = Active(request, emit, threading.Event())
        with self._lock:
            self._active[request.id] = active
        self._pool.submit(self._work, active)

    def cancel(self, owner: str) -> None:
        """Stop every run of this owner."""
        with self._lock:
            mine = [a for a in self._active.values() if a.request.owner == owner]
        for active in mine:
            active.cancelled.set()

    def cancel_run(self, id: str) -> None:
        """Stop one run by its id; unknown ids are ignored."""
        with self._lock:
            active = self._active.get(id)
        if active:
            active.cancelled.set()

    def status(self) -> Status:
        """Whether the libraries are imported, which devices there are, and the Hub."""
        return self._status

    def close(self) -> None:
        """Stop all runs; threads end after the forward pass they are in."""
        self._closed.set()
        with self._lock:
            for active in self._active.values():
                active.cancelled.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, active: Active) -> None:
        try:
            if active.cancelled.is_set():
                active.emit(Failed(str(Cancelled())))
                return
            self._on_start(active.request.id)
            self._runner.execute(active.request, active.emit, active.cancelled)
        finally:
            with self._lock:
                self._active.pop(active.request.id, None)

    def _live(self) -> None:
        """Warm up, then unload idle models now and then."""
        try:
            loading.warm_up()
            found = device.devices()
        except Exception as error:
            logger.exception("the engine cannot start")
            self._status = Status(ready=False, note=f"The engine cannot start: {error}")
            return
        online = hub.reachable() if self._mode == "auto" else self._mode == "hub"
        self._status = Status(ready=True, note="Ready", devices=found, hub=online)
        while not self._closed.wait(SWEEP_SECONDS):
            self._runner.cache.unload_idle()
