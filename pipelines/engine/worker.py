"""The default engine: models live in a process of their own, which may die without harm."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipelines import placement
from pipelines.engine.flight import BROKEN, CLOSING, STARTING, STOPPED, Flight
from pipelines.engine.request import (
    END,
    Event,
    Failed,
    Partial,
    Progress,
    Request,
    RunnerSettings,
    Status,
    Waiting,
)
from pipelines.engine.stream import stream

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
CHILD = "pipelines.engine.child"
CANCEL_SECONDS = 5.0
"""A cancelled run that has not ended by then takes its process with it."""
OVERTIME_SECONDS = 10.0
"""How long after its time limit a run is given to end by itself."""
MOST_STARTS = 3
"""Workers in a row that may end before they are ready; then the next request tries again."""
RUNNING = (Progress, Partial)
"""Events of a run that computes: its time counts. One that loads takes as long as it takes."""


class Child:
    """One worker process and the socket to it."""

    def __init__(self, settings: RunnerSettings) -> None:
        ours, theirs = socket.socketpair()
        self.ready = False
        self.connection: Connection[Any, Any] = Connection(ours.detach())
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", CHILD, str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
            )
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
        """End the process now; its memory goes back to the operating system, its files go."""
        self.process.kill()
        self.process.wait()
        placement.sweep()


class WorkerEngine:
    """Engine that forwards to a child process and replaces it when it dies.

    A lazy one starts its process at `start` or with the first request.
    """

    def __init__(self, settings: RunnerSettings, lazy: bool = False) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._flights: dict[str, Flight] = {}
        self._killed_by_us = False
        self._status = STARTING
        self._failed_starts = 0
        self._closed = False
        self._child: Child | None = None
        if not lazy:
            self.start()

    @property
    def pid(self) -> int:
        """Process id of the worker; starts it if need be."""
        return self.start().process.pid

    def start(self) -> Child:
        """Begin to warm up, unless that has begun."""
        with self._lock:
            if self._child is None:
                self._child = self._start()
            return self._child

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

    def unload(self, id: str) -> None:
        """Drop one pipeline from the worker's memory, or all; those in use stay."""
        self._tell("unload", id)

    def pin(self, id: str, pinned: bool) -> None:
        """Keep a pipeline in memory, or let it go like the others."""
        self._tell("pin", (id, pinned))

    def close(self) -> None:
        """End the worker; runs in flight fail."""
        with self._lock:
            self._closed = True
            child = self._child
        if child is not None:
            child.kill()

    def _start(self) -> Child:
        self._status = STARTING
        child = Child(self._settings)
        threading.Thread(target=self._read, args=(child,), name="worker", daemon=True).start()
        return child

    def _another(self) -> Child | None:
        """A new worker, or none where the system has no process for it."""
        try:
            return self._start()
        except OSError:
            logger.exception("no worker can be started")
            return None

    def _tell(self, verb: str, subject: Any) -> None:
        """Send to the worker that is there; one that has not started holds nothing."""
        with self._lock:
            child = self._child
        if child is not None:
            child.send((verb, subject))

    def _submit(self, request: Request, emit: Callable[[Event], None]) -> None:
        with self._lock:
            closed = self._closed
            if not closed:
                self._flights[request.id] = Flight(request, emit)
                if self._status is BROKEN:
                    self._child = None
                child = self.start()
        if closed:
            emit(Failed(CLOSING, hopeless=True))
        else:
            child.send(("run", request))

    def _cancel_run(self, id: str) -> None:
        with self._lock:
            flight = self._flights.get(id)
            if flight is None or flight.cancelled:
                return
            flight.cancelled = True
            self._watch(flight, "cancel", CANCEL_SECONDS, STOPPED)
            child = self.start()
        child.send(("cancel", id))

    def _watch(self, flight: Flight, name: str, seconds: float, message: str) -> None:
        """Kill the worker if this flight is still in the air after so many seconds."""
        timer = threading.Timer(seconds, self._kill_for, (flight, message))
        timer.daemon = True
        flight.timers[name] = timer
        timer.start()

    def _kill_for(self, flight: Flight, message: str) -> None:
        with self._lock:
            if self._flights.pop(flight.request.id, None) is None:
                return
            logger.warning("killing the worker: a run did not stop")
            self._killed_by_us = True
            child = self.start()
        flight.land(Failed(message))
        child.kill()

    def _read(self, child: Child) -> None:
        """Hand on what the child says until it is gone, then replace it."""
        try:
            while True:
                self._hear(child, child.connection.recv())
        except (EOFError, OSError):
            pass
        except Exception:
            logger.exception("the worker says what cannot be read")
        child.kill()
        child.connection.close()
        self._replace(child)

    def _hear(self, child: Child, message: tuple[Any, ...]) -> None:
        verb, *rest = message
        if verb == "status":
            with self._lock:
                self._status = rest[0]
                child.ready = self._status.ready
                self._failed_starts = 0
            return
        id, event = rest
        ended = isinstance(event, END)
        with self._lock:
            flight = self._flights.pop(id, None) if ended else self._flights.get(id)
            if flight is None:
                return
            if not ended:
                self._note(flight, event)
        if ended:
            flight.land(event)
        else:
            flight.emit(event)

    def _note(self, flight: Flight, event: Event) -> None:
        """See from an event whether the run holds the worker, and whether its time counts."""
        shared = isinstance(event, Progress) and event.shared
        flight.started = not (shared or isinstance(event, Waiting))
        if not isinstance(event, RUNNING):
            flight.call_off("overtime")
        elif "overtime" not in flight.timers:
            limit = self._settings.limits.run_seconds
            self._watch(flight, "overtime", limit + OVERTIME_SECONDS, f"Took over {limit:g} s.")

    def _replace(self, dead: Child) -> None:
        """A new worker; those who were not to blame run again, the others get an error."""
        with self._lock:
            lost = self._closing() if self._closed else self._restart(dead)
        for flight, message in lost:
            flight.land(Failed(message, hopeless=message in (CLOSING, BROKEN.note)))

    def _closing(self) -> list[tuple[Flight, str]]:
        lost = [(flight, CLOSING) for flight in self._flights.values()]
        self._flights.clear()
        return lost

    def _restart(self, dead: Child) -> list[tuple[Flight, str]]:
        """Start anew and send again; the flights that end here, each with its message."""
        logger.warning("the worker ended with code %s", dead.process.returncode)
        blameless, self._killed_by_us = self._killed_by_us, False
        self._failed_starts += not (dead.ready or blameless)
        child = self._another() if self._failed_starts < MOST_STARTS else None
        lost = []
        for id, flight in tuple(self._flights.items()):
            message = flight.last_word(child is None, blameless)
            if message:
                lost.append((self._flights.pop(id), message))
        if child is None:
            self._status = BROKEN
            return lost
        self._child = child
        for flight in self._flights.values():
            flight.started = False
            flight.request = replace(flight.request, alone=True)
            flight.call_off("overtime")
            flight.emit(Waiting("The worker is being replaced"))
            child.send(("run", flight.request))
        return lost
