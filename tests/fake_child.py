"""A worker process without models: what it does with a request is the request's text.

"answer" answers. "slow" computes until it is cancelled, "deaf" even then. "queue" waits for a model
until the process ends. "die" computes and ends the process. "together" is in a batch until the
process ends; the next one runs it alone, and answers. "forget" answers with nothing at all.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from typing import Any

from pipelines.engine.request import Done, Failed, Meta, Progress, Request, Status, Waiting

META = Meta(
    model="fake", revision="r", device="cpu", dtype="float32", queue_seconds=0.0, load_seconds=0.0,
    run_seconds=0.0, rate=0.0, unit="",
)  # fmt: skip


def main(descriptor: int) -> None:
    connection: Connection[Any, Any] = Connection(descriptor)
    connection.recv()
    connection.send(("status", Status(ready=True, note=f"pid {os.getpid()}")))
    cancels: dict[str, threading.Event] = {}
    try:
        while True:
            verb, subject = connection.recv()
            if verb == "cancel":
                cancels[subject].set()
            else:
                cancels[subject.id] = threading.Event()
                play(subject, cancels[subject.id], connection)
    except (EOFError, OSError):
        os._exit(0)


def play(request: Request, cancelled: threading.Event, connection: Connection[Any, Any]) -> None:
    def say(event: Any) -> None:
        connection.send(("event", request.id, event))

    def obey() -> None:
        cancelled.wait()
        say(Failed("Stopped."))

    part = request.inputs["text"]
    if part == "queue":
        say(Waiting("for another run"))
    elif part != "forget":
        say(Progress(0, 0, shared=part == "together" and not request.alone))
    if part == "answer" or (part == "together" and request.alone):
        say(Done(outputs={}, answer=os.getpid(), meta=META, code=""))
    elif part == "slow":
        threading.Thread(target=obey, daemon=True).start()
    elif part == "die":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]))
