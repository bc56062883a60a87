"""The table that is asked: a grid to write in, filled by a file or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.errors import InputError, PipelineError
from pipelines.field import Field
from pipelines.jobs.tables import open_table
from pipelines.kinds import Grid, Table
from pipelines.limits import Limits
from pipelines.uploads import local_upload
from settings import Settings
from ui import say
from ui.panel import Control, Updates
from ui.quiet import AT_ONCE

FILES = [".csv", ".tsv", ".xlsx", ".jsonl", ".parquet"]
HEAD, DATA = "headers", "data"
"""How gr.Dataframe sends a table when nothing reads it first (gradio 6.31)."""
EMPTY_COLUMNS, EMPTY_ROWS = 3, 3
CUT = "The first {} of its rows are here; more are not read."
HELP = "Double-click to change a cell or a heading; the menu of a heading adds rows and columns."


def table(field: Field, settings: Settings) -> Control:
    """A grid, and a button that fills it from a file."""
    assert isinstance(field.kind, Table)
    grid = gr.Dataframe(
        value=blank(),
        label=field.label,
        type="array",
        interactive=True,
        max_height=340,
        wrap=True,
        buttons=["fullscreen"],
        elem_classes="table",
    )
    with gr.Row(elem_classes="below"):
        gr.Markdown(HELP, elem_classes="help")
        file = gr.UploadButton(
            "Open a table file", file_types=FILES, size="sm", variant="secondary",
            elem_classes="gap",
        )  # fmt: skip
    said = gr.HTML()

    def opened(path: str | None) -> Updates:
        try:
            read, note = from_file(field.name, path or "", settings.limits)
        except PipelineError as error:
            return {said: say.alert(str(error))}
        return {grid: {HEAD: [*read.columns], DATA: [[*row] for row in read.rows]}, said: note}

    file.upload(opened, file, [grid, said], **AT_ONCE)
    return Control(
        parts={field.name: grid},
        read=lambda values: {field.name: written(values.get(field.name))},
        fill=lambda value: {field.name: blank() if value is None else shown(value)},
    )


def blank() -> dict[str, Any]:
    """An empty grid to write in."""
    return {HEAD: [""] * EMPTY_COLUMNS, DATA: [[""] * EMPTY_COLUMNS for _ in range(EMPTY_ROWS)]}


def shown(value: Any) -> dict[str, Any]:
    """An example's table for the grid."""
    grid = Table().check("table", value, Limits())
    return {HEAD: [*grid.columns], DATA: [[*row] for row in grid.rows]}


def written(value: Any) -> Any:
    """Header and rows of the grid, without the empty columns and rows at its ends."""
    if not isinstance(value, Mapping) or HEAD not in value or DATA not in value:
        return value
    head, data = value[HEAD], value[DATA]
    if not isinstance(head, list) or not isinstance(data, list):
        return value
    if not all(isinstance(row, list) for row in data):
        return value
    lines = [head, *data]
    width = max((_length(line) for line in lines), default=0)
    while len(lines) > 1 and not _length(lines[-1]):
        lines.pop()
    return [list(line)[:width] for line in lines] if width else None


def _length(line: list[Any]) -> int:
    """Cells up to the last one with something in it."""
    return max((n for n, cell in enumerate(line, start=1) if not _empty(cell)), default=0)


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def from_file(name: str, path: str, limits: Limits) -> tuple[Grid, str]:
    """The first rows of an uploaded table, and a note where there are more."""
    upload = local_upload(name, path, None, limits)
    place = upload.path or Path()
    if place.stat().st_size > limits.document_bytes:
        raise InputError(name, f"is larger than {limits.document_bytes // 1_000_000} MB.")
    opened = open_table(place)
    most = limits.table_rows
    rows = [[_plain(row.get(c)) for c in opened.columns] for row in islice(opened.rows(), most + 1)]
    cut = len(rows) > most
    grid = Table().check(name, [opened.columns, *rows[:most]], limits)
    return grid, say.hint(CUT.format(f"{most:,}")) if cut else ""


def _plain(cell: Any) -> Any:
    """Lists and files in a cell are said to be there, not shown."""
    if isinstance(cell, bytes):
        return f"({len(cell):,} bytes)"
    return str(cell) if isinstance(cell, list | dict) else cell
