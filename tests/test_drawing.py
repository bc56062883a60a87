"""How values are read and drawn: conversations, transcripts, bars and the page's own lines."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import gradio as gr
import numpy as np
import pytest

from pipelines.engine.request import Status
from pipelines.outputs import Heard, Matches, Transcript, Vectors
from pipelines.spec import Output
from pipelines.tasks import task
from settings import Settings
from tests.served import no_loop_left_open
from ui import chat, displays, matches, say, sounds, vectors
from ui import spans as spans_of
from ui.app import which_models
from ui.downloads import to_csv
from ui.fills import drawn as filled


def test_chat_sends_the_history_with_the_new_message() -> None:
    history = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    values = {"text": "And you?", chat.MODE: chat.CHAT, chat.HISTORY: history}
    assert chat._read("text", values) == {
        "text": [*history, {"role": "user", "content": "And you?"}]
    }


def test_continue_goes_on_from_the_last_answer() -> None:
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    chatting = {chat.MODE: chat.CHAT, chat.HISTORY: history, chat.RESUME: True}
    assert chat._read("text", chatting) == {"text": history, chat.CONTINUES: True}
    written = [{"token": "Once", "class_or_confidence": None}, {"token": " upon"}]
    plain = {chat.MODE: chat.PLAIN, chat.WRITTEN: written, chat.RESUME: True}
    assert chat._read("text", plain) == {"text": "Once upon"}


def test_an_example_that_is_a_text_is_continued_and_not_talked_to() -> None:
    row = task("text-generation")
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        made = chat.message(row.inputs[0], Settings())
    for example in row.examples:
        filled = {chat.MODE: chat.CHAT, **made.fill("Hi"), **made.fill(example.values["text"])}
        assert made.read(filled)["text"] == example.values["text"]
    assert chat.MODE not in made.fill(None), "Clear leaves the switch alone"


@pytest.mark.parametrize(("make", "kind"), [(matches.matches, Matches), (sounds.heard, Heard)])
def test_clear_leaves_a_slider_within_the_range_that_the_last_answer_gave_it(
    make: Any, kind: Any
) -> None:
    """Else the page sends a number that Gradio refuses, behind the visitor's back."""
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        made = make(Output(name="found", kind=kind, label="Found"))
    sliders = {part for part in made.components if isinstance(part, gr.Slider)}
    assert sliders
    assert all("value" not in made.clear()[slider] for slider in sliders)


@pytest.mark.parametrize("nothing", [{"text": ""}, {"text": " ", "chunks": []}])
def test_a_recording_without_a_word_is_drawn(nothing: dict[str, Any]) -> None:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        made = displays.transcript(Output(name="text", kind=Transcript, label="Transcript"))
    text, _, segments, _ = (made.draw(nothing, {})[part] for part in made.components)
    assert (text, segments["visible"]) == ("", False)


@pytest.mark.parametrize("new", [" there", "Hello there"])
def test_a_continued_answer_grows_the_last_message(new: str) -> None:
    asked = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert chat.said_so_far(asked, new)[-1]["content"] == "Hello there"


def test_a_label_that_comes_twice_keeps_both_bars() -> None:
    twice = [{"label": "crane", "score": 0.6}, {"label": "crane", "score": 0.3}]
    assert displays.ranked(twice) == {"crane": 0.6, "crane (2)": 0.3}


def test_a_missing_end_of_a_chunk_is_the_next_start() -> None:
    chunks = [
        {"text": "a", "timestamp": [0.5, None]},
        {"text": "b", "timestamp": (1.0, 2.0)},
        {"text": "c", "timestamp": [2.5, None]},
    ]
    ends = [chunk["timestamp"][1] for chunk in displays.closed(chunks)]
    assert ends == [1.0, 2.0, 2.5]


@pytest.mark.parametrize("at", [0.0, 1.25, 59.99, 60.0, 3723.4])
def test_seconds_reads_what_clock_shows(at: float) -> None:
    assert displays.seconds(displays.clock(at)) == pytest.approx(at)


def test_what_comes_from_outside_is_escaped() -> None:
    assert "<b>" not in say.alert("<b>")
    assert "<b>" not in say.hint("<b>")


@pytest.mark.parametrize(
    ("mode", "hub", "expected"),
    [("auto", None, "Looking"), ("auto", False, "Starter"), ("auto", True, "Hub"),
     ("hub", None, "Hub"), ("starter", True, "Starter")],
)  # fmt: skip
def test_the_header_says_which_models_answer(mode: str, hub: bool | None, expected: str) -> None:
    line = which_models(Status(ready=True, note="", hub=hub), Settings(models=mode))
    assert line.startswith(expected)


def test_spans_cut_the_text_into_labelled_pieces() -> None:
    spans = [
        {"label": "PER", "score": 0.9, "word": "Mia", "start": 0, "end": 3},
        {"label": "LOC", "score": 0.9, "word": "Paris", "start": 7, "end": 12},
        {"label": "LOC", "score": 0.9, "word": "ris", "start": 9, "end": 12},
        {"label": "LOC", "score": 0.9, "word": "lost", "start": None, "end": None},
    ]
    pieces = spans_of.segments("Mia in Paris.", spans)
    assert pieces == [("Mia", "PER"), (" in ", None), ("Paris", "LOC"), (".", None)]
    assert spans_of.segments("Nobody.", []) == [("Nobody.", None)]
    assert list(spans_of.colours(spans)) == ["LOC", "PER"]


def test_a_cell_that_a_spreadsheet_would_run_is_quoted() -> None:
    table = to_csv(("Text", "Score"), [("=1+1", 0.5), ('say "hi", you', -1)])
    assert table == 'Text,Score\n\'=1+1,0.5\n"say ""hi"", you",-1\n'


def test_every_gap_has_its_words_in_the_sentence() -> None:
    fills = [[{"token_str": " <b>", "score": 0.5}], [{"token_str": "", "score": 0.25}]]
    html = filled({"parts": ["a ", " & ", ""], "fills": fills})
    assert '<p class="best">a <mark>&lt;b&gt;</mark> &amp; <mark>␣</mark></p>' in html
    assert "<li><span>a <mark>&lt;b&gt;</mark> &amp; ____</span><b>50.0%</b>" in html
    assert "<li><span>a ____ &amp; <mark>␣</mark></span><b>25.0%</b>" in html


def test_the_nearest_text_is_another_one() -> None:
    alike = vectors.cosines(np.array([[1.0, 0.0], [2.0, 0.1], [0.0, 3.0], [0.0, 0.0]]))
    assert alike[0, 1] == pytest.approx(0.99875, abs=1e-4)
    assert not alike[3].any()
    near = vectors.nearest(["a", "b", "c", "d"], alike)
    assert near[:2] == [["1. a", "2. b", "1.00"], ["2. b", "1. a", "1.00"]]


@pytest.mark.parametrize("shape", [(3, 5), (4, 1), (3, 3), (60, 8)])
def test_a_map_has_two_axes_and_stays_in_its_frame(shape: tuple[int, int]) -> None:
    rows = np.random.default_rng(0).normal(size=shape)
    for places in (vectors.flat(rows), vectors.flat(np.ones(shape))):
        assert places.shape == (shape[0], 2)
        assert np.abs(places).max() <= 1


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_any_number_of_texts_is_drawn(count: int) -> None:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        display = vectors.similarity(Output(name="vectors", kind=Vectors, label="Similarity"))
    rows = np.random.default_rng(0).normal(size=(count, 4)).tolist()
    texts = [f"<i>text</i> {n}" for n in range(count)]
    updates = display.draw({"texts": texts, "vectors": rows}, {})
    plots = [updates[c]["value"] for c in display.components if isinstance(c, gr.Plot)]
    assert [plot is not None for plot in plots] == [count > 1, count > 2]
    assert all("<i>" not in plot.to_json() for plot in plots if plot is not None)


def test_an_answer_of_very_many_values_is_shown_in_part() -> None:
    assert say.shortened([{"label": "a"}] * 30) == [{"label": "a"}] * 30
    cut = say.shortened({"rows": [[0.5] * 768] * 25})["rows"]
    assert cut[-1] == "… 5 more"
    assert cut[0] == [*[0.5] * 20, "… 748 more"]


def test_the_array_to_take_away_is_the_vectors() -> None:
    links = vectors.vector_files("texts", ["a", "b"], np.array([[0.1, 0.2], [0.3, 0.4]]))
    found = re.search(r"base64,([^\"]+)", links)
    assert found
    array = np.load(io.BytesIO(base64.b64decode(found[1])))
    assert (array.dtype, array.shape) == (np.float32, (2, 2))
