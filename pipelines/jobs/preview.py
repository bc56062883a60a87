"""A look at what was given, before there is a job: first rows, columns, and how many rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipelines.errors import InputError, PipelineError
from pipelines.jobs import folders
from pipelines.jobs.archives import FILE, names_in, unpack_only
from pipelines.jobs.dataset import About, read_ask, stops_as_refusals, streamed
from pipelines.jobs.job import Job
from pipelines.jobs.order import TABLES, ZIP, Order, upload_of
from pipelines.jobs.tables import Cells, open_table
from pipelines.limits import Limits
from pipelines.tasks import task

ROWS = 5
MOST_COUNTED = 1_000_000
"""Rows; a longer input is said to have more."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """`count` is None where nobody knows; up to one more than MOST_COUNTED."""

    rows: Sequence[Cells] = ()
    columns: tuple[str, ...] = ()
    count: int | None = 0
    about: About | None = None
    """What the Hub says of a data set."""

    @property
    def shown_count(self) -> str:
        """The number of rows as a person reads it."""
        return "" if self.count is None else shown_count(self.count)


def preview(order: Order, limits: Limits) -> Preview:
    """What an order's rows would be; raises InputError naming what cannot be read."""
    if order.dataset:
        return _of_hub(order, limits)
    if order.place:
        return _of_place(order, limits)
    uploads = [upload_of(file, limits) for file in order.files]
    if len(uploads) == 1 and uploads[0].name.lower().endswith(ZIP):
        return _of_zip(uploads[0].path or Path())
    endings = TABLES if len(uploads) == 1 else folders.TABLES
    tables = [upload for upload in uploads if upload.name.lower().endswith(endings)]
    if len(tables) == 1:
        return _of_table(tables[0].path or Path(), tables[0].name)
    return _of_names([upload.name for upload in uploads])


def row_count(rows: Iterator[Cells]) -> int:
    """How many there are, up to one more than MOST_COUNTED; as far as the input can be read."""
    count = 0
    try:
        for _ in islice(rows, MOST_COUNTED + 1):
            count += 1
    except PipelineError:
        return count
    return count


def shown_count(rows: int) -> str:
    """The number as a person reads it."""
    return f"more than {MOST_COUNTED:,}" if rows > MOST_COUNTED else f"{rows:,}"


def whole_count(job: Job) -> int:
    """The rows that a job would have without its ceiling."""
    asked = job.manifest.dataset.get("rows")
    return int(asked) if asked else row_count(job.whole())


def _of_hub(order: Order, limits: Limits) -> Preview:
    ask = read_ask(order.dataset, limits)
    with (
        tempfile.TemporaryDirectory() as folder,
        stops_as_refusals(),
        streamed(ask, Path(folder), limits, count=ROWS, token=order.token) as (about, lists),
    ):
        rows = [row for some in lists for row in some]
    count = min(about.rows, ask.rows) if about.rows else None
    return Preview(rows=rows, columns=tuple(about.columns), count=count, about=about)


def _of_place(order: Order, limits: Limits) -> Preview:
    path = folders.resolved(order.place, limits)
    if path.is_file() and path.name.lower().endswith(ZIP):
        return _of_zip(path)
    if path.is_file() and not path.name.lower().endswith(TABLES):
        raise InputError(folders.PLACE, f"is no table; give {', '.join(TABLES)} or a folder.")
    table = path if path.is_file() else folders.only_table(path)
    if table:
        return _of_table(table)
    files = folders.files_of(path, task(order.task), limits)
    return Preview(rows=files[:ROWS], columns=(FILE,), count=len(files))


def _of_table(path: Path, name: str = "") -> Preview:
    table = open_table(path, name)
    rows = list(islice(table.rows(), ROWS))
    return Preview(rows=rows, columns=table.columns, count=row_count(table.rows()))


def _of_zip(path: Path) -> Preview:
    """Its only table is unpacked to look into it."""
    names = names_in(path)
    tables = [name for name in names if name.lower().endswith(folders.TABLES)]
    if len(tables) != 1:
        return _of_names(sorted(names))
    with tempfile.TemporaryDirectory() as folder:
        return _of_table(unpack_only(path, tables[0], Path(folder)))


def _of_names(names: Sequence[str]) -> Preview:
    rows = [{FILE: name} for name in names[:ROWS]]
    return Preview(rows=rows, columns=(FILE,) if rows else (), count=len(names))
