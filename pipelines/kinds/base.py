"""The base of the field kinds, and how every string from outside is cleaned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.errors import InputError
from pipelines.limits import Limits


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Base of the field kinds; `check` returns the value or raises InputError.

    One value of a `shared` kind may serve every row of a job.
    """

    shared: ClassVar[bool] = False

    def check(self, name: str, value: Any, limits: Limits) -> Any:
        raise TypeError(f"{type(self).__name__} has no check for {name}")


def clean_text(name: str, value: Any, limits: Limits) -> str:
    """A str without NUL and lone surrogates, within the limit in UTF-8 bytes."""
    if not isinstance(value, str):
        raise InputError(name, "must be text.")
    if len(value) > limits.text_bytes:
        raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
    text = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if len(text.encode("utf-8")) > limits.text_bytes:
        raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
    return text


def strings(name: str, value: Any, separator: str | None, limits: Limits) -> Iterator[str]:
    """The clean strings of a list, or of one string cut at the separator."""
    if isinstance(value, str):
        whole = clean_text(name, value, limits)
        return iter(whole.split(separator) if separator else [whole])
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise InputError(name, "takes a string or a list of strings.")
    return (clean_text(name, part, limits) for part in value)
