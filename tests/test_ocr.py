"""Words of a page: read by tesseract on first use, once, and as transformers reads them."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from pipelines import media, ocr
from pipelines.errors import EngineError, InputError
from pipelines.kinds import Document
from pipelines.limits import Limits
from pipelines.uploads import Upload
from tests import made

LINES = ("Invoice 4711", "Total 89.50 EUR", "Due 24 March")

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="apt install tesseract-ocr"
)


def page_of(*lines: str) -> Image.Image:
    """Black text on white, as a scanner would see it."""
    image = Image.new("RGB", (620, 60 + 80 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((40, 30 + 80 * number), line, "black", font=ImageFont.load_default(40))
    return image


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_readings", ocr._Readings(2))
    ocr.languages.cache_clear()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The pages that a fake tesseract reads; it knows English and finds one word."""
    made_calls: list[tuple[Any, ...]] = []

    def fake(image: Image.Image, lang: str, limits: Limits, name: str) -> ocr.Reading:
        made_calls.append((image.size, lang))
        return ocr.Reading((f"word{len(made_calls)}",), ((0, 0, 1, 1),))

    monkeypatch.setattr(ocr, "_run_tesseract", fake)
    monkeypatch.setattr(ocr, "_check_languages", lambda lang: None)
    return made_calls


@needs_tesseract
def test_words_come_in_reading_order_with_boxes_in_pixels() -> None:
    page = ocr.read_page(page_of(*LINES), "eng", Limits())
    assert " ".join(page.words) == " ".join(LINES)
    for x0, y0, x1, y1 in page.boxes:
        assert 0 <= x0 < x1 <= 620
        assert 0 <= y0 < y1 <= 300
    assert page.boxes[0][0] == pytest.approx(40, abs=8)


@needs_tesseract
def test_word_boxes_are_those_of_transformers_apply_tesseract() -> None:
    import pytesseract

    image = page_of(*LINES)
    cells = pytesseract.image_to_data(image, lang="eng", output_type="dict", config="")
    golden = []
    for word, x, y, w, h in zip(
        *(cells[key] for key in ("text", "left", "top", "width", "height")), strict=True
    ):
        if word.strip():
            box = (x, y, x + w, y + h)
            width, height = image.size
            sides = (width, height, width, height)
            golden.append((word, [int(1000 * (b / s)) for b, s in zip(box, sides, strict=True)]))
    assert golden
    assert ocr.read_page(image, "eng", Limits()).word_boxes == golden


def test_normalised_boxes_follow_the_formula_of_transformers() -> None:
    reading = ocr.Reading(("a", "b"), ((0, 0, 333, 77), (29, 57, 620, 140)))
    page = ocr.Page(Image.new("RGB", (620, 140)), lambda image: reading)
    assert page.word_boxes == [("a", [0, 0, 537, 550]), ("b", [46, 407, 1000, 1000])]


def test_nothing_is_read_until_words_are_asked_for(calls: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "page"
    path.write_bytes(made.saved(page_of("unread"), "PNG"))
    pages = media.decode(Document(), Upload("x", path=path), {}, 0, Limits(), name="image").value
    assert pages.image.size == (620, 140)
    assert pages.sheet(None).reading.words == ()
    assert calls == []
    pages.read()
    assert pages.sheet(None).reading.words == ("word1",)
    assert calls == [((620, 140), "eng")]


def test_the_same_pixels_are_read_once_in_each_language(calls: list[Any]) -> None:
    for lang in ("eng", "deu", "eng", "deu"):
        page = ocr.read_page(page_of("same"), lang, Limits())
        assert page.words == page.words
    assert [lang for _, lang in calls] == ["eng", "deu"]


def test_pages_of_equal_bytes_and_other_shape_are_told_apart(calls: list[Any]) -> None:
    for size in ((40, 20), (20, 40)):
        _ = ocr.read_page(Image.new("RGB", size), "eng", Limits()).words
    assert len(calls) == 2


def test_only_the_last_pages_are_remembered(calls: list[Any]) -> None:
    for width in (10, 20, 30, 10):
        _ = ocr.read_page(Image.new("RGB", (width, 10)), "eng", Limits()).words
    assert len(calls) == 4


def test_two_who_ask_at_once_share_one_reading() -> None:
    readings, started, release = ocr._Readings(2), threading.Event(), threading.Event()
    reads: list[int] = []

    def read() -> ocr.Reading:
        reads.append(1)
        started.set()
        assert release.wait(5)
        return ocr.Reading(("word",), ((0, 0, 1, 1),))

    found: list[ocr.Reading] = []
    threads = [
        threading.Thread(target=lambda: found.append(readings.get("page", read))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert started.wait(5)
    release.set()
    for thread in threads:
        thread.join(5)
    assert len(found) == 8
    assert reads == [1]


def test_a_failed_reading_is_tried_again() -> None:
    readings, outcomes = ocr._Readings(2), iter([InputError("image", "no"), None])

    def read() -> ocr.Reading:
        outcome = next(outcomes)
        if outcome:
            raise outcome
        return ocr.Reading((), ())

    with pytest.raises(InputError):
        readings.get("page", read)
    assert readings.get("page", read).words == ()


@needs_tesseract
def test_a_page_without_words_has_none() -> None:
    assert ocr.read_page(Image.new("RGB", (200, 200), "white"), "eng", Limits()).word_boxes == []


@needs_tesseract
def test_languages_are_those_installed_and_only_languages() -> None:
    assert "eng" in ocr.languages()
    assert "osd" not in ocr.languages()


@needs_tesseract
@pytest.mark.parametrize("lang", ["chi_sim", "eng+chi_sim"])
def test_a_missing_language_says_how_to_install_it(lang: str) -> None:
    page = ocr.read_page(page_of("word"), lang, Limits())
    with pytest.raises(InputError, match="apt install tesseract-ocr-chi-sim") as caught:
        _ = page.words
    assert caught.value.field == "lang"


@needs_tesseract
@pytest.mark.parametrize(
    "lang", ["../../etc/passwd", "--psm", "eng;ls", "", "eng+" * 9, "ENG", "é"]
)
def test_a_language_is_a_code_and_nothing_else(lang: str) -> None:
    with pytest.raises(InputError, match="lang: must be one of"):
        _ = ocr.read_page(page_of("word"), lang, Limits()).words


def test_without_tesseract_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pytesseract

    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", "no-such-tesseract")
    page = ocr.read_page(page_of("word"), "eng", Limits())
    with pytest.raises(EngineError, match=r"apt install tesseract-ocr$"):
        _ = page.words
    assert page.image.size == (620, 140)


@needs_tesseract
def test_reading_stops_at_its_time_limit() -> None:
    page = ocr.read_page(page_of(*LINES * 3), "eng", Limits(ocr_seconds=0.01))
    with pytest.raises(InputError, match=r"takes longer than 0\.01 s to read"):
        _ = page.words


@needs_tesseract
def test_a_picture_that_is_too_long_for_tesseract_is_refused_with_its_size() -> None:
    page = ocr.read_page(Image.new("RGB", (32_768, 400)), "eng", Limits())
    with pytest.raises(InputError, match=r"^image: is 32768 x 400 pixels; tesseract .* Crop it\.$"):
        _ = page.words
