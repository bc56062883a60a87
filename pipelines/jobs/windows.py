"""Windows: a few rows of a job at once, their cells checked, as the engine takes them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from pipelines.engine.intake import request_from
from pipelines.engine.request import Request, Row, RowResult
from pipelines.errors import InputError, PipelineError
from pipelines.jobs.job import Job
from pipelines.jobs.mapping import row_of, values_of
from pipelines.jobs.plain import FIELD
from pipelines.jobs.tables import Broken, Cells
from pipelines.limits import Limits
from pipelines.loading import STARTER
from pipelines.tasks import task
from pipelines.token import NO_TOKEN, Token


@dataclass
class Window:
    """Rows that go to the engine together, and those that did not get so far."""

    rows: list[Row]
    refused: list[RowResult]
    request: Request | None
    scratch: Path
    """Files that were cells are written here, and gone with the window."""


class Cutter:
    """Cuts the rows of a job into windows."""

    def __init__(self, job: Job, limits: Limits, owner: str, token: Token = NO_TOKEN) -> None:
        self.job = job
        self.token = token
        self.owner = owner
        self.spec = task(job.manifest.task)
        self.scratch = job.folder / "scratch"
        shutil.rmtree(self.scratch, ignore_errors=True)  # what a killed process has left
        self.scratch.mkdir()
        roots = (job.files.resolve(), self.scratch.resolve(), job.folder.resolve())
        self.limits = replace(limits, upload_roots=roots)

    def next(self, rows: Iterator[tuple[int, Cells]], count: int) -> Window | None:
        """The next rows, checked; None where there are no more."""
        taken = list(islice(rows, count))
        if not taken:
            return None
        window = Window([], [], None, Path(tempfile.mkdtemp(dir=self.scratch)))
        for index, cells in taken:
            self._take(window, index, cells)
        return window

    def _take(self, window: Window, index: int, cells: Cells) -> None:
        manifest = self.job.manifest
        try:
            if isinstance(cells, Broken):
                raise InputError(FIELD, cells.why)
            values = values_of(
                self.spec, cells, manifest.columns, self.job.files, window.scratch / str(index)
            )
            same = {**manifest.values, **self._pinned}
            request = request_from(
                self.spec, row_of(self.spec, same, values), self.limits, self.owner, self.token
            )
        except PipelineError as error:
            window.refused.append(RowResult(index, error=str(error)))
            return
        window.request = request
        window.rows.append(Row(index, request.inputs, request.params))

    @property
    def _pinned(self) -> dict[str, str]:
        """The model and commit that answered first: all rows are answered by the same weights."""
        state = self.job.state
        if not state.model:
            return {}
        shipped = state.model.startswith(STARTER)
        return {"model": state.model} | ({} if shipped else {"revision": state.revision})
