"""Files that an answer holds in base64 (sounds, masks), taken out of it and named."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from pipelines.spec import TaskSpec

SUFFIXES = {"UklGR": ".wav", "iVBORw0KGgo": ".png", "/9j/": ".jpg"}
"""How a file in base64 begins, and what its name ends in."""
LEAST_CHARS = 64
"""A shorter string is a word that happens to begin so."""
DATA = ";base64,"
"""In a data address the file follows this."""


def holds_files(spec: TaskSpec) -> bool:
    """Whether the answers of a task hold files."""
    return any(_files(spec.to_json(spec.raw_example)))


def taken_out(answer: Any, stem: str) -> tuple[Any, dict[str, bytes]]:
    """The answer with file names in place of its files, and the files by these names.

    The only file of an answer is `stem` with its suffix; several are numbered.
    """
    count = sum(1 for _ in _files(answer))
    files: dict[str, bytes] = {}

    def name(text: str) -> Any:
        found = _file(text)
        if found is None:
            return text
        number = f"-{len(files) + 1}" if count > 1 else ""
        suffix, content = found
        files[f"{stem}{number}{suffix}"] = content
        return f"{stem}{number}{suffix}"

    return _replaced(answer, name), files


def _replaced(value: Any, name: Any) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(part, name) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, name) for part in value]
    return name(value) if isinstance(value, str) else value


def _files(value: Any) -> Iterator[str]:
    """The strings of an answer that are files."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _files(part)
    elif isinstance(value, str) and _file(value):
        yield value


def _file(text: str) -> tuple[str, bytes] | None:
    """Suffix and content of a file in base64, or None for any other string."""
    begun = text.partition(DATA)[2] or text if text.startswith("data:") else text
    suffix = next((end for begin, end in SUFFIXES.items() if begun.startswith(begin)), None)
    if suffix is None or len(begun) < LEAST_CHARS:
        return None
    try:
        return suffix, b64decode(begun, validate=True)
    except binascii.Error:
        return None
