"""The Models tab in Chromium over the real app: what is in memory is pinned, reloaded, dropped."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from pipelines.tasks import ROWS
from tests.browser.conftest import PHONE, visit
from tests.browser.test_page import SIDEWAYS
from tests.browser.test_real_answers import app
from tests.started import StartedApp

pytestmark = pytest.mark.browser

__all__ = ["app"]
ROW = next(row for row in ROWS if row.modality == "Text" and row.examples)


@pytest.mark.parametrize("dark", [False, True], ids=["wide", "phone and dark"])
def test_a_model_is_pinned_loaded_again_and_unloaded(
    app: StartedApp, chromium: Browser, dark: bool
) -> None:
    made = visit(chromium, app.url, **({"size": PHONE, "dark": True} if dark else {}))
    page = made.page
    made.open(ROW.modality, ROW.title)
    page.get_by_role("button", name=ROW.examples[0].label, exact=True).click()
    made.done()
    page.get_by_role("tab", name="Models", exact=True).click()
    line = made.seen(".table").get_by_text(ROW.starter_id, exact=True).last
    line.click()
    page.get_by_text(f"Chosen: {ROW.starter_id}").wait_for()
    page.get_by_role("button", name="Pin", exact=True).click()
    table = made.seen(".table")
    expect(table).to_contain_text("pinned")
    assert page.evaluate(SIDEWAYS) <= 0
    line.click()
    page.get_by_role("button", name="Reload", exact=True).click()
    page.get_by_text("Loaded in").wait_for()
    expect(table).to_contain_text("pinned")
    line.click()
    page.get_by_role("button", name="Unload", exact=True).click()
    page.get_by_text("No model is in memory").wait_for()
    assert not page.locator(".toast-body").count()
    assert made.faults == []
    page.context.close()
