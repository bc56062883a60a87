"""An app under measurement: started as a process of its own, waited for, and ended."""

from __future__ import annotations

import http.client
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
START_SECONDS = 120.0
POLL_SECONDS = 0.01
END_SECONDS = 15.0
LOG_CHARS = 2_000
OURS = ("app.py", "--models", "starter", "--server-port", "{port}")
EMPTY = ("-m", "benchmarks.empty", "{port}")
"""Arguments of this interpreter; `{port}` is filled in."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running app: its process, what it prints, its port, and the clock (s) at its start."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int
    begun: float

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@contextmanager
def serve(arguments: Sequence[str]) -> Iterator[Served]:
    """Start an app on a free port; it may not answer yet. End it and its children afterwards."""
    port = _free_port()
    command = [sys.executable, *(a.format(port=port) for a in arguments)]
    quiet = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        begun = time.perf_counter()
        with log.open("wb") as out:
            process = subprocess.Popen(command, cwd=ROOT, env=quiet, stdout=out, stderr=out)
        try:
            yield Served(process=process, log=log, port=port, begun=begun)
        finally:
            _end(process)


def wait_for_page(app: Served) -> float:
    """Seconds from the start of the process to its first HTTP 200."""
    while not _answers(app.port):
        late = time.perf_counter() - app.begun > START_SECONDS
        if late or app.process.poll() is not None:
            raise RuntimeError(f"no page from {app.url}:\n{app.log.read_text()[-LOG_CHARS:]}")
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - app.begun


def setting() -> str:
    """One line on the machine, the device, the dtype and the versions of a measurement."""
    packages = ("gradio", "transformers", "torch")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{_processor()}, {os.cpu_count()} cores; device cpu, float32; "
        f"Python {platform.python_version()}, {versions}"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
