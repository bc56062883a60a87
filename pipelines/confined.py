"""A decoder in a process of its own, with its memory and time capped.

For libraries that take apart untrusted files in C and cannot be interrupted: PDFium and FFmpeg. A
crash, a loop or a request for gigabytes is then the end of that process and of nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Timer
from typing import Any, BinaryIO, NoReturn

MEMORY_BYTES = 1_500_000_000
"""Address space of the process, libraries included."""
CPU_SECONDS = 300
"""Its end, should the process that started it die first."""


@contextmanager
def confined(
    module: str, args: tuple[object, ...], file: BinaryIO, seconds: float | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m module *args` with the file as its standard input; yields the process.

    It is killed after `seconds` and does not outlive the block. Its output ends early when it dies;
    a reader knows by `wait()`, which is 0 only where all went well. Without `seconds` the reader
    says by `killed_after` how long each part may take.
    """
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # seek() may only move inside Python's own buffer
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, args)],
        cwd=Path(__file__).parents[1],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        with killed_after(seconds, process) if seconds is not None else nullcontext():
            yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def killed_after(seconds: float, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the process if the block takes longer than that."""
    timer = Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def cap_resources() -> None:
    """For the process itself, once its libraries are loaded; does nothing on Windows."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def no_other_file(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    """What FFmpeg calls to follow a reference inside a file."""
    raise PermissionError("a file may not refer to other files")


def write_line(answer: dict[str, Any]) -> None:
    """A line of JSON on the process's standard output; bytes may follow."""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
