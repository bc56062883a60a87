"""Answers on pages, drawn: the table, the switch, and the boxes of one page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from pipelines.outputs import Answers
from pipelines.spec import Output
from tests.outputs_made import _answers as fake_answers
from tests.served import no_loop_left_open
from ui import answers
from ui.language import speaking
from ui.panel import Display


@pytest.fixture
def value() -> dict[str, Any]:
    return fake_answers()


@pytest.fixture
def display() -> Iterator[Display]:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        yield answers.answers(Output(name="answers", kind=Answers, label="Answers on the page"))


def drawn(display: Display, value: dict[str, Any]) -> list[Any]:
    """The updates of table, switch and page."""
    updates = display.draw(value, {})
    return [updates[component] for component in display.components[1:4]]


def names(page: Any) -> list[str]:
    return [name for _, name in page["value"][1]]


def test_the_page_of_the_best_answer_comes_first_with_all_answers_on_it(
    display: Display, value: dict[str, Any]
) -> None:
    table, pager, page = drawn(display, value)
    assert table["value"]["headers"] == ["", "Answer", "Page", "Score"]
    assert table["value"]["data"][1] == ["2", "12.00", "11", "2.0%"]
    assert (pager["choices"], pager["value"]) == ([("Page 3", 3), ("Page 11", 11)], 3)
    assert pager["visible"]
    assert page["label"] == "Page 3 of 12"
    assert names(page) == ["1. 42.00 EUR", "3. 2041"]


def test_boxes_are_scaled_to_the_picture_that_is_shown(value: dict[str, Any]) -> None:
    page = answers.boxed(value, 11, answers._ranked(value), "label")
    picture, ((mask, name),) = page["value"]
    assert (picture.size, mask.shape, name) == ((800, 1000), (1000, 800), "2. 12.00")
    rows, columns = mask.nonzero()
    assert (columns.min(), columns.max()) == pytest.approx((222, 330), abs=3)
    assert (rows.min(), rows.max()) == pytest.approx((345, 385), abs=3)
    assert mask[365, 280] == answers.FILL


def test_a_picture_has_no_pages_and_a_switch_only_for_several_answers(
    display: Display, value: dict[str, Any]
) -> None:
    found = [{**answer, "page": None} for answer in value["answers"]]
    only = {"pages": {1: value["pages"][3]}, "total": 1, "answers": found}
    table, pager, page = drawn(display, only)
    assert table["value"]["headers"] == ["", "Answer", "Score"]
    assert pager["choices"] == [("All answers", 1)]
    assert page["label"] == "Answers on the page"
    assert len(names(page)) == 3
    _, pager, page = drawn(display, {**only, "answers": found[:1]})
    assert not pager["visible"]


def test_nothing_found_shows_the_first_page(display: Display, value: dict[str, Any]) -> None:
    looks = {1: value["pages"][3]}
    silent = {"answer": "", "score": 0.9, "page": None, "boxes": []}
    for found in ([], [silent], [{**silent, "score": None}]):
        table, _, page = drawn(display, {"pages": looks, "total": 12, "answers": found})
        assert [row[1:3] for row in table["value"]["data"]] == [["(nothing)", ""]] * len(found)
        assert (names(page), page["label"]) == ([], "Page 1 of 12")
        (said,) = (u for u in display.draw({"pages": looks, "total": 12, "answers": found}, {}
                   ).values() if "No answer was found" in str(u))  # fmt: skip
        assert (table["visible"], said["visible"]) == (bool(found), not found)


def test_the_same_answer_on_two_places_keeps_its_colours_apart(value: dict[str, Any]) -> None:
    same = {**value["answers"][0], "answer": "x"}
    twice = {**value, "answers": [same, same]}
    page = answers.boxed(twice, 3, answers._ranked(twice), "label")
    assert len(set(page["color_map"].values())) == 2


def test_the_pages_are_named_in_the_visitors_language(
    display: Display, value: dict[str, Any]
) -> None:
    with speaking("es"):
        table, pager, page = drawn(display, value)
    assert table["value"]["headers"] == ["", "Respuesta", "Página", "Puntuación"]
    assert pager["choices"][0] == ("Página 3", 3)
    assert page["label"] == "Página 3 de 12"
