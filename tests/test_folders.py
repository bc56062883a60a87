"""Folders of the server as rows: what is listed, what is refused, and who may name one at all."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.request import Event, Progress, Request, RowResult, RowsDone
from pipelines.errors import InputError
from pipelines.jobs import folders
from pipelines.jobs.desk import Desk
from pipelines.jobs.job import DONE, FAILED, Job
from pipelines.jobs.order import Order, fill
from pipelines.jobs.preview import preview
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.tasks import task
from settings import Settings
from tests.fake_rows import TASK, RowsEngine, meta
from tests.made import png

PICTURES = "image-classification"
OPEN = Limits(server_folders=True)
PATIENCE = 20.0


class NamesEngine(RowsEngine):
    """A picture's label is the name of its file."""

    def run(self, request: Request) -> Iterator[Event]:
        yield Progress(0, len(request.rows))
        found = [(row, row.inputs["image"].path) for row in request.rows]
        rows = [RowResult(r.index, [{"label": path.name, "score": 1.0}]) for r, path in found]
        yield RowsDone(tuple(rows), meta(1.0), request.batch_size)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two pictures, one of them further down, and what is left out."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for place in ("b.png", "more/a.jpg", ".hidden.png"):  # a name says nothing of the type
        (folder / place).write_bytes(png(4, 4))
    (folder / "notes.png").write_text("no picture")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(png(4, 4))
    (folder / "link.png").symlink_to(outside / "secret.png")
    (folder / "linked").symlink_to(outside)
    return folder


def made(tmp_path: Path, limits: Limits = OPEN, **order: Any) -> Job:
    folder = tmp_path / "job"
    folder.mkdir()
    return fill(folder, Order(**order), limits)


def work(job: Job) -> list[str]:
    carry_out(job, NamesEngine(), Limits(), Signal())  # type: ignore[arg-type]
    return [r.error or r.answer[0]["label"] for r in job.results()]


def test_pictures_below_a_folder_are_rows_and_links_are_not(tmp_path: Path, pictures: Path) -> None:
    job = made(tmp_path, task=PICTURES, place=str(pictures))
    assert [cells["file"] for cells in job.rows()] == ["b.png", "more/a.jpg"]
    assert work(job) == ["b.png", "a.jpg"]
    assert Job(job.folder).state.status == DONE


def test_a_folder_that_changed_is_refused(tmp_path: Path, pictures: Path) -> None:
    job = made(tmp_path, task=PICTURES, place=str(pictures))
    (pictures / "new.png").write_bytes(png(4, 4))
    assert len(work(job)) == 2  # what came later is no part of the job
    (pictures / "b.png").write_bytes(png(4, 4) + b"more")
    job.update(status="waiting")
    work(job)
    assert job.state.status == FAILED
    assert "changed since the job began: 'b.png'" in job.state.reason


def test_the_only_table_of_a_folder_or_zip_names_the_files_beside_it(
    tmp_path: Path, pictures: Path
) -> None:
    table = "name,image\nB,b.png\nA,more/a.jpg\nS,link.png\nT,../outside/secret.png\n"
    (pictures / "rows.csv").write_text(table)
    job = made(tmp_path, task=PICTURES, place=str(pictures))
    assert job.manifest.columns == {"image": "image"}
    found = work(job)
    assert found[:2] == ["b.png", "a.jpg"]
    assert all("not an uploaded file" in sentence for sentence in found[2:])
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(pictures / "rows.csv", "set/rows.csv")
        packed.write(pictures / "b.png", "set/b.png")
    (tmp_path / "two").mkdir()
    again = made(tmp_path / "two", task=PICTURES, place=str(archive), most_rows=1)
    assert work(again) == ["b.png"]


def test_a_table_of_the_server_is_read_where_it_lies(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("text\none\ntwo\n")
    job = made(tmp_path, task=TASK, place=str(table))
    assert [cells["text"] for cells in job.rows()] == ["one", "two"]
    assert job.input == table


@pytest.mark.parametrize(
    ("place", "task_id", "sentence"),
    [
        ("pictures", PICTURES, "whole path"),
        ("{here}/nowhere", PICTURES, "not there"),
        ("{here}/a\x00b", PICTURES, "not there"),
        ("~nobody-of-this-name/x", PICTURES, "not there"),
        ("{here}/outside/secret.png", PICTURES, "is no table"),
        ("{here}/pictures", TASK, "give a table"),
        ("{here}/empty", PICTURES, "no file that is read here"),
    ],
)
def test_a_place_that_is_none_is_refused(
    place: str, task_id: str, sentence: str, tmp_path: Path, pictures: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=sentence):
        made(tmp_path, task=task_id, place=place.format(here=tmp_path))


def test_a_folder_has_ceilings(tmp_path: Path, pictures: Path) -> None:
    spec = task(PICTURES)
    with pytest.raises(InputError, match="more than 1 files"):
        folders.files_of(pictures, spec, Limits(folder_files=1))
    with pytest.raises(InputError, match="more than 0 GB"):
        folders.files_of(pictures, spec, Limits(folder_bytes=100))
    for n in range(folders.MOST_LOOKED_AT):
        (pictures / f"{n}.txt").touch()
    with pytest.raises(InputError, match="more than 1 files"):
        folders.files_of(pictures, task("automatic-speech-recognition"), Limits(folder_files=1))


@pytest.mark.parametrize(
    ("settings", "open"),
    [
        (Settings(), True),
        (Settings(server_name="127.0.0.1"), True),
        (Settings(server_name="0.0.0.0"), False),
        (Settings(public=True), False),
        (Settings(share=True), False),
        (Settings(root_path="/app"), False),
        (Settings(server_name="0.0.0.0", allow_folders=True), True),
    ],
)
def test_only_who_sits_at_the_machine_may_name_a_folder(settings: Settings, open: bool) -> None:
    assert settings.limits.server_folders is open


def test_a_desk_that_others_can_reach_names_no_folder(tmp_path: Path, pictures: Path) -> None:
    desk = Desk(NamesEngine(), Limits(), tmp_path / "jobs")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="--allow-folders"):
        desk.start(Order(task=PICTURES, place=str(pictures)))
    assert not list(desk.folder.iterdir())
    desk.close()
    desk = Desk(NamesEngine(), OPEN, tmp_path / "jobs")  # type: ignore[arg-type]
    job = desk.start(Order(task=PICTURES, place=str(pictures)))
    end = time.monotonic() + PATIENCE
    while desk.job(job.id).state.status != DONE:
        assert time.monotonic() < end
        time.sleep(0.02)
    desk.close()


def test_a_look_says_what_the_rows_would_be(tmp_path: Path, pictures: Path) -> None:
    order = Order(task=PICTURES, place=str(pictures))
    seen = preview(order, OPEN)
    assert (seen.columns, seen.count) == (("file",), 2)
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("rows.csv", "image,label\na.png,x\nb.png,y\n")
        packed.write(pictures / "b.png", "b.png")
    limits = Limits(upload_roots=(tmp_path,))
    zipped = preview(Order(task=PICTURES, files=[str(archive)]), limits)
    assert (zipped.columns, zipped.count) == (("image", "label"), 2)
    both = preview(Order(task=PICTURES, files=[{"path": str(pictures / "b.png")}] * 2), limits)
    assert [row["file"] for row in both.rows] == ["b.png", "b.png"]
    assert preview(Order(task=PICTURES), limits).columns == ()
    with pytest.raises(InputError, match="allow-folders"):
        preview(order, limits)


def test_two_origins_at_once_are_refused(tmp_path: Path, pictures: Path) -> None:
    with pytest.raises(InputError, match="given twice"):
        made(tmp_path, task=TASK, place=str(pictures), lines="a")
