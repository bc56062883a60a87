"""A TIFF of several pages, as scanners and fax machines write them: its pages as pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipelines.errors import InputError
from pipelines.images import DAMAGED_EXIF, HEADER_BYTES, check_pixels, header_of, picture_of
from pipelines.limits import Limits
from pipelines.ocr import on_page
from pipelines.sources import Source, spooled

if TYPE_CHECKING:
    from PIL.Image import Image

KIND_OF_PAGE, SMALLER_COPY = 254, 1
"""The tag NewSubfileType (TIFF 6.0), and its bit of a page that shows another one in small."""


def count(source: Source, limits: Limits) -> int:
    """How many pages there are, at most one more than are allowed.

    1 where pages are smaller copies of others: that is one picture, which can be shown quickly. A
    page whose header cannot be read ends the document, as it always has.
    """
    image: Any = header_of(source, limits)
    pages = 1
    while pages <= limits.document_pages:
        try:
            image.seek(pages)
        except (EOFError, *DAMAGED_EXIF):
            break
        if image.tag_v2.get(KIND_OF_PAGE, 0) & SMALLER_COPY:
            return 1
        pages += 1
    return pages


def draw(tiff: bytes, first: int, last: int, field: str, limits: Limits) -> Iterator[Image]:
    """The pages `first` to `last`, from 1 on, as PIL RGB; each is held to the limits of a picture.

    Pillow's errors for a damaged page are raised as they are.
    """
    with spooled(tiff) as file:
        source = Source(field, file, time.monotonic() + limits.decode_seconds)
        image = header_of(source, limits)
        for number in range(first, last + 1):
            source.deadline = time.monotonic() + limits.decode_seconds
            source.allow(HEADER_BYTES["TIFF"])
            image.seek(number - 1)
            try:
                check_pixels(source, image, limits)
            except InputError as error:
                raise on_page(number, error) from None
            yield picture_of(source, image)[0]
