"""A data set of the Hub as rows: what is asked of it, and the process that streams it."""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines import hub
from pipelines.errors import InputError
from pipelines.jobs.job import FAILED, PAUSED
from pipelines.jobs.stops import Stopped
from pipelines.jobs.tables import Cells, cells_of
from pipelines.kinds import MODEL_ID, REVISION
from pipelines.limits import Limits
from pipelines.token import NO_TOKEN, Token

logger = logging.getLogger(__name__)

FIELD = "dataset"
"""What refusals call it."""
ROOT = Path(__file__).resolve().parents[2]
ABSENT = "needs the package datasets, which is not installed: pip install 'datasets>=4'."
OFFLINE = "cannot be read: the Hub cannot be reached from here; give a file instead."
NAME_CHARS = 200
TICK_SECONDS = 0.2
MOST_WAITING = 256
"""Rows that are fetched ahead."""
DIED = {"error": "the process that reads it ended; resume to go on.", "passing": True}
PLAIN = {
    "USE_TORCH": "0", "USE_TF": "0", "USE_JAX": "0", "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}  # fmt: skip
"""The child's environment beside ours: rows are plain values there, and nothing is drawn."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A data set, and which rows of it; empty means the usual one, `rows` 0 as many as allowed."""

    id: str
    config: str = ""
    split: str = ""
    revision: str = ""
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class About:
    """What the Hub says; `revision` is a commit, `rows` None where nobody knows."""

    id: str
    revision: str
    config: str
    split: str
    configs: Sequence[str]
    splits: Sequence[str]
    rows: int | None
    columns: Sequence[str]


def read_ask(value: Mapping[str, Any], limits: Limits) -> Ask:
    """A checked ask; raises InputError naming what is wrong."""
    known = set(Ask.__dataclass_fields__)
    if not set(value) <= known:
        raise InputError(FIELD, f"takes {', '.join(sorted(known))}; nothing else.")
    texts = {name: str(value.get(name) or "").strip() for name in known - {"rows"}}
    if not MODEL_ID.fullmatch(texts["id"]):
        raise InputError(FIELD, "must be owner/name, as the Hub writes it.")
    if texts["revision"] and not REVISION.fullmatch(texts["revision"]):
        raise InputError(FIELD, "has no such revision; leave it empty for the newest one.")
    if max(map(len, texts.values())) > NAME_CHARS:
        raise InputError(FIELD, f"has a name of more than {NAME_CHARS} characters.")
    rows = value.get("rows") or 0
    if not isinstance(rows, int | float) or not 0 <= rows < math.inf or rows != int(rows):
        raise InputError(FIELD, "takes a whole number of rows from 1 on, or 0 for all.")
    if rows > limits.dataset_rows:
        raise InputError(FIELD, f"takes at most {limits.dataset_rows:,} rows.")
    return Ask(**texts, rows=int(rows) or limits.dataset_rows)


@contextmanager
def streamed(
    ask: Ask,
    folder: Path,
    limits: Limits,
    *,
    skip: int = 0,
    count: int = 0,
    media: Sequence[str] | None = None,
    check: Callable[[], None] = lambda: None,
    token: Token = NO_TOKEN,
) -> Iterator[tuple[About, Iterator[list[Cells]]]]:
    """What the data set is, and its rows from `skip` on, `count` of them, in lists as they come.

    Files are written to `folder`; of the columns with files those in `media` are read, or all.
    `check` is called while waiting. The token goes to the child's input, for the Hub alone. Raises
    InputError, or Stopped where it may work later.
    """
    if importlib.util.find_spec("datasets") is None:
        raise InputError(FIELD, ABSENT)
    if not hub.reachable():
        raise Stopped(PAUSED, f"{FIELD}: {OFFLINE}")
    asked = {
        **asdict(ask), "skip": skip, "count": count, "media": media, "login": limits.lend_token,
        "token": token.reveal(),
        "folder": str(folder.resolve()), "file_bytes": limits.dataset_file_bytes,
        "all_bytes": limits.dataset_bytes - sum(f.stat().st_size for f in folder.iterdir()),
    }  # fmt: skip
    paths = [str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    with tempfile.TemporaryDirectory() as empty:
        child = subprocess.Popen(
            [sys.executable, "-m", "pipelines.jobs.hub_rows"], cwd=empty, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
            env={**os.environ, **PLAIN, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )  # fmt: skip
        lines = Lines(child, check)
        try:
            assert child.stdin
            child.stdin.write(json.dumps(asked))
            child.stdin.close()
            first = lines.take()
            _refuse(first)
            yield About(**first["about"]), _rows(lines)
        finally:
            child.kill()
            lines.close()
            child.wait()


@contextmanager
def stops_as_refusals() -> Iterator[None]:
    """Where there is no job yet, what stops one is an error of the input."""
    try:
        yield
    except Stopped as stopped:
        raise InputError(FIELD, str(stopped).removeprefix(f"{FIELD}: ")) from None


def _rows(lines: Lines) -> Iterator[list[Cells]]:
    while True:
        found = [lines.take(), *lines.there()]
        if rows := [cells_of(line["row"]) for line in found if "row" in line]:
            yield rows
        for line in found:
            _refuse(line)
            if "end" in line:
                return


def _refuse(line: Mapping[str, Any]) -> None:
    """Raise what the child says in place of a row."""
    if "error" in line:
        sentence = f"{FIELD}: {line['error']}"
        raise Stopped(PAUSED if line["passing"] else FAILED, sentence)


class Lines:
    """What a child writes, read by a thread so that a stop is noticed meanwhile."""

    def __init__(self, child: subprocess.Popen[str], check: Callable[[], None]) -> None:
        self._check = check
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue(maxsize=MOST_WAITING)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._pump, args=(child,), daemon=True)
        self._thread.start()

    def take(self) -> dict[str, Any]:
        """The next line."""
        while True:
            self._check()
            try:
                return self._waiting.get(timeout=TICK_SECONDS)
            except queue.Empty:
                continue

    def there(self) -> Iterator[dict[str, Any]]:
        """Those that need no waiting."""
        while not self._waiting.empty():
            yield self._waiting.get()

    def close(self) -> None:
        """Read no more; for a child that has been killed."""
        self._closed.set()
        self._thread.join()

    def _pump(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout
        with child.stdout as lines, suppress(ValueError):  # a last line that was not ended
            for line in lines:
                self._put(json.loads(line))
        self._put(DIED)

    def _put(self, line: dict[str, Any]) -> None:
        while not self._closed.is_set():
            try:
                self._waiting.put(line, timeout=TICK_SECONDS)
                return
            except queue.Full:
                continue
