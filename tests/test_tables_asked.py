"""Tables as an input: what is read, what is refused, what is worked out, and how it is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from pipelines.aggregation import aggregated, number_in, shown
from pipelines.errors import InputError
from pipelines.kinds import Grid, Lines, Table
from pipelines.limits import Limits
from pipelines.outputs import Cells
from pipelines.spec import Output
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from ui import cells, tables

LIMITS = Limits()
GRID = Grid(("Name", "Apples"), (("Mia", "12"), ("Tom", "30")))


@pytest.mark.parametrize(
    "value",
    [
        {"Name": ["Mia", "Tom"], "Apples": [12, 30.0]},
        [{"Name": "Mia", "Apples": "12"}, {"Name": "Tom", "Apples": 30}],
        [["Name", "Apples"], ["Mia", " 12 "], ["Tom", 30]],
        '{"Name": ["Mia", "Tom"], "Apples": ["12", "30"]}',
        "Name;Apples\nMia;12\n\nTom;30\n",
        "Name,Apples\r\nMia,12\r\nTom,30",
    ],
)
def test_every_form_is_the_same_table(value: Any) -> None:
    assert Table().check("table", value, LIMITS) == GRID


def test_what_is_not_there_is_an_empty_cell() -> None:
    value = [["a", "a", ""], [None, float("nan"), 1], ["x"], [2.5, True, float("inf")]]
    grid = Table().check("table", value, LIMITS)
    assert grid.columns == ("a", "a (2)", "column 3")
    assert grid.rows == (("", "", "1"), ("x", "", ""), ("2.5", "True", ""))
    shorter = Table().check("table", {"a": ["1", "2"], "b": ["3"]}, LIMITS)
    assert shorter.rows == (("1", "3"), ("2", ""))


def test_a_number_that_a_name_already_has_goes_on() -> None:
    names = Table().check("table", [["a", "a (2)", "a"], [1, 2, 3]], LIMITS).columns
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "is empty"),
        ([], "is empty"),
        ("", "is empty"),
        ([["a", "b"]], "is empty"),
        ({"a": []}, "is empty"),
        ({"a": "12"}, "columns by name"),
        (12, "columns by name"),
        ([1, 2], "columns by name"),
        ([["a"], [{"path": "/etc/passwd"}]], "neither text nor a number"),
        ({"headers": ["a"], "data": [["1"]]}, "neither text nor a number"),
        ([["a"], ["1", "2"]], "a row of 2 cells below 1 columns"),
        ([["a"]] + [["1"]] * 10_000, "has 10,000 rows; at most 1,000"),
        ([[f"c{n}" for n in range(1_000)], ["1"] * 1_000], "has 1,000 columns; at most 100"),
        ([["a"], ["x" * 1_001]], "longer than 1,000 characters"),
        ([["a"]] + [["x" * 900]] * 300, "is too long"),
        ("{" * 90_000, "no valid JSON"),
        ('a\n"b', "is empty"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(value: Any, said: str) -> None:
    if value == 'a\n"b':
        assert Table().check("table", value, LIMITS).rows == (("b",),)
        return
    with pytest.raises(InputError, match=said) as refused:
        Table().check("table", value, LIMITS)
    assert refused.value.field == "table"
    assert "\n" not in str(refused.value)


def test_questions_on_a_table_are_few_and_short() -> None:
    kind = Lines(most=2, max_chars=10)
    assert kind.check("query", "who?\n\n what?", LIMITS) == ("who?", "what?")
    with pytest.raises(InputError, match="at most 2"):
        kind.check("query", ["a", "b", "c"], LIMITS)
    with pytest.raises(InputError, match="longer than 10"):
        kind.check("query", ["a" * 11], LIMITS)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("12", 12), ("1,234", 1234), ("$1,234.50", 1234.5), ("1.234,56", 1234.56), ("45%", 45),
        ("(12)", -12), ("-3.5", -3.5), ("\u22124", -4), ("€ 1 200", 1200), ("12 kg", 12),
        ("1,5", 1.5), (".5", 0.5), ("+7", 7), ("1.234.567", 1234567), ("", None), ("n/a", None),
        ("1-2", None), ("2020-01-02", None), ("=SUM(A1)", None), ("7 of 9", None), ("1e5", None),
        ("9" * 61, None), ("Mia", None),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_the_number_that_it_is(cell: str, number: float | None) -> None:
    assert number_in(cell) == number


def test_aggregates_say_how_they_came_about() -> None:
    assert aggregated("SUM", ["0.1", "0.2"]).how == "SUM: 0.1 + 0.2 = 0.3."
    mean = aggregated("AVERAGE", ["1", "2", "x"])
    assert (mean.text, mean.number) == ("1.5", 1.5)
    assert mean.how == "AVERAGE: (1 + 2) / 2 = 1.5. 1 without a number is left out."
    assert aggregated("COUNT", ["a", "b"]).text == "2"
    assert aggregated("SUM", []).how == "SUM: no cell was selected."
    assert aggregated("AVERAGE", ["a"]).number is None
    assert aggregated("NONE", ["a", "b"]).text == "a, b"
    assert aggregated("MEDIAN", ["1", "2"]).text == "1, 2"
    assert "…" in aggregated("SUM", ["1"] * 40).how


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234567.0, "1,234,567"),
        (1 / 3, "0.3333333333"),
        (-2.5, "-2.5"),
        (1e-7, "0.0000001"),
    ],
)
def test_a_result_has_no_more_digits_than_it_needs(value: float, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"headers": ["a", "b", ""], "data": [["1", 2, ""], ["", "", ""]]}, [["a", "b"], ["1", 2]]),
        ({"headers": ["", ""], "data": [["", None]]}, None),
        (None, None),
        ({"headers": "a", "data": 3}, {"headers": "a", "data": 3}),
    ],
)
def test_the_grid_is_read_without_its_empty_ends(sent: Any, read: Any) -> None:
    assert tables.written(sent) == read


def test_an_example_comes_back_from_the_grid() -> None:
    filled = tables.written(tables.shown(GRID.data))
    assert filled == [["Name", "Apples"], ["Mia", "12"], ["Tom", "30"]]
    assert tables.written(tables.blank()) is None


def test_a_file_fills_the_grid_with_its_first_rows(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("Name,Apples\n" + "Mia,12\n" * 1_200)
    limits = Limits(upload_roots=(tmp_path.resolve(),))
    grid, note = tables.from_file("table", str(file), limits)
    assert len(grid.rows) == 1_000
    assert "first 1,000" in note
    for wrong in ("/etc/passwd", ""):
        with pytest.raises(InputError):
            tables.from_file("table", wrong, limits)


def test_the_answer_cells_are_marked_and_all_text_is_escaped() -> None:
    asked = {
        "question": "<b>who</b>?", "answer": "<i>", "coordinates": [[1, 0]], "cells": ["<i>x</i>"],
        "aggregator": "SUM", "result": "<u>3</u>", "how": "SUM: <s>", "columns": ["<th>", "b"],
        "rows": [["1", "2"], ["<i>x</i>", "=1+1"]], "run": "r",
    }  # fmt: skip
    html = cells.answered(asked) + cells.drawn(asked)
    assert '<td class="chosen"><mark>&lt;i&gt;x&lt;/i&gt;</mark></td>' in html
    assert html.count("chosen") == 1
    for tag in ("<b>", "<i>x", "<u>", "<s>", "<th><"):
        assert tag not in html
    assert "'=1+1" not in html
    assert "%27=1" not in cells._files([asked])


def test_answers_are_remembered_once_and_the_newest_first() -> None:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False) as page:
        display = cells.cells(Output(name="cells", kind=Cells, label="Table"))
    fresh, history, *_ = display.components
    remember = next(f.fn for f in page.fns.values() if f.fn and f.fn.__name__ == "remember")
    first = display.draw(MADE[Cells](), {})[fresh]
    kept = remember(first, [])[history]
    assert [a["result"] for a in kept] == ["24", "12"]
    assert remember(first, kept) == {}
    again = remember(display.draw(MADE[Cells](), {})[fresh], kept)[history]
    assert len(again) == 4
    go_back = next(f.fn for f in page.fns.values() if f.fn and f.fn.__name__ == "go_back")
    event = gr.SelectData(None, {"index": [1, 0], "value": ""})
    assert any("12" in str(v) for v in go_back(kept, event).values())
    assert go_back(kept, gr.SelectData(None, {"index": [9, 0], "value": ""})) == {}
