"""The page without a browser: every row has a panel, every error becomes one sentence."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from pipelines import kinds
from pipelines.engine.request import Failed
from pipelines.errors import EngineError, InputError, ModelError
from pipelines.kinds import TAKES_FILES, FileKind, Kind
from pipelines.outputs import OutputKind
from pipelines.spec import TaskSpec
from pipelines.tasks import BY_ID, ROWS
from settings import EXAMPLES, Settings
from tests.fakes import FakeEngine, fake_session
from tests.outputs_made import QUESTIONS
from tests.served import no_loop_left_open
from ui import decide, handlers, say
from ui.app import build_app, launch_options
from ui.components import CONTROLS, DISPLAYS
from ui.panel import Panel
from ui.place import Place
from ui.task_tab import build_panel
from ui.tokens import Tokens

STATIC_PER_TASK = 4
STATIC_REST = 12
FIRST_PANEL = 70
"""Components of the page by what they are for; panels other than the first come later."""
SETTINGS = Settings()
WRITTEN: dict[type[Kind], Any] = {
    kinds.Labels: ["one", "two"],
    kinds.Table: {"headers": ["Name", "Apples"], "data": [["Mia", "12"], ["Tom", 30]]},
    kinds.Questions: json.dumps(QUESTIONS),
}
"""What a person writes in a required control where it is not words."""
every_row = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


@pytest.fixture(autouse=True, scope="module")
def _closed_loops() -> Iterator[None]:
    with no_loop_left_open():
        yield


@cache
def panel_of(id: str) -> Panel:
    """The panel of a task; the engine behind its buttons is not used here."""
    with gr.Blocks(analytics_enabled=False):
        return build_panel(BY_ID[id], Place(FakeEngine(), SETTINGS))


def values_of(panel: Panel, **changed: Any) -> dict[str, Any]:
    """What the browser sends for an untouched panel, with some parts changed."""
    values = {name: getattr(part, "value", None) for name, part in panel.parts.items()}
    return values | changed


def good_values(panel: Panel, file: Path) -> dict[str, Any]:
    """Parts that make the row run: a file for every file, words for every text and label."""
    made: dict[str, Any] = {}
    for field in (*panel.spec.inputs, *panel.spec.params):
        if field.required:
            value = WRITTEN.get(type(field.kind), "Some words.")
            is_file = isinstance(field.kind, TAKES_FILES)
            uploaded = {"path": str(file), "orig_name": "mine.png"}
            made |= {f"{field.name}:Upload": uploaded} if is_file else {field.name: value}
            if isinstance(field.kind, kinds.Questions):
                made |= {f"{field.name}:{decide.SOURCE}": decide.JSON}
    return values_of(panel, **made)


def answer(panel: Panel, engine: FakeEngine, values: dict[str, Any]) -> list[dict[Any, Any]]:
    return list(handlers.answer(panel, engine, SETTINGS, values, "abc/task"))


def said(panel: Panel, updates: dict[Any, Any]) -> str:
    """The text of the alert, which must be one sentence."""
    html = updates[panel.status]
    assert html.startswith('<div class="alert" role="alert">'), html
    text = re.sub(r"<[^>]+>", "", html)
    assert text
    assert "\n" not in text
    assert "Traceback" not in text
    return text


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file in the upload folder."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    file = tmp_path / "abc" / "mine.png"
    file.parent.mkdir()
    file.write_bytes(b"not opened by the page")
    return file


def tracked(demo: gr.Blocks) -> list[str]:
    """Events of the page whose outputs Gradio would keep the status of for good (6.31)."""
    ours = [f for f in demo.fns.values() if f.fn and f.outputs and f.api_visibility == "private"]
    assert ours
    return [f.name for f in ours if f.show_progress_on is None]


def all_subclasses(base: type) -> set[type]:
    found = {c for c in base.__subclasses__() if c.__module__.startswith("pipelines.")}
    return found | {deeper for each in found for deeper in all_subclasses(each)}


def test_every_field_kind_has_a_control() -> None:
    assert set(CONTROLS) == all_subclasses(Kind) - {FileKind}


def test_every_output_kind_has_a_display() -> None:
    assert set(DISPLAYS) == all_subclasses(OutputKind)


def test_the_page_builds_and_stays_small() -> None:
    demo = build_app(FakeEngine(), SETTINGS)
    assert len(demo.blocks) <= STATIC_REST + FIRST_PANEL + STATIC_PER_TASK * len(ROWS)


def test_no_event_of_the_page_says_gradios_own_words_to_a_screen_reader() -> None:
    """It would say "common.complete" at the end of each, in every language (gradio 6.31)."""
    demo = build_app(FakeEngine(), SETTINGS)
    spoken = [f.show_progress for f in demo.fns.values() if f.api_visibility != "public"]
    assert set(spoken) == {"hidden"}
    assert tracked(demo) == []


@every_row
def test_no_event_of_a_panel_has_its_outputs_read_at_every_later_one(row: TaskSpec) -> None:
    with gr.Blocks(analytics_enabled=False) as demo:
        build_panel(row, Place(FakeEngine(), SETTINGS))
    assert tracked(demo) == []


def test_launch_options_keep_the_doors_closed() -> None:
    options = launch_options(SETTINGS)
    assert options["allowed_paths"] == [str(EXAMPLES)]
    assert options["enable_monitoring"] is False
    assert options["show_error"] is False
    assert options["state_session_capacity"] <= 1000


@every_row
def test_every_field_has_components_and_every_output_a_display(row: TaskSpec) -> None:
    panel = panel_of(row.id)
    assert set(panel.controls) == {field.name for field in row.fields}
    assert set(panel.displays) == {output.name for output in row.outputs}


@every_row
def test_untouched_parameters_are_the_defaults_of_the_row(row: TaskSpec, upload: Path) -> None:
    panel, engine = panel_of(row.id), FakeEngine(pause=0.0)
    answer(panel, engine, good_values(panel, upload))
    assert engine.requests[0].params == {
        p.name: engine.requests[0].params[p.name] if p.required else p.default for p in row.params
    }


@every_row
def test_a_run_ends_with_a_drawn_result_and_an_enabled_button(row: TaskSpec, upload: Path) -> None:
    panel, engine = panel_of(row.id), FakeEngine(pause=0.0)
    first, *_, last = answer(panel, engine, good_values(panel, upload))
    assert first[panel.stop]["visible"] is True
    assert last[panel.stop]["visible"] is False
    assert last[panel.run]["interactive"] is True
    assert last[panel.status] == say.ready()
    assert "<span>cpu</span>" in last[panel.timing]
    for display in panel.displays.values():
        assert any(component in last for component in display.components)
    assert all(component in panel.results for component in last)
    assert engine.closed == [engine.requests[0].id]


@every_row
def test_a_missing_input_names_the_field(row: TaskSpec) -> None:
    panel, engine = panel_of(row.id), FakeEngine()
    (only,) = answer(panel, engine, values_of(panel))
    assert row.inputs[0].label in said(panel, only)
    assert not engine.requests


@every_row
@pytest.mark.parametrize(
    "hostile", [["a", 1], {"x": {"y": 1}}, 12.5, True, {"path": "/etc/passwd"}, [[]]]
)
def test_hostile_values_are_refused_with_a_sentence(row: TaskSpec, hostile: Any) -> None:
    panel, engine = panel_of(row.id), FakeEngine()
    for name in panel.parts:
        last = answer(panel, engine, values_of(panel) | {name: hostile})[-1]
        assert "error id" not in said(panel, last)
        assert "(id " not in said(panel, last)
    assert not engine.requests


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../etc/passwd", "file:///etc/passwd", __file__]
)
def test_a_path_outside_the_uploads_does_not_exist(path: str, upload: Path) -> None:
    for row in ROWS:
        panel = panel_of(row.id)
        for part in (name for name in panel.parts if name.endswith(":Upload")):
            for shape in (path, {"path": path, "orig_name": "a.png"}):
                values = good_values(panel, upload) | {part: shape}
                last = answer(panel, FakeEngine(), values)[-1]
                assert "upload it again" in said(panel, last)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (ModelError("There is no such model."), "There is no such model."),
        (EngineError("The worker stopped."), "The worker stopped."),
        (InputError("model", "must be a model id."), "“Model” must be a model id."),
        (Failed("The file holds <no> picture."), "The file holds &lt;no&gt; picture."),
    ],
)
def test_errors_for_the_user_are_shown_as_they_are(
    wrong: Exception | Failed, expected: str, upload: Path
) -> None:
    engine = FakeEngine(fail=lambda request: wrong)
    panel = panel_of(ROWS[0].id)
    last = answer(panel, engine, good_values(panel, upload))[-1]
    assert said(panel, last) == expected
    assert last[panel.run]["interactive"] is True


def test_a_bug_shows_an_id_that_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    engine = FakeEngine(fail=lambda request: KeyError("/secret/path"))
    panel = panel_of(ROWS[0].id)
    with caplog.at_level(logging.ERROR):
        last = answer(panel, engine, good_values(panel, Path("x")))[-1]
    text = said(panel, last)
    assert "secret" not in text
    found = re.search(r"[0-9a-f]{8}", text)
    assert found
    assert found[0] in caplog.text


def test_stop_cancels_only_the_own_task_of_the_own_session() -> None:
    engine = FakeEngine()
    panel = panel_of(ROWS[0].id)
    handlers.on_stop(panel, engine)(fake_session("me"))
    assert engine.cancelled == [f"me/{ROWS[0].id}"]


def test_a_closed_tab_cancels_everything_of_its_session() -> None:
    engine = FakeEngine()
    handlers.on_leave(ROWS, engine, Tokens())(fake_session("me"))
    assert engine.cancelled == [f"me/{id}" for id in BY_ID]


def test_closing_the_updates_closes_the_run() -> None:
    engine = FakeEngine(pause=0.0)
    panel = panel_of(ROWS[0].id)
    updates = handlers.answer(panel, engine, SETTINGS, good_values(panel, Path("x")), "a/b")
    next(updates)
    next(updates)
    updates.close()
    assert engine.closed == [engine.requests[0].id]


@every_row
def test_clear_empties_inputs_and_result(row: TaskSpec) -> None:
    panel = panel_of(row.id)
    cleared = handlers.on_clear(panel)()
    assert all(component in cleared for d in panel.displays.values() for component in d.components)
    assert all(panel.parts[name] in cleared for name in panel.fill({}))


def test_only_the_tasks_are_public_endpoints() -> None:
    info = build_app(FakeEngine(), SETTINGS).get_api_info()
    assert set(info["named_endpoints"]) == {f"/{row.name}" for row in ROWS}
    assert not info["unnamed_endpoints"]
