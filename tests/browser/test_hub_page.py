"""A model of a loopback Hub in Chromium: found, chosen, its card's examples, its download, a run.

Real processes from end to end: the page, the worker, and a starter served as acme/kitchen-mood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS, visit
from tests.loopback_hub import Hub, serve
from tests.started import ROOT, started

pytestmark = pytest.mark.browser

STARTER = ROOT / "starter" / "models" / "text-classification"
MOOD, LARGE = "acme/kitchen-mood", "acme/kitchen-large"
SAID = "The food was terrible and the waiter was rude."
LONG_MS = 4 * PATIENCE_MS
"""The worker has to import torch first."""


@dataclass
class App:
    url: str
    hub: Hub


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home = tmp_path_factory.mktemp("home")
    hub = Hub(repos={MOOD: STARTER, LARGE: STARTER}, faults={MOOD: "slow"}, block_seconds=0.1)
    hub.about[MOOD] = {
        "likes": 7, "downloads": 12_345, "tags": ["license:mit"],
        "safetensors": {"parameters": {"F32": 1_500_000}, "total": 1_500_000},
        "widgetData": [
            {"text": SAID, "example_title": "A rude waiter"},
            {"text": "<b>nice</b> soup"}, {"src": "/etc/passwd"}, {"text": 7},
        ],
    }  # fmt: skip
    hub.about[LARGE] = {"gated": "manual", "tags": ["license:apache-2.0"]}
    with serve(hub):
        environ = {
            "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "OMP_NUM_THREADS": "1",
            "PLAYGROUND_JOBS_FOLDER": str(home / "jobs"), "GRADIO_TEMP_DIR": str(home / "files"),
            "GRADIO_ANALYTICS_ENABLED": "False",
        }  # fmt: skip
        with (
            (home / "log").open("w") as log,
            started("--models", "hub", environ=environ, log=log) as up,
        ):
            yield App(up.url, hub)


def test_a_model_is_found_chosen_downloaded_and_run(app: App, chromium: Browser) -> None:
    made = visit(chromium, app.url)
    page = made.page
    made.open("Text", "Text classification")
    page.get_by_role("button", name="Model").locator("visible=true").first.click()
    words = page.get_by_label("Search the Hub").locator("visible=true")
    words.press_sequentially("kitchen")
    table = made.seen(".table")
    expect(table).to_contain_text(MOOD)
    for shown in ("1.5M", "mit", "12.3K", LARGE, "gated", "apache-2.0"):
        expect(table).to_contain_text(shown)
    assert "on disk" not in table.inner_text()

    table.get_by_text(MOOD).first.click()
    page.get_by_text("1.5M parameters: about").locator("visible=true").wait_for()
    chip = page.get_by_text("A rude waiter").locator("visible=true")
    chip.wait_for()
    page.get_by_text("<b>nice</b> soup").locator("visible=true").wait_for()
    assert page.get_by_text("passwd").count() == 0

    chip.click()
    expect(page.get_by_label("Text", exact=True).locator("visible=true")).to_have_value(SAID)
    bar = page.get_by_text(f"Downloading {MOOD}: model.safetensors, file").first
    bar.wait_for(timeout=LONG_MS)
    made.seen(".timing, .alert").wait_for(timeout=LONG_MS)
    assert MOOD in made.done()
    expect(made.seen(".display")).to_contain_text("negative")

    words.press_sequentially("-mood")
    expect(made.seen(".table")).to_contain_text("on disk")
    page.context.close()
    assert made.faults == []
