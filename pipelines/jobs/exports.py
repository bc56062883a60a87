"""What a job gives away: its rows with their answers, as CSV, JSON lines, Parquet or a ZIP."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.jobs import cells, disk
from pipelines.jobs.job import Job
from pipelines.jobs.made import taken_out
from pipelines.tasks import task

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that starts so for a formula."""
BATCH_ROWS = 1_000
TABLE = "answers.csv"
"""The table's name in a ZIP of made files."""
ZIP = "zip"
OWN = "input_"
"""Before the name of an input's column that an answer's column has too."""

Record = dict[str, Any]


def export(job: Job, target: Path, format: str = "") -> Path:
    """Write what is done so far; `format` is one of WRITERS, else the target's ending."""
    write = WRITERS.get(format or target.suffix.lstrip(".").lower())
    if write is None:
        raise InputError("output", f"can be {', '.join(WRITERS)}; not {target.suffix or target}.")
    disk.write_whole(target, lambda path: write(job, path))
    return target


def records(job: Job, start: int = 0, count: int | None = None) -> Iterator[Record]:
    """Input cells, answer cells and error of each row that has a result, in order."""
    spec = task(job.manifest.task)
    names = {name: column_of(job, name) for name in job.columns}
    blank = dict.fromkeys(cells.columns(spec))
    stop = None if count is None else start + count
    for given, result in islice(zip(job.rows(), job.results(), strict=False), start, stop):
        own = {shown: _plain(given.get(name)) for name, shown in names.items()}
        found = {} if result.error else cells.flat(spec, result.answer)
        yield {**own, **blank, **found, cells.ERROR: result.error}


def column_of(job: Job, name: str) -> str:
    """How a column of the input is called in the output."""
    return f"{OWN}{name}" if name in cells.columns(task(job.manifest.task)) else name


def _plain(cell: Any) -> Any:
    """A cell of the input as it can be written; the bytes of a file are not repeated."""
    if isinstance(cell, bytes):
        return f"({len(cell):,} bytes)"
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell


def _head(job: Job) -> list[str]:
    own = [column_of(job, name) for name in job.columns]
    return [*own, *cells.columns(task(job.manifest.task))]


def _csv(job: Job, path: Path) -> None:
    _write_csv(job, path, records(job))


def _write_csv(job: Job, path: Path, rows: Iterable[Record]) -> None:
    head = _head(job)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for record in rows:
            writer.writerow([guarded(record.get(name)) for name in head])


def _zip(job: Job, path: Path) -> None:
    """The table, and every file that an answer holds: 00001.wav is that of the first row."""
    table = path.with_suffix(".csv")

    def rows(archive: zipfile.ZipFile) -> Iterator[Record]:
        for number, record in enumerate(records(job), start=1):
            if record[cells.ANSWER] is not None:
                named, files = taken_out(json.loads(record[cells.ANSWER]), f"{number:05}")
                record[cells.ANSWER] = json.dumps(named, ensure_ascii=False)
                for name, content in files.items():
                    archive.writestr(name, content)
            yield record

    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _write_csv(job, table, rows(archive))
            archive.write(table, TABLE)
    finally:
        table.unlink(missing_ok=True)


def guarded(cell: Any) -> Any:
    """A string that a spreadsheet would run as a formula gets a quote in front (R10)."""
    if not isinstance(cell, str) or not cell.startswith(FORMULA):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def _jsonl(job: Job, path: Path) -> None:
    """The answer as JSON itself, not as a string of it."""
    with path.open("w", encoding="utf-8") as file:
        for record in records(job):
            written = record.pop(cells.ANSWER)
            record["answer"] = None if written is None else json.loads(written)
            file.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")


def _parquet(job: Job, path: Path) -> None:
    """Numbers as numbers, everything else as text."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    spec = task(job.manifest.task)
    example = cells.flat(spec, spec.to_json(spec.raw_example))
    head = _head(job)
    numbers = {n for n in cells.columns(spec) if isinstance(example.get(n), int | float)}
    kinds = {n: pyarrow.float64() if n in numbers else pyarrow.string() for n in head}
    schema = pyarrow.schema(list(kinds.items()))
    with ParquetWriter(path, schema) as writer:
        rows = records(job)
        while batch := list(islice(rows, BATCH_ROWS)):
            columns = {n: [_typed(record.get(n), n in numbers) for record in batch] for n in head}
            writer.write_table(pyarrow.table(columns, schema=schema))


def _typed(cell: Any, number: bool) -> Any:
    if cell is None:
        return None
    return float(cell) if number else str(cell)


WRITERS: dict[str, Callable[[Job, Path], None]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    ZIP: _zip,
}
