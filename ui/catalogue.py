"""The strings of one language: whole sentences, and templates with room for what is said in them.

A file of `ui/languages/` maps what the code says in English to what is read instead. A key with
{names} is a template; its translation has the same names, in any order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

NAME = re.compile(r"\{([a-z_]*)\}")
SPOKEN = "said"
"""What stands in a gap of this name is a sentence of ours and translated, too."""


@dataclass(frozen=True)
class Template:
    """An English sentence with gaps, and its translation."""

    source: str
    target: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the gaps, as they come in English."""
        return tuple(NAME.findall(self.source))

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """What stands around the gaps; one more than there are gaps."""
        return tuple(NAME.split(self.source)[::2])

    def match(self, text: str) -> dict[str, str] | None:
        """What stands in the gaps of a text, each as short as can be; None if it does not fit.

        It takes one pass whatever the text holds, where a regular expression would try again.
        """
        first, *inner, last = self.pieces
        if not text.startswith(first) or not text.endswith(last):
            return None
        at, end, found = len(first), len(text) - len(last), []
        for piece in inner:
            place = text.find(piece, at + 1, end)
            if place < 0:
                return None
            found.append(text[at:place])
            at = place + len(piece)
        if at >= end:
            return None
        return dict(zip(self.names, [*found, text[at:end]], strict=True))


class Catalogue:
    """Translations by English text."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._whole = {key: said for key, said in entries.items() if not NAME.search(key)}
        gaps = (Template(key, said) for key, said in entries.items() if key not in self._whole)
        self._templates = sorted(gaps, key=lambda t: -sum(map(len, t.pieces)))

    def find(self, text: str, deep: bool = False) -> str | None:
        """The translation of a text, None where there is none.

        What stands in gaps stays as it is: it may be anyone's. With `deep` it is ours, too.
        """
        if text in self._whole:
            return self._whole[text]
        for template in self._templates:
            gaps = template.match(text)
            if gaps is not None:
                return self._filled(template.target, gaps, deep)
        return None

    def _filled(self, target: str, gaps: Mapping[str, str], deep: bool) -> str:
        said = {name: self._inner(name, gap, deep) for name, gap in gaps.items()}
        return NAME.sub(lambda gap: said[gap[1]], target)

    def _inner(self, name: str, gap: str, deep: bool) -> str:
        return (self.find(gap, deep) or gap) if deep or name == SPOKEN else gap


def read_catalogue(files: Iterable[Path]) -> Catalogue:
    """The catalogue of a language; a text stands in one of its files."""
    entries: dict[str, str] = {}
    for file in files:
        entries |= json.loads(file.read_text("utf-8"))
    return Catalogue(entries)
