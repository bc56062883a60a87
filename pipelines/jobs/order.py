"""An order: what a visitor wants done over many rows, and how it becomes a job."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.jobs import folders, mapping
from pipelines.jobs.archives import FILE, unpack
from pipelines.jobs.dataset import read_ask, stops_as_refusals, streamed
from pipelines.jobs.job import AUTO, INPUT, LISTED, Job, Manifest, fingerprint, make
from pipelines.jobs.plain import FIELD
from pipelines.jobs.scores import check_truth
from pipelines.jobs.tables import open_table
from pipelines.kinds import TAKES_FILES, FileKind
from pipelines.limits import Limits
from pipelines.spec import TaskSpec
from pipelines.tasks import task
from pipelines.token import NO_TOKEN, Token
from pipelines.uploads import Upload, local_upload

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".txt")
LINES = "lines.txt"
ZIP = ".zip"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Where the rows come from, and what each is asked.

    Uploads (a table, a ZIP, or many files), pasted `lines`, the `place` of a folder or table of
    the server, or a `dataset` of the Hub (the fields of dataset.Ask). `columns` that are not named
    are guessed, unless told not to; `values` are the same for every row. `most_rows` 0 means all.
    """

    task: str
    files: Sequence[Any] = ()
    lines: str = ""
    place: str = ""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    guess: bool = True
    values: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = AUTO
    truth: str = ""
    most_rows: int = 0
    token: Token = field(default=NO_TOKEN, repr=False)
    """The visitor's own; not written into the manifest."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What was taken in: fields of the manifest, and the columns that there are."""

    input: str
    name: str = ""
    folder: str = ""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    most_rows: int = 0


def fill(folder: Path, order: Order, limits: Limits) -> Job:
    """Make the job in an empty folder of its own; raises InputError naming what is wrong."""
    spec = task(order.task)
    origin = _taken_in(folder, order, spec, limits)
    input = folder / origin.input
    there = _columns(input, origin)
    asked = [column for column in there if column != order.truth]
    guessed = mapping.guess(spec, asked) if order.guess else {}
    columns = {**guessed, **order.columns}
    mapping.check(spec, columns, there)
    check_truth(spec, order.truth, there)
    return make(
        folder,
        Manifest(
            task=spec.id,
            input=origin.input,
            sha256="" if origin.dataset else fingerprint(input),
            columns=columns,
            values=_constants(spec, folder, order.values, columns, limits),
            name=origin.name,
            batch_size=order.batch_size,
            truth=order.truth,
            folder=origin.folder,
            dataset=origin.dataset,
            most_rows=min(filter(None, (order.most_rows, origin.most_rows)), default=0),
        ),
    )


def _columns(input: Path, origin: Origin) -> tuple[str, ...]:
    if origin.dataset:
        return tuple(origin.dataset["columns"])
    return open_table(input, origin.name).columns if origin.name else (FILE,)


def _taken_in(folder: Path, order: Order, spec: TaskSpec, limits: Limits) -> Origin:
    """What was sent lies in the job's own folder now; what is on the server stays where it is."""
    own = folder / INPUT
    own.mkdir()
    _check_one_origin(order)
    if order.dataset:
        return _of_hub(own, order, limits)
    if order.place:
        return _named(own, order.place, spec, limits)
    if order.files:
        return _uploaded(own, order.files, spec, limits)
    if not order.lines.strip():
        raise InputError(FIELD, "is missing; paste lines or give files.")
    (own / LINES).write_bytes(order.lines.encode("utf-8", "replace"))
    return Origin(input=f"{INPUT}/{LINES}", name=LINES)


def _check_one_origin(order: Order) -> None:
    given = (order.files, order.lines.strip(), order.place.strip(), order.dataset)
    if sum(map(bool, given)) > 1:
        raise InputError(FIELD, "is given twice; keep files or lines, a folder, or a data set.")


def _of_hub(own: Path, order: Order, limits: Limits) -> Origin:
    """Nothing but what the data set is; its rows are fetched by the work itself."""
    ask = read_ask(order.dataset, limits)
    with stops_as_refusals(), streamed(ask, own, limits, token=order.token) as (about, _):
        rows = min(about.rows or ask.rows, ask.rows)
    return Origin(input=INPUT, dataset={**asdict(about), "rows": rows}, most_rows=rows)


def _named(own: Path, place: str, spec: TaskSpec, limits: Limits) -> Origin:
    """A table or ZIP of the server; or a folder: its table, or else the files that a task reads."""
    path = folders.resolved(place, limits)
    if path.is_file() and path.name.lower().endswith(ZIP):
        unpack(path, own)
        return _beside(own, spec)
    if path.is_file() and not path.name.lower().endswith(TABLES):
        raise InputError(folders.PLACE, f"is no table; give {', '.join(TABLES)} or a folder.")
    table = path if path.is_file() else folders.only_table(path)
    if table:
        return Origin(input=str(table), name=table.name, folder=str(table.parent))
    folders.write_list(own / folders.LIST, folders.files_of(path, spec, limits))
    return Origin(input=LISTED, name=folders.LIST, folder=str(path))


def _uploaded(own: Path, files: Sequence[Any], spec: TaskSpec, limits: Limits) -> Origin:
    """One table, alone or beside the files that its rows name; or files, each of them a row."""
    uploads = [upload_of(file, limits) for file in files]
    if len(uploads) == 1 and uploads[0].name.lower().endswith(ZIP):
        unpack(uploads[0].path or Path(), own)
    else:
        for upload in uploads:
            shutil.copyfile(upload.path or Path(), own / _safe(upload.name, own))
    if len(uploads) == 1 and uploads[0].name.lower().endswith(TABLES):
        name = _safe(uploads[0].name, Path())
        return Origin(input=f"{INPUT}/{name}", name=name)
    return _beside(own, spec)


def _beside(own: Path, spec: TaskSpec) -> Origin:
    """The only table among files, whose rows name the others; or all of them."""
    from pipelines.media import formats_of
    from pipelines.sources import either

    table = folders.only_table(own)
    if table is None and not formats_of(spec):
        raise InputError(
            FIELD, f"is not one table, and this task reads no files; give one {either(TABLES)}."
        )
    if table is None:
        return Origin(input=INPUT)
    return Origin(input=f"{INPUT}/{table.relative_to(own).as_posix()}", name=table.name)


def _constants(
    spec: TaskSpec, folder: Path, values: Mapping[str, Any], columns: Mapping[str, str],
    limits: Limits,
) -> dict[str, Any]:  # fmt: skip
    """The values that are the same for every row; a file among them is copied to the job."""
    same = {name: v for name, v in values.items() if name not in columns and v is not None}
    for f in spec.inputs:
        if f.name in same and isinstance(f.kind, FileKind):
            upload = upload_of(same[f.name], limits)
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


def upload_of(file: Any, limits: Limits) -> Upload:
    """A checked file of a payload: its path, or Gradio's mapping of it."""
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
