"""Kinds of single value: numbers, flags, choices, patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds.base import Kind
from pipelines.limits import Limits

MODEL_ID = re.compile(r"(?!.*\.\.)(?:[A-Za-z0-9][\w.\-]{0,95}/)?[A-Za-z0-9][\w.\-]{0,95}", re.ASCII)
"""`name` or `owner/name` as the Hub writes them; never a path."""
REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w.\-/]{0,99}", re.ASCII)
"""A git reference, which cannot contain `..`: the Hub's cache makes a file path of it."""
WORD = re.compile(r"[A-Za-z][A-Za-z \-]{0,30}")
DEVICE = re.compile(r"auto|cpu|mps|cuda(?::[0-9]{1,2})?")
AUTOMATIC = "automatic"


@dataclass(frozen=True, kw_only=True)
class Number(Kind):
    """A finite number within [low, high]; `unit` is shown beside it, `empty` in an empty box."""

    low: float
    high: float
    step: float = 0.01
    unit: str = ""
    empty: str = AUTOMATIC

    def check(self, name: str, value: Any, limits: Limits) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:  # NaN is in no range
            raise InputError(name, f"must be a number from {self.low:g} to {self.high:g}.")
        return float(value)


@dataclass(frozen=True, kw_only=True)
class Integer(Kind):
    """A whole number within [low, high]; see Number."""

    low: int
    high: int
    unit: str = ""
    empty: str = AUTOMATIC

    def check(self, name: str, value: Any, limits: Limits) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not self.low <= value <= self.high:
            raise InputError(name, f"must be a whole number from {self.low} to {self.high}.")
        return int(value)


@dataclass(frozen=True, kw_only=True)
class Flag(Kind):
    """True or false."""

    def check(self, name: str, value: Any, limits: Limits) -> bool:
        if not isinstance(value, bool):
            raise InputError(name, "must be true or false.")
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(Kind):
    """One of `options`: (shown label, transformers' own value) pairs; either is accepted."""

    options: tuple[tuple[str, Any], ...]

    def check(self, name: str, value: Any, limits: Limits) -> Any:
        for label, option in self.options:
            if value == label or (type(value) is type(option) and value == option):
                return option
        known = ", ".join(label for label, _ in self.options)
        raise InputError(name, f"must be one of: {known}.")

    def label_of(self, value: Any) -> str:
        """The label shown for a value."""
        return next(label for label, option in self.options if option == value)


@dataclass(frozen=True, kw_only=True)
class Pattern(Kind):
    """A string that matches `regex` as a whole; `form` says what is valid.

    `lead` may stand in front of it, as where an address is pasted, and is left out.
    """

    regex: re.Pattern[str]
    form: str
    suggestions: tuple[str, ...] = ()
    lead: str = ""

    def check(self, name: str, value: Any, limits: Limits) -> str:
        meant = value.strip().removeprefix(self.lead) if isinstance(value, str) else ""
        if not self.regex.fullmatch(meant):
            raise InputError(name, f"must be {self.form}.")
        return meant
