"""The app as its users start it: a process of its own on a free port, with a real worker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).parents[1]
START_SECONDS, END_SECONDS = 120.0, 20.0
CHILD = "pipelines.engine.child"


class StartedApp:
    """It can be ended in any way and started again on the same port.

    Unless told otherwise it ends by SIGTERM, as a container does: what a shell started in the
    background is deaf to Ctrl-C.
    """

    def __init__(
        self, *flags: str, environ: Mapping[str, str] | None = None, log: IO[str] | None = None
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._command = [sys.executable, "app.py", "--server-port", str(self.port), *flags]
        self._environ = {**os.environ, **(environ or {})}
        self._log = log
        self.start()

    def start(self) -> None:
        """Until its page answers."""
        self.process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environ, stdout=self._log, stderr=self._log
        )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, "the app ended while it started"
            assert time.monotonic() < end, "the app did not start"
            time.sleep(0.2)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code; killed where it does not end."""
        self.process.send_signal(how)
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def worker(self) -> psutil.Process:
        """The one child process that holds the models, once it is there."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            for child in psutil.Process(self.process.pid).children():
                if CHILD in " ".join(child.cmdline()):
                    return child
            time.sleep(0.1)
        raise AssertionError("the app has no worker")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5):
                return True
        except OSError:
            return False


@contextmanager
def started(
    *flags: str, environ: Mapping[str, str] | None = None, log: IO[str] | None = None
) -> Iterator[StartedApp]:
    """An app for as long as the block."""
    app = StartedApp(*flags, environ=environ, log=log)
    try:
        yield app
    finally:
        app.end()


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
