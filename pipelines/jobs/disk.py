"""Disk: the few ways in which a job writes, each of which leaves whole files behind."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


def writable(folder: Path) -> Path:
    """The folder, made where it is not there; raises OSError where nothing can be put into it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):  # os.access lets root write to /proc
        return folder


def write(file: BinaryIO, data: bytes) -> None:
    """All of the data; raises OSError where the disk takes no more."""
    view = memoryview(data)
    while view:
        view = view[os.write(file.fileno(), view) :]


def sync(file: BinaryIO) -> None:
    """The file's data is on the disk when this returns."""
    os.fsync(file.fileno())


def rename(source: Path, target: Path) -> None:
    """The target is the old file or the new one, never a part of it."""
    source.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """The folder's entries are on the disk; where folders cannot be opened there is no need."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_whole(target: Path, fill: Callable[[Path], None]) -> None:
    """`fill` writes a file beside the target, which then takes the target's place (R34)."""
    beside = target.with_name(f".{target.name}.new")
    try:
        fill(beside)
        with beside.open("rb+") as file:
            sync(file)
        rename(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def write_json(target: Path, value: Any) -> None:
    """A JSON file in one step."""

    def fill(path: Path) -> None:
        with path.open("wb", buffering=0) as file:
            text = json.dumps(value, ensure_ascii=False, indent=1)
            write(file, text.encode("utf-8", "backslashreplace"))  # a lone surrogate as \\udxxx

    write_whole(target, fill)
