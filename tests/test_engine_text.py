"""Text generation over tiny models: streams, stops, seeds, windows and turns."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from pipelines.engine.request import Done, Event, Failed, Partial, Waiting
from pipelines.loading import LoadSettings
from tests.engine_room import Room
from tests.tiny_models import WINDOW

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

TEXT = "text-generation"
CHAT = [{"role": "user", "content": "who is the baker?"}]


def text_of(done: Done) -> str:
    (reply,) = done.outputs["reply"]
    return str(reply)


def test_streamed_text_grows_into_the_final_text(room: Room) -> None:
    for model, prompt in (("gpt2", "the quick"), ("llama", CHAT)):
        events = room.events(TEXT, model, text=prompt, max_new_tokens=60)
        partials = [e.outputs["reply"][0] for e in events if isinstance(e, Partial)]
        assert partials[-1] == text_of(events[-1])
        assert all(partials[-1].startswith(p) for p in partials)


@pytest.mark.parametrize(
    ("model", "prompt", "front"),
    [
        ("gpt2", "the quick", "the quick"),
        ("llama", CHAT, ""),
        ("llama", [*CHAT, {"role": "assistant", "content": "Mia"}], "Mia"),
    ],
)
def test_the_full_text_streams_with_what_is_in_front_of_it(
    room: Room, model: str, prompt: Any, front: str
) -> None:
    events = room.events(TEXT, model, text=prompt, return_full_text=True)
    partials = [e.outputs["reply"][0] for e in events if isinstance(e, Partial)]
    assert partials[-1] == text_of(events[-1])
    assert all(p.startswith(front) for p in partials)


@pytest.mark.parametrize("extra", [{"skip_special_tokens": False}, {"stop_sequence": ["a", "e"]}])
def test_other_ways_to_write_stream_the_same(room: Room, extra: dict[str, Any]) -> None:
    events = room.events(TEXT, "llama", text=CHAT, **extra)
    partials = [e.outputs["reply"][0] for e in events if isinstance(e, Partial)]
    assert partials[-1] == text_of(events[-1])


def test_stop_keeps_the_text_so_far(room: Room) -> None:
    """R23."""
    cancelled = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Partial):
            cancelled.set()

    events = room.events(
        TEXT, "llama", text=CHAT, max_new_tokens=90, cancelled=cancelled, hear=hear
    )
    done = events[-1]
    assert isinstance(done, Done)
    assert done.meta.stopped
    assert done.answer["generated_text"] == text_of(done) != ""
    whole = room.run(TEXT, "llama", text=CHAT, max_new_tokens=90)
    assert not whole.meta.stopped
    assert text_of(whole).startswith(text_of(done).rstrip("\ufffd"))


def test_after_a_stop_the_model_answers_as_before(room: Room) -> None:
    before = room.run(TEXT).answer
    cancelled = threading.Event()
    room.events(TEXT, cancelled=cancelled, hear=lambda e: cancelled.set(), max_new_tokens=90)
    assert room.run(TEXT).answer == before


def test_a_seed_gives_the_same_answer_again(room: Room) -> None:
    drawn = {"do_sample": True, "temperature": 2.0, "max_new_tokens": 30}
    first, again = (text_of(room.run(TEXT, seed=7, **drawn)) for _ in range(2))
    other = text_of(room.run(TEXT, seed=8, **drawn))
    assert first == again != other


def test_a_seed_holds_though_others_draw_meanwhile(room: Room) -> None:
    """R28."""
    drawn = {"do_sample": True, "temperature": 2.0, "max_new_tokens": 30}
    alone = text_of(room.run(TEXT, seed=7, **drawn))

    def draw(turn: int) -> str:
        model = ("gpt2", "llama")[turn % 2]
        return text_of(room.run(TEXT, model, **drawn, **({} if turn % 2 else {"seed": 7})))

    with ThreadPoolExecutor(6) as pool:
        texts = list(pool.map(draw, range(8)))
    assert set(texts[::2]) == {alone}


def test_several_answers_come_back_and_do_not_stream(room: Room) -> None:
    events = room.events(TEXT, num_return_sequences=3, do_sample=True, seed=1)
    assert not any(isinstance(e, Partial) for e in events)
    assert len(events[-1].outputs["reply"]) == len(events[-1].answer) == 3


def test_the_library_refuses_a_combination_in_one_sentence(room: Room) -> None:
    failed = room.refusal(TEXT, num_return_sequences=3, do_sample=False)
    assert "num_return_sequences" in failed.message
    assert "\n" not in failed.message


def test_messages_need_a_chat_template(room: Room) -> None:
    failed = room.refusal(TEXT, "gpt2", text=CHAT)
    assert "has no chat template" in failed.message


def test_what_the_template_says_no_to_is_a_sentence(room: Room) -> None:
    assert "Roles must alternate" in room.refusal(TEXT, "strict-chat", text=CHAT).message


def test_a_prompt_that_fills_the_window_is_refused_with_both_numbers(room: Room) -> None:
    failed = room.refusal(TEXT, text="the quick " * 100)
    assert "300 tokens" in failed.message
    assert f"reads {WINDOW}" in failed.message
    assert failed.field == "text"


def test_an_answer_that_meets_the_end_of_the_window_says_so(room: Room) -> None:
    done = room.run(TEXT, text="the quick " * 30, max_new_tokens=2_000)
    assert done.notes == (f"The answer was cut: the model's {WINDOW} tokens are full.",)
    assert room.run(TEXT, max_new_tokens=20).notes == ()


def test_the_window_counts_a_chat_as_it_is_written(room: Room) -> None:
    long = [{"role": "user", "content": "the " * 115}]
    assert room.refusal(TEXT, "llama", text=long).field == "text"


def test_two_requests_on_one_model_take_turns(room: Room) -> None:
    """R28."""
    alone = text_of(room.run(TEXT, max_new_tokens=60))
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: room.events(TEXT, max_new_tokens=60), range(8)))
    assert {text_of(events[-1]) for events in runs} == {alone}
    assert any(isinstance(e, Waiting) for events in runs for e in events)


def test_a_run_that_waits_for_its_turn_stops_at_once(room: Room) -> None:
    room.run(TEXT)
    key = LoadSettings(task=TEXT, model="starter/gpt2", device="cpu", dtype="float32")
    cancelled = threading.Event()
    with room.runner.cache.lease(key, pytest.fail) as loaded, loaded.lock:
        began = time.monotonic()
        threading.Timer(0.2, cancelled.set).start()
        events = room.events(TEXT, cancelled=cancelled)
    assert events[-1] == Failed("Stopped.")
    assert time.monotonic() - began < 2


def test_a_run_over_its_time_ends_between_two_tokens(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(room.runner.settings.limits, run_seconds=0.0)
    monkeypatch.setattr(room.runner, "settings", replace(room.runner.settings, limits=short))
    assert "took longer than 0 s" in room.refusal(TEXT, max_new_tokens=90).message
