"""--check: every task answers, or the exit code says that one does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from pipelines.check import ANSWER_CHARS, check, shown
from pipelines.engine.request import Failed
from pipelines.spec import Example
from pipelines.tasks import ROWS
from settings import EXAMPLES, Settings
from tests.fakes import FakeEngine

LIMITS = Settings().limits


def checked(engine: FakeEngine, limits: object = LIMITS) -> tuple[bool, list[str]]:
    lines: list[str] = []
    return check(ROWS, engine, limits, EXAMPLES, lines.append), lines


def test_every_task_has_a_line_and_all_answer() -> None:
    good, lines = checked(FakeEngine(pause=0))
    assert good
    assert [line.split()[1] for line in lines[:-1]] == [row.id for row in ROWS]
    assert lines[-1] == f"{len(ROWS)} of {len(ROWS)} tasks answered."


def test_a_task_that_fails_is_named_with_its_reason() -> None:
    broken = ROWS[0].id
    engine = FakeEngine(pause=0, fail=lambda r: Failed("No model.") if r.task == broken else None)
    good, lines = checked(engine)
    assert not good
    assert lines[0].startswith("FAIL")
    assert lines[0].endswith("No model.")
    assert lines[-1] == f"{len(ROWS) - 1} of {len(ROWS)} tasks answered."


@pytest.mark.parametrize(("fail", "code"), [(None, 0), (Failed("No model."), 1)])
def test_the_exit_code_says_whether_all_answered(
    fail: Failed | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "read_settings", lambda: Settings(check=True))
    monkeypatch.setattr(app, "build_engine", lambda _: FakeEngine(pause=0, fail=lambda _: fail))
    assert app.main() == code


def test_a_long_answer_is_shown_by_its_beginning() -> None:
    assert shown("a" * 200) == '"' + "a" * (ANSWER_CHARS - 2) + "…"
    assert json.loads(shown([1, 2])) == [1, 2]


def test_names_of_files_in_an_example_become_paths_however_deep(tmp_path: Path) -> None:
    example = Example(
        label="x", values={"image": "a.png", "text": "see a.png", "chat": [{"file": "b.wav"}]}
    )
    assert example.located(tmp_path) == {
        "image": str(tmp_path / "a.png"),
        "text": "see a.png",
        "chat": [{"file": str(tmp_path / "b.wav")}],
    }
