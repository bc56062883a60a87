"""The desk: every job of a server, made from what a visitor sends, worked on a few at a time."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.engine.request import Engine
from pipelines.errors import EngineError, InputError, PipelineError
from pipelines.jobs import mapping
from pipelines.jobs.archives import unpack
from pipelines.jobs.job import (
    AUTO,
    CANCELLED,
    DONE,
    ID,
    OPEN,
    PAUSED,
    WAITING,
    Job,
    Manifest,
    fingerprint,
    make,
    new_id,
)
from pipelines.jobs.scores import check_truth
from pipelines.jobs.stops import Signal
from pipelines.jobs.tables import FIELD, open_table
from pipelines.jobs.work import carry_out
from pipelines.kinds import TAKES_FILES, FileKind
from pipelines.limits import Limits
from pipelines.spec import TaskSpec
from pipelines.tasks import task
from pipelines.uploads import Upload, local_upload

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Jobs that are worked on at the same time."""
INPUT = "input"
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".txt")
LINES = "lines.txt"


@dataclass
class Active:
    """A job that is being worked on, or waits for its turn."""

    job: Job
    signal: Signal


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
        for job in self.jobs():
            if job.state.status in OPEN:
                self._submit(job)

    def start(
        self,
        id: str,
        files: Sequence[Any],
        lines: str,
        columns: Mapping[str, str],
        values: Mapping[str, Any],
        batch_size: int = AUTO,
        truth: str = "",
    ) -> Job:
        """Make a job of a task from uploads (a table, a ZIP, or many files) or pasted lines.

        `columns` may be empty: they are guessed. Raises InputError naming what is wrong; nothing
        is left behind then.
        """
        spec, job_id = task(id), new_id()
        folder = self.folder / job_id
        folder.mkdir(parents=True)
        try:
            name = self._take_in(folder / INPUT, files, lines)
            job = self._made(spec, folder, name, columns, values, batch_size, truth)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._submit(job)
        return job

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

    def resume(self, id: str) -> None:
        """Go on where the job stopped."""
        job = self.job(id)
        if job.state.status == DONE:
            raise InputError("job", "is done; retry its failed rows or start a new one.")
        self._submit(job)

    def retry(self, id: str) -> None:
        """Ask once more for the rows that have an error."""
        job = self.job(id)
        if job.state.status != DONE or not job.state.errors:
            raise InputError("job", "has no failed rows to retry, or is not done yet.")
        with job.locked():
            job.update(status=WAITING, retried=job.retries.recover())
        self._submit(job)

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

    def _submit(self, job: Job) -> None:
        with self._lock:
            if self._closed or job.id in self._active:
                return
            active = self._active[job.id] = Active(job, Signal())
            self._pool.submit(self._work, active)

    def _work(self, active: Active) -> None:
        try:
            carry_out(active.job, self._engine, self._limits, active.signal)
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

    def _take_in(self, folder: Path, files: Sequence[Any], lines: str) -> str:
        """Copy what was sent into the job's own folder; the name of the table, or nothing."""
        folder.mkdir()
        if not files:
            if not lines.strip():
                raise InputError(FIELD, "is missing; paste lines or give files.")
            (folder / LINES).write_text(lines, "utf-8")
            return LINES
        uploads = [_upload(file, self._limits) for file in files]
        if len(uploads) == 1 and uploads[0].name.lower().endswith(".zip"):
            unpack(uploads[0].path or Path(), folder)
            return ""
        for upload in uploads:
            shutil.copyfile(upload.path or Path(), folder / _safe(upload.name, folder))
        single = len(uploads) == 1 and uploads[0].name.lower().endswith(TABLES)
        return _safe(uploads[0].name, Path()) if single else ""

    def _made(
        self, spec: TaskSpec, folder: Path, name: str, columns: Mapping[str, str],
        values: Mapping[str, Any], batch_size: int, truth: str,
    ) -> Job:  # fmt: skip
        input = folder / INPUT / name if name else folder / INPUT
        there = open_table(input, name).columns if name else ("file",)
        columns = columns or mapping.guess(spec, there)
        mapping.check(spec, columns, there)
        check_truth(spec, truth, there)
        same = self._constants(spec, folder, values, columns)
        return make(
            folder,
            Manifest(
                task=spec.id,
                input=f"{INPUT}/{name}" if name else INPUT,
                sha256=fingerprint(input),
                columns=dict(columns),
                values=same,
                name=name,
                batch_size=batch_size,
                truth=truth,
            ),
        )

    def _constants(
        self, spec: TaskSpec, folder: Path, values: Mapping[str, Any], columns: Mapping[str, str]
    ) -> dict[str, Any]:
        """The values that are the same for every row; a file among them is copied to the job."""
        same = {name: v for name, v in values.items() if name not in columns and v is not None}
        for f in spec.inputs:
            if f.name in same and isinstance(f.kind, FileKind):
                upload = _upload(same[f.name], self._limits)
                copy = folder / f"same-{f.name}"
                shutil.copyfile(upload.path or Path(), copy)
                same[f.name] = {"path": str(copy), "orig_name": upload.name}
        _check_constants(spec, same, mapping.fed(spec, columns), self._limits)
        return same


def _check_constants(
    spec: TaskSpec, same: Mapping[str, Any], fed: frozenset[str], limits: Limits
) -> None:
    """Refuse what would fail in every row: an unknown name, a value out of range."""
    known = {f.name for f in spec.fields}
    for name in same:
        if name not in known:
            raise InputError(name, f"is no parameter of {spec.id}; {', '.join(sorted(known))} are.")
    for f in spec.fields:
        if f.name not in fed and not isinstance(f.kind, TAKES_FILES):
            f.check(same.get(f.name), limits)


def _upload(file: Any, limits: Limits) -> Upload:
    place = file.get("path") if isinstance(file, Mapping) else file
    if not isinstance(place, str):
        raise InputError(FIELD, "is missing; give files.")
    return local_upload(FIELD, place, file, limits)


def _safe(name: str, folder: Path) -> str:
    """A file name of ours after a client's: no folder, not hidden, not there yet."""
    plain = Path(name.replace("\\", "/")).name.lstrip(".") or "file"
    numbered, count = plain, 1
    while (folder / numbered).exists():
        count += 1
        numbered = f"{Path(plain).stem}-{count}{Path(plain).suffix}"
    return numbered
