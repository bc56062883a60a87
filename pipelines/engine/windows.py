"""Tokens: how many a text has, and as much of it as fits into a model's window."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any


def beginning(tokenizer: Any, text: str, room: int) -> str:
    """The longest beginning of the text that has at most `room` tokens.

    A longer one has no fewer tokens, and not every tokenizer knows where they stand.
    """
    length = range(len(text))
    return text[: bisect_left(length, True, key=lambda n: count(tokenizer, text[: n + 1]) > room)]


def beginnings(
    tokenizer: Any, texts: Sequence[str], room: int, notes: list[str]
) -> tuple[str, ...]:
    """Each text, or its beginning of at most `room` tokens; adds a note on every one cut."""
    fitted = []
    for number, text in enumerate(texts, start=1):
        if surely_fits(text, room) or (whole := count(tokenizer, text)) <= room:
            fitted.append(text)
            continue
        fitted.append(beginning(tokenizer, text, room))
        notes.append(f"{room:,} of {whole:,} tokens of text {number} were read.")
    return tuple(fitted)


def surely_fits(text: str, room: int) -> bool:
    """Whether that is plain without a tokenizer: ASCII has at most a token for each character.

    Tokenizers put a blank in front; what is no ASCII may be spelt out, or be several bytes.
    """
    return text.isascii() and len(text) + 1 <= room


def count(tokenizer: Any, text: str) -> int:
    """Tokens of the text alone, without special ones; no warning that they are too many."""
    return len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
