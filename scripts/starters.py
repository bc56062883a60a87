"""The table of starter/README.md: what each checkpoint weighs and scores, from its scores.json."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.spec import TaskSpec
from starter import train

MEGA = 1_000_000
HEAD = ("task", "knows", "weighs", "trained in", "measured on held-out data (floor)")


def rows(specs: tuple[TaskSpec, ...]) -> list[tuple[str, ...]]:
    """One line per task, in the order of the tabs, and the sum."""
    lines = [_cells(spec) for spec in specs]
    total = sum(size(train.MODELS / task) for task in {spec.starter_task for spec in specs})
    return [*lines, ("all", "", _megabytes(total), "", "")]


def size(folder: Path) -> int:
    """Bytes of a checkpoint with all its files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _cells(spec: TaskSpec) -> tuple[str, ...]:
    folder, targets = train.MODELS / spec.starter_task, train.find(spec.starter_task).TARGETS
    measured = json.loads((folder / train.SCORES_FILE).read_text("utf-8"))
    minutes, scores = measured["minutes"], measured["scores"]
    return (
        f"[{spec.id}](models/{spec.starter_task}/README.md)",
        spec.starter.knows,
        f"that of {spec.starter.shares}" if spec.starter.shares else _megabytes(size(folder)),
        "" if minutes is None or spec.starter.shares else f"{minutes:g} min",
        "<br>".join(_score(name, scores[name], floor) for name, floor in targets.items()),
    )


def _score(name: str, score: float, floor: float) -> str:
    """A measured score beside its floor; one below it stands out. The card has all the others."""
    shown = f"{name.replace('_', ' ')} {score:.3f} ({floor:g})"
    return f"**{shown}, missed**" if score < floor else shown


def _megabytes(amount: int) -> str:
    return f"{amount / MEGA:.1f} MB"
