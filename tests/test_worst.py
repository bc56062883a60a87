"""The worst rows of a report as pictures and players, from copies that the page may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.jobs.job import Job
from pipelines.jobs.order import Order, fill
from pipelines.jobs.scores import Report
from pipelines.limits import Limits
from tests.made import RATE, png, sine, sound
from ui.worst import pictures_of, players_of

WORST = [{"row": n, "score": 0.0, "truth": "<right>", "found": "wrong"} for n in (2, 1, 3, 4)]
REPORT = Report(scores={"accuracy": 0.0}, rows=4, worst=WORST)


def job_of(tmp_path: Path, task: str, column: str, content: bytes) -> Job:
    """Four rows: two files, one outside of the folder, and one that is a web address."""
    data, folder = tmp_path / "data", tmp_path / "job"
    data.mkdir()
    folder.mkdir()
    for name in ("data/one.x", "data/two.x", "outside.x"):
        (tmp_path / name).write_bytes(content)
    cells = ("one.x", "two.x", "../outside.x", "http://127.0.0.1/x.png")
    rows = "".join(f"{cell},right\n" for cell in cells)
    (data / "rows.csv").write_text(f"{column},label\n{rows}")
    return fill(folder, Order(task=task, place=str(data)), Limits(server_folders=True))


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return (tmp_path / "uploads").resolve()


def test_pictures_are_copied_where_the_page_may_read_them(tmp_path: Path, uploads: Path) -> None:
    job = job_of(tmp_path, "image-classification", "image", png(4, 4))
    shown = pictures_of(job, REPORT)
    assert [caption for _, caption in shown] == [
        "row 2: <right> → wrong", "row 1: <right> → wrong",
    ]  # fmt: skip
    assert all(Path(path).is_relative_to(uploads) for path, _ in shown)
    assert all(path.endswith(".png") and Path(path).read_bytes() for path, _ in shown)
    assert players_of(job, REPORT) == ""


@pytest.mark.parametrize("task", ["audio-classification", "automatic-speech-recognition"])
def test_recordings_are_played(task: str, tmp_path: Path, uploads: Path) -> None:
    content = sound(sine(0.2), RATE, "WAV", "PCM_16")
    html = players_of(job_of(tmp_path, task, "audio", content), REPORT)
    assert html.count("<audio controls") == 2
    assert f"src='gradio_api/file={uploads}/jobs/job/worst/00001.wav" in html
    assert "&lt;right&gt;" in html
    assert "<right>" not in html
    assert pictures_of(Job(tmp_path / "job"), REPORT) == []


def test_what_is_no_file_of_media_is_not_shown(tmp_path: Path) -> None:
    job = job_of(tmp_path, "image-classification", "image", b"<svg onload=alert(1)>")
    assert pictures_of(job, REPORT) == []
