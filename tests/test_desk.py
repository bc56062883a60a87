"""The desk: jobs by their id, what is under way, and samples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import EngineError, InputError
from pipelines.jobs.desk import Desk
from pipelines.jobs.job import (
    DONE,
    Job,
)
from pipelines.jobs.order import Order
from pipelines.jobs.sample import SHORT_SECONDS, pace
from pipelines.limits import Limits
from tests.fake_rows import TASK, RowsEngine, texts
from tests.test_jobs import PATIENCE, ROWS, labels, wait_for, words


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    limits = Limits(upload_roots=(tmp_path / "uploads",))
    (tmp_path / "uploads").mkdir()
    desk = Desk(RowsEngine(), limits, tmp_path / "jobs")  # type: ignore[arg-type]
    yield desk
    desk.close()


def test_pasted_lines_become_a_job(desk: Desk) -> None:
    job = desk.start(Order(task=TASK, lines=texts(5), values={"top_k": 1}))
    wait_for(lambda: desk.job(job.id).state.status == DONE)
    assert labels(desk.job(job.id)) == words(5)
    assert [j.id for j in desk.jobs()] == [job.id]


def test_a_refused_start_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(InputError, match="top_k"):
        desk.start(Order(task=TASK, lines="a\n", values={"top_k": 0}))
    with pytest.raises(InputError, match="missing"):
        desk.start(Order(task=TASK, lines=" \n"))
    with pytest.raises(InputError, match="uploaded"):
        desk.start(Order(task=TASK, files=["/etc/passwd"]))
    assert not list(desk.folder.iterdir())


def test_a_desk_that_opens_again_goes_on_with_what_was_under_way(desk: Desk) -> None:
    desk._engine.seconds = 0.02  # type: ignore[attr-defined]
    job = desk.start(Order(task=TASK, lines=texts(ROWS), batch_size=4))
    wait_for(lambda: job.state.done)
    desk.close()
    assert Job(job.folder).state.status == "waiting"
    again = Desk(RowsEngine(), desk._limits, desk.folder)  # type: ignore[arg-type]
    again.open_all()
    wait_for(lambda: again.job(job.id).state.status == DONE)
    assert labels(again.job(job.id)) == words(ROWS)
    again.close()


@pytest.mark.parametrize("id", ["../jobs", "nothing", "20260101-0000000000000000", ""])
def test_an_id_that_is_none_is_refused(id: str, desk: Desk) -> None:
    with pytest.raises(EngineError):
        desk.job(id)


def test_a_job_can_be_deleted(desk: Desk) -> None:
    job = desk.start(Order(task=TASK, lines=texts(3)))
    wait_for(lambda: desk.job(job.id).state.status == DONE)
    wait_for(lambda: not desk._active)
    desk.delete(job.id)
    assert desk.jobs() == []


def test_a_sample_answers_the_first_rows_and_leaves_nothing_behind(desk: Desk) -> None:
    engine = desk._engine
    with desk.sample(Order(task=TASK, lines=texts(ROWS), batch_size=2)) as looks:
        last = [*looks][-1]
        assert (last.state.status, last.state.done, last.state.total) == (DONE, 5, 5)
        assert labels(last) == words(5)
        assert len(list(last.whole())) == ROWS
        assert engine.rows == [*range(5)]  # type: ignore[attr-defined]
        assert pace(last) == pytest.approx(2.0)  # the engine says half a second a row
        assert desk.jobs() == []
    assert list(desk.folder.iterdir()) == []


def test_a_sample_that_took_no_time_is_timed_again_and_one_can_be_left(desk: Desk) -> None:
    engine: RowsEngine = desk._engine  # type: ignore[assignment]
    with desk.sample(Order(task=TASK, lines=texts(3), batch_size=8)) as looks:
        assert [*looks][-1].state.run_seconds < SHORT_SECONDS
    assert engine.rows == [0, 1, 2, 0, 1, 2]
    engine.seconds = PATIENCE
    began = time.monotonic()
    with desk.sample(Order(task=TASK, lines=texts(3), batch_size=8)) as looks:
        next(looks)
    assert time.monotonic() - began < PATIENCE / 2
    with pytest.raises(InputError, match="missing"), desk.sample(Order(task=TASK)):
        pass
    assert list(desk.folder.iterdir()) == []


def test_a_sample_that_a_killed_server_left_is_swept(desk: Desk) -> None:
    (desk.folder / "sample-x" / "input").mkdir(parents=True)
    desk.open_all()
    assert list(desk.folder.iterdir()) == []
