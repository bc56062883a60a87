"""A text that is too long for a model, cut at its sentences into parts that are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.engine.windows import beginning, count

SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")


def cut(tokenizer: Any, text: str, room: int) -> tuple[str, ...]:
    """Parts of whole sentences with at most `room` tokens each; a longer sentence is cut itself."""
    parts: list[str] = []
    used = 0
    for piece in _pieces(tokenizer, text, room):
        size = count(tokenizer, piece)
        if parts and used + size <= room and count(tokenizer, f"{parts[-1]} {piece}") <= room:
            parts[-1] = f"{parts[-1]} {piece}"
            used += size
        else:
            parts.append(piece)
            used = size
    return tuple(parts)


def _pieces(tokenizer: Any, text: str, room: int) -> Iterator[str]:
    for sentence in SENTENCE_END.split(text):
        rest = sentence.strip()
        while rest:
            piece = beginning(tokenizer, rest, room) if count(tokenizer, rest) > room else rest
            if not piece:  # not even one character has so few tokens
                return
            yield piece.strip()
            rest = rest[len(piece) :].strip()
