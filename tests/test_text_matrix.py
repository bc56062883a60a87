"""Several texts under labels that the user makes up: asked, answered, drawn."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import gradio as gr
import numpy as np
import pytest

from pipelines.engine.request import Done, Progress
from pipelines.errors import InputError
from pipelines.jobs import mapping
from pipelines.kinds import Texts
from pipelines.limits import Limits
from pipelines.outputs import TextMatrix
from pipelines.spec import Output
from pipelines.tasks import task
from settings import Settings
from tests.engine_room import Room
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from ui import controls, heads, matrix
from ui.panel import Control, Display

TASK = "zero-shot-classification"
ROW = task(TASK)
TEXTS = ["the team scored a goal", "rain\nis about weather", "a goal"]
slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


def test_a_string_is_one_text_and_a_list_stays_a_list() -> None:
    for one in ("a", "a\nb\n\nc", "[1, 2]"):
        assert Texts().check("text", one, Limits()) == one
    for several in (["a"], ["a\nb", "c"], ("a", "a")):
        assert Texts().check("text", several, Limits()) == tuple(several)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "has 0 texts; takes 1 to 3."),
        (["a"] * 4, "has 4 texts; takes 1 to 3."),
        (["a", "\n"], "has text 2, which is empty; write something to run on."),
        (["a", 1], "has text 2, which must be text."),
        ([["a"]], "has text 1, which must be text."),
        (["aaaa", "bbbb", "cccc"], "is too long: at most 10 bytes are read."),
        ({"a": 1}, "must be text."),
    ],
)
def test_a_list_that_cannot_be_answered_is_refused_by_the_text(value: Any, said: str) -> None:
    with pytest.raises(InputError) as refused:
        Texts().check("text", value, Limits(texts=3, text_bytes=10))
    assert str(refused.value) == f"text: {said}"


def scores(answer: Any) -> list[dict[str, float]]:
    return [{one["label"]: one["score"] for one in text} for text in answer]


@slow
@default
@pytest.mark.parametrize("model", ["bert-nli", "bart-nli"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_each_of_several_texts_is_judged_as_if_alone(
    room: Room, model: str, batch_size: int
) -> None:
    done = room.run(TASK, model, text=TEXTS, batch_size=batch_size)
    alone = [room.run(TASK, model, text=text).answer for text in TEXTS]
    for one, other in zip(scores(done.answer), scores(alone), strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert set(done.outputs) == {"matrix"}
    drawn = done.outputs["matrix"]
    assert drawn["texts"] == TEXTS
    assert drawn["labels"] == ("sports", "cooking", "rain")
    expected = [[found[label] for label in drawn["labels"]] for found in scores(done.answer)]
    assert np.allclose(drawn["scores"], expected)


@slow
@default
def test_a_list_of_one_is_answered_by_a_list_of_one(room: Room) -> None:
    one = room.run(TASK, text=TEXTS[1])
    assert room.run(TASK, text=[TEXTS[1]]).answer == [one.answer]
    assert set(one.outputs) == {"scores"}


@slow
@default
def test_progress_counts_the_labels_of_every_text_and_a_cut_names_its_text(room: Room) -> None:
    events = room.events(TASK, text=["a goal", "the team scored a goal " * 500])
    steps = [(e.done, e.total) for e in events if isinstance(e, Progress) and e.total]
    assert steps == [(n, 6) for n in range(1, 7)]
    done = events[-1]
    assert isinstance(done, Done)
    (note,) = done.notes
    assert re.fullmatch(r"\d+ of 2,500 tokens of text 2 were read\.", note)


def test_a_row_of_a_job_brings_one_text(tmp_path: Path) -> None:
    def values(cell: Any) -> dict[str, Any]:
        return mapping.values_of(ROW, {"review": cell}, {"text": "review"}, tmp_path, tmp_path)

    assert values("one\ntwo") == {"text": "one\ntwo"}
    assert values(12) == {"text": "12"}
    with pytest.raises(InputError, match="takes one text in each row"):
        values(["one", "two"])


@pytest.fixture(scope="module")
def control() -> Control:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return controls.texts(ROW.inputs[0], Settings())


def test_lines_are_texts_only_when_the_switch_says_so(control: Control) -> None:
    def read(text: Any, lined: Any) -> Any:
        return control.read({"text": text, "text:lined": lined})["text"]

    assert control.parts["text:lined"].value is False
    assert read("one\n\n two ", False) == "one\n\n two "
    assert read("one\n\n two ", True) == ["one", "two"]
    assert read(" one\n", True) == "one"
    assert read("one\ntwo", "yes") == "one\ntwo"
    assert read(None, True) is None


def test_an_example_sets_the_switch_and_the_next_one_takes_it_back(control: Control) -> None:
    assert control.fill(["one", "two"]) == {"text": "one\ntwo", "text:lined": True}
    assert control.fill("one\ntwo") == {"text": "one\ntwo", "text:lined": False}
    assert control.fill(None) == {"text": None, "text:lined": False}


@pytest.fixture(scope="module")
def display() -> Display:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return matrix.texts(Output(name="matrix", kind=TextMatrix, label="Matrix"))


def drawn(display: Display) -> dict[str, Any]:
    """What each component shows, by its type."""
    updates = display.draw(MADE[TextMatrix](), {})
    return {type(c).__name__: updates[c] for c in display.components}


def test_the_heat_map_has_the_first_words_of_each_text_before_its_row(display: Display) -> None:
    figure = drawn(display)["Plot"]
    assert np.allclose(figure.data[0].z, MADE[TextMatrix]()["scores"])
    first, second, third = figure.layout.yaxis.ticktext
    assert first.startswith("1. A goal!")
    assert third == "3. Tea"
    assert max(map(len, second.split("<br>"))) <= heads.LINE
    assert not figure.layout.images
    assert "<b>" not in figure.to_json()


def test_the_table_names_the_best_label_of_each_text_and_the_files_hold_all(
    display: Display,
) -> None:
    shown = drawn(display)
    best = [row[2] for row in shown["Dataframe"]]
    assert best == ["sports 90%", "weather 80%", "<b>food 60%"]
    assert len(shown["Dataframe"][1][1]) <= heads.LISTED + 1
    written = unquote(re.findall(r"charset=utf-8,([^\"']+)", shown["HTML"])[0])
    head, *rows = csv.reader(io.StringIO(written))
    assert head == ["text", "sports", "weather", "<b>food"]
    assert [row[0] for row in rows] == MADE[TextMatrix]()["texts"]


def test_a_click_picks_the_text_that_its_row_names_however_it_is_sorted() -> None:
    def picked(row: Any) -> int | None:
        event: Any = SimpleNamespace(row_value=row, index=[0, 1])
        return heads.TEXTS.picked(event, [2, 0, 1])

    assert picked([2, "Rain", "weather 80%"]) == 1
    assert picked(["3", "Tea", "food 60%"]) == 2
    for hostile in (None, [], ["²"], [0], [4], ["-1"], [{}], ["9" * 5_000]):
        assert picked(hostile) is None
