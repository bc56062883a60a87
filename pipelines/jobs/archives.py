"""Files as rows: a ZIP is unpacked beside the job, within limits, and each file is a row."""

from __future__ import annotations

import errno
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pipelines.errors import InputError
from pipelines.jobs.plain import FIELD
from pipelines.jobs.tables import Cells
from pipelines.limits import MB

MOST_ENTRIES = 10_000
MOST_BYTES = 500 * MB
MOST_RATIO = 100
BLOCK_BYTES = 1 << 20
LOCKED = 1
"""The bit of an entry's flags that says that it is encrypted."""
NAMELESS = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL)
"""How the system says that no file can be called so, or another one is already."""
LINK = 0o120000
"""The kind of a symbolic link in an entry's Unix mode."""
NESTED = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
FILE = "file"
"""The column that names a row's file."""


def unpack(archive: Path, folder: Path) -> int:
    """Unpack the files of a ZIP into an empty folder; how many (R9).

    Refuses absolute names and "..", links, more than MOST_ENTRIES files, MOST_BYTES in all and a
    ratio above MOST_RATIO, counted while unpacking; archives inside it are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _opened(archive) as opened:
        wanted = _entries(opened)
        if not wanted:
            raise InputError(FIELD, "holds no files, or only archives; pack the files themselves.")
        left = min(MOST_BYTES, MOST_RATIO * max(archive.stat().st_size, BLOCK_BYTES))
        for entry in wanted:
            left -= _unpack_one(opened, entry, folder, left)
    return len(wanted)


def names_in(archive: Path) -> list[str]:
    """The names of the files that would be unpacked."""
    with _opened(archive) as opened:
        return [entry.filename for entry in _entries(opened)]


def unpack_only(archive: Path, name: str, folder: Path) -> Path:
    """Unpack one file of a ZIP into an empty folder; where it lies then."""
    with _opened(archive) as opened:
        _unpack_one(opened, opened.getinfo(name), folder, MOST_BYTES)
    return _target(folder, name)


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    """The ZIP; what is wrong with it becomes a sentence, a full disk stays what it is."""
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except InputError:
        raise
    except Exception as error:  # damaged data and names that cannot be made raise anything
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise InputError(FIELD, "is not a readable ZIP file; it may be damaged.") from error


def _entries(opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Those that are wanted, if they are not too many."""
    wanted = [entry for entry in opened.infolist() if _wanted(entry)]
    if len(wanted) > MOST_ENTRIES:
        raise InputError(FIELD, f"holds {len(wanted):,} files; at most {MOST_ENTRIES:,} are read.")
    return wanted


def _target(folder: Path, name: str) -> Path:
    return folder.joinpath(*PurePosixPath(name.replace("\\", "/")).parts)


def _wanted(entry: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in name.as_posix():
        raise InputError(FIELD, f"names a file outside itself: {entry.filename[:80]!r}.")
    if entry.external_attr >> 16 & 0o170000 == LINK:
        raise InputError(FIELD, f"holds a link: {entry.filename[:80]!r}.")
    if entry.flag_bits & LOCKED:
        raise InputError(FIELD, "is locked with a password; make one without.")
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return not (entry.is_dir() or hidden or name.suffix.lower() in NESTED)


def _unpack_one(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, room: int) -> int:
    """The bytes written; more than the room is refused whatever the entry says of itself."""
    written = 0
    with opened.open(entry) as source, _made(folder, entry.filename) as file:
        while block := source.read(BLOCK_BYTES):
            written += len(block)
            if written > room:
                raise InputError(
                    FIELD,
                    f"unpacks to more than {MOST_BYTES // MB} MB or {MOST_RATIO} times its size.",
                )
            file.write(block)
    return written


def _made(folder: Path, name: str) -> BinaryIO:
    """A new file for an entry of that name."""
    target = _target(folder, name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("wb")
    except OSError as error:
        if error.errno not in NAMELESS:
            raise
        raise InputError(
            FIELD, f"has a file that cannot be called {name[:80]!r} here; rename it."
        ) from error


def files_in(folder: Path) -> Iterator[Cells]:
    """One row for each file of a folder and those below it, by name; hidden ones are left out."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and not str(name).startswith("."):
            yield {FILE: name.as_posix()}
