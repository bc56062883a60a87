"""A folder of the server as rows: the files in it that a task reads, listed once."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import InputError
from pipelines.jobs.archives import FILE
from pipelines.jobs.tables import Cells
from pipelines.limits import GB, Limits
from pipelines.spec import TaskSpec

PLACE = "folder"
"""What refusals call the place that was named."""
LIST = "files.jsonl"
BYTES = "bytes"
"""The column with the size of a row's file."""
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx")
"""Of these a folder may have one: its rows then name the files beside it."""
MOST_LOOKED_AT = 20
"""Times as many entries may lie in a folder as are read of it."""


def resolved(place: str, limits: Limits) -> Path:
    """The folder or file of a typed path; refused where a visitor may not name one (R2)."""
    if not limits.server_folders:
        raise InputError(
            PLACE, "cannot be read here: others can visit this app; upload the files, or start it "
            "with --allow-folders."
        )  # fmt: skip
    try:
        path = Path(place.strip()).expanduser()
        if not path.is_absolute():
            raise InputError(PLACE, "must be a whole path, from / or ~ on.")
        path = path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # no such user, a NUL, a loop of links
        raise InputError(PLACE, "is not there, or may not be read; check its path.") from None
    if not path.is_dir() and not path.is_file():
        raise InputError(PLACE, "is neither a folder nor a file.")
    return path


def only_table(folder: Path) -> Path | None:
    """The table of a folder, where it has one and no more; links are not followed."""
    found = [entry for entry in _walk(folder) if entry.name.lower().endswith(TABLES)]
    return Path(found[0].path) if len(found) == 1 else None


def files_of(folder: Path, spec: TaskSpec, limits: Limits) -> list[Cells]:
    """A row for each file below a folder that the task's inputs read, by name.

    Links and hidden files are left out. Raises InputError where there are none or too many.
    """
    from pipelines.media import formats_of
    from pipelines.sources import either

    formats = formats_of(spec)
    if not formats:
        raise InputError(PLACE, "has no table, and this task reads no files; give a table.")
    found: list[Cells] = []
    size = 0
    for looked, entry in enumerate(_walk(folder)):
        if _format(entry.path) in formats:
            bytes = entry.stat(follow_symlinks=False).st_size
            size += bytes
            found.append({FILE: Path(entry.path).relative_to(folder).as_posix(), BYTES: bytes})
        if len(found) > limits.folder_files or looked >= MOST_LOOKED_AT * limits.folder_files:
            raise InputError(PLACE, f"has more than {limits.folder_files:,} files; give a part.")
        if size > limits.folder_bytes:
            raise InputError(PLACE, f"has more than {limits.folder_bytes // GB} GB; give a part.")
    if not found:
        raise InputError(PLACE, f"has no file that is read here: {either(formats)}.")
    return sorted(found, key=lambda cells: str(cells[FILE]))


def write_list(path: Path, rows: list[Cells]) -> None:
    """The rows as JSON lines."""
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), "utf-8")


def check_unchanged(folder: Path, rows: Iterator[Cells]) -> None:
    """Refuse to go on where a listed file is gone or of another size."""
    for cells in rows:
        try:
            same = (folder / str(cells[FILE])).stat().st_size == cells[BYTES]
        except OSError:
            same = False
        if not same:
            raise InputError(
                PLACE,
                f"has changed since the job began: {str(cells[FILE])[:80]!r}; start a new job.",
            )


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The plain files of a folder and of those below it that can be opened."""
    left = [str(folder)]
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                listed = [entry for entry in entries if not entry.name.startswith(".")]
        except OSError:
            continue
        left += [entry.path for entry in listed if entry.is_dir(follow_symlinks=False)]
        yield from (entry for entry in listed if entry.is_file(follow_symlinks=False))


def _format(path: str) -> str:
    """By the first bytes, as when the file is decoded; "" where it cannot be read."""
    from pipelines.sources import HEAD_BYTES, OPEN_FLAGS, sniff

    try:
        descriptor = os.open(path, OPEN_FLAGS)
        with os.fdopen(descriptor, "rb") as file:
            return (
                sniff(file.read(HEAD_BYTES)) if stat.S_ISREG(os.fstat(descriptor).st_mode) else ""
            )
    except OSError:
        return ""
