"""The default engine: models live in a process of their own, which may die without harm."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipelines.engine.request import Done, Event, Failed, Request, Status
from pipelines.engine.runner import RunnerSettings
from pipelines.engine.stream import stream

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
CANCEL_SECONDS = 5.0
"""A cancelled run that has not ended by then takes its process with it."""
OVERTIME_SECONDS = 10.0
"""How long after its time limit a run is given to end by itself."""
QUICK_DEATH_SECONDS = 5.0
QUICK_DEATHS = 3
STARTING = Status(ready=False, note="Starting the engine")
DIED = "The worker ended while it ran this (out of memory, or killed); try again with less."


@dataclass
class Flight:
    """A request that the worker has and has not finished."""

    request: Request
    emit: Callable[[Event], None]
    started: bool = False
    timers: list[threading.Timer] = field(default_factory=list)

    def land(self, event: Event) -> None:
        """Hand on the last event and forget the timers."""
        for timer in self.timers:
            timer.cancel()
        self.emit(event)


class Child:
    """One worker process and the socket to it."""

    def __init__(self, settings: RunnerSettings) -> None:
        ours, theirs = socket.socketpair()
        self.born = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.engine.child", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self.connection: Connection[Any, Any] = Connection(ours.detach())
        self._sending = threading.Lock()
        self.send(settings)

    def send(self, message: Any) -> None:
        """Send, or leave it to the reader to notice that the process is gone."""
        try:
            with self._sending:
                self.connection.send(message)
        except OSError:
            logger.info("the worker is gone")

    def kill(self) -> None:
        """End the process now; its memory goes back to the operating system."""
        self.process.kill()
        self.process.wait()


class WorkerEngine:
    """Engine that forwards to a child process and replaces it when it dies."""

    def __init__(self, settings: RunnerSettings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._flights: dict[str, Flight] = {}
        self._culprits: set[str] = set()
        self._status = STARTING
        self._quick_deaths = 0
        self._closed = False
        self._child = self._start()

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._child.process.pid

    def run(self, request: Request) -> Iterator[Event]:
        """Yield the run's events; closing the iterator cancels it."""
        return stream(request, self._submit, self._cancel_run)

    def cancel(self, owner: str) -> None:
        """Stop every run of this owner."""
        with self._lock:
            ids = [id for id, f in self._flights.items() if f.request.owner == owner]
        for id in ids:
            self._cancel_run(id)

    def status(self) -> Status:
        """What the worker last said of itself."""
        return self._status

    def close(self) -> None:
        """End the worker; runs in flight fail."""
        with self._lock:
            self._closed = True
            self._child.kill()

    def _start(self) -> Child:
        child = Child(self._settings)
        threading.Thread(target=self._read, args=(child,), name="worker", daemon=True).start()
        return child

    def _submit(self, request: Request, emit: Callable[[Event], None]) -> None:
        with self._lock:
            self._flights[request.id] = Flight(request, emit)
            if self._child.process.poll() is not None and self._quick_deaths >= QUICK_DEATHS:
                self._child = self._start()
            self._child.send(("run", request))

    def _cancel_run(self, id: str) -> None:
        with self._lock:
            flight = self._flights.get(id)
            if flight is None:
                return
            self._child.send(("cancel", id))
            self._watch(flight, CANCEL_SECONDS, "Stopped.")

    def _watch(self, flight: Flight, seconds: float, message: str) -> None:
        """Kill the worker if this flight is still in the air after so many seconds."""
        timer = threading.Timer(seconds, self._kill_for, (flight, message))
        timer.daemon = True
        flight.timers.append(timer)
        timer.start()

    def _kill_for(self, flight: Flight, message: str) -> None:
        with self._lock:
            if self._flights.pop(flight.request.id, None) is None:
                return
            logger.warning("killing the worker: a run did not stop")
            self._culprits.add(flight.request.id)
            child = self._child
        flight.land(Failed(message))
        child.kill()

    def _read(self, child: Child) -> None:
        """Hand on what the child says until it is gone, then replace it."""
        try:
            while True:
                self._hear(child.connection.recv())
        except (EOFError, OSError):
            child.connection.close()
            child.process.wait()
            self._replace(child)

    def _hear(self, message: tuple[Any, ...]) -> None:
        verb, *rest = message
        if verb == "status":
            self._status = rest[0]
            return
        with self._lock:
            flight = self._flights.get(rest[0])
            if flight is None:
                return
            if verb == "started":
                flight.started = True
                limit = self._settings.limits.run_seconds
                self._watch(flight, limit + OVERTIME_SECONDS, f"Took longer than {limit:g} s.")
                return
            if isinstance(rest[1], Done | Failed):
                del self._flights[rest[0]]
        if isinstance(rest[1], Done | Failed):
            flight.land(rest[1])
        else:
            flight.emit(rest[1])

    def _replace(self, dead: Child) -> None:
        """A new worker; those who were not to blame run again, the others get an error."""
        with self._lock:
            self._status = STARTING
            if self._closed:
                lost = list(self._flights.values())
                self._flights.clear()
            else:
                lost = self._restart(dead)
        for flight in lost:
            flight.land(Failed(DIED))

    def _restart(self, dead: Child) -> list[Flight]:
        logger.warning("the worker ended with code %s", dead.process.returncode)
        quick = time.monotonic() - dead.born < QUICK_DEATH_SECONDS
        self._quick_deaths = self._quick_deaths + 1 if quick else 0
        blameless = bool(self._culprits)
        self._culprits.clear()
        gone = self._quick_deaths >= QUICK_DEATHS
        lost = [f for f in self._flights.values() if gone or (f.started and not blameless)]
        for flight in lost:
            del self._flights[flight.request.id]
        if gone:
            self._status = Status(ready=False, note="The engine cannot start; see the log")
            return lost
        self._child = self._start()
        for flight in self._flights.values():
            flight.started = False
            for timer in flight.timers:
                timer.cancel()
            self._child.send(("run", flight.request))
        return lost
