"""Work: a job's rows go to the engine in windows, and what comes back goes to its log."""

from __future__ import annotations

import errno
import logging
import shutil
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice

from pipelines.engine.request import (
    Engine,
    Event,
    Failed,
    Request,
    Row,
    RowResult,
    RowsDone,
)
from pipelines.errors import Cancelled, PipelineError
from pipelines.jobs.fetching import incoming
from pipelines.jobs.job import AUTO, DONE, FAILED, PAUSED, RUNNING, Job
from pipelines.jobs.notes import NOTES
from pipelines.jobs.scores import write_report
from pipelines.jobs.stops import Signal, Stopped
from pipelines.jobs.tables import Cells
from pipelines.jobs.windows import Cutter, Window
from pipelines.limits import Limits
from pipelines.token import NO_TOKEN, Token

logger = logging.getLogger(__name__)

FIRST_ROWS = 8
"""Rows in the first window; later ones grow and shrink with the model's speed."""
LEAST_TRIED = 32
MOST_ROWS = 1_024
WINDOW_SECONDS = 4.0
"""How long a window should take: progress is shown, saved and stopped between two of them."""
IN_FLIGHT = 2
"""Windows that are under way at once: one is decoded while the model runs the other."""
SIZES = (1, 2, 4, 8, 16, 32, 64)
"""Batch sizes that are tried where it is to be measured."""
TRIED_BATCHES = 4
"""Each size is tried with so many batches, and LEAST_TRIED rows."""
WORSE = 0.9
"""A batch size this much slower than the best one ends the trial."""
KEPT = 0.7
"""Share of the former rate in the one that is shown."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a write is told where the disk, or a quota or limit on it, has no more room."""
DISK_FULL = "The disk takes no more; free some space, then resume."
NO_ACCESS = "A file of the job cannot be read or written ({why}); see to that, then resume."


def carry_out(
    job: Job, engine: Engine, limits: Limits, signal: Signal, token: Token = NO_TOKEN
) -> None:
    """Work on the job until it is done or stopped; its state says which.

    The token is whose job it is; it is in memory alone, so a job that begins anew has none. Raises
    EngineError where someone else is at work on it.
    """
    with job.locked():
        try:
            job.check_input()
            Worker(job, engine, limits, signal, token).run()
        except Stopped as stopped:
            _note(job, stopped.status, str(stopped))
        except PipelineError as error:
            _note(job, FAILED, str(error))
        except OSError as error:
            logger.warning("job %s cannot read or write", job.id, exc_info=True)
            other = NO_ACCESS.format(why=error.strerror or type(error).__name__)
            _note(job, PAUSED, DISK_FULL if error.errno in FULL else other)
        except Exception:
            mark = uuid.uuid4().hex[:8]
            logger.exception("job %s broke, id %s", job.id, mark)
            _note(job, FAILED, f"Something went wrong here (id {mark}); try again.")
        finally:
            shutil.rmtree(job.folder / "scratch", ignore_errors=True)


def _note(job: Job, status: str, reason: str) -> None:
    """Say how it ended; where even that cannot be written, in memory only."""
    try:
        job.update(status=status, reason=reason)
    except OSError:
        job.change(status=status, reason=reason)


class Worker:
    """One pass over a job."""

    def __init__(
        self, job: Job, engine: Engine, limits: Limits, signal: Signal, token: Token
    ) -> None:
        self.job = job
        self.engine = engine
        self.signal = signal
        self.owner = f"job/{job.id}"
        self.cutter = Cutter(job, limits, self.owner, token)
        self.window_rows = FIRST_ROWS
        self.run_seconds = 0.0
        self.advanced = time.monotonic()

    def run(self) -> None:
        """Answer every row that has no answer yet."""
        job = self.job
        if job.state.retried is not None:
            self._retry()
            return
        done = job.log.recover()
        errors = sum(bool(result.error) for result in job.log.read()) if done else 0
        job.update(status=RUNNING, reason="", done=done, errors=errors)
        counting = threading.Thread(target=self._count, daemon=True)
        counting.start()
        fetched = incoming(job, self.cutter.limits, self.signal.check, self.cutter.token)
        with closing(fetched) as cells:
            for results in self._answers(enumerate(islice(cells, done, None), start=done)):
                job.log.append(results)
                self._advance(results)
        counting.join()
        self._compare()
        job.update(status=DONE, total=job.state.done)

    def _retry(self) -> None:
        """Answer the rows once more that have an error, and were not tried again since."""
        job = self.job
        mark = job.state.retried or 0
        job.retries.recover()
        tried = {result.index for result in job.retries.read(mark)}
        wrong = {r.index for r in job.results() if r.error} - tried
        job.update(status=RUNNING, reason="")
        rows = ((n, cells) for n, cells in enumerate(job.rows()) if n in wrong)
        for results in self._answers(rows):
            job.retries.append(results)
            self.signal.check()
        errors = sum(bool(result.error) for result in job.results())
        self._compare()
        job.update(status=DONE, retried=None, errors=errors)

    def _compare(self) -> None:
        """Score the answers where the right ones are known."""
        if self.job.manifest.truth:
            write_report(self.job)

    def _count(self) -> None:
        """How many rows there are; a table that breaks later is found out by the work itself."""
        if self.job.spool:
            self.job.change(total=self.job.manifest.most_rows or None)
            return
        total = 0
        try:
            for _ in self.job.rows():
                total += 1
        except (PipelineError, OSError):
            return
        self.job.change(total=total)

    def _advance(self, results: Sequence[RowResult]) -> None:
        state, now = self.job.state, time.monotonic()
        rate = len(results) / max(now - self.advanced, 1e-3)
        self.advanced = now
        self.job.update(
            done=state.done + len(results),
            errors=state.errors + sum(bool(result.error) for result in results),
            rate=KEPT * state.rate + (1 - KEPT) * rate if state.rate else rate,
        )

    def _answers(self, rows: Iterator[tuple[int, Cells]]) -> Iterator[list[RowResult]]:
        """The results window by window, in order."""
        yield from self._tuned(rows)
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="window") as pool:
            waiting: deque[Future[list[RowResult]]] = deque()
            try:
                while window := self._window(rows, self.window_rows):
                    waiting.append(pool.submit(self._answer, window, self.job.state.batch_size))
                    if len(waiting) == IN_FLIGHT:
                        yield self._result(waiting.popleft())
                while waiting:
                    yield self._result(waiting.popleft())
            except BaseException:
                self.engine.cancel(self.owner)
                raise

    def _result(self, future: Future[list[RowResult]]) -> list[RowResult]:
        """Wait for a window; a stop is noticed meanwhile."""
        while True:
            self.signal.check()
            try:
                return future.result(timeout=0.1)
            except TimeoutError:
                if future.done():
                    raise

    def _tuned(self, rows: Iterator[tuple[int, Cells]]) -> Iterator[list[RowResult]]:
        """While the batch size is open: try sizes on the first rows and keep the fastest."""
        if self.job.state.batch_size != AUTO:
            return
        if not self.cutter.spec.batches:
            self.job.update(batch_size=1)
            return
        speeds: dict[str, float] = {}
        yield from self._one(rows, FIRST_ROWS, 1)  # loads and warms up; not measured
        for size in SIZES:
            self.run_seconds = 0.0
            found = list(self._one(rows, max(LEAST_TRIED, TRIED_BATCHES * size), size))
            yield from found
            count = sum(map(len, found))
            if count < size or not self.run_seconds:
                break
            speeds[str(size)] = count / self.run_seconds
            if speeds[str(size)] < WORSE * max(speeds.values()):
                break
        best = max(speeds, key=lambda size: speeds[size], default="1")
        self.job.update(batch_size=int(best), speeds=speeds)

    def _one(
        self, rows: Iterator[tuple[int, Cells]], count: int, size: int
    ) -> Iterator[list[RowResult]]:
        """One window by itself."""
        window = self._window(rows, count)
        if window is not None:
            with ThreadPoolExecutor(1) as pool:
                try:
                    yield self._result(pool.submit(self._answer, window, size))
                except BaseException:
                    self.engine.cancel(self.owner)
                    raise

    def _window(self, rows: Iterator[tuple[int, Cells]], count: int) -> Window | None:
        self.signal.check()
        return self.cutter.next(rows, count)

    def _answer(self, window: Window, batch_size: int) -> list[RowResult]:
        """Results for a window in the order of its rows, and the pace for the next one."""
        began = time.monotonic()
        try:
            results = [*window.refused]
            if window.request is not None:
                ask = replace(window.request, batch_size=batch_size)
                results += self._ask(ask, window.rows)
        finally:
            shutil.rmtree(window.scratch, ignore_errors=True)
        self._pace(len(results), time.monotonic() - began)
        return sorted(results, key=lambda result: result.index)

    def _pace(self, rows: int, seconds: float) -> None:
        wanted = int(rows * WINDOW_SECONDS / max(seconds, 1e-3))
        self.window_rows = min(MOST_ROWS, max(1, min(wanted, 2 * self.window_rows)))

    def _ask(self, request: Request, rows: Sequence[Row]) -> list[RowResult]:
        """What the engine says; rows that end its worker are looked for by halves."""
        asked = replace(request, rows=tuple(rows), id=uuid.uuid4().hex, submitted=time.time())
        last = self._last(asked)
        if isinstance(last, RowsDone):
            self._told(last)
            return list(last.results)
        message = last.message if isinstance(last, Failed) else "The engine gave no answer."
        self.signal.check()
        if isinstance(last, Failed) and last.hopeless:
            raise Stopped(FAILED, message)
        if message == str(Cancelled()):
            raise Stopped(PAUSED, "Stopped from outside; resume it to go on.")
        if len(rows) == 1:
            return [RowResult(rows[0].index, error=message)]
        half = len(rows) // 2
        return self._ask(request, rows[:half]) + self._ask(request, rows[half:])

    def _last(self, request: Request) -> Event | None:
        """The last event of a run; what it loads or waits for is noted meanwhile."""
        event: Event | None = None
        for event in self.engine.run(request):
            self.job.change(note=NOTES[type(event)](event) if type(event) in NOTES else "")
        return event

    def _told(self, done: RowsDone) -> None:
        """Remember who answered, and a batch size that had to be lowered."""
        meta, size = done.meta, self.job.state.batch_size
        self.run_seconds += meta.run_seconds
        self.job.change(
            run_seconds=self.job.state.run_seconds + meta.run_seconds,
            model=meta.model,
            revision=meta.revision,
            device=meta.device,
            dtype=meta.dtype,
            batch_size=min(size, done.batch_size) if size != AUTO else AUTO,
        )
