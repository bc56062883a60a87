"""A sample: the first rows of an order answered before the whole is started, and its pace."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import replace

from pipelines.engine.request import Engine
from pipelines.jobs.job import CANCELLED, DONE, WAITING, Job
from pipelines.jobs.order import Order
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.token import NO_TOKEN, Token

ROWS = 5
TICK_SECONDS = 0.2
SHORT_SECONDS = 2.0
"""A sample that took less is answered twice: a model's first run is slower than the others."""


def first_rows(order: Order) -> Order:
    """The same order for its first rows."""
    return replace(order, most_rows=ROWS)


def try_out(
    job: Job, engine: Engine, limits: Limits, token: Token = NO_TOKEN
) -> Generator[Job, None, None]:
    """The job again and again while it is worked on, and once it has ended."""
    signal = Signal()
    worker = threading.Thread(target=_twice, args=(job, engine, limits, signal, token), daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            yield job
            worker.join(TICK_SECONDS)
    finally:
        signal.ask(CANCELLED)
        worker.join()
    yield job


def pace(job: Job) -> float:
    """Rows/s of a sample without loading and waiting; 0 where nothing was measured."""
    return job.state.done / job.state.run_seconds if job.state.run_seconds else 0.0


def _twice(job: Job, engine: Engine, limits: Limits, signal: Signal, token: Token) -> None:
    carry_out(job, engine, limits, signal, token)
    if job.state.status == DONE and job.state.run_seconds < SHORT_SECONDS:
        job.log.path.unlink(missing_ok=True)
        job.update(status=WAITING, done=0, errors=0, run_seconds=0.0)
        carry_out(job, engine, limits, signal, token)
