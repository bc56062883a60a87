"""Chips of examples: each fills in, runs, and undoes what another one set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.spec import TaskSpec
from pipelines.tasks import ROWS
from settings import EXAMPLES
from tests.fakes import FakeEngine, fake_session
from tests.test_ui import SETTINGS, _closed_loops, every_row, panel_of, said, values_of
from ui import chips, say
from ui.place import Place

__all__ = ["_closed_loops"]


@every_row
def test_every_example_fills_in_its_values_and_runs(row: TaskSpec) -> None:
    engine = FakeEngine(pause=0.0)
    panel = panel_of(row.id)
    examples = chips.complete_examples(row)
    for index, example in enumerate(examples):
        files = [v for v in panel.fill(example.values).values() if str(v).startswith(str(EXAMPLES))]
        assert all(Path(file).is_file() for file in files)
        values = values_of(panel, example=index)
        shown = chips.on_fill(panel, lambda _: examples)(**values)
        assert set(shown) == {panel.parts[name] for name in panel.fill(example.values)}
        run = chips.on_example(panel, Place(engine, SETTINGS), lambda _: examples)
        *_, last = run(fake_session(), **values)
        assert last[panel.status] == say.ready(), last[panel.status]


@every_row
def test_an_example_undoes_what_another_has_set(row: TaskSpec) -> None:
    panel = panel_of(row.id)
    first, *rest = chips.complete_examples(row) or (None,)
    for example in rest:
        assert set(panel.fill(example.values)) == set(panel.fill(first.values))
    usual = {p.name: p.default for p in row.params if not p.required}
    for example, told in zip(row.examples, (first, *rest), strict=True):
        left = {name: told.values[name] for name in set(told.values) - set(example.values)}
        assert left == {name: usual[name] for name in left}


@pytest.mark.parametrize("index", [-1, 99, "0", None, [0]])
def test_an_unknown_example_is_refused(index: Any) -> None:
    engine = FakeEngine()
    panel = panel_of(ROWS[0].id)
    run = chips.on_example(panel, Place(engine, SETTINGS), lambda _: ROWS[0].examples)
    (only,) = run(fake_session(), example=index)
    assert "example" in said(panel, only)
    assert not chips.on_fill(panel, lambda _: ROWS[0].examples)(example=index)
