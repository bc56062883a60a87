"""The registry: every task as a row, by Hugging Face id, in the order of the tabs.

Each module of this package that has a ROW is a task; adding a task is adding its file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

from pipelines.errors import InputError
from pipelines.spec import TaskSpec

MODALITIES = ("Text", "Audio", "Vision", "Multimodal")


def _rows() -> Iterator[TaskSpec]:
    for module in iter_modules(__path__, f"{__name__}."):
        row = getattr(import_module(module.name), "ROW", None)
        if row is not None:
            yield row


def _place(row: TaskSpec) -> tuple[int, int, str]:
    return MODALITIES.index(row.modality), row.place, row.title


ROWS: tuple[TaskSpec, ...] = tuple(sorted(_rows(), key=_place))
BY_ID: dict[str, TaskSpec] = {row.id: row for row in ROWS}
TASKS: dict[str, TaskSpec] = {row.id: row for row in ROWS if not row.became}
"""The tasks of transformers' own pipeline()."""
FORMER: dict[str, TaskSpec] = {row.id: row for row in ROWS if row.became}
"""Those that it had and took out; the playground does them by other ways."""
ALIASES: dict[str, str] = {alias: row.id for row in ROWS for alias in row.aliases}


def task(id: str) -> TaskSpec:
    """The row of a task id or alias; raises InputError listing what is known.

    An id may set parameters too: `translation_en_to_fr` is translation with these languages.
    """
    row = _longer(id) or BY_ID.get(ALIASES.get(id, id))
    if row is None:
        raise InputError("task", f"{id!r} is not known; known tasks: {', '.join(BY_ID)}.")
    return row


def _longer(id: str) -> TaskSpec | None:
    """The row of a task id that also sets parameters, with these as its defaults."""
    for row in ROWS:
        if found := row.named(id) if row.named else None:
            params = (replace(p, default=found.get(p.name, p.default)) for p in row.params)
            return replace(row, params=tuple(params))
    return None
