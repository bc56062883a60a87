"""The desk: every job of a server, made from what a visitor sends, worked on a few at a time."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.engine.request import Engine
from pipelines.errors import EngineError, InputError, PipelineError
from pipelines.jobs.job import CANCELLED, DONE, ID, OPEN, PAUSED, WAITING, Job, new_id
from pipelines.jobs.order import Order, fill
from pipelines.jobs.sample import first_rows, try_out
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.token import NO_TOKEN, Token

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Jobs that are worked on at the same time."""
SAMPLE = "sample-"
"""Before the id of a job that is not kept."""


@dataclass
class Active:
    """A job that is being worked on, or waits for its turn."""

    job: Job
    signal: Signal
    token: Token = field(default=NO_TOKEN, repr=False)
    """Of the visitor who set it going; never written down."""


class Desk:
    """Jobs by id in one folder. Safe to call from several threads."""

    def __init__(self, engine: Engine, limits: Limits, folder: Path) -> None:
        self.folder = folder
        self._engine = engine
        self._limits = limits
        self._active: dict[str, Active] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="job")
        self._closed = False

    def open_all(self) -> None:
        """Go on with the jobs that were under way when the server ended."""
        for left in self.folder.glob(f"{SAMPLE}*"):
            shutil.rmtree(left, ignore_errors=True)  # what a killed server has left
        for job in self.jobs():
            if job.state.status in OPEN:
                self._submit(job)

    def start(self, order: Order) -> Job:
        """Make a job; raises InputError naming what is wrong, and leaves nothing behind then."""
        folder = self.folder / new_id()
        folder.mkdir(parents=True)
        try:
            job = fill(folder, order, self._limits)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._submit(job, order.token)
        return job

    @contextmanager
    def sample(self, order: Order) -> Iterator[Iterator[Job]]:
        """The first rows only: the job again and again until it has ended. Nothing is kept.

        Leaving the block stops it. Raises InputError naming what is wrong.
        """
        folder = self.folder / f"{SAMPLE}{new_id()}"
        folder.mkdir(parents=True)
        try:
            job = fill(folder, first_rows(order), self._limits)
            with closing(try_out(job, self._engine, self._limits, order.token)) as looks:
                yield looks
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def jobs(self) -> list[Job]:
        """Every job, the newest first; those that cannot be read are left out."""
        found = []
        for folder in self.folder.glob("*/") if self.folder.is_dir() else ():
            if ID.fullmatch(folder.name):
                try:
                    found.append(self.job(folder.name))
                except PipelineError:
                    logger.warning("job %s cannot be read", folder.name)
        return sorted(found, key=lambda job: job.manifest.made, reverse=True)

    def job(self, id: str) -> Job:
        """The job of an id; raises EngineError where there is none."""
        if not ID.fullmatch(id):
            raise EngineError("There is no such job; look at the list for its id.")
        with self._lock:
            active = self._active.get(id)
        return active.job if active else Job(self.folder / id)

    def pause(self, id: str) -> None:
        """Stop after the batch that is under way; nothing that is done is lost."""
        self._stop(id, PAUSED)

    def cancel(self, id: str) -> None:
        """Stop for good; what is done can still be downloaded."""
        self._stop(id, CANCELLED)

    def resume(self, id: str, token: Token = NO_TOKEN) -> None:
        """Go on where the job stopped."""
        job = self.job(id)
        if job.state.status == DONE:
            raise InputError("job", "is done; retry its failed rows or start a new one.")
        self._submit(job, token)

    def retry(self, id: str, token: Token = NO_TOKEN) -> None:
        """Ask once more for the rows that have an error."""
        job = self.job(id)
        if job.state.status != DONE or not job.state.errors:
            raise InputError("job", "has no failed rows to retry, or is not done yet.")
        with job.locked():
            job.update(status=WAITING, retried=job.retries.recover())
        self._submit(job, token)

    def delete(self, id: str) -> None:
        """Remove a job that nobody works on, with everything it made."""
        job = self.job(id)
        with job.locked():
            shutil.rmtree(job.folder)

    def close(self) -> None:
        """Stop all work; what is under way goes on when the desk opens again."""
        with self._lock:
            self._closed = True
            active = list(self._active.values())
        for each in active:
            each.signal.ask(WAITING)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _submit(self, job: Job, token: Token = NO_TOKEN) -> None:
        with self._lock:
            if self._closed or job.id in self._active:
                return
            active = self._active[job.id] = Active(job, Signal(), token)
            self._pool.submit(self._work, active)

    def _work(self, active: Active) -> None:
        try:
            carry_out(active.job, self._engine, self._limits, active.signal, active.token)
        except PipelineError as error:
            logger.warning("job %s: %s", active.job.id, error)
        except Exception:
            logger.exception("job %s broke", active.job.id)
        finally:
            with self._lock:
                del self._active[active.job.id]

    def _stop(self, id: str, status: str) -> None:
        with self._lock:
            active = self._active.get(id)
        if active is not None:
            active.signal.ask(status)
            return
        job = self.job(id)
        if job.state.status != DONE:
            with job.locked():
                job.update(status=status, reason="")
