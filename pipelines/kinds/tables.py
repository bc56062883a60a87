"""The kind of a table: columns and rows of text, from JSON, CSV text or a grid on the page."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.errors import InputError
from pipelines.kinds.base import Kind, clean_text
from pipelines.limits import Limits

DELIMITERS = ",;\t|"
SHAPES = "takes columns by name, a list of rows, or CSV text with a header"


@dataclass(frozen=True)
class Grid:
    """A checked table: every cell is text, every row as long as the header, every name once."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def data(self) -> dict[str, list[str]]:
        """Column -> cells, the form in which pipelines and the task format take a table."""
        return {name: [row[n] for row in self.rows] for n, name in enumerate(self.columns)}

    def first(self, rows: int) -> Grid:
        """The same table with its first rows only."""
        return Grid(self.columns, self.rows[:rows])


@dataclass(frozen=True, kw_only=True)
class Table(Kind):
    """A table of text. Numbers become text, nothing (None, NaN) an empty cell.

    `asks` names the field whose questions share the model's window with it.
    """

    shared: ClassVar[bool] = True
    asks: str = "query"

    def check(self, name: str, value: Any, limits: Limits) -> Grid:
        header, rows = _read(name, value, limits)
        if not header or not rows:
            raise InputError(name, "is empty; give it a header and at least one row.")
        if len(header) > limits.table_columns:
            most = f"{limits.table_columns} are read"
            raise InputError(name, f"has {len(header):,} columns; at most {most}.")
        if len(rows) > limits.table_rows:
            raise InputError(
                name, f"has {len(rows):,} rows; at most {limits.table_rows:,} are read."
            )
        names = unique([_cell(name, cell, limits) for cell in header])
        grid = Grid(names, tuple(_row(name, row, len(names), limits) for row in rows))
        size = sum(len(cell.encode("utf-8")) for row in (grid.columns, *grid.rows) for cell in row)
        if size > limits.text_bytes:
            raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
        return grid


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Column names, each once: an empty one is numbered, and so is one that comes again."""
    found: list[str] = []
    for number, name in enumerate(names, start=1):
        named, again = name.strip() or f"column {number}", number
        while named in found:
            named = f"{name.strip() or 'column'} ({again})"
            again += 1
        found.append(named)
    return tuple(found)


def _read(name: str, value: Any, limits: Limits) -> tuple[Sequence[Any], Sequence[Any]]:
    """Header and rows as they are, of any of the forms."""
    if isinstance(value, str):
        return _text(name, clean_text(name, value, limits), limits)
    if isinstance(value, Mapping):
        return _columns(name, value)
    if isinstance(value, list | tuple) and value and all(isinstance(r, Mapping) for r in value):
        header = list(dict.fromkeys(key for row in value for key in row))
        return header, [[row.get(key) for key in header] for row in value]
    if isinstance(value, list | tuple) and all(isinstance(r, list | tuple) for r in value):
        return (value[0], value[1:]) if value else ((), ())
    raise InputError(name, f"{SHAPES}.")


def _columns(name: str, value: Mapping[Any, Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Columns by name; shorter ones end in empty cells."""
    if not all(isinstance(cells, list | tuple) for cells in value.values()):
        raise InputError(name, f"{SHAPES}.")
    longest = max(map(len, value.values()), default=0)
    filled = [[*cells, *[None] * (longest - len(cells))] for cells in value.values()]
    return list(value), list(zip(*filled, strict=True))


def _text(name: str, text: str, limits: Limits) -> tuple[Sequence[Any], Sequence[Any]]:
    """JSON of any of the other forms, or CSV whose first line is the header."""
    if text.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise InputError(name, "is no valid JSON.") from None
        return _read(name, value, limits)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text.strip()), delimiter=delimiter))
    except csv.Error as error:
        raise InputError(name, f"is no readable CSV: {error}.") from None
    rows = [row for row in lines if any(cell.strip() for cell in row)]
    return (rows[0], rows[1:]) if rows else ((), ())


def _row(name: str, row: Sequence[Any], width: int, limits: Limits) -> tuple[str, ...]:
    """A row of text, filled up to the width of the header."""
    if len(row) > width:
        raise InputError(name, f"has a row of {len(row):,} cells below {width:,} columns.")
    cells = [_cell(name, cell, limits) for cell in row]
    return (*cells, *[""] * (width - len(cells)))


def _cell(name: str, value: Any, limits: Limits) -> str:
    """A cell as text: 12.0 is "12", and what is not there is nothing."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise InputError(name, "has a cell that is neither text nor a number.")
    if len(value) > limits.table_cell_chars:
        raise InputError(name, f"has a cell longer than {limits.table_cell_chars:,} characters.")
    return clean_text(name, value, limits).strip()
