"""Pipeline Playground's engine room: every transformers pipeline task as a row of data.

`from pipelines import run_rows` is for programs; it stands on a floor above this one, and so is
only looked up when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

PUBLIC = {"run_rows": "pipelines.jobs.stream"}


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(importlib.import_module(PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
