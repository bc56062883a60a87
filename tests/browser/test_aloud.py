"""What a screen reader finds: a name on everything, and what is read when something happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pipelines.engine.request import Failed
from tests.browser.conftest import App, Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMED = {
    "button", "checkbox", "combobox", "dialog", "grid", "group", "image", "link", "listbox",
    "menuitem", "meter", "option", "progressbar", "radio", "radiogroup", "region", "searchbox",
    "slider", "spinbutton", "switch", "tab", "table", "textbox",
}  # fmt: skip
"""Roles that are of no use without a name; `image` is every drawing that is not hidden."""
TABS = [
    ("Text", "Named entities"), ("Audio", "Audio classification"), ("Vision", "Object detection"),
    ("Multimodal", "Document questions"),
]  # fmt: skip
FOLDED = ".label-wrap:not(.open) >> visible=true"
LIVE = 'body > [role="status"]'


def nameless(page: Page) -> list[str]:
    """What has a role and no name, by the beginning of its HTML."""
    with_tools = page.context.new_cdp_session(page)
    with_tools.send("Accessibility.enable")
    tree = with_tools.send("Accessibility.getFullAXTree")["nodes"]
    return [_html(with_tools, node) for node in tree if not node["ignored"] and _lacks_name(node)]


def _lacks_name(node: dict[str, Any]) -> bool:
    said = str(node.get("name", {}).get("value", "")).strip()
    return node["role"]["value"] in NAMED and not said


def _html(with_tools: Any, node: dict[str, Any]) -> str:
    told = with_tools.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})["node"]
    return f"{node['role']['value']}: {told['nodeName']} {told.get('attributes')}"


@pytest.fixture(params=TABS, ids=[title for _, title in TABS])
def answered(request: pytest.FixtureRequest, see: Callable[..., Visit]) -> Visit:
    """A tab with its first example answered, everything unfolded."""
    visit = see()
    visit.open(*request.param)
    while visit.page.locator(FOLDED).count():
        visit.page.locator(FOLDED).first.click()
    visit.seen(".examples button").click()
    visit.done()
    return visit


def test_everything_on_a_tab_has_a_name(answered: Visit) -> None:
    expect(answered.page.locator(LIVE)).to_have_text("The result is ready.")
    assert nameless(answered.page) == []
    fold = answered.page.get_by_role("button", name="JSON", exact=True).locator("visible=true").last
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.click()
    expect(fold).to_have_attribute("aria-expanded", "true")


def test_everything_about_the_models_has_a_name(see: Callable[..., Visit]) -> None:
    visit = see()
    visit.page.get_by_role("tab", name="Models", exact=True).click()
    visit.seen(".gauges meter, .hint").wait_for()
    assert nameless(visit.page) == []


def test_progress_and_end_are_read_and_an_error_is_an_alert(
    see: Callable[..., Visit], app: App
) -> None:
    visit = see()
    visit.open("Text", "Text classification")
    live = visit.page.locator(LIVE)
    expect(live).to_have_text("")
    visit.seen(".examples button").click()
    visit.done()
    expect(live).to_have_text("The result is ready.")
    app.engine.fail = lambda request: Failed("The model refused this: no.")
    visit.seen("textarea").fill("Again.")
    visit.seen("button.run").click()
    expect(visit.page.get_by_role("alert")).to_have_text("The model refused this: no.")
    expect(live).to_have_text("")
