"""Tables as rows: CSV, TSV, JSON lines, Parquet, XLSX and plain lines, one row at a time."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds.tables import DELIMITERS, unique
from pipelines.limits import MB

Cells = dict[str, Any]
"""Column -> str, number, bool, None, or bytes of a file."""

MOST_COLUMNS = 1_000
MOST_CELL_CHARS = 1 * MB
MOST_DEPTH = 50
MOST_XLSX_BYTES = 500 * MB
MOST_XLSX_RATIO = 100
BATCH_ROWS = 256
SNIFFED_BYTES = 1 << 16
LINE = "text"
"""The column of a file that is nothing but lines."""
FIELD = "input"
"""What refusals call the file that the rows come from."""


@dataclass(frozen=True)
class Table:
    """A file of rows: its format, its columns, and what was noted while looking at it."""

    path: Path
    format: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def rows(self) -> Iterator[Cells]:
        """Every row in order; raises InputError naming the row where a file is broken."""
        return READERS[self.format](self.path)


def open_table(path: Path, name: str = "") -> Table:
    """Look at a file's first bytes (its name only tells kinds of plain text apart)."""
    format = _format(path, (name or path.name).lower())
    notes: tuple[str, ...] = ()
    if format in TEXT:
        _, note = _encoding(path)
        notes = (note,) if note else ()
    first = next(READERS[format](path), None)
    if first is None:
        raise InputError(FIELD, "has no rows.")
    if len(first) > MOST_COLUMNS:
        raise InputError(FIELD, f"has {len(first):,} columns; at most {MOST_COLUMNS:,} are read.")
    return Table(path, format, tuple(first), notes)


def _format(path: Path, name: str) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK"):
        return "xlsx"
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return "jsonl"
    if name.endswith((".csv", ".tsv")):
        return "csv"
    return "jsonl" if head.lstrip().startswith(b"{") else "lines"


def _encoding(path: Path) -> tuple[str, str]:
    """How the text is written, and a note where that had to be guessed (R10)."""
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16", "The file was read as UTF-16."
        file.seek(0)
        decoder = io.TextIOWrapper(file, "utf-8-sig")
        try:
            while decoder.read(SNIFFED_BYTES):
                pass
        except UnicodeDecodeError:
            return "latin-1", "The file is not UTF-8; it was read as Latin-1."
    return "utf-8-sig", ""


def _text(path: Path) -> io.TextIOWrapper:
    """Opened as what it was found to be; only UTF-16 was not read to its end."""
    return path.open("r", encoding=_encoding(path)[0], errors="replace", newline="")


def _lines(path: Path) -> Iterator[Cells]:
    with _text(path) as file:
        for line in file:
            if line.strip():
                yield {LINE: _cell(line.rstrip("\r\n"))}


def _csv(path: Path) -> Iterator[Cells]:
    csv.field_size_limit(min(sys.maxsize, MOST_CELL_CHARS))
    with _text(path) as file:
        delimiter = _delimiter(file)
        reader = csv.reader((line.replace("\x00", "") for line in file), delimiter=delimiter)
        try:
            head = unique(next(reader, []))
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield dict(zip(head, [*row, *[""] * (len(head) - len(row))], strict=False))
        except csv.Error as error:
            raise InputError(FIELD, f"is broken at line {reader.line_num:,}: {error}.") from error


def _delimiter(file: io.TextIOWrapper) -> str:
    """The character that comes most often in the first line."""
    first = file.readline(SNIFFED_BYTES)
    file.seek(0)
    return max(DELIMITERS, key=first.count)


def _jsonl(path: Path) -> Iterator[Cells]:
    with _text(path) as file:
        number = 0
        while line := file.readline(MOST_CELL_CHARS * 20):
            number += 1
            if line.strip():
                yield _object(line, number)


def _object(line: str, number: int) -> Cells:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(FIELD, f"has no JSON value in line {number:,}.") from None
    if isinstance(value, str):
        return {LINE: _cell(value)}
    if not isinstance(value, Mapping):
        raise InputError(FIELD, f"has no JSON object in line {number:,}.")
    if _depth(value) > MOST_DEPTH:
        raise InputError(FIELD, f"is nested deeper than {MOST_DEPTH} in line {number:,}.")
    return {str(name): _cell(cell) for name, cell in value.items()}


def cells_of(row: Mapping[str, Any]) -> Cells:
    """A JSON object as a row; one that is too wide, too deep or too long is refused."""
    if len(row) > MOST_COLUMNS:
        raise InputError(FIELD, f"has {len(row):,} columns; at most {MOST_COLUMNS:,} are read.")
    if _depth(row) > MOST_DEPTH:
        raise InputError(FIELD, f"is nested deeper than {MOST_DEPTH} in a row.")
    return {name: _cell(cell) for name, cell in row.items()}


def _depth(value: Any, depth: int = 1) -> int:
    if depth > MOST_DEPTH:
        return depth
    parts = value.values() if isinstance(value, Mapping) else value
    nested = [part for part in parts if isinstance(part, Mapping | list)]
    return max((_depth(part, depth + 1) for part in nested), default=depth)


def _parquet(path: Path) -> Iterator[Cells]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                for row in batch.to_pylist():
                    yield {name: _cell(cell) for name, cell in row.items()}
    except (ArrowException, OSError) as error:
        raise InputError(FIELD, "is not a readable Parquet file; it may be damaged.") from error


def _xlsx(path: Path) -> Iterator[Cells]:
    from openpyxl import load_workbook

    _check_archive(path)
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        lines = sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)
        first = [str(name or "") for name in next(lines, ())]
        while first and not first[-1]:
            first.pop()  # read_only fills lines up to max_col (openpyxl 3.1)
        head = unique(first)
        for line in lines:
            if any(cell is not None for cell in line):
                yield {name: _cell(cell) for name, cell in zip(head, line, strict=False)}
        book.close()
    except InputError:
        raise
    except Exception as error:  # a damaged workbook raises anything
        raise InputError(FIELD, "is not a readable XLSX file; it may be damaged.") from error


def _check_archive(path: Path) -> None:
    """An XLSX is a ZIP: its parts may not unpack to more than a table has (R9)."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        raise InputError(FIELD, "is not a readable XLSX file; it may be damaged.") from None
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_XLSX_BYTES or unpacked > MOST_XLSX_RATIO * max(1, path.stat().st_size):
        raise InputError(FIELD, "unpacks to far more than its size; save it as CSV instead.")


def _cell(value: Any) -> Any:
    """A cell that JSON can hold, or the bytes of a file; long ones are refused."""
    if isinstance(value, Mapping) and isinstance(value.get("bytes"), bytes):
        return value["bytes"]  # how data sets keep pictures and recordings
    if isinstance(value, str) and len(value) > MOST_CELL_CHARS:
        raise InputError(FIELD, f"has a cell longer than {MOST_CELL_CHARS:,} characters.")
    if value is None or isinstance(value, str | int | float | bool | bytes | list | dict):
        return value
    return str(value)


READERS: dict[str, Callable[[Path], Iterator[Cells]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "lines": _lines,
    "parquet": _parquet,
    "xlsx": _xlsx,
}
TEXT = ("csv", "jsonl", "lines")
