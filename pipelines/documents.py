"""Documents: a picture or one page of a PDF becomes a Page whose words are read on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pipelines.errors import InputError
from pipelines.images import IMAGE_FORMATS, decode_image
from pipelines.limits import MEGAPIXEL, Limits
from pipelines.ocr import Page, read_page
from pipelines.pdf import Drawing, draw_page
from pipelines.sources import Source

if TYPE_CHECKING:
    from PIL.Image import Image

DOCUMENT_FORMATS = ("PDF", *IMAGE_FORMATS)
PAGE_PIXELS = 16 * MEGAPIXEL
"""A3 at 200 dpi twice over; more only makes reading slow."""


def decode_document(
    source: Source, number: int, lang: str, limits: Limits, *, page_field: str = "page"
) -> tuple[Page, tuple[str, ...]]:
    """The 1-based page `number`; a picture has one page. Words are read when asked for, in `lang`.

    Raises InputError; for a page that is not there, on `page_field`.
    """
    if source.format == "PDF":
        image, notes = _pdf_page(source, number, limits, page_field)
    else:
        image, notes = decode_image(source, limits)
        if number != 1:
            _no_such_page(page_field, number, 1)
    return read_page(image, lang, limits, name=source.field), notes


def _pdf_page(
    source: Source, number: int, limits: Limits, page_field: str
) -> tuple[Image, tuple[str, ...]]:
    from PIL import Image

    pixels = min(PAGE_PIXELS, limits.image_pixels)
    drawing = draw_page(source.file, number, limits.document_pages, pixels, source.seconds_left())
    source.check_time()
    if drawing.refused == "page":
        _no_such_page(page_field, number, drawing.pages)
    if drawing.refused:
        source.refuse(_why(drawing, limits))
    notes = (f"Page {number} of {drawing.pages}.",) if drawing.pages > 1 else ()
    return Image.frombytes("RGB", drawing.size, drawing.rgb), notes


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
