"""How values are read and drawn: conversations, transcripts, bars and the page's own lines."""

from __future__ import annotations

import pytest

from pipelines.engine.request import Status
from settings import Settings
from ui import chat, displays, say
from ui.app import which_models


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


@pytest.mark.parametrize("new", [" there", "Hello there"])
def test_a_continued_answer_grows_the_last_message(new: str) -> None:
    asked = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert chat.said_so_far(asked, new)[-1]["content"] == "Hello there"


def test_a_label_that_comes_twice_keeps_both_bars() -> None:
    twice = [{"label": "crane", "score": 0.6}, {"label": "crane", "score": 0.3}]
    assert displays._bars(twice) == {"crane": 0.6, "crane (2)": 0.3}


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
