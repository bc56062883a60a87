"""A job and what is real: a disk that takes no more, and a model that batches."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.engine.request import Event, Request
from pipelines.jobs.job import AUTO, DONE, PAUSED, Job, Manifest, fingerprint, make
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import DISK_FULL, carry_out
from pipelines.limits import Limits
from tests.engine_room import Room
from tests.fake_rows import RowsEngine, texts
from tests.test_jobs import ROOT, TASK, job_of, labels, words
from tests.test_rows import TEXTS, alike
from tests.tiny import MODELS

ROWS = 80
ROOM_BYTES = 3_000
"""The longest file that the job may write at first: some of its rows fit."""
PATIENCE = 60.0


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES))


def test_a_full_disk_pauses_the_job_and_loses_nothing(tmp_path: Path) -> None:
    """R36. The disk is a limit on the length of files; writes fail as the system has it."""
    job = job_of(tmp_path / "job", texts(ROWS))
    child = subprocess.run(
        [sys.executable, "-m", "tests.fake_rows", job.folder], cwd=ROOT, preexec_fn=limit_files,
        timeout=PATIENCE, capture_output=True, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    paused = Job(job.folder)
    assert (paused.state.status, paused.state.reason) == (PAUSED, DISK_FULL)
    before, engine = len(labels(paused)), RowsEngine()
    assert 0 < before < ROWS
    carry_out(paused, engine, Limits(), Signal())  # type: ignore[arg-type]
    assert labels(Job(job.folder)) == words(ROWS)
    assert min(engine.rows) == before


class RoomEngine(RowsEngine):
    """Rows go through a real pipeline, in this thread."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self.room = room

    def run(self, request: Request) -> Iterator[Event]:
        events: list[Event] = []
        self.room.runner.execute(request, events.append, threading.Event())
        yield from events


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_job_has_the_same_answers_at_every_batch_size(room: Room, tmp_path: Path) -> None:
    """R39, with the size that a job measures itself."""
    found = []
    for size in (1, 8, 32, AUTO):
        folder = tmp_path / str(size)
        folder.mkdir()
        file = folder / "lines.txt"
        file.write_text("".join(f"{text}\n" for text in TEXTS * 30))
        values = {"model": f"starter/{MODELS[TASK]}", "dtype": "float32", "device": "cpu"}
        manifest = Manifest(
            task=TASK, input="lines.txt", sha256=fingerprint(file), columns={"text": "text"},
            values=values, name="lines.txt", batch_size=size,
        )  # fmt: skip
        job = make(folder, manifest)
        carry_out(job, RoomEngine(room), Limits(), Signal())  # type: ignore[arg-type]
        assert job.state.status == DONE, job.state.reason
        found.append([result.answer for result in job.results()])
    assert len(job.state.speeds) > 1
    assert all(alike(found[0], other) for other in found[1:])
