"""Conversations with files over tiny models: pictures, recordings, captions, streams, windows."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from pipelines.engine.request import Done, Event, Failed, Partial
from tests.engine_room import Room
from tests.tiny_talks import PICTURE_TOKENS, TALK_WINDOW

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

CHAT, ANY = "image-text-to-text", "any-to-any"
CAPTIONERS = ("blip", "git")
both = pytest.mark.parametrize("id", [CHAT, ANY])


def text_of(event: Event) -> str:
    assert isinstance(event, Done), event
    (reply,) = event.outputs["reply"]
    return str(reply)


def asked(room: Room, *names: str, text: str = "what is it?") -> dict[str, Any]:
    return {"text": text, "files": [room.file(name) for name in names]}


def begun(text: str) -> str:
    """A text so far: its last character may be half, its first piece end a word of the prompt."""
    return text.rstrip("\ufffd").removeprefix("##").lstrip()


def partials(events: list[Event]) -> list[str]:
    return [e.outputs["reply"][0] for e in events if isinstance(e, Partial)]


@both
@pytest.mark.parametrize("model", ["llava", *CAPTIONERS])
def test_streamed_text_grows_into_the_final_text(room: Room, id: str, model: str) -> None:
    events = room.events(id, model, max_new_tokens=30)
    grown = [begun(part) for part in partials(events)]
    assert grown[-1] == begun(text_of(events[-1])) != ""
    assert all(grown[-1].startswith(part) for part in grown)


@both
def test_the_answer_is_only_the_new_text(room: Room, id: str) -> None:
    done = room.run(id)
    assert set(done.answer) == {"generated_text"}
    assert "what is it" not in done.answer["generated_text"]


def test_the_picture_makes_a_difference(room: Room) -> None:
    one, other = (
        room.run(CHAT, text=asked(room, name), max_new_tokens=30)
        for name in ("picture.png", "blank.png")
    )
    assert text_of(one) != text_of(other)


def test_several_pictures_in_a_message_and_over_turns(room: Room) -> None:
    first = {"role": "user", "content": asked(room, "picture.png", "page.png")}
    reply = {"role": "assistant", "content": "the fox"}
    then = {"role": "user", "content": asked(room, "blank.png", text="and this?")}
    done = room.run(CHAT, text=[first, reply, then])
    assert text_of(done)
    assert "image_3" in done.code


def test_a_file_alone_is_asked_the_first_preset(room: Room) -> None:
    alone = room.run(CHAT, text=asked(room, "picture.png", text=""))
    said = room.run(CHAT, text=asked(room, "picture.png", text="Describe the picture."))
    assert text_of(alone) == text_of(said)


@pytest.mark.parametrize("model", CAPTIONERS)
def test_a_model_without_chat_makes_captions(room: Room, model: str) -> None:
    """R8: an empty text is given, for the pipeline asks for one."""
    done = room.run(CHAT, model, text=asked(room, "picture.png", text=""))
    assert text_of(done)
    more = room.run(CHAT, model, text=asked(room, "picture.png", text="the quick"))
    assert text_of(more) != text_of(done)


def test_a_model_without_chat_reads_the_last_message(room: Room) -> None:
    one = {"role": "user", "content": asked(room, "blank.png")}
    reply = {"role": "assistant", "content": "a fox"}
    last = {"role": "user", "content": asked(room, "picture.png", text="the")}
    done = room.run(CHAT, "blip", text=[one, reply, last])
    assert text_of(done) == text_of(room.run(CHAT, "blip", text=last["content"]))
    assert "only the last message was read" in done.notes[0]
    assert "image_2" not in done.code
    failed = room.refusal(CHAT, "blip", text=[one, reply])
    assert "no chat to go on with" in failed.message
    assert "needs a file" in room.refusal(CHAT, "blip", text="hello").message


def test_a_model_that_hears_takes_recordings_and_no_pictures(room: Room) -> None:
    done = room.run(ANY, "qwen2-audio", text=asked(room, "noise.wav"))
    assert text_of(done)
    assert "torchvision" not in done.code
    failed = room.refusal(ANY, "qwen2-audio", text=asked(room, "picture.png"))
    assert failed.message == "text: has pictures; starter/qwen2-audio takes none."
    failed = room.refusal(ANY, "llava", text=asked(room, "noise.wav"))
    assert failed.message == "text: has recordings; starter/llava takes none."


def test_generation_parameters_reach_the_model(room: Room) -> None:
    """Given to the pipeline itself they are dropped without a word (transformers 5.23)."""
    plain = text_of(room.run(CHAT, max_new_tokens=30))
    for changed in (
        {"do_sample": True, "temperature": 5.0, "seed": 1},
        {"num_beams": 4},
        {"repetition_penalty": 5.0},
        {"no_repeat_ngram_size": 1},
        {"max_new_tokens": 5},
    ):
        assert text_of(room.run(CHAT, **{"max_new_tokens": 30, **changed})) != plain, changed
    stop = next(letter for letter in plain[4:] if letter.isascii() and letter.isalpha())
    stopped = text_of(room.run(CHAT, max_new_tokens=30, stop_sequence=[stop]))
    assert plain.startswith(stopped)
    assert stop in stopped
    assert len(stopped) < len(plain)


def test_sampling_follows_seed_temperature_and_top_k(room: Room) -> None:
    def drawn(**values: Any) -> str:
        return text_of(room.run(CHAT, do_sample=True, max_new_tokens=30, **values))

    assert drawn(seed=1, temperature=2.0) == drawn(seed=1, temperature=2.0)
    assert drawn(seed=1, temperature=2.0) != drawn(seed=2, temperature=2.0)
    assert drawn(seed=1, temperature=2.0) != drawn(seed=1, temperature=0.2)
    assert drawn(seed=1, top_k=1) == text_of(room.run(CHAT, max_new_tokens=30))


def test_several_answers_come_as_a_list(room: Room) -> None:
    done = room.run(CHAT, do_sample=True, seed=4, num_return_sequences=3)
    assert len(done.outputs["reply"]) == len(done.answer) == 3
    assert done.outputs["reply"] == [a["generated_text"] for a in done.answer]


def test_an_answer_is_continued_where_it_ended(room: Room) -> None:
    question = {"role": "user", "content": asked(room, "picture.png")}
    whole = text_of(room.run(CHAT, text=[question], max_new_tokens=20))
    first = text_of(room.run(CHAT, text=[question], max_new_tokens=8))
    assert whole.startswith(begun(first))
    more = room.run(
        CHAT, text=[question, {"role": "assistant", "content": "the fox"}], max_new_tokens=8
    )
    assert "the fox" not in text_of(more)[:4]


@pytest.mark.parametrize("model", ["llava", "blip"])
def test_stop_keeps_the_text_so_far(room: Room, model: str) -> None:
    """R23; BLIP writes with a part of the model that the pipeline never calls itself."""
    cancelled = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Partial):
            cancelled.set()
            time.sleep(0.05)

    events = room.events(
        CHAT, model, max_new_tokens=100, min_new_tokens=100, cancelled=cancelled, hear=hear
    )
    done = events[-1]
    assert isinstance(done, Done)
    assert done.meta.stopped
    assert done.answer["generated_text"] == text_of(done) != ""
    whole = text_of(room.run(CHAT, model, max_new_tokens=100, min_new_tokens=100))
    assert whole.startswith(begun(text_of(done)))
    assert len(text_of(done)) < len(whole)


@pytest.mark.parametrize("model", ["llava", "blip"])
def test_beams_can_be_stopped_too(room: Room, model: str) -> None:
    cancelled = threading.Event()
    cancelled.set()
    last = room.events(CHAT, model, num_beams=3, cancelled=cancelled)[-1]
    assert isinstance(last, Failed)


@pytest.mark.parametrize("model", ["llava", "blip"])
def test_tokens_are_counted_once(room: Room, model: str) -> None:
    done = room.run(CHAT, model, max_new_tokens=10, min_new_tokens=10)
    assert round(done.meta.rate * done.meta.run_seconds) == 10


def test_the_window_counts_the_tokens_of_pictures(room: Room) -> None:
    many = 15
    talk = [{"role": "user", "content": asked(room, *["picture.png"] * many)}]
    wanted = TALK_WINDOW - many * PICTURE_TOKENS
    done = room.run(CHAT, text=talk, max_new_tokens=wanted, min_new_tokens=wanted // 2)
    assert text_of(done)
    kwargs = room.call(CHAT, text=talk, max_new_tokens=wanted)
    assert 0 < kwargs["max_new_tokens"] < wanted
    long = [{"role": "user", "content": asked(room, *["picture.png"] * 2, text="fox " * 600)}]
    failed = room.refusal(CHAT, text=long)
    assert f"llava reads {TALK_WINDOW}" in failed.message
    assert failed.field == "text"


def test_the_pipeline_leaves_our_dicts_alone(room: Room) -> None:
    """It writes max_new_tokens into generate_kwargs, and refuses them the next time."""
    from pipelines.spec import Invocation

    kwargs = room.call(CHAT)
    call = Invocation((), kwargs)
    assert call.fresh() == kwargs
    call.fresh()["generate_kwargs"]["max_new_tokens"] = 3
    assert "max_new_tokens" not in kwargs["generate_kwargs"]


def test_odd_pictures_are_answered_or_refused_with_a_sentence(room: Room) -> None:
    from PIL import Image

    Image.new("RGB", (1, 1)).save(room.file("dot.png"))
    assert text_of(room.run(CHAT, text=asked(room, "dot.png")))
    (room.folder / "broken.png").write_bytes(b"no picture")
    failed = room.refusal(CHAT, text=asked(room, "broken.png"))
    assert failed.message.startswith("text: ")
    assert "broken.png" in failed.message or "picture" in failed.message or "PNG" in failed.message


@pytest.mark.parametrize("words", ["<image>", "<image> <image>", "<|im_end|>", "{{ 7 * 7 }}"])
def test_marks_in_the_words_of_a_user_break_nothing(room: Room, words: str) -> None:
    last = room.events(CHAT, text=asked(room, "picture.png", text=words))[-1]
    assert isinstance(last, Done | Failed)
    if isinstance(last, Failed):
        assert last.expected, last
