"""The real worker process with real models: killed, stuck, stopped, and back again (R23, R27)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.flight import DIED, STOPPED
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, Partial, RunnerSettings, Waiting
from pipelines.engine.worker import CANCEL_SECONDS, WorkerEngine
from pipelines.limits import Limits
from pipelines.tasks import task
from tests.loopback_hub import Hub, serve

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

TEXT = "text-generation"
LONG = {"model": "acme/endless", "text": "the quick", "max_new_tokens": 8_000, "do_sample": False}
SHORT = {**LONG, "model": "acme/gpt2", "max_new_tokens": 5}
PATIENCE = 120.0


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture(scope="module")
def engine(
    checkpoints: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    pool: ThreadPoolExecutor,
) -> Iterator[WorkerEngine]:
    """A worker whose Hub is on loopback."""
    repos = {f"acme/{name}": folder for name, folder in checkpoints.items()}
    with serve(Hub(repos=repos)) as hub, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.url)
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("OMP_NUM_THREADS", "1")
        engine = WorkerEngine(RunnerSettings(limits=Limits(), models="hub"))
        yield engine
        engine.close()


def run(engine: WorkerEngine, values: dict[str, Any], owner: str = "") -> Iterator[Event]:
    limits = Limits()
    given = {"device": "cpu", "dtype": "float32", **values}
    return engine.run(request_from(task(TEXT), given, limits, owner))


def last(engine: WorkerEngine, values: dict[str, Any]) -> Event:
    return list(run(engine, values))[-1]


def underway(engine: WorkerEngine, owner: str) -> Iterator[Event]:
    """A long run that has written its first words."""
    events = run(engine, LONG, owner)
    while not isinstance(next(events), Partial):
        pass
    return events


def waiting(pool: ThreadPoolExecutor, engine: WorkerEngine) -> Future[Event]:
    """A short run on the model that the long one holds, in its queue."""
    events = run(engine, {**LONG, "max_new_tokens": 3})
    while not isinstance(next(events), Waiting):
        pass
    return pool.submit(lambda: list(events)[-1])


def test_a_run_is_answered_and_the_status_is_ready(engine: WorkerEngine) -> None:
    done = last(engine, SHORT)
    assert isinstance(done, Done), done
    assert engine.status().ready
    assert "cpu" in engine.status().devices


def test_stop_ends_a_generation_at_once_and_keeps_its_text(engine: WorkerEngine) -> None:
    events, pid = underway(engine, "me"), engine.pid
    began = time.monotonic()
    engine.cancel("me")
    done = list(events)[-1]
    assert time.monotonic() - began < CANCEL_SECONDS
    assert isinstance(done, Done)
    assert done.meta.stopped
    assert done.answer["generated_text"]
    assert engine.pid == pid


def test_a_kill_in_the_middle_fails_that_run_only(
    engine: WorkerEngine, pool: ThreadPoolExecutor
) -> None:
    running, old = underway(engine, "me"), engine.pid
    queued = waiting(pool, engine)
    os.kill(old, signal.SIGKILL)
    assert list(running)[-1] == Failed(DIED)
    assert isinstance(queued.result(PATIENCE), Done)
    assert isinstance(last(engine, SHORT), Done)
    assert not Path(f"/proc/{old}").exists()


def test_a_worker_that_does_not_hear_is_killed_and_the_others_are_answered(
    engine: WorkerEngine, pool: ThreadPoolExecutor
) -> None:
    running, old = underway(engine, "me"), engine.pid
    queued = waiting(pool, engine)
    os.kill(old, signal.SIGSTOP)
    began = time.monotonic()
    engine.cancel("me")
    assert list(running)[-1] == Failed(STOPPED)
    assert CANCEL_SECONDS <= time.monotonic() - began < CANCEL_SECONDS + 2
    assert isinstance(queued.result(PATIENCE), Done)
    assert not Path(f"/proc/{old}").exists()


def test_a_closed_page_stops_the_computing(engine: WorkerEngine) -> None:
    underway(engine, "me").close()
    began = time.monotonic()
    done = last(engine, {**LONG, "max_new_tokens": 3})
    assert isinstance(done, Done)
    assert time.monotonic() - began < CANCEL_SECONDS


def test_close_leaves_no_process(engine: WorkerEngine) -> None:
    pid = engine.pid
    engine.close()
    assert not Path(f"/proc/{pid}").exists()
