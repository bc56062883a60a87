"""The worker process: an inline engine at the end of a socket.

Started as `python -m pipelines.engine.child FD`. The parent sends RunnerSettings first, then
("run", Request) or ("cancel", id); answers are ("started", id), ("event", id, Event)
and ("status", Status). When the parent goes away, so does the process.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from pipelines.engine.inline import InlineEngine
from pipelines.engine.request import Event

READY_POLL_SECONDS = 0.05


def main(descriptor: int) -> None:
    """Serve one parent until the socket closes."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    connection: Connection[Any, Any] = Connection(descriptor)
    sending = threading.Lock()

    def send(*message: Any) -> None:
        with sending:
            connection.send(message)

    engine = InlineEngine(connection.recv(), on_start=lambda id: send("started", id))
    threading.Thread(target=_say_when_ready, args=(engine, send), daemon=True).start()
    try:
        while True:
            _obey(engine, connection.recv(), send)
    except (EOFError, OSError):
        os._exit(0)


def _obey(engine: InlineEngine, message: tuple[Any, ...], send: Any) -> None:
    verb, *rest = message
    if verb == "run":
        request = rest[0]

        def emit(event: Event) -> None:
            send("event", request.id, event)

        engine.submit(request, emit)
    elif verb == "cancel":
        engine.cancel_run(rest[0])
    else:
        raise ValueError(f"unknown message {verb!r}; known: run, cancel")


def _say_when_ready(engine: InlineEngine, send: Any) -> None:
    first = engine.status()
    while engine.status() is first:
        time.sleep(READY_POLL_SECONDS)
    send("status", engine.status())


if __name__ == "__main__":
    main(int(sys.argv[1]))
