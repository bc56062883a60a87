"""Sentences: a text cut where a speaker takes breath."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_CHARS = 300
"""A longer sentence is cut at a comma or a blank: speech models lose their way in long ones."""
END = re.compile(r"""(?<=[.!?…])["'”’)\]]*\s+|(?<=[。！？])|\s*\n\s*""")
ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|[A-Z])\.$")
"""What ends in a full stop and is no end."""
BREATH = (", ", "; ", ": ", " ")
"""Where a long sentence may be cut, the best first."""


def sentences(text: str, most: int = MOST_CHARS) -> tuple[str, ...]:
    """The sentences of a text in order, none longer than `most`; what holds no letter is left out.

    A line break ends a sentence too.
    """
    found: list[str] = []
    for piece in _pieces(text):
        if found and ABBREVIATED.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    short = (part for sentence in found for part in _shortened(sentence, most))
    return tuple(part for part in short if any(letter.isalnum() for letter in part))


def _pieces(text: str) -> Iterator[str]:
    """Cut after each end; quotes and brackets that close there stay with it."""
    start = 0
    for end in END.finditer(text):
        yield text[start : end.end()].strip()
        start = end.end()
    yield text[start:].strip()


def _shortened(sentence: str, most: int) -> Iterator[str]:
    while len(sentence) > most:
        cut = next((at for mark in BREATH if (at := _last(sentence[:most], mark)) > 0), most)
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    yield sentence


def _last(text: str, mark: str) -> int:
    """The place behind the last mark, 0 where there is none."""
    return text.rfind(mark) + len(mark) if mark in text else 0
