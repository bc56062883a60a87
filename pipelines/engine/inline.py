"""The engine that runs requests in this process: tests, ZeroGPU, and inside the worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from pipelines import device, hub, loading, ram
from pipelines.engine.flight import CLOSING, STARTING, STOPPED
from pipelines.engine.lanes import Lanes
from pipelines.engine.request import Event, Failed, Request, RunnerSettings, Status, Waiting
from pipelines.engine.runner import Runner
from pipelines.engine.stream import stream
from pipelines.errors import Cancelled, EngineError, PipelineError
from pipelines.imports import nothing_collected

logger = logging.getLogger(__name__)

LANES = 32
"""Requests that are taken up at once; most of them wait for their model, which takes one a time."""
SWEEP_SECONDS = 30.0
WAIT_SECONDS = 0.1


@dataclass
class Active:
    """A request between submission and its end."""

    request: Request
    emit: Callable[[Event], None]
    cancelled: threading.Event
    begun: bool = False


class InlineEngine:
    """Engine over a Runner and a few threads. `on_status` hears every change of the status."""

    def __init__(
        self,
        settings: RunnerSettings,
        on_status: Callable[[Status], None] = lambda _: None,
        lazy: bool = False,
    ) -> None:
        ram.tell(settings.ram_bytes)
        self._cores = settings.cores
        self._runner = Runner(settings, self._cache_changed)
        self._mode = settings.models
        self._on_status = on_status
        self._active: dict[str, Active] = {}
        self._lock = threading.Lock()
        self._telling = threading.Lock()
        self._lanes = Lanes(LANES)
        self._closed = threading.Event()
        self._warm = threading.Event()
        self._status = STARTING
        self._life = threading.Thread(target=self._live, name="engine", daemon=True)
        if not lazy:
            self.start()

    def start(self) -> None:
        """Begin to warm up, unless that has begun."""
        with self._lock:
            if self._life.ident is None:
                self._life.start()

    def run(self, request: Request) -> Iterator[Event]:
        """Yield the run's events; closing the iterator cancels it."""
        return stream(request, self.submit, self.cancel_run)

    def submit(self, request: Request, emit: Callable[[Event], None]) -> None:
        """Queue a request; its events go to `emit`, from another thread."""
        self.start()
        active = Active(request, emit, threading.Event())
        with self._lock:
            if not self._closed.is_set():
                self._active[request.id] = active
                self._lanes.submit(partial(self._work, active))
                return
        emit(Failed(CLOSING, hopeless=True))

    def cancel(self, owner: str) -> None:
        """Stop every run of this owner."""
        with self._lock:
            ids = [id for id, a in self._active.items() if a.request.owner == owner]
        for id in ids:
            self.cancel_run(id)

    def cancel_run(self, id: str) -> None:
        """Stop one run by its id; unknown ids are ignored."""
        with self._lock:
            active = self._active.get(id)
            if active is None:
                return
            active.cancelled.set()
            if active.begun:
                return
            del self._active[id]
        active.emit(Failed(STOPPED))

    def status(self) -> Status:
        """Whether the libraries are imported, which devices there are, and the Hub."""
        return self._status

    def unload(self, id: str) -> None:
        """Drop one pipeline from memory, or all; those in use stay."""
        self._runner.cache.unload(id)

    def pin(self, id: str, pinned: bool) -> None:
        """Keep a pipeline in memory, or let it go like the others."""
        self._runner.cache.pin(id, pinned)

    def close(self) -> None:
        """Stop all runs; threads end after the forward pass they are in."""
        with self._lock:
            self._closed.set()
            ids = list(self._active)
        for id in ids:
            self.cancel_run(id)
        self._lanes.close()

    def _work(self, active: Active) -> None:
        with self._lock:
            if active.request.id not in self._active:
                return
            active.begun = True
        try:
            self._wait_until_warm(active)
            self._runner.execute(active.request, active.emit, active.cancelled)
        except PipelineError as error:
            active.emit(Failed(str(error), hopeless=isinstance(error, EngineError)))
        finally:
            with self._lock:
                self._active.pop(active.request.id, None)

    def _wait_until_warm(self, active: Active) -> None:
        """Two threads must not import the libraries at once."""
        if not self._warm.is_set():
            active.emit(Waiting(self._status.note))
        while not self._warm.wait(WAIT_SECONDS):
            if active.cancelled.is_set():
                raise Cancelled
        if not self._status.ready:
            raise EngineError(self._status.note)

    def _live(self) -> None:
        """Warm up, then unload idle models now and then."""
        try:
            with nothing_collected():
                loading.warm_up(self._cores)
            found, now = device.devices(), self._runner.cache.shares(device.memory())
        except Exception as error:
            logger.exception("the engine cannot start")
            self._say(
                Status(ready=False, note=f"The engine cannot start ({type(error).__name__}).")
            )
            return
        online = hub.reachable() if self._mode == "auto" else self._mode == "hub"
        self._say(Status(ready=True, note="Ready", devices=found, hub=online, memory=now))
        while not self._closed.wait(SWEEP_SECONDS):
            self._runner.cache.unload_idle()
            self._cache_changed()

    def _say(self, status: Status) -> None:
        self._status = status
        self._warm.set()
        self._on_status(status)

    def _cache_changed(self) -> None:
        """Tell what is in memory now; snapshots are taken and told one at a time."""
        with self._telling:
            held = self._runner.cache.held()
            memory = self._runner.cache.shares(device.memory())
            self._status = replace(self._status, held=held, memory=memory)
            self._on_status(self._status)
