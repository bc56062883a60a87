"""Documents: pictures, and pages of a PDF as they are drawn."""

from __future__ import annotations

import time

import pytest
from PIL import Image

from pipelines import media
from pipelines.kinds import Document
from pipelines.limits import Limits
from tests import made
from tests.door import Take, refusal


def _coloured(*colours: str) -> list[Image.Image]:
    return [Image.new("RGB", (90, 45), colour) for colour in colours]


def _corner(decoded: media.Decoded) -> tuple[int, ...]:
    return tuple(decoded.value.image.getpixel((20, 20)))


def test_a_document_may_be_a_picture(take: Take) -> None:
    decoded = take(Document(), made.saved(_coloured("red")[0], "PNG"))
    assert _corner(decoded) == (255, 0, 0)
    assert decoded.notes == ()


def test_a_pdf_page_is_drawn_at_200_dpi_with_a_note(take: Take) -> None:
    content = made.pdf_of(_coloured("white", "black", "red"))
    first, second = (take(Document(), content, {"page": page}) for page in (1, 2))
    assert first.value.image.mode == "RGB"
    assert first.value.image.size == (250, 125)
    assert (_corner(first), _corner(second)) == ((255, 255, 255), (0, 0, 0))
    assert (first.notes, second.notes) == (("Page 1 of 3.",), ("Page 2 of 3.",))


@pytest.mark.parametrize("page", [-1, 4, 10**9])
def test_a_page_that_is_not_there_is_refused_on_its_own_field(take: Take, page: int) -> None:
    content = made.pdf_of(_coloured("white", "black", "red"))
    assert refusal(take, Document(), content, {"page": page}) == (
        f"page: is {page}; the document has 3 pages."
    )
    picture = made.saved(_coloured("red")[0], "PNG")
    assert refusal(take, Document(), picture, {"page": 4}) == "page: is 4; the document has 1 page."


def test_a_locked_pdf_is_refused_with_a_sentence(take: Take) -> None:
    assert "locked with a password" in refusal(take, Document(), made.pdf_locked())


def test_a_pdf_with_too_many_pages_is_refused(take: Take) -> None:
    content = made.pdf_of(_coloured("white", "black", "red"))
    words = refusal(take, Document(), content, limits=Limits(document_pages=2))
    assert "has 3 pages; at most 2" in words


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"(" * 10**6])
def test_a_damaged_pdf_is_refused_with_a_sentence(take: Take, content: bytes) -> None:
    assert "is not a readable PDF file" in refusal(take, Document(), content)


def test_r4_a_huge_page_is_drawn_within_the_limit_of_pixels(take: Take) -> None:
    content = made.pdf([made.CATALOG, made.PAGES, made.BLANK % (14_400, 7_200)])
    width, height = take(Document(), content, limits=Limits(image_pixels=10**6)).value.image.size
    assert 900_000 < width * height <= 1_010_000


def test_r4_a_page_that_draws_itself_ten_to_the_twelfth_times_is_stopped(take: Take) -> None:
    start = time.perf_counter()
    limits = Limits(decode_seconds=0.5)
    assert "too long to decode" in refusal(take, Document(), made.pdf_of_laughs(), limits=limits)
    assert time.perf_counter() - start < 3


def test_scripts_and_xfa_of_a_pdf_are_never_run(take: Take) -> None:
    catalog = (
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /XFA (<xdp/>) /Fields [] >>"
        b" /OpenAction << /S /JavaScript /JS (while \\(true\\) {}) >> >>"
    )
    decoded = take(Document(), made.pdf([catalog, made.PAGES, made.BLANK % (90, 45)]))
    assert _corner(decoded) == (255, 255, 255)
