"""The registry: every task as a row, by Hugging Face id, in the order of the tabs."""

from __future__ import annotations

from pipelines.errors import InputError
from pipelines.spec import TaskSpec
from pipelines.tasks import audio, multimodal, text, vision

MODALITIES = ("Text", "Audio", "Vision", "Multimodal")
ROWS: tuple[TaskSpec, ...] = (*text.ROWS, *audio.ROWS, *vision.ROWS, *multimodal.ROWS)
TASKS: dict[str, TaskSpec] = {row.id: row for row in ROWS}
ALIASES: dict[str, str] = {alias: row.id for row in ROWS for alias in row.aliases}


def task(id: str) -> TaskSpec:
    """The row of a task id or alias; raises InputError listing what is known."""
    row = TASKS.get(ALIASES.get(id, id))
    if row is None:
        raise InputError("task", f"{id!r} is not known; known tasks: {', '.join(TASKS)}.")
    return row
