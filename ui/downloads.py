"""Files to take away, carried by the page itself: none stays on the server."""

from __future__ import annotations

import csv
import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from pipelines.jobs.exports import guarded
from ui.language import told

SAFE = "/,:;[]{}"
"""Left as they are in an address, which then is half as long for tables and numbers."""


@dataclass(frozen=True)
class Download:
    """The content of a file, by its suffix."""

    suffix: str
    content: str | bytes


def downloads(stem: str, *files: Download) -> str:
    """A line of links, as HTML."""
    name = escape(stem, quote=True)
    links = (
        f'<a download="{name}.{file.suffix}" href="{_address(file.content)}">'
        f"{file.suffix.upper()}</a>"
        for file in files
    )
    return f'<div class="downloads"><span>{told("Download")}</span>{"".join(links)}</div>'


def to_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV of a table; text that a spreadsheet would run is quoted with an apostrophe."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([head, *([*map(guarded, r)] for r in rows)])
    return written.getvalue()


def _address(content: str | bytes) -> str:
    if isinstance(content, str):
        return f"data:text/plain;charset=utf-8,{quote(content, safe=SAFE)}"
    return f"data:application/octet-stream;base64,{b64encode(content).decode()}"
