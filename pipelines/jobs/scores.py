"""Scores: how good a job's answers are where a column holds the right ones."""

from __future__ import annotations

import heapq
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.jobs import cells, disk
from pipelines.jobs.job import Job
from pipelines.jobs.mask_measure import FIELD as TRUTH
from pipelines.jobs.mask_measure import MaskMeasure, found_masks, true_masks
from pipelines.jobs.mask_measure import shown as shown_masks
from pipelines.jobs.measures import (
    AnswerMeasure,
    BoxMeasure,
    EntityMeasure,
    LabelMeasure,
    Measure,
    WordMeasure,
)
from pipelines.outputs import Boxes, Masks, OutputKind, Spans, Transcript
from pipelines.spec import TaskSpec
from pipelines.tasks import task

FILE = "scores.json"
WORST = 50
"""Rows that are kept as the worst ones."""
SHOWN_CHARS = 300
ROOT = Path(__file__).resolve().parents[2]
REPORT_SECONDS = 1_800.0
TOO_LONG = "Comparing the masks took too long; compare fewer rows."
BROKEN = "The masks could not be compared; look whether they are PNG files of a usual size."


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
    note: str = ""
    """Why there are no scores."""


def measurable(spec: TaskSpec) -> bool:
    """Whether answers of this task can be compared with a column."""
    return _comparison(spec) is not None


def check_truth(spec: TaskSpec, column: str, there: Sequence[str]) -> None:
    """Refuse a column of right answers that is not there, or that nothing can be compared with."""
    if column and column not in there:
        raise InputError(TRUTH, f"has no column {column!r}; there are {', '.join(there[:20])}.")
    if column and not measurable(spec):
        raise InputError(TRUTH, f"cannot be compared with answers of {spec.id}.")


def write_report(job: Job) -> None:
    """Compare every answer with its row's truth, and keep the result beside them."""
    comparison = _comparison(task(job.manifest.task))
    report = _elsewhere(job) if comparison and comparison.decodes else measured(job)
    if report:
        disk.write_json(job.folder / FILE, asdict(report))


def main(folder: str) -> None:
    """Compare in a process of its own, whose memory and time are capped."""
    from pipelines.confined import cap_resources

    job = Job(Path(folder))
    cap_resources()
    disk.write_json(job.folder / FILE, asdict(measured(job)))


def _elsewhere(job: Job) -> Report | None:
    """Pictures of strangers are not decoded here (R5); a report only where that went wrong."""
    command = [sys.executable, "-m", "pipelines.jobs.scores", str(job.folder.resolve())]
    try:
        done = subprocess.run(command, cwd=ROOT, timeout=REPORT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Report(scores={}, rows=0, note=TOO_LONG)
    return Report(scores={}, rows=0, note=BROKEN) if done.returncode else None


def read_report(job: Job) -> Report | None:
    """What was measured when the job ended, or nothing."""
    path = job.folder / FILE
    return Report(**json.loads(path.read_text("utf-8"))) if path.is_file() else None


def measured(job: Job) -> Report:
    """One pass over rows and results; memory does not grow with the rows."""
    spec = task(job.manifest.task)
    comparison = _comparison(spec)
    if comparison is None:
        raise InputError(TRUTH, f"cannot be compared with answers of {spec.id}.")
    measure = comparison.measure()
    worst: list[tuple[float, int, str, str]] = []
    rows = 0
    for index, answer, cell in _pairs(job):
        found = comparison.read(spec, answer)
        truth = comparison.truth(job, cell, found)
        if truth is None:
            continue
        score = measure.add(found, truth)
        rows += 1
        keep = heapq.heappushpop if len(worst) == WORST else _push
        right, said = (comparison.shown(part)[:SHOWN_CHARS] for part in (truth, found))
        keep(worst, (-score, -index, right, said))
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


def _pairs(job: Job) -> Iterator[tuple[int, Any, Any]]:
    """(index, answer, cell of truth) of every row that has both."""
    for given, result in zip(job.rows(), job.results(), strict=False):
        cell = given.get(job.manifest.truth)
        if not result.error and cell is not None and cell != "":
            yield result.index, result.answer, cell


Read = Callable[[TaskSpec, Any], Any]


def _cell(name: str) -> Read:
    return lambda spec, answer: cells.flat(spec, answer).get(name)


def _text(job: Job, cell: Any, found: Any) -> str | None:
    if isinstance(cell, bytes):
        return None
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def _shown(part: Any) -> str:
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What of an answer is compared, by which measure, with what of a cell of truth.

    `truth` gives None for a cell that cannot be read. One that `decodes` pictures is done in a
    process of its own.
    """

    read: Read
    measure: Callable[[], Measure]
    truth: Callable[[Job, Any, Any], Any] = _text
    shown: Callable[[Any], str] = _shown
    decodes: bool = False


BY_KIND: dict[type[OutputKind], Comparison] = {
    Transcript: Comparison(read=_cell("text"), measure=WordMeasure),
    Spans: Comparison(read=_cell("entities"), measure=EntityMeasure),
    Boxes: Comparison(read=lambda spec, answer: answer, measure=BoxMeasure),
    Masks: Comparison(
        read=lambda spec, answer: found_masks(answer), measure=MaskMeasure, decodes=True,
        truth=lambda job, cell, found: true_masks(cell, job.files, found), shown=shown_masks,
    ),
}  # fmt: skip
BY_CELL: dict[str, Comparison] = {
    "label": Comparison(read=_cell("label"), measure=LabelMeasure),
    "answer": Comparison(read=_cell("answer"), measure=AnswerMeasure),
    "fill": Comparison(read=_cell("fill"), measure=AnswerMeasure),
    "text": Comparison(read=_cell("text"), measure=AnswerMeasure),
}
"""How answers are compared: by their kind, else by the cell that they are flattened to."""


def _comparison(spec: TaskSpec) -> Comparison | None:
    """How answers are compared, or None where nothing can be."""
    there = cells.columns(spec)
    found = BY_KIND.get(spec.outputs[0].kind)
    return found or next((made for name, made in BY_CELL.items() if name in there), None)


if __name__ == "__main__":
    main(sys.argv[1])
