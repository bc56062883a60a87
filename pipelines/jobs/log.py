"""The log of a job: one line for each row, in the order of the rows, appended and never changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from pipelines.engine.request import RowResult
from pipelines.errors import EngineError
from pipelines.jobs import disk

READ_BYTES = 1 << 16


class ResultLog:
    """Results on disk as JSON lines; a line is there as a whole or not at all (R32)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def recover(self) -> int:
        """Cut off a torn last line; the number of whole lines."""
        return cut_torn_line(self.path)

    def append(self, results: Iterable[RowResult]) -> None:
        """Add lines and have them on disk; where that fails none of them is kept."""
        append_lines(self.path, b"".join(_line(result) for result in results))

    def read(self, start: int = 0, count: int | None = None) -> Iterator[RowResult]:
        """Whole lines from the start-th on."""
        stop = None if count is None else start + count
        for line in islice(whole_lines(self.path), start, stop):
            yield _result(line)


def cut_torn_line(path: Path) -> int:
    """Cut off a last line without an end; the number of whole lines."""
    if not path.exists():
        return 0
    lines, end = 0, 0
    with path.open("rb+") as file:
        while block := file.read(READ_BYTES):
            lines += block.count(b"\n")
            last = block.rfind(b"\n")
            if last >= 0:
                end = file.tell() - len(block) + last + 1
        if end < file.tell():
            file.truncate(end)
            disk.sync(file)
    return lines


def append_lines(path: Path, lines: bytes) -> None:
    """Add whole lines and have them on disk; where that fails none of them is kept (R32)."""
    with path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        try:
            disk.write(cast(Any, file), lines)
            disk.sync(cast(Any, file))
        except BaseException:
            file.truncate(before)
            raise


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file that is still written to, but for a torn last one."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            yield line


def _line(result: RowResult) -> bytes:
    parts: dict[str, Any] = {"index": result.index}
    parts |= {"error": result.error} if result.error else {"answer": result.answer}
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _result(line: bytes) -> RowResult:
    try:
        parts = json.loads(line)
        return RowResult(parts["index"], parts.get("answer"), parts.get("error", ""))
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError("A line of the job's results is damaged; start the job anew.") from error
