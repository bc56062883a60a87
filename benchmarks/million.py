"""A job of a million short rows: how much memory the two processes hold while it runs.

The job is a real one: rows from a file, windows to a worker process, results to a log on the disk.
Only the model is none: it answers at once, so that the rows are what takes the time. Memory is
resident, in MB, and counted from the first tenth on, when everything has been used once.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import setting
from pipelines.engine import child, runner, worker
from pipelines.engine.request import RunnerSettings
from pipelines.engine.worker import WorkerEngine
from pipelines.jobs.job import DONE, Job, Manifest, fingerprint, make
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.loading import Loaded
from pipelines.spec import ModelFacts

ROWS = 1_000_000
TASK = "text-classification"
BATCH = 64
GOAL_MB = 50.0
MB = 1_000_000
LOOK_SECONDS = 1.0
LOOKS = 20
"""Lines that are printed."""


class Instant:
    """A pipeline and its model: every text is good."""

    task = TASK
    tokenizer = None

    @property
    def model(self) -> Instant:
        return self

    def modules(self) -> list[Any]:
        return []

    def register_forward_pre_hook(self, hook: Any) -> Instant:
        return self

    def remove(self) -> None:
        """It is its own hook too."""

    def forward(self, texts: list[str]) -> list[Any]:
        return [[{"label": "good", "score": 0.5 + len(text) / 1_000}] for text in texts]

    def __call__(self, texts: Any, **kwargs: Any) -> Any:
        return self.forward(texts) if isinstance(texts, list) else self.forward([texts])[0]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job, and print what both processes hold as it goes on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    rows = parser.parse_args(argv).rows
    logging.disable()
    worker.CHILD = "benchmarks.million"
    print(f"a job of {rows:,} rows, resident MB; {setting()}")
    print(f"{'rows':>12}{'rows/s':>10}{'web':>10}{'worker':>10}", flush=True)
    engine = WorkerEngine(
        RunnerSettings(limits=Limits(), models="starter", log_level=logging.ERROR)
    )
    with tempfile.TemporaryDirectory() as folder:
        job = _job(Path(folder), rows)
        work = threading.Thread(target=carry_out, args=(job, engine, Limits(), Signal()))
        began = time.monotonic()
        work.start()
        found = _watched(job, rows, work, engine.pid, began)
        _print(job, rows, found, time.monotonic() - began)
    engine.close()


def _job(folder: Path, rows: int) -> Job:
    file = folder / "lines.txt"
    with file.open("w") as lines:
        lines.writelines(f"this is message number {n}\n" for n in range(rows))
    manifest = Manifest(
        task=TASK, input=file.name, sha256=fingerprint(file), columns={"text": "text"},
        values={"device": "cpu", "dtype": "float32"}, name=file.name, batch_size=BATCH,
    )  # fmt: skip
    return make(folder, manifest)


def _watched(
    job: Job, rows: int, work: threading.Thread, pid: int, began: float
) -> list[tuple[float, float]]:
    """MB of the web process and of the worker each time that another part of the rows is done."""
    processes, found = (psutil.Process(), psutil.Process(pid)), []
    while work.is_alive():
        work.join(LOOK_SECONDS)
        done = job.state.done
        if done < (len(found) + 1) * rows / LOOKS:
            continue
        web, worker = (process.memory_info().rss / MB for process in processes)
        found += [(web, worker)] * (done * LOOKS // rows - len(found))
        rate = done / (time.monotonic() - began)
        print(f"{done:12,}{rate:10,.0f}{web:10.1f}{worker:10.1f}", flush=True)
    return found


def _print(job: Job, rows: int, found: list[tuple[float, float]], seconds: float) -> None:
    state, lines = job.state, sum(1 for _ in job.log.path.open("rb"))
    assert (state.status, state.errors, lines) == (DONE, 0, rows), (state, lines)
    settled = found[LOOKS // 10 - 1 :]
    moved = [max(each) - min(each) for each in zip(*settled, strict=True)]
    print(f"done in {seconds:,.0f} s; web process within {moved[0]:.1f} MB, worker within "
          f"{moved[1]:.1f} MB, goal {GOAL_MB:g} MB")  # fmt: skip


def work(descriptor: int) -> None:
    """Be the worker."""
    facts = ModelFacts(model=f"starter/{TASK}", revision="shipped", traits=frozenset({"pads"}))
    runner.load = lambda *_, **__: Loaded(pipe=Instant(), facts=facts, seconds=0.0)
    child.main(descriptor)


if __name__ == "__main__":
    work(int(sys.argv[1])) if len(sys.argv) == 2 and sys.argv[1].isdigit() else main()
