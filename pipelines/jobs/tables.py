"""Tables as rows: CSV, TSV, JSON lines, Parquet, XLSX and plain lines, one row at a time."""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.jobs.plain import FIELD, encoding, lines
from pipelines.kinds.tables import DELIMITERS, unique
from pipelines.limits import MB

Cells = dict[str, Any]
"""Column -> str, number, bool, None, or bytes of a file."""

MOST_COLUMNS = 1_000
MOST_CELL_CHARS = 1 * MB
MOST_DEPTH = 50
MOST_UNPACKED_BYTES = 500 * MB
MOST_RATIO = 100
BATCH_ROWS = 256
BATCH_BYTES = 64 * MB
LINE = "text"
"""The column of a file that is nothing but lines."""
NO_TABLES = {
    b"\xd0\xcf\x11\xe0": "is an old Excel file; save it as XLSX or CSV.",
    b"%PDF-": "is a PDF file; give a table.",
    b"\x89PNG": "is a PNG file; give a table.",
    b"\xff\xd8\xff": "is a JPEG file; give a table.",
    b"\x1f\x8b": "is a gzip file; unpack it first.",
}
"""First bytes of files that are called tables and are none, and what is said of them."""
SWOLLEN = "unpacks to far more than its size; save it as CSV instead."
NAMED = (".xlsx", ".parquet")
"""Endings of tables that are no text."""


class Broken(Cells):
    """A row that cannot be read as it stands; `why` says so, without the name of the input."""

    def __init__(self, cells: Mapping[str, Any], why: str) -> None:
        super().__init__(cells)
        self.why = why


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
        _, note = encoding(path)
        notes = (note,) if note else ()
    first = next(READERS[format](path), None)
    if first is None:
        raise InputError(FIELD, "has no rows; give a header and at least one row below it.")
    return Table(path, format, tuple(first), notes)


def _format(path: Path, name: str) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK"):
        return "xlsx"
    for magic, why in NO_TABLES.items():
        if head.startswith(magic):
            raise InputError(FIELD, why)
    if name.endswith(NAMED):
        ending = Path(name).suffix
        raise InputError(FIELD, f"is called {ending} and is none; save it as {ending} or CSV.")
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return "jsonl"
    if name.endswith((".csv", ".tsv")):
        return "csv"
    return "jsonl" if head.lstrip().startswith(b"{") else "lines"


def _lines(path: Path) -> Iterator[Cells]:
    for line in lines(path):
        if line.strip():
            yield {LINE: _cell(line.rstrip("\r\n"))}


def _csv(path: Path) -> Iterator[Cells]:
    """Columns by the first line; a row with more cells than that has is Broken."""
    csv.field_size_limit(min(sys.maxsize, MOST_CELL_CHARS))
    plain = (line.replace("\x00", "") for line in lines(path))
    first = next(plain, "")
    reader = csv.reader(chain([first], plain), delimiter=max(DELIMITERS, key=first.count))
    try:
        head = _head(next(reader, []))
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            cells = dict(zip(head, [*row, *[""] * (len(head) - len(row))], strict=False))
            more = any(cell.strip() for cell in row[len(head) :])
            yield Broken(cells, _too_wide(row, head, reader.line_num)) if more else cells
    except csv.Error:
        raise InputError(
            FIELD,
            f"is broken at line {reader.line_num:,}: a cell has more than {MOST_CELL_CHARS:,} "
            "characters, or its quote is not closed; mend it.",
        ) from None


def _too_wide(row: Sequence[str], head: Sequence[str], line: int) -> str:
    return (
        f"has {len(row):,} cells in line {line:,}, and the header {len(head):,}; put a "
        "text that holds the separator in double quotes."
    )


def _head(names: Sequence[str]) -> tuple[str, ...]:
    """Column names, each once; too many are refused."""
    if len(names) > MOST_COLUMNS:
        raise InputError(FIELD, f"has {len(names):,} columns; at most {MOST_COLUMNS:,} are read.")
    return unique(names)


def _jsonl(path: Path) -> Iterator[Cells]:
    """A row for each line; a broken one stops nothing once a row has been read."""
    begun = False
    for number, line in enumerate(lines(path), start=1):
        if not line.strip():
            continue
        try:
            cells = _object(line, number)
        except InputError as error:
            if not begun:
                raise
            cells = Broken({}, str(error).removeprefix(f"{FIELD}: "))
        begun = True
        yield cells


def _object(line: str, number: int) -> Cells:
    try:
        value = _clean(line)
    except (ValueError, RecursionError):
        raise InputError(
            FIELD, f"has no JSON value in line {number:,}; write one object on each line."
        ) from None
    if isinstance(value, str):
        return {LINE: _cell(value)}
    if not isinstance(value, Mapping):
        raise InputError(
            FIELD, f"has no JSON object in line {number:,}; write one object on each line."
        )
    if _depth(value) > MOST_DEPTH:
        raise InputError(FIELD, f"is nested deeper than {MOST_DEPTH} in line {number:,}.")
    return cells_of(value)


def _clean(line: str) -> Any:
    """The JSON value of a line, without lone surrogates: no file could be written with them."""
    value = json.loads(line)
    if "\\u" not in line:
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


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
            head = _head(file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=_batch_rows(path, file.metadata)):
                columns = (column.to_pylist() for column in batch.columns)
                for row in zip(*columns, strict=True):
                    yield {name: _cell(cell) for name, cell in zip(head, row, strict=True)}
    except (ArrowException, OSError) as error:
        raise InputError(FIELD, "is not a readable Parquet file; it may be damaged.") from error


def _batch_rows(path: Path, about: Any) -> int:
    """So many rows that they fit in memory even where each of them is the largest value again.

    A dictionary keeps a value once for all rows: 1 KB of a file may unpack to gigabytes (R9).
    """
    groups = [about.row_group(n) for n in range(about.num_row_groups)]
    sizes = (g.column(n).total_uncompressed_size for g in groups for n in range(g.num_columns))
    largest = int(max(sizes, default=0))
    _check_ratio(path, largest)
    return max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, largest)))


def _check_ratio(path: Path, unpacked: int) -> None:
    """Refuse what unpacks to more than a table has."""
    if unpacked > MOST_RATIO * max(BATCH_BYTES // MOST_RATIO, path.stat().st_size):
        raise InputError(FIELD, SWOLLEN)


def _xlsx(path: Path) -> Iterator[Cells]:
    from openpyxl import load_workbook

    _check_archive(path)
    try:
        with path.open("rb") as file:  # of a path openpyxl looks at the ending
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0]
            names = enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS), start=1)
            top, first = next(((n, line) for n, line in names if any(line)), (1, ()))
            head = _head([str(name or "") for name in _filled(first)])
            wide = max(1, len(head))  # read_only fills every line up to max_col (openpyxl 3.1)
            for line in sheet.iter_rows(top + 1, values_only=True, max_col=wide):
                if any(cell is not None for cell in line):
                    yield {name: _cell(cell) for name, cell in zip(head, line, strict=False)}
            book.close()
    except InputError:
        raise
    except Exception as error:  # a damaged workbook raises anything
        raise InputError(FIELD, "is not a readable XLSX file; it may be damaged.") from error


def _filled(line: Sequence[Any]) -> Sequence[Any]:
    """Without the empty cells at its end."""
    return line[: max((n for n, cell in enumerate(line, start=1) if cell), default=0)]


def _check_archive(path: Path) -> None:
    """An XLSX is a ZIP: its parts may not unpack to more than a table has (R9)."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        raise InputError(FIELD, "is not a readable XLSX file; it may be damaged.") from None
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED_BYTES or unpacked > MOST_RATIO * max(1, path.stat().st_size):
        raise InputError(FIELD, SWOLLEN)


def _cell(value: Any) -> Any:
    """A cell that JSON can hold, or the bytes of a file; long ones are refused."""
    if isinstance(value, Mapping) and isinstance(value.get("bytes"), bytes):
        return value["bytes"]  # how data sets keep pictures and recordings
    if isinstance(value, str) and len(value) > MOST_CELL_CHARS:
        raise InputError(
            FIELD, f"has a cell longer than {MOST_CELL_CHARS:,} characters; shorten it."
        )
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
