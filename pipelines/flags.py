"""Readers of flags: the value of a text, or the form that it must have."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Refused = argparse.ArgumentTypeError
"""What a reader raises: the valid form, to be said behind the name of the flag."""
ON, OFF = ("1", "true", "t", "yes", "y", "on"), ("0", "false", "f", "no", "n", "off")
SIZE = re.compile(r"(\d{1,18}(?:\.\d+)?)\s*((?:[kmgt]i?)?b?)", re.IGNORECASE | re.ASCII)
UNITS = {"": 1} | {
    f"{letter}{binary}": (1_024 if binary else 1_000) ** power
    for power, letter in enumerate("kmgt", 1)
    for binary in ("", "i")
}


def number(
    kind: type[int] | type[float], low: float, high: float = math.inf
) -> Callable[[str], Any]:
    """Reads a number from `low` to `high`, both included."""
    form = "a whole number" if kind is int else "a number"
    form += f" from {low:g} on" if high == math.inf else f" from {low:g} to {high:.0f}"

    def read(text: str) -> Any:
        with suppress(ValueError):
            found = kind(text)
            if low <= found <= high and math.isfinite(found):
                return found
        raise Refused(f"must be {form}, not {text!r}")

    return read


def size(text: str) -> int:
    """Bytes: a number, or one with Ki, Mi, Gi, Ti or k, M, G, T after it."""
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise Refused(f"must be a size such as 16Gi or 500M, not {text!r}")
    return int(float(found[1]) * UNITS[found[2].lower().removesuffix("b")])


def cores(text: str) -> int:
    """Whole cores; a platform may tell a share of one."""
    told = number(float, 0)(text)
    return max(1, int(told)) if told else 0


def root(text: str) -> str:
    """Where a proxy shows the app; Gradio fails to start with anything else (6.31)."""
    if not text.startswith(("/", "http://", "https://")):
        raise Refused(f"must be a path such as /app, or a whole address, not {text!r}")
    return text


def login(text: str) -> str:
    """A name and a password."""
    name, _, password = text.partition(":")
    if not (name and password):
        raise Refused("must be user:password")
    return text


def switch(text: str) -> bool:
    """On or off; a word that is neither is no off."""
    word = text.strip().lower()
    if word not in (*ON, *OFF):
        raise Refused(f"must be yes or no, not {text!r}")
    return word in ON
