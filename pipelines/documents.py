"""Documents: a picture, a page of a PDF or all of them become Pages, which are drawn in order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from pipelines.errors import InputError
from pipelines.images import IMAGE_FORMATS, decode_image
from pipelines.limits import MEGAPIXEL, Limits
from pipelines.ocr import Page, read_page
from pipelines.pages import Pages
from pipelines.pdf import Drawing, draw_page, draw_pages
from pipelines.sources import Source, spooled

if TYPE_CHECKING:
    from PIL.Image import Image

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
        _check_pages(page_field, drawing.pages, limits)
        draw = partial(_all_pages, pdf, source.field, lang, limits)
        return Pages(draw, tuple(range(1, drawing.pages + 1)), drawing.pages), ()
    page = read_page(_picture(drawing), lang, limits, name=source.field)
    notes = (f"Page {number} of {drawing.pages}.",) if drawing.pages > 1 else ()
    return Pages(lambda: (page,), (number or 1,), drawing.pages), notes


def _all_pages(pdf: bytes, field: str, lang: str, limits: Limits) -> Iterator[Page]:
    """Draw every page, the next one while this one is looked at; a bad one is named."""
    end = time.monotonic() + limits.run_seconds
    with spooled(pdf) as file:
        drawings = draw_pages(
            file, 1, 0, limits.document_pages, _most_pixels(limits), limits.decode_seconds
        )
        for number, drawing in enumerate(drawings, start=1):
            if drawing.refused:
                raise InputError(field, f"has a damaged page, number {number}; choose another one.")
            if time.monotonic() > end:
                most = f"takes longer than {limits.run_seconds:g} s to read; choose one page."
                raise InputError(field, most)
            yield read_page(_picture(drawing), lang, limits, name=field)


def _most_pixels(limits: Limits) -> int:
    return min(PAGE_PIXELS, limits.image_pixels)


def _picture(drawing: Drawing) -> Image:
    from PIL import Image

    return Image.frombytes("RGB", drawing.size, drawing.rgb)


def _check_pages(page_field: str, pages: int, limits: Limits) -> None:
    if pages > limits.pages_at_once:
        raise InputError(
            page_field,
            f"is empty, and the document has {pages:,} pages; at most {limits.pages_at_once:,} "
            "are read at once. Choose a page.",
        )


def _why(drawing: Drawing, limits: Limits) -> str:
    return {
        "password": "is locked with a password; save a copy without one and give that.",
        "damaged": "is not a readable PDF file; it may be cut short or damaged.",
        "pages": f"has {drawing.pages:,} pages; at most {limits.document_pages:,} are allowed."
        " Save the pages you need as a smaller file.",
    }[drawing.refused]


def _no_such_page(page_field: str, number: int, pages: int) -> NoReturn:
    plural = "" if pages == 1 else "s"
    raise InputError(page_field, f"is {number}; the document has {pages} page{plural}.")
