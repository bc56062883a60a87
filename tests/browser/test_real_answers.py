"""The real app in Chromium: own process, real worker, starter models, no fakes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser

from pipelines.kinds import Chat, FileKind
from pipelines.outputs import Depth, Likeness, Matches, Sound
from pipelines.spec import Example, TaskSpec
from pipelines.tasks import ROWS
from tests.browser.conftest import PHONE, WIDE, Visit, visit
from tests.started import StartedApp, started

pytestmark = pytest.mark.browser

RUN_MS = 30_000
HELD_SECONDS = 0.09
WRITING = '[data-testid="bot"]:has-text("e")'
"""The model's bubble once there is something in it."""
DRAWN = """(text) => [...document.querySelectorAll('.display')].some((box) => box.offsetParent
  && (box.innerText + [...box.querySelectorAll('textarea')].map((area) => area.value).join())
    .includes(text))"""
"""Whether a text stands in a result that can be seen."""
PICTURED = """() => [...document.querySelectorAll('.display')].some((box) => box.offsetParent
  && [...box.querySelectorAll('img, canvas, .js-plotly-plot')].some((e) => e.offsetWidth > 40))"""
"""Whether a result that can be seen has a picture in it."""
WITHOUT_WORDS = (Sound, Depth, Likeness, Matches)
"""Kinds of output whose right answer is seen or heard, not read."""
CHATS = next(row for row in ROWS if any(isinstance(f.kind, Chat) for f in row.inputs))
WITH_FILE = [
    row for row in ROWS if any(isinstance(f.kind, FileKind) and f.required for f in row.inputs)
]
STARTERS = [pytest.param(row, row.examples[0], id=row.id) for row in ROWS if row.examples]


@pytest.fixture(scope="module")
def app() -> Iterator[StartedApp]:
    with started("--models", "starter") as up:
        yield up


@pytest.fixture
def see(chromium: Browser, app: StartedApp) -> Iterator[Callable[..., Visit]]:
    """Open the page; afterwards no console error and no request to another host."""
    visits: list[Visit] = []

    def opened(**options: object) -> Visit:
        visits.append(visit(chromium, app.url, **options))  # type: ignore[arg-type]
        visits[-1].page.set_default_timeout(RUN_MS)
        return visits[-1]

    yield opened
    for made in visits:
        made.page.context.close()
    assert [fault for made in visits for fault in made.faults] == []


@contextmanager
def slowed(process: psutil.Process) -> Iterator[None]:
    """A process that runs a tenth of the time: on a quick machine a story is over at once."""
    over = threading.Event()

    def hold_up() -> None:
        while not over.is_set():
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                over.wait(HELD_SECONDS)
                process.resume()
            over.wait(HELD_SECONDS / 9)

    thread = threading.Thread(target=hold_up)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def click(made: Visit, row: TaskSpec, example: Example) -> None:
    made.open(row.modality, row.title)
    made.page.get_by_role("button", name=example.label, exact=True).click()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize(("row", "example"), STARTERS)
def test_the_first_example_is_answered_rightly_with_one_click(
    row: TaskSpec, example: Example, size: tuple[int, int], see: Callable[..., Visit]
) -> None:
    made = see(size=size)
    click(made, row, example)
    assert row.starter_id in made.done()
    if row.outputs[0].kind in WITHOUT_WORDS:
        made.page.wait_for_function(PICTURED)
    else:
        made.page.wait_for_function(DRAWN, arg=example.expect)


def test_stop_keeps_what_is_written_and_says_so(app: StartedApp, see: Callable[..., Visit]) -> None:
    made = see()
    made.open(CHATS.modality, CHATS.title)
    made.page.get_by_label(CHATS.inputs[0].label, exact=True).fill("Tell me a story about Mia.")
    with slowed(app.worker()):
        made.page.keyboard.press("Control+Enter")
        made.page.locator(WRITING).first.wait_for()
        made.seen("button.stop").click()
        assert CHATS.id in made.done()
    assert "Stopped" in made.seen(".note").inner_text()


@pytest.mark.parametrize("row", WITH_FILE, ids=[row.id for row in WITH_FILE])
def test_a_broken_file_is_one_sentence(
    row: TaskSpec, see: Callable[..., Visit], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"this is no picture, no sound and no document")
    made = see()
    made.open(row.modality, row.title)
    made.seen(".ask").locator("input[type=file]").first.set_input_files(broken)
    made.page.get_by_text("broken").first.wait_for(state="attached", timeout=10_000)
    made.seen("button.run").click()
    sentence = made.alert()
    assert re.fullmatch(r"[^\n]{10,200}\.", sentence), sentence


def test_a_killed_worker_is_an_error_and_the_next_click_works(
    app: StartedApp, see: Callable[..., Visit]
) -> None:
    made = see()
    made.open(CHATS.modality, CHATS.title)
    box = made.page.get_by_label(CHATS.inputs[0].label, exact=True)
    box.fill("Tell me a story about Mia.")
    with slowed(app.worker()):
        made.page.keyboard.press("Control+Enter")
        made.page.locator(WRITING).first.wait_for()
        app.worker().kill()
    assert "worker" in made.alert()
    click(made, CHATS, CHATS.examples[0])
    made.page.locator(".alert").locator("visible=true").wait_for(state="hidden")
    assert CHATS.id in made.done()
