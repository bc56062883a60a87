"""Kept results of pictures answer clicks without a new run: the matrix and the patches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from pipelines.outputs import Matrix, OutputKind, Patches
from pipelines.tasks import ROWS
from tests.browser.conftest import PHONE, WIDE, App, Visit

pytestmark = pytest.mark.browser

OUTSIDE = """() => [...document.querySelectorAll('.result .thumbnails .thumbnail-item')]
  .filter((e) => e.offsetParent)
  .map((e) => e.getBoundingClientRect().right
    - e.closest('.thumbnails').getBoundingClientRect().right)"""
"""Pixels by which each thumbnail goes beyond its gallery."""
INK = "(image) => { const c = document.createElement('canvas'); c.width = c.height = 8;" \
      "const pen = c.getContext('2d'); pen.drawImage(image, 0, 0, 8, 8);" \
      "return [...pen.getImageData(0, 0, 8, 8).data].join(); }"  # fmt: skip


def drawn(kind: type[OutputKind], see: Callable[..., Visit], size: tuple[int, int]) -> Visit:
    """The first example of the first task with this kind of output, run."""
    row = next(row for row in ROWS if any(o.kind is kind for o in row.outputs))
    made = see(size=size)
    made.open(row.modality, row.title)
    made.seen(".examples button").click()
    made.done()
    return made


def captions(made: Visit) -> Locator:
    return made.page.locator(".result .thumbnails .caption-label >> visible=true")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_label_orders_the_pictures_and_a_click_shows_ones_labels(
    size: tuple[int, int], app: App, see: Callable[..., Visit]
) -> None:
    made = drawn(Matrix, see, size)
    before = len(app.engine.requests)
    assert captions(made).first.inner_text() == "1. red 70%"
    outside = made.page.evaluate(OUTSIDE)
    assert len(outside) == 3
    assert max(outside) <= 0
    made.page.get_by_label("Order of the pictures").locator("visible=true").click()
    made.page.get_by_role("option", name="blue", exact=True).click()
    made.page.get_by_text("Labels of picture 2").wait_for()
    assert captions(made).first.inner_text() == "2. blue 90%"
    captions(made).nth(1).click()
    made.page.get_by_text("Labels of picture 3").wait_for()
    assert len(app.engine.requests) == before


def test_a_click_on_a_patch_colours_those_like_it(app: App, see: Callable[..., Visit]) -> None:
    made = drawn(Patches, see, WIDE)
    before = len(app.engine.requests)
    picture = made.page.locator(".result .pickable img >> visible=true").first
    made.page.get_by_text("compared with the mean of all").wait_for()
    ink = picture.evaluate(INK)
    picture.click(position={"x": 40, "y": 40})
    made.page.get_by_text("compared with row 1, column 1").wait_for()
    made.page.wait_for_timeout(300)
    assert picture.evaluate(INK) != ink
    assert len(app.engine.requests) == before
