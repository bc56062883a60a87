"""Answers on pages: a click on one turns to its page, the switch leafs, and nothing runs again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.outputs import Answers
from tests.browser.conftest import PHONE, WIDE, App, Visit
from tests.browser.test_pictures import INK, drawn

pytestmark = pytest.mark.browser

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DARK = 100
"""The second page of the fake answer is white on black."""


def brightness(made: Visit) -> float:
    pixels = made.seen(".result .page img").evaluate(INK).split(",")
    return sum(map(int, pixels[::4])) / len(pixels[::4])


def legend(made: Visit) -> list[str]:
    return made.page.locator(".result .page .legend-item >> visible=true").all_inner_texts()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_click_on_an_answer_turns_to_its_page(
    size: tuple[int, int], app: App, see: Callable[..., Visit]
) -> None:
    made = drawn(Answers, see, size)
    before = len(app.engine.requests)
    made.page.get_by_text("Page 3 of 12", exact=True).wait_for()
    assert legend(made) == ["1. 42.00 EUR", "3. 2041"]
    assert brightness(made) > DARK
    made.page.locator(".result .table").get_by_text("12.00", exact=True).locator(
        "visible=true"
    ).last.click()
    made.page.get_by_text("Page 11 of 12", exact=True).wait_for()
    made.page.wait_for_timeout(300)
    assert legend(made) == ["2. 12.00"]
    assert brightness(made) < DARK
    made.page.get_by_role("radio", name="Page 3", exact=True).locator("visible=true").click()
    made.page.get_by_text("Page 3 of 12", exact=True).wait_for()
    made.page.wait_for_timeout(300)
    assert legend(made) == ["1. 42.00 EUR", "3. 2041"]
    assert brightness(made) > DARK
    assert made.page.evaluate(SIDEWAYS) == 0
    assert len(app.engine.requests) == before
