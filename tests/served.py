"""The API over a loopback server, with the fake engine behind it and one private page event."""

from __future__ import annotations

import asyncio
import http.server
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from settings import Settings
from tests.fakes import FakeEngine
from ui.api import add_endpoints
from ui.doors import GuardedBlocks, launch_options, queue_options

API = "gradio_api"
PAUSE = 0.001
"""Seconds between two words of the fake engine."""


@dataclass
class Served:
    """A running app; `seen` is what its page event got."""

    engine: FakeEngine
    page: GuardedBlocks
    url: str
    picture: Path
    seen: list[Any] = field(default_factory=list)

    @cached_property
    def client(self) -> Client:
        return Client(self.url, verbose=False, download_files=False, analytics_enabled=False)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=30)

    def post(self, path: str, body: Any) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", json=body, timeout=30)

    def call(self, name: str, body: Any, version: str = "") -> tuple[str, Any]:
        """The last event (complete, error) of a call over plain HTTP, and its data."""
        started = self.post(f"{API}/call/{version}{name}", body)
        if started.status_code != 200:
            return str(started.status_code), started.json()["detail"]
        events = self.get(f"{API}/call/{name}/{started.json()['event_id']}").text
        kind, data = events.strip().split("\n\n")[-1].split("\n")
        return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def page_event(self, *values: Any) -> dict[str, Any]:
        """What the page's own event answers to these values, as a browser would send them."""
        index = next(i for i, fn in self.page.fns.items() if fn.api_name == "page_event")
        body = {"data": values, "fn_index": index, "session_hash": "browser"}
        assert self.post(f"{API}/queue/join", body).status_code == 200
        stream = self.get(f"{API}/queue/data?session_hash=browser").text
        messages = [
            json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data:")
        ]
        return next(m for m in messages if m["msg"] == "process_completed")

    def upload(self) -> Any:
        """The picture as gradio_client sends it."""
        return handle_file(self.picture)


@contextmanager
def serve(folder: Path, engine: FakeEngine | None = None, **settings: Any) -> Iterator[Served]:
    """A Served with an image and a text in its page; its uploads lie in folder/uploads."""
    with no_loop_left_open(), no_authority_read(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        yield from _serve(folder, engine or FakeEngine(pause=PAUSE), Settings(**settings))


def _serve(folder: Path, engine: FakeEngine, told: Settings) -> Iterator[Served]:
    seen: list[Any] = []
    with GuardedBlocks(analytics_enabled=False) as page:
        image, text, button = gr.File(), gr.Textbox(), gr.Button()

        def page_event(image: Any, text: str) -> str:
            seen.append((image, text))
            return text

        button.click(page_event, [image, text], text, api_visibility="private")
        add_endpoints(engine, told)
    page.queue(**queue_options(told))
    picture = folder / "seven.png"
    Image.new("RGB", (8, 8), "white").save(picture)
    options = launch_options(told)
    _, url, _ = page.launch(
        prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, ssr_mode=False, **options
    )
    try:
        yield Served(engine, page, url, picture, seen)
    finally:
        page.close(verbose=False)


@contextmanager
def no_loop_left_open() -> Iterator[None]:
    """Close the event loops that gr.Blocks makes and forgets (gradio 6.31, utils.safe_get_lock)."""
    made: list[asyncio.AbstractEventLoop] = []
    make = asyncio.new_event_loop

    def remember() -> asyncio.AbstractEventLoop:
        made.append(make())
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", remember)
        try:
            yield
        finally:
            asyncio.set_event_loop(None)
            for loop in made:
                if not loop.is_running():
                    loop.close()


@contextmanager
def no_authority_read() -> Iterator[None]:
    """Each call of httpx reads all certificates of the system anew (20 ms); loopback needs none."""
    with tempfile.TemporaryDirectory() as empty, pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", empty)
        yield


@contextmanager
def web_site() -> Iterator[tuple[str, list[str]]]:
    """A loopback site: its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Silence."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
