"""The figures of a benchmark, kept beside it with the machine, the versions and the date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.serving import setting

RESULTS = Path(__file__).parent / "results"


def save(name: str, figures: Mapping[str, Mapping[str, float | None]]) -> None:
    """Write results/NAME.json: what was measured -> its numbers, each with its unit in its name."""
    day = datetime.now(timezone.utc).date().isoformat()
    page = {"date": day, "setting": setting(), "figures": figures}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(page, indent=1) + "\n", "utf-8")
