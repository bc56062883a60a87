"""Columns to fields: which column feeds which field, and how a cell becomes a field's value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.jobs.tables import LINE, Cells
from pipelines.kinds import (
    TAKES_FILES,
    Flag,
    Image,
    Integer,
    Kind,
    Labels,
    MediaChat,
    Number,
    Strings,
    Texts,
)
from pipelines.spec import TaskSpec

FILE_WORDS = ("file", "file_name", "filename", "path", "url", "image", "picture", "audio", "video")
TEXT_WORDS = (
    LINE, "sentence", "content", "review", "body", "message", "prompt", "input", "title",
    "question", "query", "state",
)  # fmt: skip
RARELY_MEANT = frozenset(
    ("id", "index", "label", "labels", "target", "truth", "answer", "class", "category", "score")
)
"""Columns that are seldom an input: they are guessed last."""
TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")
FILE = "file"
"""The field of the column with the file of a message."""
SEPARATORS = "|;,"
"""Of a list in one cell: the first of these that is in it."""


def fields_of(spec: TaskSpec) -> tuple[Field, ...]:
    """What a column may feed: the inputs, and every parameter of a run."""
    return (*inputs_of(spec), *spec.params)


def inputs_of(spec: TaskSpec) -> tuple[Field, ...]:
    """The inputs; the file of a message has a column of its own, before that of the words."""
    found: list[Field] = []
    for f in spec.inputs:
        if isinstance(f.kind, MediaChat):
            media = " or ".join(f.kind.media)
            found.append(Field(name=FILE, kind=Image(), label=media.capitalize()))
        found.append(f)
    return tuple(found)


def fed(spec: TaskSpec, columns: Iterable[str]) -> frozenset[str]:
    """The fields that have a value in every row: a file makes a message."""
    names = frozenset(columns)
    talks = (f.name for f in spec.inputs if isinstance(f.kind, MediaChat) and FILE in names)
    return names.union(talks)


def row_of(spec: TaskSpec, same: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row after those of every row; a file is asked what every one is."""
    whole = {**same, **values}
    for f in spec.inputs:
        own, words = values.get(f.name), same.get(f.name)
        if isinstance(f.kind, MediaChat) and isinstance(own, Mapping) and isinstance(words, str):
            whole[f.name] = {**own, "text": own["text"] or words}
    return whole


def guess(spec: TaskSpec, columns: Iterable[str]) -> dict[str, str]:
    """Field -> column: by name first, then by what such columns are often called."""
    left = sorted(columns, key=lambda column: not RARELY_MEANT.isdisjoint(_words(column)))
    found: dict[str, str] = {}
    for f in fields_of(spec):
        column = next((c for c in left if c.lower() == f.name), None)
        if column is not None:
            found[f.name] = column
            left.remove(column)
    for f in inputs_of(spec):
        if f.name in found or not (f.required or f.name == FILE) or f.kind.shared:
            continue  # a shared one is the panel's own unless a column is called after it
        words = FILE_WORDS if isinstance(f.kind, TAKES_FILES) else TEXT_WORDS
        column = next((c for word in words for c in left if c.lower() == word), None)
        column = column or next((c for word in words for c in left if word in _words(c)), None)
        column = column or (left[0] if left else None)
        if column is not None:
            found[f.name] = column
            left.remove(column)
    return found


def _words(column: str) -> frozenset[str]:
    """The words in the name of a column, in small letters."""
    return frozenset(re.findall(r"[a-z]+", column.lower()))


def check(spec: TaskSpec, mapping: Mapping[str, str], columns: Iterable[str]) -> None:
    """Refuse a mapping that names a field or column that is not there."""
    known, there = {f.name for f in fields_of(spec)}, list(columns)
    for name, column in mapping.items():
        if name not in known:
            raise InputError(name, f"is no field of {spec.id}; it has {', '.join(sorted(known))}.")
        if column not in there:
            raise InputError(name, f"has no column {column!r}; there are {', '.join(there[:20])}.")


def values_of(
    spec: TaskSpec, cells: Cells, mapping: Mapping[str, str], files: Path, scratch: Path
) -> dict[str, Any]:
    """The values of one row's fields; a file cell is a name in `files`, a URL, or bytes.

    Bytes are written to the folder `scratch`, which the caller removes. An empty cell is left out.
    """
    kinds = {f.name: f.kind for f in fields_of(spec)}
    values: dict[str, Any] = {}
    for name, column in mapping.items():
        cell = cells.get(column)
        if cell is None or cell == "":
            continue
        if isinstance(kinds[name], TAKES_FILES):
            values[name] = _file(name, cell, files, scratch)
        else:
            values[name] = _value(name, kinds[name], cell)
    return _joined(spec, values)


def _joined(spec: TaskSpec, values: dict[str, Any]) -> dict[str, Any]:
    """The file and the words of a message as one value."""
    for f in spec.inputs:
        if isinstance(f.kind, MediaChat) and (file := values.pop(FILE, None)):
            values[f.name] = {"text": values.get(f.name, ""), "files": [file]}
    return values


def _file(name: str, cell: Any, files: Path, scratch: Path) -> str:
    """Where the file of a cell lies; that it is inside `files` is checked by the field's kind."""
    if isinstance(cell, bytes):
        scratch.mkdir(exist_ok=True)
        path = scratch / name
        path.write_bytes(cell)
        return str(path)
    if not isinstance(cell, str):
        raise InputError(name, "takes the name of a file or a web address.")
    return cell if cell.lower().startswith(("http://", "https://")) else str(files / cell)


def _value(name: str, kind: Kind, cell: Any) -> Any:
    if isinstance(cell, bytes):
        raise InputError(name, "is a file, not a text.")
    read = CELLS.get(type(kind))
    if read is not None and isinstance(cell, str):
        return read(name, cell)
    if read is None and isinstance(cell, int | float | bool):
        return str(cell)
    if isinstance(kind, Texts) and not isinstance(cell, str):
        raise InputError(name, "takes one text in each row.")
    return cell


def _number(name: str, cell: str) -> float | int:
    try:
        number = float(cell)
    except ValueError:
        raise InputError(name, f"is no number: {cell[:40]!r}.") from None
    return int(number) if number.is_integer() else number


def _flag(name: str, cell: str) -> bool:
    word = cell.strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise InputError(name, f"is neither true nor false: {cell[:40]!r}.")


def _list(name: str, cell: str) -> list[str]:
    separator = next((s for s in SEPARATORS if s in cell), SEPARATORS)
    return [part.strip() for part in cell.split(separator)]


CELLS: dict[type[Kind], Callable[[str, str], Any]] = {
    Number: _number,
    Integer: _number,
    Flag: _flag,
    Labels: _list,
    Strings: _list,
}
"""How a string cell becomes the value of a kind that is no text."""
