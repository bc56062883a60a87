"""Page: a document's picture, and its words with their boxes, read by tesseract when needed."""

from __future__ import annotations

import hashlib
import os
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any

from pipelines.errors import EngineError, InputError
from pipelines.limits import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[int, int, int, int]
"""(x0, y0, x1, y1) in pixels."""
WordBox = tuple[str, list[int]]
"""A word, and its box as thousandths of the page."""
NO_TESSERACT = "document question answering reads words with tesseract: apt install tesseract-ocr"
LANGUAGE = re.compile(r"[a-z_]{3,20}")
MOST_LANGUAGES = 3
MOST_SIDE = 32_767
"""Pixels; tesseract 5 refuses more."""
KEPT_PAGES = 256
"""Readings that are remembered: a few hundred words each."""
AT_ONCE = min(4, os.cpu_count() or 1)
"""Pages that are read at the same time, whoever asks: each keeps a core busy."""


@dataclass(frozen=True)
class Reading:
    """The words of a page in reading order, each with its box in pixels."""

    words: tuple[str, ...]
    boxes: tuple[Box, ...]


NO_WORDS = Reading((), ())


@dataclass(frozen=True, eq=False)
class Page:
    """A picture (PIL RGB) and its words. Nothing is read until the words are asked for.

    So a model that answers from the pixels alone costs no OCR and needs no tesseract.
    """

    image: Image
    reader: Callable[[Image], Reading]

    @cached_property
    def reading(self) -> Reading:
        """What tesseract reads on it; raises InputError or EngineError."""
        return self.reader(self.image)

    @property
    def words(self) -> tuple[str, ...]:
        return self.reading.words

    @property
    def boxes(self) -> tuple[Box, ...]:
        return self.reading.boxes

    @property
    def word_boxes(self) -> list[WordBox]:
        return word_boxes(self.reading, self.image.size)


def word_boxes(reading: Reading, size: tuple[int, int]) -> list[WordBox]:
    """(word, [x0, y0, x1, y1] in 0..1000) as transformers' document question answering has it.

    transformers 5.23, pipelines/document_question_answering.py: apply_tesseract, normalize_box.
    """
    return [
        (word, [int(1000 * (edge / whole)) for edge, whole in zip(box, size * 2, strict=True)])
        for word, box in zip(reading.words, reading.boxes, strict=True)
    ]


def read_page(
    image: Image, lang: str, limits: Limits, *, name: str = "image", number: int = 0
) -> Page:
    """A Page that tesseract reads in `lang` ("eng", "eng+deu") on first use, once per picture.

    A refusal says the `number` of one among several.
    """
    return Page(image, partial(_read, lang=lang, limits=limits, name=name, number=number))


def on_page(number: int, error: InputError) -> InputError:
    """The same refusal, of one page of several."""
    why = str(error).removeprefix(f"{error.field}: ")
    return InputError(error.field, f"has page {number}, which {why}")


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """The languages that tesseract has here; raises EngineError without tesseract."""
    tesseract = _tesseract()
    try:
        return tuple(sorted(set(tesseract.get_languages()) - {"osd"}))
    except tesseract.TesseractNotFoundError:
        raise EngineError(NO_TESSERACT) from None


class _Readings:
    """The last readings by key; the first to ask reads, others who ask meanwhile wait for it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._slots: OrderedDict[Any, _Slot] = OrderedDict()

    def get(self, key: Any, read: Callable[[], Reading]) -> Reading:
        """The reading of `key`. A failure is not kept: the next to ask tries again."""
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > self._size:
                self._slots.popitem(last=False)
        with slot.lock:
            if slot.reading is None:
                slot.reading = read()
            return slot.reading


@dataclass
class _Slot:
    """One page's place: its lock is held while it is read."""

    lock: Lock = field(default_factory=Lock)
    reading: Reading | None = None


_readings = _Readings(KEPT_PAGES)
_turns = BoundedSemaphore(AT_ONCE)


def _read(image: Image, *, lang: str, limits: Limits, name: str, number: int) -> Reading:
    _check_languages(lang)
    key = (hashlib.sha256(image.tobytes()).digest(), image.size, lang)
    try:
        return _readings.get(key, lambda: _run_tesseract(image, lang, limits, name))
    except InputError as error:
        raise on_page(number, error) if number else error from None


def _check_languages(lang: str) -> None:
    """Refuse what tesseract cannot read; `lang` becomes an argument of its command line."""
    codes = lang.split("+")
    if len(codes) > MOST_LANGUAGES or not all(LANGUAGE.fullmatch(code) for code in codes):
        raise InputError("lang", f"must be one of {', '.join(languages())}, or some joined by +.")
    if not set(codes) <= set(languages()):
        languages.cache_clear()  # it may have been installed since
    for code in codes:
        if code not in languages():
            package = f"tesseract-ocr-{code.replace('_', '-')}"
            raise InputError("lang", f"{code} is not installed here: apt install {package}")


def _run_tesseract(image: Image, lang: str, limits: Limits, name: str) -> Reading:
    """Words that are not blank, as apply_tesseract of transformers keeps them."""
    if max(image.size) > MOST_SIDE:
        width, height = image.size
        raise InputError(
            name,
            f"is {width} x {height} pixels; tesseract reads at most {MOST_SIDE:,} on a side. "
            "Crop it.",
        )
    tesseract = _tesseract()
    plain = image.copy()
    plain.format = "PPM"  # what pytesseract hands over: the same pixels, without zlib's time
    try:
        with _turns:
            cells = tesseract.image_to_data(
                plain, lang=lang, output_type="dict", timeout=limits.ocr_seconds
            )
    except tesseract.TesseractNotFoundError:
        raise EngineError(NO_TESSERACT) from None
    except tesseract.TesseractError:
        raise InputError(name, "could not be read by tesseract; give a clearer picture.") from None
    except RuntimeError:  # pytesseract 0.3.13 raises it bare for a timeout
        raise InputError(
            name, f"takes longer than {limits.ocr_seconds:g} s to read; give a smaller page."
        ) from None
    rows = zip(*(cells[k] for k in ("text", "left", "top", "width", "height")), strict=True)
    found = [(word, (x, y, x + w, y + h)) for word, x, y, w, h in rows if word.strip()]
    return Reading(tuple(word for word, _ in found), tuple(box for _, box in found))


def _tesseract() -> Any:
    """pytesseract, told to give its children one thread: more make tesseract slower, not faster."""
    import pytesseract

    pytesseract.pytesseract.environ = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return pytesseract
