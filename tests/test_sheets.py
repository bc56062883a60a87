"""Sheets: a document that is asked again is neither drawn nor read again, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from pipelines import ocr, pages
from pipelines.errors import InputError
from pipelines.limits import Limits
from pipelines.ocr import Page, Reading
from pipelines.pages import Pages
from pipelines.sheets import WORD_BYTES, KeptSheets, Sheet
from tests.test_pages import decoded, tiff


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> KeptSheets:
    """Nothing that another test has left."""
    fresh = KeptSheets()
    monkeypatch.setattr(pages, "kept_sheets", fresh)
    monkeypatch.setattr(ocr, "_readings", ocr._Readings(9))
    return fresh


def fake(image: Image.Image, lang: str, limits: Limits, name: str) -> Reading:
    return Reading((f"{lang} {image.size[0]}",), ((0, 0, 5, 5),))


def words(found: Pages) -> list[str]:
    found.read()
    return [sheet.reading.words[0] for sheet in found.sheets()]


def test_the_same_document_is_drawn_for_the_first_question_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "_run_tesseract", fake)
    monkeypatch.setattr(ocr, "languages", lambda: ("eng", "osd"))
    path = tiff(tmp_path, [Image.new("RGB", (n, 40)) for n in (30, 40)])
    first, second = decoded(path), decoded(path)
    assert words(first) == ["eng 30", "eng 40"]
    second.draw = lambda: pytest.fail("drawn again")  # type: ignore[method-assign]
    assert words(second) == words(first)
    assert list(second.sheets()) == list(first.sheets())


def test_other_bytes_or_another_language_are_read_anew(tmp_path: Path) -> None:
    path = tiff(tmp_path, [Image.new("RGB", (n, 40)) for n in (30, 40)])
    keys = {decoded(path).key, decoded(path, lang="deu").key}
    path.write_bytes(path.read_bytes() + b"\0")
    assert len(keys | {decoded(path).key}) == 3
    assert decoded(path).key == decoded(path).key


def test_nothing_is_kept_of_a_document_with_a_page_that_cannot_be_read(kept: KeptSheets) -> None:
    def read(image: Image.Image) -> Reading:
        raise InputError("image", "could not be read.")

    def draw() -> Iterator[Page]:
        yield Page(Image.new("RGB", (4, 4)), lambda image: Reading((), ()))
        yield Page(Image.new("RGB", (4, 4)), read)

    with pytest.raises(InputError):
        Pages(draw, (1, 2), 2, key="document").read()
    assert not kept.get("document")


def test_the_documents_used_last_stay_within_the_room() -> None:
    page = Sheet(b"x" * 100, (9, 9), Reading(("word",), ((0, 0, 1, 1),)))
    assert page.weight == 100 + WORD_BYTES
    kept = KeptSheets(5 * page.weight)
    for name in ("a", "b"):
        kept.keep(name, {0: page, 1: page})
    kept.get("a")
    kept.keep("c", {0: page, 1: page})
    assert [bool(kept.get(name)) for name in "abc"] == [True, False, True]
    kept.keep("large", dict.fromkeys(range(6), page))
    assert [bool(kept.get(name)) for name in ("a", "c", "large")] == [True, True, False]
