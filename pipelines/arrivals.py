"""Files on their way from the Hub: one download for all who wait, and it goes on where it broke.

The client of the Hub (huggingface_hub 2.4) throws away what has arrived of a file that breaks off,
checks no hash over plain HTTP, and cannot be stopped while a body is silent.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipelines.errors import Cancelled, ModelError

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often somebody who waits for a file looks at it."""
SILENT_SECONDS = 10.0
"""A body that says nothing for so long is asked for anew."""
TRIES = 4
"""Attempts in a row that bring nothing new."""
PAUSE_SECONDS = 0.5
READ_BYTES = 1 << 20
SERVER_ERROR = 500
CONTINUES = 206
PART = ".part"

Seen = Callable[[int], None]
"""Called with the bytes of a file that are there; what it raises ends the waiting."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A file of the Hub: where it is, what it must be, and the path in the cache it belongs at.

    `hash` is SHA-256 in hex, or git's of a blob where it has 40 digits.
    """

    name: str
    url: str
    blob: Path
    lock: Path
    size: int
    hash: str

    @property
    def part(self) -> Path:
        """What has arrived of it."""
        return self.blob.with_name(f"{self.blob.name}{PART}")


class _Arrival:
    """One file under way, in a thread of its own; it ends when nobody waits for it any more."""

    def __init__(self, wanted: Wanted, headers: dict[str, str]) -> None:
        self.wanted = wanted
        self.headers = headers
        self.waiting = 0
        self.done = _size(wanted.part)
        self.error: BaseException | None = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._work, name="arrival", daemon=True)

    def _work(self) -> None:
        try:
            with _alone(self.wanted, self.check):
                if not self.wanted.blob.exists():
                    _fetch(self)
        except BaseException as error:  # noqa: BLE001  whoever waits raises it
            self.error = error
        finally:
            with _table:
                _forget(self)
            self.ended.set()

    def check(self) -> None:
        """Raise Cancelled if nobody waits; who comes later starts anew."""
        with _table:
            if self.waiting:
                return
            _forget(self)
        raise Cancelled


_arrivals: dict[Path, _Arrival] = {}
_table = threading.Lock()


def arrive(wanted: Wanted, headers: dict[str, str], seen: Seen) -> None:
    """Wait until the file is in the cache; raises what the client raises, ModelError or `seen`'s.

    Somebody else's download of the same file is shared, and goes on when one of two leaves.
    """
    while not wanted.blob.exists():
        arrival = _join(wanted, headers)
        try:
            while not arrival.ended.wait(LOOK_SECONDS):
                seen(arrival.done)
        finally:
            with _table:
                arrival.waiting -= 1
        if isinstance(arrival.error, Cancelled):  # it stopped as we came
            continue
        if arrival.error is not None:
            raise arrival.error
    seen(wanted.size)


def _join(wanted: Wanted, headers: dict[str, str]) -> _Arrival:
    with _table:
        arrival = _arrivals.get(wanted.blob)
        fresh = arrival is None or not arrival.thread.is_alive()  # gone: this process was forked
        if arrival is None or fresh:
            arrival = _arrivals[wanted.blob] = _Arrival(wanted, headers)
        arrival.waiting += 1
        if fresh:
            arrival.thread.start()
    return arrival


def _forget(arrival: _Arrival) -> None:
    if _arrivals.get(arrival.wanted.blob) is arrival:
        del _arrivals[arrival.wanted.blob]


@contextmanager
def _alone(wanted: Wanted, check: Callable[[], None]) -> Iterator[None]:
    """Hold the lock by which the Hub's client keeps other processes out."""
    from filelock import FileLock, Timeout

    for path in (wanted.blob, wanted.lock):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(wanted.lock, mode=0o664)
    while True:
        check()
        try:
            lock.acquire(timeout=PAUSE_SECONDS)
            break
        except Timeout:
            continue
    try:
        yield
    finally:
        lock.release()


def _fetch(arrival: _Arrival) -> None:
    """The whole file at its place, or an error, and what has arrived is kept for the next time."""
    wanted = arrival.wanted
    started = _size(wanted.part)
    try:
        if not _complete(arrival):
            logger.warning("%s had %s damaged bytes on the disk", wanted.name, started)
            if not started or not _complete(arrival):
                raise ModelError(
                    f"{wanted.name} arrived damaged; try again, or choose another model."
                )
    except OSError as error:
        if error.errno == errno.ENOSPC:
            wanted.part.unlink(missing_ok=True)  # a full disk is no place to keep it
        raise
    wanted.part.replace(wanted.blob)


def _complete(arrival: _Arrival) -> bool:
    """Fetch what is missing; whether it all is what it must be (if not, nothing is kept)."""
    wanted, fruitless = arrival.wanted, 0
    with wanted.part.open("ab+") as file:
        if file.seek(0, os.SEEK_END) > wanted.size:
            _empty(file)
        sum_ = _read(arrival, file)
        while file.tell() < wanted.size:
            before = file.tell()
            try:
                sum_ = _stream(arrival, file, sum_)
            except Exception as error:
                if not _passes(error):
                    raise
                fruitless = 1 if file.tell() > before else fruitless + 1
                if fruitless >= TRIES:
                    raise
                logger.warning("%s broke off at %s: %s", wanted.name, file.tell(), error)
                _pause(arrival)
        os.fsync(file.fileno())
    if sum_.hexdigest() == wanted.hash:
        return True
    wanted.part.unlink()
    return False


def _stream(arrival: _Arrival, file: IO[bytes], sum_: Any) -> Any:
    """Append what the Hub sends from where the file ends; the sum so far."""
    from huggingface_hub import get_session
    from huggingface_hub.utils._http import hf_raise_for_status

    start = file.tell()
    headers = {**arrival.headers, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    arrival.check()
    with get_session().stream(
        "GET", arrival.wanted.url, headers=headers, timeout=SILENT_SECONDS, follow_redirects=True
    ) as response:
        hf_raise_for_status(response)
        if start and response.status_code != CONTINUES:  # all of it again
            _empty(file)
            sum_ = _sum(arrival.wanted)
        for block in response.iter_bytes():
            arrival.check()
            kept = block[: arrival.wanted.size - file.tell()]
            file.write(kept)
            sum_.update(kept)
            arrival.done = file.tell()
            if arrival.done == arrival.wanted.size:
                break
        else:
            raise ConnectionError("the body was shorter than its file")
    return sum_


def _empty(file: IO[bytes]) -> None:
    file.seek(0)
    file.truncate()


def _read(arrival: _Arrival, file: IO[bytes]) -> Any:
    """The sum of what is there already; the file is at its end then."""
    sum_, left = _sum(arrival.wanted), file.seek(0, os.SEEK_END)
    arrival.done = left
    file.seek(0)
    while block := file.read(min(left, READ_BYTES)):
        arrival.check()
        sum_.update(block)
        left -= len(block)
    file.seek(0, os.SEEK_END)
    return sum_


def _sum(wanted: Wanted) -> Any:
    """SHA-256, or git's sum of a blob."""
    if len(wanted.hash) == hashlib.sha256().digest_size * 2:
        return hashlib.sha256()
    return hashlib.sha1(f"blob {wanted.size}\0".encode(), usedforsecurity=False)


def _passes(error: Exception) -> bool:
    """Whether it may help to ask again: a connection that broke, a server in trouble."""
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        return error.response.status_code >= SERVER_ERROR
    return isinstance(error, TransportError | ConnectionError)


def _pause(arrival: _Arrival) -> None:
    end = time.monotonic() + PAUSE_SECONDS
    while time.monotonic() < end:
        arrival.check()
        time.sleep(LOOK_SECONDS)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
