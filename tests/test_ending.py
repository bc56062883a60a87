"""The app is told to end: its processes end with it, and what they wrote for themselves goes."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest

from pipelines.placement import OFFLOADED
from tests.started import StartedApp

pytestmark = pytest.mark.slow


def test_an_app_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    """A container is stopped by SIGTERM."""
    flags = ("--models", "starter", "--jobs-folder", str(tmp_path / "jobs"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    app = StartedApp(*flags, environ={"TMPDIR": str(scratch)})
    worker = app.worker()
    offloaded = scratch / f"{OFFLOADED}{worker.pid}-weights"
    offloaded.mkdir()
    (offloaded / "layer.dat").write_bytes(b"x")
    family = [worker, *worker.children(recursive=True)]
    assert app.end(signal.SIGTERM) == 0
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    assert [found.name for found in scratch.iterdir() if found.name != "pipeline-playground"] == []
