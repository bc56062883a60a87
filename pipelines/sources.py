"""Source: the bytes of one file of a request, opened once, counted and under a deadline."""

from __future__ import annotations

import io
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NoReturn, cast

from pipelines.errors import InputError
from pipelines.fetch import fetch
from pipelines.limits import MB, Limits
from pipelines.uploads import Upload

HEAD_BYTES = 1024
"""As far as a PDF may put its first line."""
MAGIC = {
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "JPEG": rb"\xff\xd8\xff",
    "GIF": rb"GIF8[79]a",
    "WEBP": rb"RIFF....WEBP",
    "TIFF": rb"II[*+]\x00|MM\x00[*+]",
    "BMP": rb"BM",
    "WAV": rb"(?:RIFF|RF64)....WAVE",
    "FLAC": rb"fLaC",
    "OGG": rb"OggS",
    "M4A": rb"....ftypM4[AB] ",
    "MOV": rb"....ftypqt  |....(?:moov|mdat|wide|skip|free)",
    "MP4": rb"....ftyp(?!hei|hev|mif1|msf1|avi)",
    "AVI": rb"RIFF....AVI ",
    "WEBM": rb"\x1a\x45\xdf\xa3",
    "MP3": rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]",
    "PDF": rb".{0,1000}?%PDF-",
}
"""Format -> what its first bytes look like; the client's names and types are never looked at."""
OPEN_FLAGS = os.O_RDONLY | sum(
    getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
"""No link at the end of the path is followed, and a pipe put there does not make us wait."""


@contextmanager
def open_source(
    name: str, upload: Upload, formats: tuple[str, ...], max_bytes: int, limits: Limits
) -> Iterator[Source]:
    """Open an upload or fetch its URL; refuse a wrong size or type before anything is decoded."""
    if upload.url is not None:
        file = spooled(fetch(upload.url, max_bytes, limits, name=name))
    else:
        file = _opened(name, upload.path)
    with file:
        source = Source(name, file, time.monotonic() + limits.decode_seconds)
        if source.size > max_bytes:
            source.refuse(f"is {source.size / MB:.1f} MB; at most {max_bytes / MB:g} MB are read.")
        if source.format not in formats:
            source.refuse(_wrong_format(source, formats))
        yield source


class Source(io.RawIOBase):
    """A read-only file that counts what is read of it and stops reading at its deadline.

    `deadline` is in seconds of time.monotonic(). `format` is a key of MAGIC, or "" if unknown.
    `file` is the same file without counting, for decoders that cannot pass an exception on.
    """

    def __init__(self, field: str, file: BinaryIO, deadline: float) -> None:
        super().__init__()
        self.field = field
        self.file = file
        self.deadline = deadline
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self.format = sniff(file.read(HEAD_BYTES))
        file.seek(0)
        self.allow(self.size)

    def refuse(self, message: str) -> NoReturn:
        """Raise InputError for the field that brought this file."""
        raise InputError(self.field, message)

    def allow(self, count: int) -> None:
        """From now on at most `count` bytes may be read, however often the file is rewound."""
        self._left = count

    def check_time(self) -> None:
        """Raise InputError when decoding has taken too long."""
        if time.monotonic() > self.deadline:
            self.refuse("takes too long to decode; give a shorter or simpler file.")

    def seconds_left(self) -> float:
        """Seconds until the deadline, at least a hundredth."""
        return max(self.deadline - time.monotonic(), 0.01)

    def read(self, size: int | None = -1, /) -> bytes:
        self.check_time()
        content = self.file.read(-1 if size is None else size)
        self._left -= len(content)
        if self._left < 0:
            self.refuse("has an unusually large header; save it again without metadata or layers.")
        return content

    def readinto(self, buffer: Any, /) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def sniff(head: bytes) -> str:
    """The format that the first bytes of a file are of, or "" if none is known."""
    return next((f for f, magic in MAGIC.items() if re.match(magic, head, re.DOTALL)), "")


def either(words: tuple[str, ...]) -> str:
    """ "PNG, JPEG or GIF"."""
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _opened(name: str, path: Path | None) -> BinaryIO:
    """The file at a checked path. It may have been swapped since: the opened one is looked at."""
    try:
        descriptor = os.open(path or "", OPEN_FLAGS)
    except (OSError, ValueError):
        raise InputError(name, "is not an uploaded file; upload it again.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(name, "is not an uploaded file; upload it again.")
    return os.fdopen(descriptor, "rb")


def spooled(content: bytes) -> BinaryIO:
    """A nameless file on disk, which a process of its own can be given as well."""
    file = cast(BinaryIO, TemporaryFile())  # noqa: SIM115 (open_source closes it)
    file.write(content)
    file.flush()
    return file


def _wrong_format(source: Source, formats: tuple[str, ...]) -> str:
    if not source.size:
        return "is an empty file; upload it again."
    seen = f"is a {source.format} file" if source.format else "is of a type that is not read here"
    return f"{seen}; give {either(formats)}."
