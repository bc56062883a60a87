"""Held: a pipeline in memory as it is told to others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from pipelines.loading import LoadSettings

ID_CHARS = 12


@dataclass(frozen=True, kw_only=True)
class Held:
    """What is in memory.

    `last_used` and `expires` are seconds since the epoch; expires is 0 where it stays. `bytes` are
    those of the model; pipelines of one `weights` share it. `load` loads it again.
    """

    id: str
    task: str
    model: str
    revision: str
    device: str
    dtype: str
    bytes: int
    users: int
    pinned: bool
    last_used: float
    expires: float
    weights: str = ""
    load: LoadSettings


def id_of(key: Any) -> str:
    """A short name of a key, the same in every process."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:ID_CHARS]
