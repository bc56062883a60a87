"""Jobs: every row once and in order, whatever happens in between (R31-R40)."""

from __future__ import annotations

import errno
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import EngineError
from pipelines.jobs import disk
from pipelines.jobs.job import (
    AUTO,
    CANCELLED,
    DONE,
    FAILED,
    PAUSED,
    RUNNING,
    Job,
    Manifest,
    fingerprint,
    make,
)
from pipelines.jobs.log import ResultLog
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import DISK_FULL, NO_ACCESS, carry_out
from pipelines.limits import Limits
from tests.fake_rows import KILLER, POISON, TASK, RowsEngine, texts

ROOT = Path(__file__).parents[1]
ROWS = 60
KILLED_ROWS, KILLS = 2_000, 20
PATIENCE = 20.0


def job_of(folder: Path, lines: str, batch_size: int = 4, **values: Any) -> Job:
    folder.mkdir(exist_ok=True)
    file = folder / "lines.txt"
    file.write_text(lines)
    manifest = Manifest(
        task=TASK, input="lines.txt", sha256=fingerprint(file), columns={"text": "text"},
        values=values, name="lines.txt", batch_size=batch_size,
    )  # fmt: skip
    return make(folder, manifest)


def work(job: Job, engine: RowsEngine | None = None, signal: Signal | None = None) -> Job:
    carry_out(job, engine or RowsEngine(), Limits(), signal or Signal())  # type: ignore[arg-type]
    return Job(job.folder)


def labels(job: Job) -> list[str]:
    """The label or error of each row, after checking that each is there once and in order."""
    results = list(job.results())
    assert [result.index for result in results] == list(range(len(results)))
    return [r.error or r.answer[0]["label"] for r in results]


def words(count: int) -> list[str]:
    return [f"word{n}" for n in range(count)]


def wait_for(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def test_every_row_is_answered_once_and_in_order(tmp_path: Path) -> None:
    job = work(job_of(tmp_path / "job", texts(ROWS)))
    assert (job.state.status, job.state.done, job.state.total) == (DONE, ROWS, ROWS)
    assert labels(job) == words(ROWS)


def test_a_bad_row_is_an_error_and_stops_nothing(tmp_path: Path) -> None:
    lines = texts(20) + f"{POISON}\n" + texts(2)
    job = work(job_of(tmp_path / "job", lines))
    assert job.state.errors == 1
    assert labels(job) == [*words(20), "text: is poison.", *words(2)]


def test_a_row_that_ends_the_worker_is_found_and_set_apart(tmp_path: Path) -> None:
    lines = texts(10) + f"{KILLER}\n" + texts(10)
    job = work(job_of(tmp_path / "job", lines))
    assert (job.state.status, job.state.errors) == (DONE, 1)
    assert labels(job)[10].startswith("The worker ended")
    assert labels(job)[11:] == words(10)


def test_a_model_that_cannot_be_had_fails_the_job_not_its_rows(tmp_path: Path) -> None:
    job = work(job_of(tmp_path / "job", texts(5)), RowsEngine(hopeless="No such model."))
    assert (job.state.status, job.state.reason) == (FAILED, "No such model.")
    assert labels(job) == []


def test_a_refused_value_is_the_rows_own_error(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", "one\ntwo\n", top_k=-1)
    assert "top_k" in labels(work(job))[0]


@pytest.mark.parametrize("status", [PAUSED, CANCELLED])
def test_a_stopped_job_keeps_what_is_done_and_goes_on_from_there(
    status: str, tmp_path: Path
) -> None:
    job, signal = job_of(tmp_path / "job", texts(ROWS)), Signal()
    thread = threading.Thread(target=work, args=(job, RowsEngine(seconds=0.02), signal))
    thread.start()
    wait_for(lambda: job.state.done)
    signal.ask(status)
    thread.join(PATIENCE)
    stopped = Job(job.folder)
    assert stopped.state.status == status
    before, engine = stopped.state.done, RowsEngine()
    assert 0 < before < ROWS
    assert labels(work(stopped, engine)) == words(ROWS)
    assert min(engine.rows) == before


def test_the_batch_size_is_measured_and_kept(tmp_path: Path) -> None:
    engine = RowsEngine()
    job = work(job_of(tmp_path / "job", texts(1_500), batch_size=AUTO), engine)
    assert job.state.batch_size == 8
    assert list(job.state.speeds) == ["1", "2", "4", "8", "16"]
    assert engine.sizes[-1] == 8
    assert labels(job) == words(1_500)


def test_a_short_job_is_not_lost_in_measuring(tmp_path: Path) -> None:
    job = work(job_of(tmp_path / "job", texts(3), batch_size=AUTO))
    assert labels(job) == words(3)
    assert job.state.status == DONE


def test_a_changed_input_is_refused(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", texts(5))
    (job.folder / "lines.txt").write_text(texts(6))
    assert "changed" in work(job).state.reason


def test_an_input_that_is_gone_is_refused(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", texts(5))
    (job.folder / "lines.txt").unlink()
    assert work(job).state.status == FAILED


def test_a_log_that_cannot_be_opened_pauses_the_job_and_says_why(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", texts(5))
    job.log.path.mkdir()
    state = work(job).state
    assert (state.status, state.reason) == (PAUSED, NO_ACCESS.format(why="Is a directory"))
    job.log.path.rmdir()
    assert labels(work(job)) == words(5)


def test_a_fault_of_ours_ends_the_job_with_a_sentence_and_it_can_go_on(tmp_path: Path) -> None:
    job, engine = job_of(tmp_path / "job", texts(5)), RowsEngine()
    engine.run = lambda request: 1 / 0  # type: ignore[method-assign,assign,return-value]
    state = work(job, engine).state
    assert state.status == FAILED
    assert state.reason.startswith("Something went wrong here (id ")
    assert labels(work(job)) == words(5)


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    job = work(job_of(tmp_path / "job", texts(ROWS)))
    whole = job.log.path.read_bytes()
    job.log.path.write_bytes(whole[: len(whole) // 2])
    again = work(job)
    assert labels(again) == words(ROWS)
    assert again.log.path.read_bytes() == whole


def test_of_two_that_resume_at_once_one_wins(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", texts(ROWS))
    with job.locked(), pytest.raises(EngineError, match="already"):
        work(Job(job.folder))
    assert labels(work(job)) == words(ROWS)


def test_only_failed_rows_are_tried_again(tmp_path: Path) -> None:
    job = work(job_of(tmp_path / "job", f"a\n{KILLER} b\nc\n"))
    assert job.state.errors == 1
    job.update(retried=job.retries.recover())
    engine = RowsEngine()
    engine.run = lambda request: RowsEngine.run(engine, _harmless(request))  # type: ignore[method-assign]
    again = work(job, engine)
    assert engine.rows == [1]
    assert (again.state.errors, again.state.status) == (0, DONE)
    assert labels(again) == ["a", "b", "c"]


def _harmless(request: Any) -> Any:
    from dataclasses import replace

    rows = [replace(r, inputs={"text": r.inputs["text"].replace(KILLER, "")}) for r in request.rows]
    return replace(request, rows=tuple(rows))


@pytest.mark.parametrize("name", ["write", "sync", "rename"])
def test_whatever_write_fails_once_nothing_is_lost(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each k-th write, fsync and rename fails once, as if the disk were full."""
    original = getattr(disk, name)
    for k in range(1, 200):
        job, calls = job_of(tmp_path / f"{k}", texts(12)), iter(range(1, 10_000))

        def failing(*args: Any, k: int = k, calls: Iterator[int] = calls) -> Any:
            if next(calls) == k:
                raise OSError(errno.ENOSPC, "No space left on device")
            return original(*args)

        monkeypatch.setattr(disk, name, failing)
        first = work(job)
        monkeypatch.setattr(disk, name, original)
        if next(calls) <= k:
            assert k > 3, "fewer calls than a job can do with"
            return
        assert first.state.status in (PAUSED, RUNNING, "waiting", DONE)
        if first.state.status == PAUSED:
            assert first.state.reason == DISK_FULL
        assert labels(work(first)) == words(12)
    pytest.fail("the job never got through")


@pytest.mark.slow
def test_twenty_kills_lose_no_row_and_repeat_none(tmp_path: Path) -> None:
    """R40."""
    job, dice = job_of(tmp_path / "job", texts(KILLED_ROWS), batch_size=8), random.Random(40)
    kills = 0
    while Job(job.folder).state.status != DONE:
        child = subprocess.Popen([sys.executable, "-m", "tests.fake_rows", job.folder], cwd=ROOT)
        try:
            if kills < KILLS:
                child.wait(0.3 + dice.random() * 0.5)
            else:
                assert child.wait(PATIENCE) == 0
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            kills += 1
    assert kills == KILLS, "the job was done before it could be killed so often"
    assert labels(Job(job.folder)) == words(KILLED_ROWS)
    for line in job.log.path.read_text().splitlines():
        json.loads(line)


def test_a_log_keeps_none_of_the_lines_that_do_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.engine.request import RowResult

    log = ResultLog(tmp_path / "log")
    log.append([RowResult(0, "a")])

    def half(file: Any, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "write", half)
    with pytest.raises(OSError, match="space"):
        log.append([RowResult(1, "b")])
    assert [result.answer for result in log.read()] == ["a"]
