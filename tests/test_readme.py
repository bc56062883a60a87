"""The README: its tables are the code's, its front matter is a Space's, its example runs."""

from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.serving import OURS, serve, wait_for_page
from pipelines.limits import GB, MB, Limits
from scripts.readme import PAGES, filled, main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
KEYS = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version"),
    *("app_file", "pinned", "license", "short_description", "tags", "suggested_hardware"),
    *("models", "datasets", "thumbnail", "fullWidth", "header", "preload_from_hub"),
}
"""The keys of a Space's front matter that this project may use."""
MAX_SHORT_DESCRIPTION = 60


@pytest.fixture(scope="module")
def text() -> str:
    return README.read_text("utf-8")


@pytest.fixture(scope="module")
def space(text: str) -> dict[str, Any]:
    return yaml.safe_load(text.split("---\n")[1])


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_are_those_of_the_code(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert text == filled(text, page), "run: make readme"


def test_check_says_whether_the_readme_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    copy = tmp_path / "README.md"
    monkeypatch.setattr("scripts.readme.ROOT", tmp_path)
    copy.write_text(text, "utf-8")
    (tmp_path / "starter").mkdir()
    shutil.copy(ROOT / "starter" / "README.md", tmp_path / "starter")
    assert main(["--check"]) == 0
    copy.write_text(text.replace("| `--models` |", "| `--model` |"), "utf-8")
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert copy.read_text("utf-8") == text


def test_a_missing_marker_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="tasks:start"):
        filled(text.replace("<!-- tasks:start -->", ""))


def test_the_front_matter_is_a_spaces(space: dict[str, Any]) -> None:
    assert set(space) <= KEYS
    assert space["sdk"] == "gradio"
    assert {space["colorFrom"], space["colorTo"]} <= COLOURS
    assert space["license"] == "apache-2.0"
    assert re.fullmatch(r"3\.1[0-3]", space["python_version"])
    assert len(space["short_description"]) <= MAX_SHORT_DESCRIPTION
    assert "mcp-server" in space["tags"]
    assert (ROOT / space["app_file"]).is_file()


def test_the_space_runs_the_tested_gradio(space: dict[str, Any]) -> None:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert f"gradio=={space['sdk_version']}" in pins


def test_every_requirement_has_its_need_and_its_tested_version() -> None:
    pins = {_name(line) for line in _lines("constraints.txt")}
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in _lines(file):
            assert re.fullmatch(r"\S+  # \S.*", line), f"{file}: {line} lacks its need"
            assert _name(line) in pins


def test_links_to_files_exist(text: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (ROOT / target).is_file(), target


def test_the_file_tree_exists(text: str) -> None:
    tree = text.split("## Files")[1].split("```")[1]
    top = ""
    for line in filter(str.strip, tree.splitlines()):
        inner = line.startswith("  ")
        names = re.split(r"\s{2,}", line.strip())[0].split()
        for name in names:
            assert (ROOT / top / name if inner else ROOT / name).exists(), name
        top = top if inner else names[0]


@pytest.mark.slow
def test_the_api_example_runs(text: str, tmp_path: Path) -> None:
    code = text.split("```python\n")[1].split("```")[0]
    with serve(OURS) as app:
        wait_for_page(app)
        script = tmp_path / "example.py"
        script.write_text(code.replace("http://127.0.0.1:7860", app.url), "utf-8")
        answer = runpy.run_path(str(script))["answer"]
    assert answer[0]["label"] == "sports"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_rows_example_runs(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = text.split("```python\n")[2].split("```")[0]
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102  our own page
    assert "positive" in capsys.readouterr().out


def _lines(file: str) -> list[str]:
    text = (ROOT / file).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _name(line: str) -> str:
    """The normalized package name of a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=;~ ]", line)[0]).lower()


def test_the_readme_names_the_limits_of_uploads(text: str) -> None:
    words = " ".join(text.split())
    limits = Limits()
    said = (
        f"An upload may have {limits.upload_bytes / GB:g} GB, "
        f"any other request {limits.body_bytes / MB:g} MB. "
        f"Uploads take {limits.uploads_bytes / GB:g} GB at most, "
        f"leave {limits.free_bytes / MB:g} MB of the disk free"
    )
    assert said in words
