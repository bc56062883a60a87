"""What makes the start short: one server, no collections, an engine that waits for the page."""

from __future__ import annotations

import asyncio
import gc
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.routes import App

import app
from pipelines.imports import nothing_collected
from settings import Settings
from tests.fakes import FakeEngine
from tests.served import no_loop_left_open
from ui.app import _watch, build_app
from ui.unserved import unserved

ROOT = Path(app.__file__).parent


@pytest.fixture(autouse=True, scope="module")
def _closed_loops() -> Iterator[None]:
    with no_loop_left_open():
        yield


@pytest.fixture
def collecting() -> Iterator[None]:
    """The collector as it was."""
    yield
    gc.unfreeze()
    gc.enable()


def test_no_server_is_made_before_the_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = App.create_app
    monkeypatch.setattr(App, "create_app", lambda *a, **k: made.append(k) or make(*a, **k))
    page = build_app(FakeEngine(), Settings())
    assert not made
    page.launch(prevent_thread_lock=True, quiet=True, server_port=None)
    page.close()
    assert len(made) == 1


def test_a_page_that_is_built_has_no_server_until_one_is_asked_for() -> None:
    with unserved(), gr.Blocks(analytics_enabled=False) as page:
        pass
    assert page.app is None
    assert isinstance(App.create_app(page, strict_cors=True, mcp_server=False), App)


def test_a_failed_build_leaves_gradio_as_it_was() -> None:
    make = App.create_app
    with pytest.raises(ValueError, match="broken"), unserved():
        raise ValueError("broken")
    assert App.create_app is make


@pytest.mark.usefixtures("collecting")
def test_nothing_is_collected_until_the_imports_are_done() -> None:
    with nothing_collected():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_an_empty_number_of_the_first_panel_stays_empty() -> None:
    components = build_app(FakeEngine(), Settings()).get_config_file()["components"]
    numbers = [c["props"] for c in components if c["type"] == "number"]
    assert numbers
    assert all("value" in props for props in numbers)
    assert any(props["value"] is None for props in numbers)


def test_the_first_visitor_wakes_the_engine_and_learns_its_devices() -> None:
    started = []

    class Sleeping(FakeEngine):
        def start(self) -> None:
            started.append(True)

    async def look() -> list[Any]:
        return [said async for said in _watch(Sleeping(), Settings(), boxes=1)()]

    (line, found) = asyncio.run(look())[-1]
    assert "Starter models answer" in line
    assert found["choices"] == ["auto", "cpu"]
    assert started


RUN = """
import sys, app
try:
    app.main()
finally:
    print(*sorted({"torch", "transformers"} & set(sys.modules)))
"""


def test_a_port_in_use_is_a_sentence_and_leaves_no_worker_and_torch_was_not_imported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = [sys.executable, "-c", RUN, "--models", "starter", "--server-port", port]
        ended = subprocess.run(
            run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
    assert (ended.returncode, ended.stdout.strip()) == (1, "")
    said = ended.stderr.strip().splitlines()[-1]
    assert said.startswith(f"localhost:{port} is in use")
    assert said.endswith("choose another port with --server-port.")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "place", ["/proc/jobs", "/proc", "{file}", "{file}/jobs", "~nobody-here/j"]
)
def test_a_folder_that_can_hold_no_jobs_is_a_sentence(place: str, tmp_path: Path) -> None:
    (file := tmp_path / "file").touch()
    named = place.format(file=file)
    with pytest.raises(SystemExit) as ended:
        app.build_desk(FakeEngine(), Settings(jobs_folder=named))
    assert ended.value.code == (
        f"--jobs-folder: {named} cannot be made or written to; choose another folder."
    )


def test_the_folder_of_the_jobs_is_made_and_left_empty(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert app.build_desk(FakeEngine(), Settings(jobs_folder=str(folder))).folder == folder
    assert list(folder.iterdir()) == []
