"""An order: what a visitor wants done over many rows, and how it becomes a job."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.jobs import mapping
from pipelines.jobs.archives import FILE, unpack
from pipelines.jobs.job import AUTO, Job, Manifest, fingerprint, make
from pipelines.jobs.scores import check_truth
from pipelines.jobs.tables import FIELD, open_table
from pipelines.kinds import TAKES_FILES, FileKind
from pipelines.limits import Limits
from pipelines.spec import TaskSpec
from pipelines.tasks import task
from pipelines.uploads import Upload, local_upload

INPUT = "input"
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".txt")
LINES = "lines.txt"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Uploads (a table, a ZIP, or many files) or pasted lines, and what each row is asked.

    `columns` may be empty: they are guessed. `values` are the same for every row. `most_rows` 0
    means all of them.
    """

    task: str
    files: Sequence[Any] = ()
    lines: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = AUTO
    truth: str = ""
    most_rows: int = 0


def fill(folder: Path, order: Order, limits: Limits) -> Job:
    """Make the job in an empty folder of its own; raises InputError naming what is wrong."""
    spec = task(order.task)
    name = _taken_in(folder / INPUT, order, limits)
    input = folder / INPUT / name if name else folder / INPUT
    there = open_table(input, name).columns if name else (FILE,)
    columns = order.columns or mapping.guess(spec, there)
    mapping.check(spec, columns, there)
    check_truth(spec, order.truth, there)
    return make(
        folder,
        Manifest(
            task=spec.id,
            input=f"{INPUT}/{name}" if name else INPUT,
            sha256=fingerprint(input),
            columns=dict(columns),
            values=_constants(spec, folder, order.values, columns, limits),
            name=name,
            batch_size=order.batch_size,
            truth=order.truth,
            most_rows=order.most_rows,
        ),
    )


def _taken_in(folder: Path, order: Order, limits: Limits) -> str:
    """Copy what was sent into the job's own folder; the name of the table, or nothing."""
    folder.mkdir()
    if not order.files:
        if not order.lines.strip():
            raise InputError(FIELD, "is missing; paste lines or give files.")
        (folder / LINES).write_text(order.lines, "utf-8")
        return LINES
    uploads = [_upload(file, limits) for file in order.files]
    if len(uploads) == 1 and uploads[0].name.lower().endswith(".zip"):
        unpack(uploads[0].path or Path(), folder)
        return ""
    for upload in uploads:
        shutil.copyfile(upload.path or Path(), folder / _safe(upload.name, folder))
    single = len(uploads) == 1 and uploads[0].name.lower().endswith(TABLES)
    return _safe(uploads[0].name, Path()) if single else ""


def _constants(
    spec: TaskSpec, folder: Path, values: Mapping[str, Any], columns: Mapping[str, str],
    limits: Limits,
) -> dict[str, Any]:  # fmt: skip
    """The values that are the same for every row; a file among them is copied to the job."""
    same = {name: v for name, v in values.items() if name not in columns and v is not None}
    for f in spec.inputs:
        if f.name in same and isinstance(f.kind, FileKind):
            upload = _upload(same[f.name], limits)
            copy = folder / f"same-{f.name}"
            shutil.copyfile(upload.path or Path(), copy)
            same[f.name] = {"path": str(copy), "orig_name": upload.name}
    _check_constants(spec, same, mapping.fed(spec, columns), limits)
    return same


def _check_constants(
    spec: TaskSpec, same: Mapping[str, Any], fed: frozenset[str], limits: Limits
) -> None:
    """Refuse what would fail in every row: an unknown name, a value out of range."""
    known = {f.name for f in spec.fields}
    for name in same:
        if name not in known:
            raise InputError(name, f"is no parameter of {spec.id}; {', '.join(sorted(known))} are.")
    for f in spec.fields:
        if f.name not in fed and not isinstance(f.kind, TAKES_FILES):
            f.check(same.get(f.name), limits)


def _upload(file: Any, limits: Limits) -> Upload:
    place = file.get("path") if isinstance(file, Mapping) else file
    if not isinstance(place, str):
        raise InputError(FIELD, "is missing; give files.")
    return local_upload(FIELD, place, file, limits)


def _safe(name: str, folder: Path) -> str:
    """A file name of ours after a client's: no folder, not hidden, not there yet."""
    plain = Path(name.replace("\\", "/")).name.lstrip(".") or "file"
    numbered, count = plain, 1
    while (folder / numbered).exists():
        count += 1
        numbered = f"{Path(plain).stem}-{count}{Path(plain).suffix}"
    return numbered
