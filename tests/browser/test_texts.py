"""Several texts at once: a switch makes them of lines, and a click shows one's labels."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.outputs import Passages, TextMatrix
from pipelines.tasks import ROWS
from tests.browser.conftest import PHONE, WIDE, App, Visit

pytestmark = pytest.mark.browser

SWITCH = "Each line is a text of its own"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_lines_become_texts_and_a_click_shows_ones_labels(
    size: tuple[int, int], app: App, see: Callable[..., Visit]
) -> None:
    row = next(row for row in ROWS if any(o.kind is TextMatrix for o in row.outputs))
    made = see(size=size)
    made.open(row.modality, row.title)
    made.seen(".examples button").click()
    made.done()
    assert isinstance(app.engine.requests[-1].inputs["text"], str)
    box = made.page.get_by_label(row.inputs[0].label, exact=True).locator("visible=true")
    box.fill("one\ntwo")
    made.page.get_by_label(SWITCH).locator("visible=true").check()
    before = len(app.engine.requests)
    made.seen("button.run").click()
    made.seen("button.stop").wait_for()
    made.done()
    assert app.engine.requests[before].inputs["text"] == ("one", "two")
    made.page.locator(".result .table").get_by_text("Tea", exact=True).locator(
        "visible=true"
    ).first.click()
    made.page.get_by_text("Labels of text 3. Tea").wait_for()
    assert len(app.engine.requests) == before + 1


BROKEN = """(box) => {
  const walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT), broken = [];
  for (let node; (node = walk.nextNode()); )
    for (const word of node.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (range.getClientRects().length > 1) broken.push(word[0]);
    }
  return broken;
}"""
"""The words of a box that stand on two lines."""


def test_a_marked_text_breaks_between_its_words(see: Callable[..., Visit]) -> None:
    row = next(row for row in ROWS if any(o.kind is Passages for o in row.outputs))
    made = see(size=PHONE)
    made.open(row.modality, row.title)
    made.seen(".examples button").click()
    made.done()
    text = made.seen(".entities .textfield")
    assert len(text.inner_text().split()) > 12
    assert text.evaluate(BROKEN) == []
    assert made.seen(".entities .label").evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")
