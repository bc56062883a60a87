"""What a ZeroGPU Space's package `spaces` does to a generator, without its GPU (spaces 0.51).

The decorated generator runs in a fork of the process that stays for the next call; arguments and
results go through pickle; closing ends it at its next yield. A call that asks for more than `left`
is refused, and one that takes longer than it asked for is killed.
"""

from __future__ import annotations

import multiprocessing
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from gradio.context import LocalContext

fork = multiprocessing.get_context("fork")
left = 300.0
"""Seconds that the visitor has."""
asked: list[float] = []
pids: list[int] = []
visitors: list[Any] = []
"""Gradio's request at each call: whose quota is charged."""
refuse: list[Exception] = []
"""What the next call is refused with."""


class Error(Exception):
    """As gr.Error is: with a title and a message."""

    def __init__(self, message: str, title: str) -> None:
        super().__init__(message)
        self.message, self.title = message, title


def GPU(task: Any = None, *, duration: Callable[..., float]) -> Any:
    """The decorator."""
    if task is None:
        return lambda task: _lent(task, duration)
    return _lent(task, duration)


def _lent(task: Callable[..., Iterator[Any]], duration: Callable[..., float]) -> Any:
    workers: list[Worker] = []

    def lent(*args: Any) -> Iterator[Any]:
        seconds = duration(*args)
        asked.append(seconds)
        visitors.append(LocalContext.request.get(None))
        if refuse:
            raise refuse.pop()
        if seconds > left:
            wait = f"({seconds:.0f}s requested vs. {left:.0f}s left). Try again in 3:21:05. "
            raise Error(
                f"You have exceeded your free ZeroGPU quota {wait}", "ZeroGPU quota exceeded"
            )
        worker = workers.pop() if workers else Worker(task)
        pids.append(worker.process.pid or 0)
        yield from worker.events(args, seconds)
        if worker.process.is_alive():
            workers.append(worker)

    return lent


class Worker:
    """A fork that answers one call after the other."""

    def __init__(self, task: Callable[..., Iterator[Any]]) -> None:
        self.ours, theirs = fork.Pipe()
        self.stop = fork.Event()
        self.process = fork.Process(target=serve, args=(task, theirs, self.stop), daemon=True)
        self.process.start()
        theirs.close()

    def events(self, args: tuple[Any, ...], seconds: float) -> Iterator[Any]:
        self.stop.clear()
        self.ours.send_bytes(pickle.dumps(args))
        end = time.monotonic() + seconds
        try:
            while True:
                if not self.ours.poll(max(0.0, end - time.monotonic())):
                    self.process.kill()
                    self.process.join()
                    raise Error("GPU task aborted", "ZeroGPU worker error")
                verb, value = pickle.loads(self.ours.recv_bytes())  # noqa: S301  our own fork's
                if verb == "end":
                    return
                if verb == "error":
                    raise Error(value, "ZeroGPU worker error")
                yield value
        except (EOFError, ConnectionError):
            raise Error("GPU task aborted", "ZeroGPU worker error") from None
        finally:
            self.stop.set()


def serve(task: Callable[..., Iterator[Any]], theirs: Connection[Any, Any], stop: Any) -> None:
    """In the fork: only this thread is there."""
    while True:
        args = pickle.loads(theirs.recv_bytes())  # noqa: S301  our own parent's
        runner = threading.Thread(target=iterate, args=(task, args, theirs, stop))
        runner.start()
        runner.join()


def iterate(
    task: Callable[..., Iterator[Any]], args: Any, theirs: Connection[Any, Any], stop: Any
) -> None:
    events = task(*args)
    try:
        for event in events:
            if stop.is_set():
                events.close()  # type: ignore[attr-defined]
                break
            theirs.send_bytes(pickle.dumps(("value", event)))
        theirs.send_bytes(pickle.dumps(("end", None)))
    except Exception as error:  # noqa: BLE001  what spaces tells is the class alone
        theirs.send_bytes(pickle.dumps(("error", type(error).__name__)))
