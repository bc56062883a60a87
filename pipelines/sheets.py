"""Sheets: what stays of the pages of a document, so that the next question draws none again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from threading import Lock

from pipelines.limits import MB
from pipelines.ocr import NO_WORDS, Reading, WordBox, word_boxes

KEPT_BYTES = 64 * MB
"""Of the documents that are remembered: some 200 pages of print."""
WORD_BYTES = 300
"""About what a word and its box take."""


@dataclass(frozen=True)
class Sheet:
    """What stays of a page: a JPEG to show, its size in pixels as it was drawn, and its words."""

    jpeg: bytes
    size: tuple[int, int]
    reading: Reading = NO_WORDS

    @property
    def word_boxes(self) -> list[WordBox]:
        return word_boxes(self.reading, self.size)

    @property
    def weight(self) -> int:
        """Bytes in memory, about."""
        return len(self.jpeg) + WORD_BYTES * len(self.reading.words)


class KeptSheets:
    """The sheets of whole documents by what they were made of; the last used stay."""

    def __init__(self, most_bytes: int = KEPT_BYTES) -> None:
        self._most = most_bytes
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Mapping[int, Sheet]] = OrderedDict()

    def get(self, key: Hashable) -> Mapping[int, Sheet]:
        """By place from 0 on; empty where nothing is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key, {})

    def keep(self, key: Hashable, sheets: Mapping[int, Sheet]) -> None:
        """Instead of those that were used longest ago; too many for the room are not kept."""
        if _weight(sheets) > self._most:
            return
        with self._lock:
            self._kept[key] = dict(sheets)
            self._kept.move_to_end(key)
            while sum(map(_weight, self._kept.values())) > self._most:
                self._kept.popitem(last=False)


def _weight(sheets: Mapping[int, Sheet]) -> int:
    return sum(sheet.weight for sheet in sheets.values())


kept_sheets = KeptSheets()
