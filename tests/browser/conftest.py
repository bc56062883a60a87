"""A Chromium, and a page in it that records what must not happen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, sync_playwright

from settings import Settings
from tests.fakes import FakeEngine
from tests.served import no_loop_left_open
from ui.app import build_app, launch_options

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDE, PHONE = (1280, 900), (390, 844)
PATIENCE_MS = 30_000


@dataclass
class Visit:
    """A page and its faults: console errors, uncaught errors, requests to other hosts."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def open(self, modality: str, title: str) -> None:
        """The tab of a task, once its panel is there."""
        self.page.get_by_role("tab", name=modality, exact=True).click()
        self.page.get_by_role("tab", name=title, exact=True).click()
        self.seen("button.run").wait_for()

    def seen(self, selector: str) -> Locator:
        """The first visible element of a selector; other tabs stay in the page."""
        return self.page.locator(f"{selector} >> visible=true").first

    def done(self) -> str:
        """Wait for the end of a run that answers; its timing line."""
        self.seen(".timing, .alert").wait_for()
        assert not self.page.locator(".alert >> visible=true").count(), self.alert()
        return self.seen(".timing").inner_text()

    def alert(self) -> str:
        """The sentence of a run that failed."""
        return self.seen(".alert").inner_text()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("the browser tests drive Chromium: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def visit(
    browser: Browser,
    url: str,
    size: tuple[int, int] = WIDE,
    dark: bool = False,
    ready: str = "button.run",
    locale: str = "en-US",
) -> Visit:
    """Open the app in a fresh context, until `ready` is seen."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        locale=locale,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    made = Visit(page)
    host = urlsplit(url).netloc

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            made.faults.append(message.text)

    def on_request(request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https") and where.netloc != host:
            made.faults.append(f"request to {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: made.faults.append(str(error)))
    page.on("request", on_request)
    page.goto(url)
    made.seen(ready).wait_for()
    return made


@dataclass
class App:
    """The page over a fake engine."""

    url: str
    engine: FakeEngine


@pytest.fixture(scope="module")
def app(chromium: Browser) -> Iterator[App]:
    with no_loop_left_open():
        engine = FakeEngine(pause=0.08, words=400)
        settings = Settings(server_name="127.0.0.1", server_port=0)
        demo = build_app(engine, settings)
        options = launch_options(settings) | {"server_port": None, "quiet": True}
        _, url, _ = demo.launch(prevent_thread_lock=True, **options)
        yield App(url, engine)
        engine.close()
        demo.close(verbose=False)


@pytest.fixture
def see(chromium: Browser, app: App) -> Iterator[Callable[..., Visit]]:
    """Open the page; afterwards nothing may have gone wrong in it."""
    visits: list[Visit] = []

    def opened(**options: object) -> Visit:
        app.engine.fail = lambda request: None
        visits.append(visit(chromium, app.url, **options))  # type: ignore[arg-type]
        return visits[-1]

    yield opened
    for made in visits:
        made.page.context.close()
    assert [fault for made in visits for fault in made.faults] == []
