"""A closed model on the real page: refused, opened by the visitor's own token, for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pipelines.loading import STARTERS
from tests.browser.conftest import PHONE, WIDE, Visit, visit
from tests.loopback_hub import Hub, serve
from tests.started import started

pytestmark = pytest.mark.browser

CLOSED, TOKEN = "acme/closed", "hf_MineMineMine42"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """One model, which only the token may read."""
    closed = {CLOSED: ("private", frozenset({TOKEN}))}
    with serve(
        Hub({CLOSED: STARTERS / "text-classification"}, closed=closed, tokens={TOKEN})
    ) as up:
        yield up


@pytest.fixture(scope="module")
def app(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address of the app, and the folder in which it writes everything, its log too."""
    home = tmp_path_factory.mktemp("home")
    told = {
        "HF_ENDPOINT": hub.url, "HF_HOME": str(home), "GRADIO_TEMP_DIR": str(home / "up"),
        "HF_TOKEN": "",
    }  # fmt: skip
    with (
        (home / "log.txt").open("w") as log,
        started("--jobs-folder", str(home), environ=told, log=log) as up,
    ):
        yield up.url, home


def ask(made: Visit) -> None:
    """Ask the closed model."""
    made.open("Text", "Text classification")
    made.seen("textarea").fill("I love it")
    made.page.get_by_role("button", name="Model").locator("visible=true").first.click()
    box = made.page.get_by_label("Model", exact=True).locator("visible=true").first
    box.fill(CLOSED)
    box.press("Enter")
    made.seen("button.run").click()


def give(made: Visit, token: str) -> None:
    made.page.get_by_label("Token", exact=True).locator("visible=true").fill(token)
    made.page.get_by_role("button", name="Use it").locator("visible=true").click()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_token_opens_a_closed_model_for_its_visitor_alone(
    chromium: Browser, app: tuple[str, Path], size: tuple[int, int]
) -> None:
    url, home = app
    mine, another = visit(chromium, url, size), visit(chromium, url, size)
    ask(mine)
    assert "or is private" in mine.alert()
    folded = mine.page.get_by_role("button", name="Your Hugging Face token")
    folded.locator("visible=true").click()
    give(mine, "sesame")
    said = mine.page.get_by_text("This is no access token of the Hub")
    expect(said).to_be_visible()
    give(mine, TOKEN)
    expect(mine.page.get_by_text("Your token is used for what you run here")).to_be_visible()
    expect(mine.page.get_by_label("Token", exact=True).locator("visible=true")).to_have_value("")
    mine.seen("button.run").click()
    mine.seen(".timing").wait_for()  # the sentence of the first run is there until then
    assert f"{CLOSED}@" in mine.done()
    ask(another)
    assert "or is private" in another.alert()
    stored = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    assert TOKEN not in mine.page.evaluate(stored)
    assert mine.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for made in (mine, another):
        made.page.context.close()
        assert made.faults == []
    written = [file for file in home.rglob("*") if file.is_file()]
    assert any(file.name == "model.safetensors" for file in written)
    assert not [file for file in written if TOKEN.encode() in file.read_bytes()]
