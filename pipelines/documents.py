"""Documents: a picture, or one or all pages of a PDF or TIFF, become Pages, drawn in order."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from pipelines import tiff
from pipelines.errors import InputError, PipelineError
from pipelines.images import IMAGE_FORMATS, decode_image
from pipelines.limits import MEGAPIXEL, Limits
from pipelines.ocr import Page, read_page
from pipelines.pages import Pages
from pipelines.pdf import Drawing, draw_page, draw_pages
from pipelines.sources import Source, spooled

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

DOCUMENT_FORMATS = ("PDF", *IMAGE_FORMATS)
PAGE_PIXELS = 16 * MEGAPIXEL
"""A3 at 200 dpi twice over; more only makes reading slow."""


def decode_document(
    source: Source, number: int | None, lang: str, limits: Limits, *, page_field: str = "page"
) -> tuple[Pages, tuple[str, ...]]:
    """The 1-based page `number`, without one all pages; a picture has one.

    Words are read when asked for, in `lang`. Raises InputError; for a page that is not there and
    for too many pages, on `page_field`.
    """
    if source.format == "PDF":
        return _pdf(source, number, lang, limits, page_field)
    if source.format == "TIFF" and (total := tiff.count(source, limits)) > 1:
        return _tiff(source, number, total, lang, limits, page_field)
    source.seek(0)
    image, notes = decode_image(source, limits)
    if number is not None and number != 1:
        _no_such_page(page_field, number, 1)
    page = read_page(image, lang, limits, name=source.field)
    return Pages(lambda: (page,)), notes


def _pdf(
    source: Source, number: int | None, lang: str, limits: Limits, page_field: str
) -> tuple[Pages, tuple[str, ...]]:
    """One page is drawn here; several are drawn anew each time, from the bytes of the file."""
    source.file.seek(0)
    pdf = source.file.read()  # now: the process that draws moves on in the same file
    seconds, pixels = source.seconds_left(), _most_pixels(limits)
    drawing = draw_page(source.file, number or 1, limits.document_pages, pixels, seconds)
    source.check_time()
    if drawing.refused == "page":
        _no_such_page(page_field, number or 1, drawing.pages)
    if drawing.refused:
        source.refuse(_why(drawing, limits))
    if number is None and drawing.pages > 1:
        draw = partial(_drawn, pdf, source.field, limits)
        return _all(draw, pdf, drawing.pages, source.field, lang, limits, page_field), ()
    return _one(_picture(drawing), number or 1, drawing.pages, source.field, lang, limits)


def _tiff(
    source: Source, number: int | None, total: int, lang: str, limits: Limits, page_field: str
) -> tuple[Pages, tuple[str, ...]]:
    """The same for the pages of a TIFF, which Pillow draws in this process as any picture."""
    if total > limits.document_pages:
        source.refuse(_too_many(f"more than {limits.document_pages:,}", limits))
    if number is not None and number > total:
        _no_such_page(page_field, number, total)
    source.file.seek(0)
    content = source.file.read()
    if number is None:
        draw = partial(tiff.draw, content, 1, total, source.field, limits)
        return _all(draw, content, total, source.field, lang, limits, page_field), ()
    image = next(tiff.draw(content, number, number, source.field, limits))
    return _one(image, number, total, source.field, lang, limits)


def _one(
    image: Image, number: int, total: int, field: str, lang: str, limits: Limits
) -> tuple[Pages, tuple[str, ...]]:
    page = read_page(image, lang, limits, name=field)
    notes = (f"Page {number} of {total}.",) if total > 1 else ()
    return Pages(lambda: (page,), (number,), total), notes


def _all(
    draw: Callable[[], Iterator[Image]],
    content: bytes,
    total: int,
    field: str,
    lang: str,
    limits: Limits,
    page_field: str,
) -> Pages:
    """All pages, unless they are too many; raises InputError while they are drawn, too."""
    if total > limits.pages_at_once:
        raise InputError(
            page_field,
            f"is empty, and the document has {total:,} pages; at most {limits.pages_at_once:,} "
            "are read at once. Choose a page.",
        )

    def pages() -> Iterator[Page]:
        end = time.monotonic() + limits.run_seconds
        number = 1
        try:
            for image in draw():
                if time.monotonic() > end:
                    most = f"takes longer than {limits.run_seconds:g} s to read; choose one page."
                    raise InputError(field, most)
                yield read_page(image, lang, limits, name=field, number=number)
                number += 1
        except PipelineError:
            raise
        except Exception:  # hostile bytes make decoders raise anything
            log.warning("page %d for %s could not be drawn", number, field, exc_info=True)
            why = f"has a damaged page, number {number}; choose another one."
            raise InputError(field, why) from None

    key = (hashlib.sha256(content).digest(), lang, _most_pixels(limits))
    return Pages(pages, tuple(range(1, total + 1)), total, key=key)


def _drawn(pdf: bytes, field: str, limits: Limits) -> Iterator[Image]:
    """Every page of a PDF, the next one drawn while this one is looked at."""
    with spooled(pdf) as file:
        drawings = draw_pages(
            file, 1, 0, limits.document_pages, _most_pixels(limits), limits.decode_seconds
        )
        for drawing in drawings:
            if drawing.refused:
                raise OSError(drawing.refused)
            yield _picture(drawing)


def _most_pixels(limits: Limits) -> int:
    return min(PAGE_PIXELS, limits.image_pixels)


def _picture(drawing: Drawing) -> Image:
    from PIL import Image

    return Image.frombytes("RGB", drawing.size, drawing.rgb)


def _why(drawing: Drawing, limits: Limits) -> str:
    return {
        "password": "is locked with a password; save a copy without one and give that.",
        "damaged": "is not a readable PDF file; it may be cut short or damaged.",
        "pages": _too_many(f"{drawing.pages:,}", limits),
    }[drawing.refused]


def _too_many(pages: str, limits: Limits) -> str:
    return (
        f"has {pages} pages; at most {limits.document_pages:,} are allowed."
        " Save the pages you need as a smaller file."
    )


def _no_such_page(page_field: str, number: int, pages: int) -> NoReturn:
    plural = "" if pages == 1 else "s"
    raise InputError(page_field, f"is {number}; the document has {pages} page{plural}.")
