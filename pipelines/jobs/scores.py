"""Scores: how good a job's answers are where a column holds the right ones."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.errors import InputError
from pipelines.jobs import cells, disk
from pipelines.jobs.job import Job
from pipelines.jobs.measures import (
    AnswerMeasure,
    BoxMeasure,
    EntityMeasure,
    LabelMeasure,
    Measure,
    WordMeasure,
)
from pipelines.outputs import Boxes, OutputKind, Spans, Transcript
from pipelines.spec import TaskSpec
from pipelines.tasks import task

FILE = "scores.json"
WORST = 50
"""Rows that are kept as the worst ones."""
SHOWN_CHARS = 300


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is known when a job is done.

    `scores` are from 0 to 1 (error rates may be higher); `rows` have both an answer and a truth.
    `worst` are rows as {"row", "score", "truth", "found"}, the worst first. `confusion` counts
    rows by true label (first) and found label.
    """

    scores: Mapping[str, float]
    rows: int
    worst: Sequence[Mapping[str, Any]] = ()
    labels: Sequence[str] = ()
    confusion: Sequence[Sequence[int]] = ()


def measurable(spec: TaskSpec) -> bool:
    """Whether answers of this task can be compared with a column."""
    return _maker(spec) is not None


def check_truth(spec: TaskSpec, column: str, there: Sequence[str]) -> None:
    """Refuse a column of right answers that is not there, or that nothing can be compared with."""
    if column and column not in there:
        raise InputError("truth", f"has no column {column!r}; there are {', '.join(there[:20])}.")
    if column and not measurable(spec):
        raise InputError("truth", f"cannot be compared with answers of {spec.id}.")


def write_report(job: Job) -> None:
    """Compare every answer with its row's truth, and keep the result beside them."""
    disk.write_json(job.folder / FILE, asdict(measured(job)))


def read_report(job: Job) -> Report | None:
    """What was measured when the job ended, or nothing."""
    path = job.folder / FILE
    return Report(**json.loads(path.read_text("utf-8"))) if path.is_file() else None


def measured(job: Job) -> Report:
    """One pass over rows and results; memory does not grow with the rows."""
    spec = task(job.manifest.task)
    maker = _maker(spec)
    if maker is None:
        raise InputError("truth", f"cannot be compared with answers of {spec.id}.")
    read, measure = maker
    worst: list[tuple[float, int, str, str]] = []
    rows = 0
    for index, answer, truth in _pairs(job):
        found = read(spec, answer)
        score = measure.add(found, truth)
        rows += 1
        shown = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
        keep = heapq.heappushpop if len(worst) == WORST else _push
        keep(worst, (-score, -index, truth[:SHOWN_CHARS], shown[:SHOWN_CHARS]))
    if not rows:
        return Report(scores={}, rows=0)
    listed: list[dict[str, Any]] = [
        {"row": 1 - index, "score": -score, "truth": truth, "found": shown}
        for score, index, truth, shown in sorted(worst, reverse=True)
    ]
    matrix = measure.matrix() if isinstance(measure, LabelMeasure) else ((), ())
    return Report(
        scores=measure.scores(), rows=rows, labels=matrix[0], confusion=matrix[1],
        worst=[entry for entry in listed if entry["score"] < 1],
    )  # fmt: skip


def _push(worst: list[Any], entry: Any) -> None:
    heapq.heappush(worst, entry)


def _pairs(job: Job) -> Iterator[tuple[int, Any, str]]:
    """(index, answer, truth) of every row that has both."""
    for given, result in zip(job.rows(), job.results(), strict=False):
        truth = given.get(job.manifest.truth)
        if not result.error and truth is not None and truth != "":
            text = truth if isinstance(truth, str) else json.dumps(truth, ensure_ascii=False)
            yield result.index, result.answer, text


Read = Callable[[TaskSpec, Any], Any]
Maker = Callable[[], Measure]


def _cell(name: str) -> Read:
    return lambda spec, answer: cells.flat(spec, answer).get(name)


BY_KIND: dict[type[OutputKind], tuple[Read, Maker]] = {
    Transcript: (_cell("text"), WordMeasure),
    Spans: (_cell("entities"), EntityMeasure),
    Boxes: (lambda spec, answer: answer, BoxMeasure),
}
BY_CELL: dict[str, tuple[Read, Maker]] = {
    "label": (_cell("label"), LabelMeasure),
    "answer": (_cell("answer"), AnswerMeasure),
    "fill": (_cell("fill"), AnswerMeasure),
    "text": (_cell("text"), AnswerMeasure),
}
"""How answers are compared: by their kind, else by the cell that they are flattened to."""


def _maker(spec: TaskSpec) -> tuple[Read, Measure] | None:
    """What is compared and a fresh measure, or None where nothing can be."""
    there = cells.columns(spec)
    found = BY_KIND.get(spec.outputs[0].kind)
    found = found or next((made for name, made in BY_CELL.items() if name in there), None)
    return (found[0], found[1]()) if found else None
