"""Many rows through one loaded pipeline: in batches of like length, bad rows set apart."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from pipelines.device import is_out_of_memory
from pipelines.engine.batching import alike, call, fits_others, key_of, text_length
from pipelines.engine.call import Prepared, prepare
from pipelines.engine.refusal import reason_of
from pipelines.engine.request import Meta, Request, Row, RowResult, RowsDone
from pipelines.engine.waits import drawn
from pipelines.engine.watch import Watch
from pipelines.errors import Cancelled, PipelineError
from pipelines.kinds import TAKES_FILES
from pipelines.limits import Limits
from pipelines.loading import Loaded
from pipelines.release import give_memory_back
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.turns import Patience
from pipelines.uploads import Upload

logger = logging.getLogger(__name__)

MOST_PER_BATCH = 4
"""A batch of short rows may hold this many times the batch size that was asked for."""
READERS = min(4, os.cpu_count() or 1)
"""Threads that decode files ahead of the model."""
OUT_OF_MEMORY = "ran out of memory; use shorter input or a smaller model."

Hold = Callable[[], contextlib.AbstractContextManager[None]]


@dataclass
class Ready:
    """A row with its decoded inputs, or with the sentence that says what is wrong with it."""

    row: Row
    prepared: Prepared | None = None
    error: str = ""


@dataclass(kw_only=True)
class RowsRun:
    """One pass over the rows of a request.

    `hold` takes the pipeline for the length of one batch, so that a single request does not wait
    for all the rows; `on_rows` hears how many rows are answered.
    """

    request: Request
    spec: TaskSpec
    loaded: Loaded
    limits: Limits
    cancelled: threading.Event
    hold: Hold
    on_rows: Callable[[int], None]

    def __post_init__(self) -> None:
        self.batch_size = self.request.batch_size
        self.results: dict[int, RowResult] = {}

    def run(self) -> tuple[RowResult, ...]:
        """One result for each row, in the order of the rows; raises Cancelled only."""
        batches = cut(self.request.rows, self.batch_size)
        for ready in self._ahead(batches):
            for part in self._callable(ready):
                self._answer(part)
            self.on_rows(len(self.results))
        return tuple(self.results[row.index] for row in self.request.rows)

    def _ahead(self, batches: Sequence[Sequence[Row]]) -> Iterator[list[Ready]]:
        """Each batch with its inputs decoded, the next one already under way."""
        if not all(isinstance(f.kind, TAKES_FILES) for f in self.spec.inputs):
            yield from ([self._prepare(row) for row in batch] for batch in batches)
            return
        with ThreadPoolExecutor(READERS, thread_name_prefix="reader") as pool:
            waiting: list[list[Future[Ready]]] = []
            try:
                for batch in batches:
                    waiting.append([pool.submit(self._prepare, row) for row in batch])
                    if len(waiting) > 1:
                        yield [future.result() for future in waiting.pop(0)]
                for futures in waiting:
                    yield [future.result() for future in futures]
            finally:
                pool.shutdown(cancel_futures=True)

    def _prepare(self, row: Row) -> Ready:
        self._check()
        single = replace(self.request, inputs=row.inputs, params=row.params, rows=(), batch_size=1)
        try:
            return Ready(row, prepare(self.spec, single, self.loaded, self.limits, self._told))
        except Cancelled:
            raise
        except PipelineError as error:
            return Ready(row, error=str(error))
        except Exception as error:  # noqa: BLE001  one bad row never stops the others
            return Ready(row, error=reason_of(error))

    def _told(self, done: int, total: int, note: str) -> None:
        """A page of a row's document is next."""
        self._check()

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled

    def _callable(self, batch: list[Ready]) -> list[list[Ready]]:
        """The rows that one call of the pipeline may take together; errors are noted here."""
        groups: dict[str, list[Ready]] = {}
        for ready in batch:
            if ready.prepared is None:
                self._fail(ready.row, ready.error)
                continue
            shared = fits_others(self.spec, ready.prepared, self.loaded)
            key = key_of(ready.prepared, self.loaded.facts) if shared else f"{ready.row.index}"
            groups.setdefault(key, []).append(ready)
        return list(groups.values())

    def _answer(self, part: list[Ready]) -> None:
        """Answer rows together; what fails is cut in two until the bad row stands alone."""
        try:
            raws = self._call(part)
        except Cancelled:
            raise
        except BaseException as error:
            if is_out_of_memory(error) and self._lower(part):
                self._answer(part)
                return
            if len(part) == 1:
                logger.warning("row %d failed", part[0].row.index, exc_info=True)
                self._fail(part[0].row, _sentence(error))
                return
            half = len(part) // 2
            self._answer(part[:half])
            self._answer(part[half:])
            return
        for ready, raw in zip(part, raws, strict=True):
            self._read(ready, raw)

    def _lower(self, part: list[Ready]) -> bool:
        """Halve the batch size; true if one row is worth another try, with fewer of its chunks."""
        give_memory_back()
        if len(part) > 1:
            self.batch_size = min(self.batch_size, len(part) // 2)
            return False
        tried, self.batch_size = self.batch_size, max(1, self.batch_size // 2)
        return tried > 1

    def _call(self, part: list[Ready]) -> list[Any]:
        """What the pipeline gives for each row; the pipeline is held for this call only."""
        together = [ready.prepared for ready in part if ready.prepared]
        batches = self.spec.batches and "pads" in self.loaded.facts.traits
        watch = Watch(self.cancelled, self.limits.run_seconds, lambda _: None)
        pipe, size = self.loaded.pipe, len(part)
        patience = Patience(check=self._check)
        with self.hold(), watch.over(pipe, size), drawn(together[0].params, patience):
            return call(pipe, together, self.batch_size if batches else 1)

    def _read(self, ready: Ready, raw: Any) -> None:
        assert ready.prepared is not None
        try:
            if self.spec.finish:
                raw = self.spec.finish(raw, ready.prepared.values)
            answer = to_json(self.spec.to_json(raw))
        except Exception as error:  # noqa: BLE001  one bad row never stops the others
            self._fail(ready.row, _sentence(error))
            return
        self.results[ready.row.index] = RowResult(ready.row.index, answer)

    def _fail(self, row: Row, reason: str) -> None:
        self.results[row.index] = RowResult(row.index, error=reason)


def rows_done(run: RowsRun, load_seconds: float) -> RowsDone:
    """Run, and say how long it took."""
    began = time.monotonic()
    results = run.run()
    seconds = time.monotonic() - began
    facts = run.loaded.facts
    passed = time.time() - run.request.submitted
    logger.info("ran %d rows of %s on %s, %.2f s", len(results), run.spec.id, facts.device, seconds)
    meta = Meta(
        model=facts.model,
        revision=facts.revision,
        device=facts.device,
        dtype=facts.dtype,
        queue_seconds=max(0.0, passed - load_seconds - seconds),
        load_seconds=load_seconds,
        run_seconds=seconds,
        rate=len(results) / max(seconds, 1e-9),
        unit="rows/s",
    )
    return RowsDone(results, meta, run.batch_size)


def cut(rows: Sequence[Row], batch_size: int) -> list[list[Row]]:
    """Batches of rows of like length: as many as fit the padded size of `batch_size` mean ones.

    Padding is what makes plain batches of mixed lengths slower than no batches at all.
    """
    if not rows:
        return []
    sizes = {row.index: length(row.inputs) for row in rows}
    room = batch_size * sum(sizes.values()) / len(rows)
    batches: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: sizes[row.index], reverse=True):
        batch = batches[-1] if batches else []
        if batch and batch_size > 1 and _joins(row, batch, sizes, batch_size, room):
            batch.append(row)
        else:
            batches.append([row])
    return batches


def _joins(
    row: Row, batch: Sequence[Row], sizes: Mapping[int, int], batch_size: int, room: float
) -> bool:
    """Whether the row is one more for a batch of longer ones."""
    longest = batch[0]
    fits = len(batch) < MOST_PER_BATCH * batch_size
    fits = fits and (len(batch) + 1) * sizes[longest.index] <= room
    return fits and alike(text_length(longest.inputs), text_length(row.inputs))


def length(inputs: Mapping[str, Any]) -> int:
    """About how much work a row is: characters, or bytes of a file."""
    return 1 + text_length(inputs) + sum(map(_file_bytes, inputs.values()))


def _file_bytes(value: Any) -> int:
    return value.path.stat().st_size if isinstance(value, Upload) and value.path else 0


def _sentence(error: BaseException) -> str:
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    return str(error) if isinstance(error, PipelineError) else reason_of(error)
