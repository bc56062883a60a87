"""Who has no pointer, and who has a small window: stops, arrows, the focus and the result."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from pipelines.outputs import Reply
from pipelines.tasks import ROWS, task
from tests.browser.conftest import PHONE, Visit

pytestmark = pytest.mark.browser

CHATS = next(row for row in ROWS if any(o.kind is Reply for o in row.outputs))
LONG = task("decision")
"""Its example fills a form in, which pushes the result down."""
TARGET = 24
SMALL = """(least) => [...document.querySelectorAll(
  ".task :is(button, [type=range], [type=number], [role=tab])")]
  .filter((e) => e.offsetParent && e.getBoundingClientRect().height < least)
  .map((e) => e.outerHTML.slice(0, 120))"""


def focused(page: Page) -> Locator:
    return page.locator(":focus")


def test_tabs_and_options_are_one_stop_each_with_arrows_inside(see: Callable[..., Visit]) -> None:
    page = see().page
    first, other = (page.get_by_role("tab", name=name, exact=True) for name in ("Text", "Audio"))
    expect(other).to_have_attribute("tabindex", "-1")
    first.focus()
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text(ROWS[0].title)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowLeft")
    expect(focused(page)).to_have_text("Models")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(other).to_have_attribute("aria-selected", "true")
    expect(other).to_have_attribute("tabindex", "0")
    expect(first).to_have_attribute("tabindex", "-1")


def test_arrows_choose_among_the_options_of_a_switch(see: Callable[..., Visit]) -> None:
    page = see().page
    chat, plain = (page.get_by_role("radio", name=name) for name in ("Chat", "Plain"))
    chat.focus()
    page.keyboard.press("ArrowRight")
    expect(plain).to_be_focused()
    expect(plain).to_be_checked()
    expect(chat).not_to_be_checked()


def test_the_focus_comes_back_to_run(see: Callable[..., Visit]) -> None:
    made = see()
    made.page.get_by_label(CHATS.inputs[0].label, exact=True).fill("Hello")
    made.seen("button.run").focus()
    made.page.keyboard.press("Enter")
    made.seen("button.stop").focus()
    made.page.keyboard.press("Enter")
    made.done()
    expect(made.seen("button.run")).to_be_focused()


def test_a_slider_shows_the_focus(see: Callable[..., Visit]) -> None:
    page = see().page
    page.locator("input[type=number] >> visible=true").first.focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(focused(page)).to_have_attribute("type", "range")
    expect(focused(page)).to_have_css("outline-style", "solid")


@pytest.mark.parametrize("button", [".examples button", "button.run"], ids=["example", "run"])
def test_a_result_below_the_window_comes_into_it(button: str, see: Callable[..., Visit]) -> None:
    made = see(size=PHONE)
    made.open(LONG.modality, LONG.title)
    made.seen(".examples button").click()
    made.done()
    if button == "button.run":
        made.seen(button).click()
        made.done()
    made.page.wait_for_function(
        "() => [...document.querySelectorAll('.display')].some((e) => e.offsetParent && "
        "e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().top < innerHeight / 2)"
    )


def test_what_a_finger_is_to_meet_is_large_enough(see: Callable[..., Visit]) -> None:
    made = see(size=PHONE)
    for id in ("automatic-speech-recognition", "image-segmentation"):
        row = task(id)
        made.open(row.modality, row.title)
        made.seen(".examples button").click()
        made.done()
        assert made.page.evaluate(SMALL, TARGET) == []


def test_the_chosen_option_stands_out_in_the_dark(see: Callable[..., Visit]) -> None:
    page = see(dark=True).page
    shades = page.locator(".switch label >> visible=true").evaluate_all(
        "labels => labels.slice(0, 2).map((e) => [e.classList.contains('selected'), "
        "getComputedStyle(e).backgroundColor])"
    )
    (chosen, shade), (other, empty) = shades
    assert [chosen, other] == [True, False]
    assert empty == "rgba(0, 0, 0, 0)"
    assert min(map(int, re.findall(r"\d+", shade)[:3])) > 64, shade
