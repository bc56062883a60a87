"""The worker process: an inline engine at the end of a socket.

Started as `python -m pipelines.engine.child FD`. The parent sends RunnerSettings first, then
("run", Request), ("cancel", id), ("unload", id) or ("pin", (id, pinned)); answers are
("event", id, Event) and ("status", Status). When the parent goes away, so does the process.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from pipelines.engine.inline import InlineEngine

Send = Callable[..., None]


def main(descriptor: int) -> None:
    """Serve one parent until the socket closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes us
    connection: Connection[Any, Any] = Connection(descriptor)
    sending = threading.Lock()

    def send(*message: Any) -> None:
        with sending:
            connection.send(message)

    try:
        settings = connection.recv()
        logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")
        engine = InlineEngine(settings, on_status=partial(send, "status"))
        while True:
            _obey(engine, connection.recv(), send)
    except (EOFError, OSError):
        os._exit(0)


def _obey(engine: InlineEngine, message: tuple[Any, ...], send: Send) -> None:
    verb, subject = message
    if verb == "run":
        engine.submit(subject, partial(send, "event", subject.id))
    elif verb == "cancel":
        engine.cancel_run(subject)
    elif verb == "unload":
        engine.unload(subject)
    elif verb == "pin":
        engine.pin(*subject)
    else:
        raise ValueError(f"unknown message {verb!r}; known: run, cancel, unload, pin")


if __name__ == "__main__":
    main(int(sys.argv[1]))
