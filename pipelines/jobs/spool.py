"""A spool: the rows of a data set as far as they were fetched, kept with their files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.jobs.log import append_lines, cut_torn_line, whole_lines
from pipelines.jobs.tables import Cells

ROWS = "rows.jsonl"


class Spool:
    """Rows as JSON lines in a folder; the files that they name lie beside them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / ROWS

    def recover(self) -> int:
        """Cut off a torn last line; how many rows there are."""
        return cut_torn_line(self.path)

    def append(self, rows: Sequence[Cells]) -> None:
        """Add rows and have them on disk; where that fails none of them is kept."""
        lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        append_lines(self.path, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))

    def rows(self) -> Iterator[Cells]:
        """The rows that are there."""
        for line in whole_lines(self.path):
            yield json.loads(line)
