"""Plain text files: how they are written, and their lines, none of which goes on for ever."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import InputError
from pipelines.limits import MB

MOST_LINE_CHARS = 20 * MB
SNIFFED_CHARS = 1 << 16
BOMS = (b"\xff\xfe", b"\xfe\xff")
LATIN = ("cp1252", "latin-1")
"""What is not UTF-8 is mostly of Windows, which has quotes and the euro where Latin-1 has nothing;
five bytes are none of its letters."""
FIELD = "input"
"""What refusals call the file that the rows come from."""


def encoding(path: Path) -> tuple[str, str]:
    """How the text is written, and a note where that had to be guessed (R10)."""
    with path.open("rb") as file:
        if file.read(4).startswith(BOMS):
            return "utf-16", "The file was read as UTF-16."
    if _reads(path, "utf-8-sig"):
        return "utf-8-sig", ""
    found = next(name for name in LATIN if _reads(path, name))
    return found, "The file is not UTF-8; it was read as Latin-1, as Windows writes it."


def lines(path: Path) -> Iterator[str]:
    """Every line with its end, whichever that is; refuses one that would fill the memory.

    It is read as what it was found to be; only UTF-16 was not read to its end.
    """
    with path.open("r", encoding=encoding(path)[0], errors="replace", newline="") as file:
        while line := file.readline(MOST_LINE_CHARS):
            if len(line) == MOST_LINE_CHARS:
                raise InputError(
                    FIELD, f"has a line of more than {MOST_LINE_CHARS:,} characters; shorten it."
                )
            yield line


def _reads(path: Path, name: str) -> bool:
    with path.open("rb") as file:
        decoder = io.TextIOWrapper(file, name)
        try:
            while decoder.read(SNIFFED_CHARS):
                pass
        except UnicodeDecodeError:
            return False
    return True
