"""Rows of a job with their answers, as a table on the page."""

from __future__ import annotations

from typing import Any

from pipelines.jobs.cells import ANSWER, ERROR
from pipelines.jobs.exports import Record, column_of, records
from pipelines.jobs.job import Job
from ui.language import told
from ui.messages import by_label
from ui.origins import job_labels

CELL_CHARS = 120


def table(job: Job, count: int) -> dict[str, Any]:
    """The value of a gr.Dataframe: the first rows that have a result, without the whole JSON."""
    found = list(records(job, 0, count))
    return _table(job, found, [name for name in (found[0] if found else {}) if name != ANSWER])


def narrow_table(job: Job, count: int) -> dict[str, Any]:
    """The same without the columns that nothing is read from, and without errors if there are none.

    What was found comes last.
    """
    found = list(records(job, 0, count))
    asked = {*job.manifest.columns.values(), job.manifest.truth}
    idle = {column_of(job, name) for name in job.columns if name not in asked}
    idle |= {ANSWER} if any(row[ERROR] for row in found) else {ANSWER, ERROR}
    return _table(job, found, [name for name in (found[0] if found else {}) if name not in idle])


def _table(job: Job, found: list[Record], heads: list[str]) -> dict[str, Any]:
    labels = job_labels(job.manifest.task)
    shown = [{**row, ERROR: told(by_label(row[ERROR] or "", labels))} for row in found]
    return {"headers": heads, "data": [[_short(row[name]) for name in heads] for row in shown]}


def _short(cell: Any) -> Any:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    text = "" if cell is None else str(cell)
    return text if len(text) <= CELL_CHARS else f"{text[: CELL_CHARS - 1]}…"
