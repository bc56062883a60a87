"""How a written text and the answers in a text are drawn."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from pipelines.outputs import Passages, Writing
from pipelines.spec import Output
from tests.served import no_loop_left_open
from ui import passages, writing
from ui.panel import Display

CONTEXT = "Mia lost it <b>here</b>. Tom saw it."
ANSWERS: list[dict[str, Any]] = [
    {"answer": "Tom", "score": 0.7, "start": 25, "end": 28},
    {"answer": "Tom saw", "score": 0.2, "start": 25, "end": 32},
    {"answer": "Mia", "score": 0.05, "start": 0, "end": 3},
    {"answer": "", "score": 0.01, "start": 0, "end": 0},
]


def drawn(display: Display, value: Any) -> dict[str, Any]:
    """The updates by the label or type of their component."""
    return {
        getattr(c, "label", None) or type(c).__name__: update
        for c, update in display.draw(value, {}).items()
    }


def shown(kind: Any, make: Any, value: Any, label: str = "Answer") -> dict[str, Any]:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return drawn(make(Output(name="x", kind=kind, label=label)), value)


def test_of_two_answers_in_one_place_the_surer_one_is_marked() -> None:
    update = passages.marked(CONTEXT, list(enumerate(ANSWERS, start=1)), ANSWERS)
    assert update["value"] == [
        ("Mia", "3"), (" lost it <b>here</b>. ", None), ("Tom", "1"), (" saw it.", None)
    ]  # fmt: skip


def test_one_answer_alone_keeps_its_rank_and_colour() -> None:
    every = passages.marked(CONTEXT, list(enumerate(ANSWERS, start=1)), ANSWERS)
    alone = passages.marked(CONTEXT, [(2, ANSWERS[1])], ANSWERS)
    assert ("Tom saw", "2") in alone["value"]
    assert alone["color_map"] == every["color_map"]


@pytest.mark.parametrize(("least", "ranks"), [(0, [1, 2, 3, 4]), (0.1, [1, 2]), (0.9, [])])
def test_the_slider_hides_the_unsure_ones(least: float, ranks: list[int]) -> None:
    assert [n for n, _ in passages.ranked(ANSWERS, least)] == ranks


def test_answers_without_a_score_or_a_place_are_shown_too() -> None:
    written = {"answer": "Hugo", "score": None, "start": None, "end": None}
    assert passages.ranked([written], 0.9) == [(1, written)]
    updates = shown(
        Passages, passages.passages, {"context": CONTEXT, "answers": [written]}, "Found"
    )
    assert updates["Found"]["value"] == [(CONTEXT, None)]
    assert updates["Least score"]["visible"] is False


def test_silence_is_a_row_of_its_own() -> None:
    updates = shown(
        Passages, passages.passages, {"context": CONTEXT, "answers": ANSWERS[3:]}, "Found"
    )
    table = updates["Click an answer to see it alone"]
    assert table["value"] == [["1", passages.SILENCE, "1.0%"]]


def test_a_text_grows_and_says_how_long_it_is() -> None:
    updates = shown(Writing, writing.written, {"texts": ["Two words"], "read": "a b c d"})
    assert updates["Answer"] == "Two words"
    assert updates["Other answers"]["visible"] is False
    empty = shown(Writing, writing.written, {"texts": [], "read": ""})
    assert empty["Answer"] == ""
    assert writing.lengths("Two words", "a b c d") == "4 words read, 2 written"
    assert writing.lengths("Two words", "") == "2 words"


def test_the_other_answers_stand_below_and_in_the_file() -> None:
    updates = shown(Writing, writing.written, {"texts": ["One", "<b>Two"], "read": "x"})
    assert updates["Other answers"]["value"] == "2. <b>Two"
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        display = writing.written(Output(name="x", kind=Writing, label='A"b'))
    files = list(display.draw({"texts": ["<b>"], "read": ""}, {}).values())[-1]
    assert "<b>" not in files
    assert 'download="a&quot;b.txt"' in files
