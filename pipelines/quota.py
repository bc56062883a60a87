"""The place that uploads may take: old ones are swept away, new ones are refused while it is full.

Whatever a job needs is copied into the job's folder, so an upload is only wanted while its visitor
is there; a file that nobody has touched for a day is an orphan.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.limits import GB, MB, Limits

logger = logging.getLogger(__name__)

NEVER = (float("-inf"), 0)
COUNTED_SECONDS = 5.0
"""For so long the sizes that were read last are believed."""
FULL = (
    "The {limit:g} GB for uploads are taken; old uploads are removed by themselves, so try again "
    "later."
)
NO_DISK = (
    "The disk has {free:,.0f} MB left, and uploads leave {floor:,.0f} MB free; try again once "
    "there is more."
)


@dataclass(frozen=True)
class Stored:
    """A file in the upload folder: when it was last touched (s, epoch) and its size in bytes."""

    path: Path
    touched: float
    size: int


class Quota:
    """The upload folder, and what is on its way there."""

    def __init__(
        self, folder: Path, limits: Limits, free: Callable[[Path], int] | None = None
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._free = free or free_bytes
        self._lock = threading.Lock()
        self._coming = 0
        self._counted: tuple[float, int] = NEVER

    @contextmanager
    def room_for(self, size: int) -> Iterator[str]:
        """Keep room for an upload of so many bytes; yields why there is none, else nothing."""
        with self._lock:
            why = self._refusal(size)
            self._coming += 0 if why else size
        try:
            yield why
        finally:
            with self._lock:
                self._coming -= 0 if why else size
                if not why:
                    self._counted = NEVER

    def sweep(self) -> int:
        """Remove orphans and the folders that they leave empty; how many files went."""
        end = time.time() - self._limits.upload_seconds
        gone = [stored for stored in self._stored() if stored.touched < end]
        for stored in gone:
            with contextlib.suppress(OSError):
                stored.path.unlink()
        for folder in {stored.path.parent for stored in gone} - {self._folder}:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if gone:
            with self._lock:
                self._counted = NEVER
            logger.info("swept %d uploads, %.1f MB", len(gone), sum(s.size for s in gone) / MB)
        return len(gone)

    def _refusal(self, size: int) -> str:
        needed = self._coming + size
        free = self._free(self._folder)
        if free - needed < self._limits.free_bytes:
            return NO_DISK.format(free=free / MB, floor=self._limits.free_bytes / MB)
        if self._taken() + needed > self._limits.uploads_bytes:
            return FULL.format(limit=self._limits.uploads_bytes / GB)
        return ""

    def _taken(self) -> int:
        """Bytes of the files in the folder, read again now and then."""
        when, taken = self._counted
        if time.monotonic() - when > COUNTED_SECONDS:
            taken = sum(stored.size for stored in self._stored())
            self._counted = (time.monotonic(), taken)
        return taken

    def _stored(self) -> Iterator[Stored]:
        """Every file in the folder; nothing puts links there, and none is followed."""
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(OSError):
                    found = path.lstat()
                    if not stat.S_ISREG(found.st_mode):
                        continue
                    # a copy may have the times of its original, except for that of its making
                    touched = max(found.st_mtime, found.st_ctime, found.st_atime)
                    yield Stored(path, touched, found.st_size)


def free_bytes(folder: Path) -> int:
    """Bytes left on the disk of a folder, which may not be there yet."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free
