"""The worker process: it may die, hang or never start, and nobody waits for ever (R23, R27)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.engine import worker
from pipelines.engine.flight import BROKEN, CLOSING, DIED, STOPPED
from pipelines.engine.request import Done, Event, Failed, Progress, Request, RunnerSettings, Waiting
from pipelines.engine.stream import BEFORE
from pipelines.engine.worker import WorkerEngine
from pipelines.limits import Limits
from pipelines.loading import LoadSettings

PATIENCE = 20.0
SOON = 0.3
"""Seconds, in place of the 5 that a cancelled run has."""


@pytest.fixture(autouse=True, scope="module")
def _fake_child() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "CHILD", "tests.fake_child")
        patch.setattr(worker, "CANCEL_SECONDS", SOON)
        yield


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


@pytest.fixture(scope="module")
def shared(pool: ThreadPoolExecutor) -> Iterator[WorkerEngine]:
    """It replaces what a test kills. Closed before the pool, whose threads may wait for it."""
    engine = WorkerEngine(RunnerSettings(limits=Limits()))
    yield engine
    engine.close()


@pytest.fixture
def engine(shared: WorkerEngine) -> WorkerEngine:
    """With nothing left of the test before."""
    shared.cancel("queue")
    wait_for(lambda: not shared._flights and shared.status().ready)
    return shared


def request(text: str, owner: str = "") -> Request:
    load = LoadSettings(task="t", model="m")
    return Request(task="t", inputs={"text": text}, params={}, load=load, owner=owner)


def last(engine: WorkerEngine, text: str, owner: str = "") -> Event:
    return list(engine.run(request(text, owner)))[-1]


def start(pool: ThreadPoolExecutor, engine: WorkerEngine, text: str) -> Future[Event]:
    """A run that has got as far as the worker."""
    seen = threading.Event()

    def run() -> Event:
        events = []
        for event in engine.run(request(text, owner=text)):
            events.append(event)
            if event != BEFORE:
                seen.set()
        return events[-1]

    future = pool.submit(run)
    assert seen.wait(PATIENCE)
    return future


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Neither running nor a zombie."""
    return not Path(f"/proc/{pid}").exists()


def test_a_run_ends_with_its_answer(engine: WorkerEngine) -> None:
    events = [event for event in engine.run(request("answer")) if event != BEFORE]
    assert [type(e) for e in events] == [Progress, Done]
    assert events[-1].answer == engine.pid


def test_the_status_is_what_the_worker_last_said(engine: WorkerEngine) -> None:
    wait_for(lambda: engine.status().ready)
    assert engine.status().note == f"pid {engine.pid}"


def test_a_killed_worker_fails_the_run_that_it_was_in_and_the_next_one_works(
    engine: WorkerEngine, pool: ThreadPoolExecutor
) -> None:
    running = start(pool, engine, "slow")
    old = engine.pid
    os.kill(old, signal.SIGKILL)
    assert running.result(PATIENCE) == Failed(DIED)
    assert last(engine, "answer").answer == engine.pid != old
    assert gone(old)


def test_those_who_were_in_a_batch_run_again_each_alone(
    engine: WorkerEngine, pool: ThreadPoolExecutor
) -> None:
    """Nobody knows which of them ended the worker."""
    runs = [start(pool, engine, "together") for _ in range(3)]
    old = engine.pid
    os.kill(old, signal.SIGKILL)
    answers = [run.result(PATIENCE) for run in runs]
    assert [answer.answer for answer in answers] == [engine.pid] * 3
    assert engine.pid != old


def test_those_who_only_waited_run_again(engine: WorkerEngine, pool: ThreadPoolExecutor) -> None:
    waiting = start(pool, engine, "queue")
    running = start(pool, engine, "slow")
    os.kill(engine.pid, signal.SIGKILL)
    assert running.result(PATIENCE) == Failed(DIED)
    wait_for(lambda: engine.status().ready)
    assert not waiting.done()
    engine.cancel("queue")
    assert waiting.result(PATIENCE) == Failed(STOPPED)


def test_a_request_that_kills_every_worker_runs_once(engine: WorkerEngine) -> None:
    old = engine.pid
    assert last(engine, "die") == Failed(DIED)
    assert last(engine, "answer").answer == engine.pid != old


def test_cancel_reaches_every_run_of_an_owner_and_no_other(
    engine: WorkerEngine, pool: ThreadPoolExecutor
) -> None:
    mine, other = start(pool, engine, "slow"), start(pool, engine, "queue")
    pid = engine.pid
    engine.cancel("slow")
    assert mine.result(PATIENCE) == Failed(STOPPED)
    assert (other.done(), engine.pid) == (False, pid)


def test_closing_the_iterator_cancels(engine: WorkerEngine) -> None:
    run = engine.run(request("slow"))
    next(run)
    run.close()
    wait_for(lambda: not engine._flights)


def test_a_run_that_does_not_stop_takes_its_worker_along_and_the_others_run_again(
    engine: WorkerEngine, pool: ThreadPoolExecutor
) -> None:
    """R23, R24."""
    other = start(pool, engine, "slow")
    deaf = start(pool, engine, "deaf")
    old = engine.pid
    began = time.monotonic()
    engine.cancel("deaf")
    assert deaf.result(PATIENCE) == Failed(STOPPED)
    assert time.monotonic() - began < SOON + 1
    wait_for(lambda: gone(old) and engine.status().ready)
    assert not other.done()
    assert last(engine, "answer").answer == engine.pid
    engine.cancel("slow")
    assert other.result(PATIENCE) == Failed(STOPPED)


def test_a_run_over_its_time_takes_its_worker_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "OVERTIME_SECONDS", SOON)
    engine = WorkerEngine(RunnerSettings(limits=Limits(run_seconds=0.1)))
    assert last(engine, "deaf") == Failed("Took over 0.1 s.")
    assert isinstance(last(engine, "answer"), Done)
    engine.close()


def test_a_run_that_waits_has_all_the_time(
    monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    monkeypatch.setattr(worker, "OVERTIME_SECONDS", 0.0)
    engine = WorkerEngine(RunnerSettings(limits=Limits(run_seconds=0.1)))
    waiting = start(pool, engine, "queue")
    time.sleep(SOON)
    assert not waiting.done()
    engine.close()
    assert waiting.result(PATIENCE) == Failed(CLOSING, hopeless=True)


def test_a_worker_that_never_starts_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "CHILD", "tests.no_child")
    engine = WorkerEngine(RunnerSettings(limits=Limits()))
    assert last(engine, "answer") == Failed(BROKEN.note, hopeless=True)
    assert engine.status() == BROKEN
    assert last(engine, "answer") == Failed(BROKEN.note, hopeless=True)
    engine.close()


def test_a_worker_that_starts_at_last_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as fault:
        fault.setattr(worker, "CHILD", "tests.no_child")
        engine = WorkerEngine(RunnerSettings(limits=Limits()))
        wait_for(lambda: engine.status() == BROKEN)
    assert isinstance(last(engine, "answer"), Done)
    engine.close()


def test_where_no_worker_can_be_started_nobody_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    engine = WorkerEngine(RunnerSettings(limits=Limits()))
    waiting = start(pool, engine, "queue")
    with monkeypatch.context() as fault:
        fault.setattr(worker, "ROOT", tmp_path / "gone")
        os.kill(engine.pid, signal.SIGKILL)
        assert waiting.result(PATIENCE) == Failed(BROKEN.note, hopeless=True)
    assert isinstance(last(engine, "answer"), Done)
    engine.close()


def test_close_ends_the_process_and_what_runs(pool: ThreadPoolExecutor) -> None:
    engine = WorkerEngine(RunnerSettings(limits=Limits()))
    running, pid = start(pool, engine, "slow"), engine.pid
    engine.close()
    assert running.result(PATIENCE) == Failed(CLOSING, hopeless=True)
    assert gone(pid)
    assert last(engine, "answer") == Failed(CLOSING, hopeless=True)


def test_the_worker_ends_when_its_parent_is_killed() -> None:
    code = (
        "import time; from pipelines.engine import worker; worker.CHILD = 'tests.fake_child'\n"
        "from pipelines.engine.request import RunnerSettings; from pipelines.limits import Limits\n"
        "print(worker.WorkerEngine(RunnerSettings(limits=Limits())).pid, flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_for(lambda: gone(pid) or Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z")


def test_fifty_at_once_all_get_their_answer(engine: WorkerEngine, pool: ThreadPoolExecutor) -> None:
    """R28."""
    answers = list(pool.map(lambda _: last(engine, "answer"), range(50)))
    assert {answer.answer for answer in answers} == {engine.pid}
    assert not engine._flights


def test_waiting_is_said_while_the_worker_is_replaced(engine: WorkerEngine) -> None:
    run = engine.run(request("queue"))
    next(run)
    os.kill(engine.pid, signal.SIGKILL)
    assert next(run) == Waiting("The worker is being replaced")
    run.close()
