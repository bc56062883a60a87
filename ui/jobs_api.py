"""The jobs' endpoints: start one over many rows, look at it, read its rows, stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from typing import Any

import gradio as gr

from pipelines.errors import InputError
from pipelines.jobs.desk import Desk
from pipelines.jobs.exports import records
from pipelines.jobs.job import Job
from pipelines.jobs.order import Order
from pipelines.jobs.scores import read_report
from pipelines.kinds import Integer
from pipelines.limits import Limits
from pipelines.load_fields import MAX_BATCH
from pipelines.strict_json import to_json
from pipelines.token import Token

MOST_ROWS = 1_000
"""Rows in one page of results."""
MOST = 1_000_000_000
"""Rows that may be asked for, or passed over."""


def add_job_endpoints(desk: Desk) -> None:
    """Add /job_start, /job_status, /job_results and /job_cancel in the current Blocks context."""
    for make in (_start, _status, _results, _cancel):
        gr.api(make(desk))


def _start(desk: Desk) -> Callable[..., Any]:
    def job_start(
        task: str,
        files: list[gr.FileData] | None = None,
        lines: str = "",
        columns: dict[str, str] | None = None,
        values: dict[str, Any] | None = None,
        batch_size: int = 0,
        truth: str = "",
        most_rows: int = 0,
        folder: str = "",
        dataset: dict[str, Any] | None = None,
        oauth_token: gr.OAuthToken | None = None,
    ) -> dict[str, Any]:
        """Start a job over many rows; it goes on by itself.

        Args:
            task: The task id, such as text-classification.
            files: One table (CSV, TSV, JSONL, Parquet, XLSX), one ZIP, or many files.
            lines: Instead of files: texts, one row on each line.
            columns: Input name to column name; guessed where it is left out.
            values: Parameters and load settings that are the same for every row.
            batch_size: 1 to 256; 0 measures the best one on the first rows.
            truth: The column that holds the right answers, if there is one.
            most_rows: Ask the first so many rows only; 0 asks all of them.
            folder: Instead of files: a folder or table of the server, where it lets visitors.
            dataset: Instead of files: a data set of the Hub as {"id", "config", "split",
                "revision", "rows"}; all but the id may be left out.
        Returns:
            The job's id and state.
        """
        whole = _numbers(batch_size=(batch_size, 0, MAX_BATCH), most_rows=(most_rows, 0, MOST))
        _check(task=task, lines=lines, truth=truth, folder=folder)
        order = Order(
            task=task, files=_listed(files), lines=lines, columns=_mapping("columns", columns),
            values=_mapping("values", values), truth=truth, place=folder,
            dataset=_mapping("dataset", dataset), **whole,
            token=Token.checked(oauth_token.token if oauth_token else ""),
        )  # fmt: skip
        return _told(desk.start(order))

    return job_start


def _status(desk: Desk) -> Callable[..., Any]:
    def job_status(id: str) -> dict[str, Any]:
        """How far a job is.

        Args:
            id: The id that job_start gave.
        Returns:
            State, rows done and in all, errors, pace, model, and scores once it is done.
        """
        return _told(_job(desk, id))

    return job_status


def _results(desk: Desk) -> Callable[..., Any]:
    def job_results(id: str, start: int = 0, count: int = 100) -> dict[str, Any]:
        """A page of a job's rows with their answers, as far as they are done.

        Args:
            id: The id that job_start gave.
            start: The first row, from 0.
            count: How many rows, at most 1000.
        Returns:
            {"rows": [the input's columns, the answer's, and error]}.
        """
        asked = _numbers(start=(start, 0, MOST), count=(count, 1, MOST_ROWS))
        rows = islice(records(_job(desk, id), **asked), asked["count"])
        return {"rows": [to_json(row) for row in rows]}

    return job_results


def _cancel(desk: Desk) -> Callable[..., Any]:
    def job_cancel(id: str) -> dict[str, Any]:
        """Stop a job; what is done can still be read.

        Args:
            id: The id that job_start gave.
        Returns:
            The job's state.
        """
        job = _job(desk, id)
        desk.cancel(job.id)
        return _told(job)

    return job_cancel


def _job(desk: Desk, id: Any) -> Job:
    _check(id=id)
    return desk.job(id)


def _check(**texts: Any) -> None:
    for name, value in texts.items():
        if not isinstance(value, str):
            raise InputError(name, "must be text.")


def _numbers(**numbers: tuple[Any, int, int]) -> dict[str, int]:
    """Checked whole numbers by name, each given with its lowest and highest."""
    return {
        name: Integer(low=low, high=high).check(name, value, Limits())
        for name, (value, low, high) in numbers.items()
    }


def _listed(files: Any) -> list[Any]:
    if files is None:
        return []
    return list(files) if isinstance(files, list | tuple) else [files]


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(name, "must be an object of names and values.")
    return value


def _told(job: Job) -> dict[str, Any]:
    """What the outside hears of a job."""
    report = read_report(job)
    told = {"id": job.id, "task": job.manifest.task, **asdict(job.state)}
    told.pop("retried")
    return to_json({**told, "scores": dict(report.scores) if report else None})
