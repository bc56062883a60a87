"""A job on disk: a folder with its manifest, its state, its input and its results."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.engine.request import RowResult
from pipelines.errors import EngineError, InputError
from pipelines.jobs import disk
from pipelines.jobs.archives import FILE, files_in
from pipelines.jobs.folders import LIST, check_unchanged
from pipelines.jobs.log import ResultLog
from pipelines.jobs.plain import FIELD
from pipelines.jobs.spool import Spool
from pipelines.jobs.tables import Cells, open_table

VERSION = 1
"""Of the folder's layout; a job of another version is not resumed."""
ID = re.compile(r"[0-9]{8}-[0-9a-f]{16}")
MANIFEST, STATE, LOCK = "manifest.json", "state.json", "lock"
WAITING, RUNNING, PAUSED, CANCELLED = "waiting", "running", "paused", "cancelled"
DONE, FAILED = "done", "failed"
OPEN = (WAITING, RUNNING)
"""What a job is that goes on by itself after a restart."""
BLOCK_BYTES = 1 << 20
INPUT = "input"
"""The part of the job's folder that holds what was sent."""
LISTED = f"{INPUT}/{LIST}"
AUTO = 0
"""The batch size that is to be measured."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What the job is, fixed when it is made (R33).

    `input` is a file or folder: a name inside the job's folder, or an absolute path. `columns`
    maps fields to columns, `values` holds the fields that are the same for every row, the load
    settings among them.
    """

    task: str
    input: str
    sha256: str
    columns: Mapping[str, str]
    values: Mapping[str, Any]
    name: str = ""
    batch_size: int = AUTO
    truth: str = ""
    folder: str = ""
    """The folder of the server in which the names in cells are looked up; empty: the input's."""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    """The data set of the Hub that the rows are fetched from: About and the rows asked for."""
    most_rows: int = 0
    """The rows after so many are left out; 0 leaves out none."""
    version: int = VERSION
    made: float = field(default_factory=time.time)
    """Seconds since the epoch."""


@dataclass(frozen=True, kw_only=True)
class State:
    """How far the job is; `reason` says why it does not go on."""

    status: str = WAITING
    reason: str = ""
    total: int | None = None
    done: int = 0
    errors: int = 0
    batch_size: int = AUTO
    speeds: Mapping[str, float] = field(default_factory=dict)
    """Batch size -> rows/s as measured."""
    model: str = ""
    revision: str = ""
    device: str = ""
    dtype: str = ""
    rate: float = 0.0
    """Rows/s of late."""
    run_seconds: float = 0.0
    """What the model took for the rows that are done, without loading and waiting."""
    note: str = ""
    """What the engine waits for or loads just now."""
    retried: int | None = None
    """Lines of the retry log when the retry that is under way began."""


class Job:
    """One job in its folder. `change` and `update` are for who holds its lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changing = threading.Lock()
        self.manifest: Manifest = _read(folder / MANIFEST, Manifest)
        self.state: State = _read(folder / STATE, State)
        self.log = ResultLog(folder / "results.jsonl")
        self.retries = ResultLog(folder / "retries.jsonl")
        self.spool = Spool(self.input) if self.manifest.dataset else None

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.folder.name

    @property
    def input(self) -> Path:
        """The file or folder that the rows come from."""
        return self.folder / self.manifest.input

    @property
    def files(self) -> Path:
        """The folder in which the names in cells are looked up."""
        if self.manifest.folder:
            return Path(self.manifest.folder)
        return self.input if self.input.is_dir() else self.input.parent

    def change(self, **changes: Any) -> None:
        """Change the state in memory; the next update writes it."""
        with self._changing:
            self.state = replace(self.state, **changes)

    def update(self, **changes: Any) -> None:
        """Change the state, on disk first."""
        with self._changing:
            state = replace(self.state, **changes)
            disk.write_json(self.folder / STATE, asdict(state))
            self.state = state

    def reread(self) -> None:
        """Take over what another process or thread has written."""
        self.state = _read(self.folder / STATE, State)

    def rows(self) -> Iterator[Cells]:
        """The cells of every row of the job, in order."""
        return islice(self.whole(), self.manifest.most_rows or None)

    def whole(self) -> Iterator[Cells]:
        """The cells of every row of the input, in order; of a data set, those that were fetched."""
        if self.spool:
            return self.spool.rows()
        if self.input.is_dir():
            return files_in(self.input)
        return open_table(self.input, self.manifest.name).rows()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the input's columns."""
        if self.spool:
            return tuple(self.manifest.dataset["columns"])
        if self.input.is_dir():
            return (FILE,)
        return open_table(self.input, self.manifest.name).columns

    def results(self) -> Iterator[RowResult]:
        """One result for each row that has one, in order; what was retried stands for the first."""
        again = {result.index: result for result in self.retries.read()}
        for result in self.log.read():
            yield again.get(result.index, result)

    def check_input(self) -> None:
        """Refuse to go on with an input that is not the one that the job began with.

        A data set's commit is in the manifest: its rows are the same for ever.
        """
        if self.spool:
            return
        if not self.input.exists():
            raise InputError(FIELD, "is gone; put it back, or start a new job.")
        if fingerprint(self.input) != self.manifest.sha256:
            raise InputError(FIELD, "has changed since the job began; start a new job.")
        if self.manifest.folder and self.manifest.input == LISTED:
            check_unchanged(self.files, self.whole())

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else works on the job meanwhile (R38); ends with the process, however it ends."""
        with (self.folder / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise EngineError("This job is already being worked on.") from None
            self.reread()
            yield


def make(folder: Path, manifest: Manifest) -> Job:
    """Write a new job into an existing folder."""
    disk.write_json(folder / STATE, asdict(State(batch_size=manifest.batch_size)))
    disk.write_json(folder / MANIFEST, asdict(manifest))
    return Job(folder)


def new_id() -> str:
    """A name that sorts by day and cannot be guessed: who knows it may see the job."""
    return f"{time.strftime('%Y%m%d')}-{secrets.token_hex(8)}"


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, or of the names and sizes in a folder."""
    digest = hashlib.sha256()
    if path.is_dir():
        for cells in files_in(path):
            name = cells[FILE]
            digest.update(f"{name}\0{(path / name).stat().st_size}\0".encode())
        return digest.hexdigest()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _read(path: Path, kind: type[Any]) -> Any:
    """A dataclass from its JSON file; keys that it does not know are refused."""
    try:
        values = json.loads(path.read_text("utf-8"))
        known = {f.name for f in fields(kind)}
        if not set(values) <= known or values.get("version", VERSION) != VERSION:
            raise ValueError(f"unknown keys {sorted(set(values) - known)}")
        return kind(**values)
    except FileNotFoundError:
        raise EngineError(f"There is no job {path.parent.name}.") from None
    except (ValueError, TypeError) as error:
        raise EngineError(f"The job {path.parent.name} cannot be read; start a new one.") from error
