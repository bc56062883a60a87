"""Pages of a document: drawn one by one, and read several at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines import documents, media, ocr
from pipelines.errors import Cancelled, InputError
from pipelines.kinds import Document
from pipelines.limits import Limits
from pipelines.ocr import Page, Reading
from pipelines.pages import Asked, Pages
from pipelines.pdf import Drawing, draw_pages
from pipelines.uploads import Upload
from tests import made

COLOURS = ("red", "lime", "blue")
INK = {(255, 0, 0): "red", (0, 255, 0): "lime", (0, 0, 255): "blue"}


def colour_of(image: Image.Image) -> str:
    return INK[image.getpixel((5, 5))]  # type: ignore[index]


def word(image: Image.Image) -> Reading:
    """One word over the upper left quarter: the page's colour."""
    return Reading((colour_of(image),), ((0, 0, image.width // 2, image.height // 2),))


def three(drawn: list[str] | None = None) -> Pages:
    def draw() -> Iterator[Page]:
        for colour in COLOURS:
            if drawn is not None:
                drawn.append(colour)
            yield Page(Image.new("RGB", (40, 20), colour), word)

    return Pages(draw, (1, 2, 3), 3)


@pytest.fixture
def coloured(tmp_path: Path) -> Path:
    """A PDF of a red, a green and a blue page."""
    path = tmp_path / "coloured.pdf"
    path.write_bytes(made.pdf_of([Image.new("RGB", (90, 45), colour) for colour in COLOURS]))
    return path


@pytest.fixture
def scanned(tmp_path: Path) -> Path:
    """A TIFF of the same pages."""
    return tiff(tmp_path, [Image.new("RGB", (90, 45), colour) for colour in COLOURS])


def tiff(folder: Path, pages: list[Image.Image], **more: Any) -> Path:
    path = folder / "scanned.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:], **more)
    return path


def decoded(path: Path, limits: Limits | None = None, **params: Any) -> Pages:
    found = media.decode(
        Document(), Upload("x", path=path), params, 0, limits or Limits(), name="image"
    ).value
    assert isinstance(found, Pages)
    return found


# --- Drawing


def test_all_pages_of_a_pdf_are_drawn_in_order(coloured: Path) -> None:
    pages = decoded(coloured)
    assert (pages.numbers, pages.total, len(pages)) == ((1, 2, 3), 3, 3)
    found = list(pages.pictures())
    assert [image.getpixel((5, 5))[argmax] > 200 for argmax, (image, _) in enumerate(found)]
    assert [sheet.size for _, sheet in found] == [(250, 125)] * 3


def test_the_pages_outlive_the_file_and_are_drawn_again(coloured: Path) -> None:
    pages = decoded(coloured)
    coloured.unlink()
    first, again = ([i.tobytes() for i, _ in pages.pictures()] for _ in range(2))
    assert first == again
    assert len(set(first)) == 3


def test_one_page_of_several_keeps_its_number(coloured: Path) -> None:
    pages = decoded(coloured, page=3)
    assert (pages.numbers, pages.total, len(pages)) == ((3,), 3, 1)
    assert pages.image.getpixel((5, 5))[2] > 200  # type: ignore[index]
    assert pages.sheet(3).size == (250, 125)


def test_a_pdf_of_more_pages_than_are_read_at_once_asks_for_one(coloured: Path) -> None:
    limits = Limits(pages_at_once=2)
    with pytest.raises(InputError) as refused:
        decoded(coloured, limits)
    assert str(refused.value) == (
        "page: is empty, and the document has 3 pages; at most 2 are read at once. Choose a page."
    )
    assert decoded(coloured, limits, page=2).numbers == (2,)


def test_a_page_that_cannot_be_drawn_is_named(
    coloured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = decoded(coloured)
    with coloured.open("rb") as file:
        (good, *_) = draw_pages(file, 1, 3, 10, 10**6, 10)
    drawings = [good, Drawing(3, refused="damaged")]
    monkeypatch.setattr(documents, "draw_pages", lambda *args: iter(drawings))
    with pytest.raises(InputError, match="image: has a damaged page, number 2; choose another"):
        list(pages.pictures())


def test_a_document_that_takes_too_long_to_read_is_stopped(coloured: Path) -> None:
    pages = decoded(coloured, Limits(run_seconds=0))
    with pytest.raises(InputError, match="takes longer than 0 s to read; choose one page"):
        list(pages.pictures())


def test_r4_a_page_among_others_that_draws_too_long_is_the_end(tmp_path: Path) -> None:
    """The time counts for each page, not for the whole document."""
    path = tmp_path / "laughs.pdf"
    path.write_bytes(made.pdf_of_laughs())
    with path.open("rb") as file:
        assert [d.refused for d in draw_pages(file, 1, 0, 10, 10**6, 0.5)] == ["damaged"]


# --- TIFF


def test_all_pages_of_a_tiff_are_drawn_in_order_and_again(scanned: Path) -> None:
    pages = decoded(scanned)
    assert (pages.numbers, pages.total) == ((1, 2, 3), 3)
    scanned.unlink()
    for _ in range(2):
        assert [colour_of(image) for image, _ in pages.pictures()] == list(COLOURS)


def test_one_page_of_a_tiff_is_drawn_alone(scanned: Path) -> None:
    pages = decoded(scanned, page=2)
    assert (pages.numbers, pages.total, colour_of(pages.image)) == ((2,), 3, "lime")
    with pytest.raises(InputError, match="page: is 4; the document has 3 pages"):
        decoded(scanned, page=4)
    with pytest.raises(InputError, match="the document has 3 pages; at most 2 are read at once"):
        decoded(scanned, Limits(pages_at_once=2))
    with pytest.raises(InputError, match="image: has more than 2 pages; at most 2 are allowed"):
        decoded(scanned, Limits(document_pages=2))


@pytest.mark.parametrize("compression", [None, "group4", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_fax_of_black_and_white_pages_is_drawn_upright(
    tmp_path: Path, compression: str | None
) -> None:
    """Orientation 6: the scanner was held on its side."""
    pages = [Image.new("1", (40, 20), shade) for shade in (0, 1)]
    path = tiff(tmp_path, pages, compression=compression, tiffinfo={274: 6})
    found = [image for image, _ in decoded(path).pictures()]
    assert [(image.mode, image.size) for image in found] == [("RGB", (20, 40))] * 2
    assert [image.getpixel((9, 9)) for image in found] == [(0, 0, 0), (255, 255, 255)]


def test_a_tiff_of_one_page_or_with_smaller_copies_of_it_is_a_picture(tmp_path: Path) -> None:
    big, small = Image.new("RGB", (90, 45), "red"), Image.new("RGB", (9, 4), "red")
    assert decoded(tiff(tmp_path, [big])).numbers == ()
    small.encoderinfo = {"tiffinfo": {254: 1}}  # type: ignore[attr-defined]
    pages = decoded(tiff(tmp_path, [big, small]))
    assert (pages.numbers, pages.image.size) == ((), (90, 45))


def test_r4_a_later_page_of_a_tiff_is_held_to_the_limits_of_a_picture(tmp_path: Path) -> None:
    path = tiff(tmp_path, [Image.new("L", (9, 9)), Image.new("L", (2_000, 1_000))])
    pages = decoded(path, Limits(image_pixels=10**6))
    with pytest.raises(InputError, match=r"^image: has page 2, which has 2\.0 megapixels; at"):
        list(pages.pictures())
    with pytest.raises(InputError, match=r"^image: has page 2, which has 2\.0"):
        decoded(path, Limits(image_pixels=10**6), page=2)


def test_a_damaged_page_of_a_tiff_is_named(tmp_path: Path) -> None:
    noise = [Image.effect_noise((200, 100), 90) for _ in range(3)]
    path = tiff(tmp_path, noise, compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    with Image.open(path) as image:
        image.seek(1)
        (start,) = image.tag_v2[273][:1]  # type: ignore[attr-defined]
    content[start : start + 2_000] = bytes(2_000)
    path.write_bytes(content)
    with pytest.raises(InputError, match="image: has a damaged page, number 2; choose another"):
        list(decoded(path).pictures())


# --- Reading


def test_every_page_is_read_once_and_stays_without_its_picture() -> None:
    drawn: list[str] = []
    pages = three(drawn)
    pages.read()
    assert [sheet.reading.words for sheet in pages.sheets()] == [("red",), ("lime",), ("blue",)]
    assert pages.sheet(3).word_boxes == [("blue", [0, 0, 500, 500])]
    assert drawn == list(COLOURS)


def test_few_pictures_are_in_memory_while_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page is not drawn before one of those under way has been read."""
    free, most = threading.Semaphore(0), []
    drawn: list[int] = []

    def slow(image: Image.Image) -> Reading:
        assert free.acquire(timeout=10)
        most.append(len(drawn))
        return Reading((), ())

    def draw() -> Iterator[Page]:
        for number in range(20):
            drawn.append(number)
            free.release()
            yield Page(Image.new("RGB", (4, 4)), slow)

    Pages(draw, tuple(range(1, 21)), 20).read()
    assert len(most) == 20
    assert all(count - done <= 2 * ocr.AT_ONCE + 1 for done, count in enumerate(sorted(most)))


@pytest.mark.parametrize("way", ["read", "pictures", "sheets"])
def test_a_run_that_is_stopped_ends_between_two_pages(way: str) -> None:
    pages, heard = three(), list[tuple[int, int, str]]()
    if way == "sheets":
        pages.read()

    def told(done: int, total: int, note: str) -> None:
        heard.append((done, total, note))
        if done == 2:
            raise Cancelled

    pages.told = told
    with pytest.raises(Cancelled):
        list(getattr(pages, way)() or ())
    note = "Reading page" if way == "read" else "Asking page"
    assert heard == [(1, 3, note), (2, 3, note)]


def test_a_page_that_cannot_be_read_ends_the_reading() -> None:
    def broken(image: Image.Image) -> Reading:
        raise InputError("image", "could not be read by tesseract; give a clearer picture.")

    pages = Pages(lambda: (Page(Image.new("RGB", (4, 4)), broken),) * 9, tuple(range(1, 10)), 9)
    with pytest.raises(InputError, match="could not be read"):
        pages.read()


def test_a_page_of_several_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tiff(tmp_path, [Image.new("L", (40, 40)), Image.new("L", (32_768, 400))])
    long = r"32768 x 400 pixels; tesseract reads at most 32,767 on a side"
    with pytest.raises(InputError, match=f"^image: has page 2, which is {long}"):
        decoded(path).read()
    with pytest.raises(InputError, match=f"^image: is {long}"):
        decoded(path, page=2).read()


# --- Asking


@pytest.mark.parametrize(("words", "pixels"), [(True, False), (True, True), (False, True)])
def test_a_model_is_given_what_it_looks_at_of_each_page(words: bool, pixels: bool) -> None:
    pages = three()
    if words:
        pages.read()
    calls = list(Asked(pages, "what?", words=words, pixels=pixels))
    assert [call["question"] for call in calls] == ["what?"] * 3
    given = {"question", *(["image"] if pixels else []), *(["word_boxes"] if words else [])}
    assert all(set(call) == given for call in calls)
    if words:
        assert [call["word_boxes"][0][0] for call in calls] == list(COLOURS)
    if pixels:
        assert [colour_of(call["image"]) for call in calls] == list(COLOURS)


def test_the_next_page_is_not_drawn_before_it_is_asked_for() -> None:
    drawn: list[str] = []
    calls = iter(Asked(three(drawn), "what?", words=False, pixels=True))
    next(calls)
    assert drawn == ["red"]
