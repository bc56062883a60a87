"""The page in Chromium with a fake engine: layout, keys, errors, Stop, phone and dark."""

from __future__ import annotations

import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.errors import ModelError
from pipelines.kinds import Chat, Image, Images, Labels
from pipelines.outputs import Reply, Transcript
from pipelines.spec import TaskSpec
from pipelines.tasks import ROWS
from tests.browser.conftest import PHONE, WIDE, App, Visit

pytestmark = pytest.mark.browser

CHATS = next(row for row in ROWS if any(o.kind is Reply for o in row.outputs))
LABELLED = next(row for row in ROWS if any(type(p.kind) is Labels for p in row.params))
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTRAST = """(selector) => {
  const light = (c) => c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const e = [...document.querySelectorAll(selector)].find((e) => e.offsetParent);
  let behind = e;
  while (/rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor))
    behind = behind.parentElement;
  const pair = [getComputedStyle(e).color, getComputedStyle(behind).backgroundColor]
    .map(light).sort((a, b) => b - a);
  return (pair[0] + 0.05) / (pair[1] + 0.05);
}"""
AA = 4.5
WATCH_STATUSES = """async () => {
  const linked = [...document.querySelectorAll("link[href]")].map((link) => link.href);
  const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  const name = [...linked, ...loaded].find((name) => /statustracker-[^/]*[.]js$/.test(name));
  const parts = Object.values(await import(name));
  const list = parts.find((part) => part?.prototype?.resolve_args).prototype;
  const update = list.update;
  list.update = function (status) {
    window.statuses = this;
    return update.call(this, status);
  };
}"""
every_row = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


def start(visit: Visit, text: str = "Hello") -> None:
    """A long answer of the chat, under way."""
    visit.open(CHATS.modality, CHATS.title)
    visit.page.get_by_label(CHATS.inputs[0].label, exact=True).fill(text)
    visit.page.keyboard.press("Control+Enter")
    visit.seen("button.stop").wait_for()
    visit.page.get_by_text("The baker of the village").first.wait_for()


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@every_row
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_panel_opens_and_fits_the_window(
    row: TaskSpec, size: tuple[int, int], see: Callable[..., Visit]
) -> None:
    made = see(size=size)
    made.open(row.modality, row.title)
    assert made.seen("button.run").is_enabled()
    assert made.page.evaluate(SIDEWAYS) <= 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_contrast(dark: bool, see: Callable[..., Visit]) -> None:
    made = see(dark=dark)
    made.open(LABELLED.modality, LABELLED.title)
    made.seen("button.run").click()
    made.seen(".alert").wait_for()
    for selector in ("button.run", ".alert", ".help p", ".models", "button[role=tab].selected"):
        assert made.page.evaluate(CONTRAST, selector) >= AA, selector


def test_an_opened_tab_keeps_what_was_typed(see: Callable[..., Visit]) -> None:
    made = see()
    made.open(LABELLED.modality, LABELLED.title)
    box = made.page.get_by_label(LABELLED.inputs[0].label, exact=True)
    box.fill("typed words")
    for row in (CHATS, LABELLED):
        made.open(row.modality, row.title)
    made.page.wait_for_timeout(500)
    assert box.input_value() == "typed words"


def test_events_that_ended_leave_nothing_that_later_ones_look_at(see: Callable[..., Visit]) -> None:
    """Else each step of an answer takes the longer, the more tabs were used before."""
    made = see()
    made.page.evaluate(WATCH_STATUSES)
    rows = [row for row in ROWS if row.examples and row is not CHATS][:2]
    for row in rows:
        made.open(row.modality, row.title)
        made.seen(".examples button").click()
        made.done()
    assert made.page.evaluate("Object.keys(statuses.fn_inputs).length") > len(ROWS)
    left = made.page.evaluate("Object.keys(statuses.current)")
    assert len(left) <= len(rows), "the place of each panel, and nothing in it"


def test_an_empty_number_stays_empty_in_the_first_panel(see: Callable[..., Visit]) -> None:
    page = see().page
    page.get_by_role("button", name="Advanced").click()
    boxes = page.get_by_placeholder("automatic")
    boxes.first.wait_for()
    assert set(boxes.evaluate_all("boxes => boxes.map((box) => box.value)")) == {""}


def test_an_empty_input_is_one_sentence_that_names_the_field(see: Callable[..., Visit]) -> None:
    made = see()
    made.open(LABELLED.modality, LABELLED.title)
    made.seen("button.run").click()
    assert LABELLED.inputs[0].label in made.alert()


def test_an_error_of_the_engine_is_shown_and_the_next_run_works(
    app: App, see: Callable[..., Visit]
) -> None:
    made = see()
    made.open(CHATS.modality, CHATS.title)
    app.engine.fail = lambda request: ModelError("There is no model of this name.")
    box = made.page.get_by_label(CHATS.inputs[0].label, exact=True)
    box.fill("Hello")
    made.seen("button.run").click()
    assert made.alert() == "There is no model of this name."
    assert box.input_value() == "Hello"
    app.engine.fail = lambda request: None
    made.seen("button.run").click()
    made.page.get_by_text("The baker of the village").first.wait_for()
    made.page.keyboard.press("Escape")
    made.done()


def test_stop_keeps_what_there_is(see: Callable[..., Visit]) -> None:
    made = see()
    start(made)
    made.seen("button.stop").click()
    made.done()
    assert "Stopped" in made.seen(".note").inner_text()
    assert made.page.get_by_text("The baker of the village").first.is_visible()
    assert made.seen("button.run").is_enabled()
    assert not made.page.locator("button.stop >> visible=true").count()


def test_escape_stops_and_continue_goes_on(app: App, see: Callable[..., Visit]) -> None:
    made = see()
    start(made)
    made.page.keyboard.press("Escape")
    made.done()
    made.page.get_by_role("button", name="Continue", exact=True).click()
    made.seen("button.stop").wait_for()
    made.page.keyboard.press("Escape")
    made.done()
    asked = app.engine.requests[-1]
    assert asked.inputs["text"][-1]["role"] == "assistant"
    assert asked.params["continue_final_message"] is True


def test_plain_mode_marks_the_new_text(app: App, see: Callable[..., Visit]) -> None:
    made = see()
    made.page.get_by_role("radio", name="Plain").check()
    start(made, "Once upon a time")
    made.page.keyboard.press("Escape")
    made.done()
    assert app.engine.requests[-1].inputs["text"] == "Once upon a time"
    assert made.page.get_by_text("Once upon a time").last.is_visible()


def test_a_closed_tab_stops_its_run(app: App, see: Callable[..., Visit]) -> None:
    made = see()
    start(made)
    running = app.engine.requests[-1].id
    assert running not in app.engine.closed
    made.page.close()
    assert until(lambda: running in app.engine.closed)


@pytest.mark.parametrize("row", [row for row in ROWS if row.examples], ids=lambda row: row.id)
def test_the_first_example_is_drawn_in_one_click(
    row: TaskSpec, app: App, see: Callable[..., Visit]
) -> None:
    made = see()
    made.open(row.modality, row.title)
    made.seen(".examples button").click()
    if any(output.kind is Reply for output in row.outputs):
        made.seen("button.stop").wait_for()  # it may come a frame after the first words
        made.page.get_by_text("The baker of the village").first.wait_for()
        made.page.keyboard.press("Escape")
    assert row.unit in made.done()
    assert made.seen(".display").is_visible()
    if any(isinstance(f.kind, Image | Images) and f.required for f in row.inputs):
        made.seen(".ask img").wait_for()


def test_a_click_on_a_segment_moves_the_player(see: Callable[..., Visit], tmp_path: Path) -> None:
    row = next(row for row in ROWS if any(o.kind is Transcript for o in row.outputs))
    file = tmp_path / "fox.wav"
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, 16_000, 0, "NONE", ""))
        wav.writeframes(bytes(2 * 16_000 * 4))
    made = see()
    made.open(row.modality, row.title)
    made.page.locator(".ask input[type=file]").last.set_input_files(file)
    made.page.get_by_text("0:04").first.wait_for()
    made.seen("button.run").click()
    made.done()
    made.page.get_by_text("0:01.80").first.click()
    made.page.locator(".result time", has_text="0:02").wait_for()
    with made.page.expect_download() as download:
        made.page.get_by_text("SRT", exact=True).click()
    assert download.value.suggested_filename == "fox.srt"
    assert "the quick brown fox" in Path(download.value.path()).read_text("utf-8")


def test_the_message_box_is_a_chat(see: Callable[..., Visit]) -> None:
    assert isinstance(CHATS.inputs[0].kind, Chat)
    made = see()
    start(made, "Who bakes?")
    made.page.keyboard.press("Escape")
    made.done()
    assert made.page.get_by_label(CHATS.inputs[0].label, exact=True).input_value() == ""
    assert made.page.get_by_text("Who bakes?").first.is_visible()
