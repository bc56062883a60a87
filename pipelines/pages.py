"""Pages: what a question is asked of. Each is drawn when it is its turn; its words stay."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.images import jpeg, small
from pipelines.ocr import AT_ONCE, NO_WORDS, Page, Reading
from pipelines.sheets import Sheet, kept_sheets

if TYPE_CHECKING:
    from PIL.Image import Image

LOOK_SIDE = 1_600
"""Pixels of the longer side of a page as it is shown: small print can still be read."""
QUALITY = 80
READING, ASKING = "Reading page", "Asking page"

Told = Callable[[int, int, str], None]
"""Hears which of how many pages is next, and for what; raises Cancelled to end it there."""


def unheard(done: int, total: int, note: str) -> None:
    """Nobody listens."""


@dataclass(eq=False)
class Pages:
    """The pages of a document that are read, by their 1-based `numbers`; a picture has none.

    `draw` gives them in order, so that few pictures are in memory at a time; what was read on them
    stays. The document has `total` pages; `told` hears which one is next. What was read of two
    documents with one `key` is the same; without one nothing is remembered.
    """

    draw: Callable[[], Iterable[Page]]
    numbers: tuple[int, ...] = ()
    total: int = 1
    told: Told = unheard
    key: Hashable = None
    _sheets: dict[int, Sheet] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.numbers) or 1

    @property
    def image(self) -> Image:
        """The picture of the first page, which may be the only one."""
        return next(iter(self.draw())).image

    def read(self) -> None:
        """Read the words of every page, several pages at once; raises InputError, EngineError."""
        kept = kept_sheets.get(self.key)
        self._sheets.update(kept)
        if not kept:
            self._read_all()
            if self.key is not None:
                kept_sheets.keep(self.key, self._sheets)

    def _read_all(self) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="page") as pool:
            waiting: deque[Future[None]] = deque()
            try:
                for place, page in self._drawn(READING):
                    waiting.append(pool.submit(self._read, place, page))
                    if len(waiting) == AT_ONCE:
                        waiting.popleft().result()
                while waiting:
                    waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def sheet(self, number: int | None) -> Sheet:
        """What stays of the page of this number; without one, of the first."""
        return self._at(self.numbers.index(number) if number and self.numbers else 0)

    def sheets(self) -> Iterator[Sheet]:
        """What was read, page by page."""
        for place in range(len(self)):
            self._tell(place, ASKING)
            yield self._at(place)

    def pictures(self) -> Iterator[tuple[Image, Sheet]]:
        """The picture of each page, and what was read on it."""
        for place, page in self._drawn(ASKING):
            if place not in self._sheets:
                self._sheets[place] = _sheet(page)
            yield page.image, self._sheets[place]

    def _drawn(self, note: str) -> Iterator[tuple[int, Page]]:
        for place, page in enumerate(self.draw()):
            self._tell(place, note)
            yield place, page

    def _tell(self, place: int, note: str) -> None:
        if len(self) > 1:
            self.told(place + 1, len(self), note)

    def _read(self, place: int, page: Page) -> None:
        self._sheets[place] = _sheet(page, page.reading)

    def _at(self, place: int) -> Sheet:
        """Made before, but where the only page was given to the pipeline as it is."""
        if place not in self._sheets:
            self._sheets[place] = _sheet(next(iter(self.draw())))
        return self._sheets[place]


class Asked(list[Any]):
    """The call of the pipeline for each page, made when it is its turn; as Python it is a loop.

    A model that does not look at the pixels is given the words alone.
    """

    def __init__(self, pages: Pages, question: str, *, words: bool, pixels: bool) -> None:
        super().__init__(pages.numbers)
        self._calls = (pages, question, words, pixels)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        pages, question, words, pixels = self._calls
        for image, sheet in pages.pictures() if pixels else ((None, s) for s in pages.sheets()):
            call = {"question": question, "image": image, "word_boxes": sheet.word_boxes}
            yield {k: v for k, v in call.items() if v is not None and (words or k != "word_boxes")}

    def __repr__(self) -> str:
        return f"({{'image': page, 'question': {self._calls[1]!r}}} for page in pages)"


def _sheet(page: Page, reading: Reading = NO_WORDS) -> Sheet:
    return Sheet(jpeg(small(page.image, LOOK_SIDE), QUALITY), page.image.size, reading)
