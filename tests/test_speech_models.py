"""Text to audio by real classes of tiny models: every setting is heard, every refusal is named."""

from __future__ import annotations

import threading
import time
from itertools import count
from typing import Any

import numpy as np
import pytest

from pipelines.engine import run as one_run
from pipelines.engine.request import Done, Event, Partial, Progress
from tests.engine_room import Room
from tests.test_rows import many, run
from tests.test_speech import TASK, THREE, by_default, heard, slow
from tests.tiny_speech import MUSIC_HOP, MUSIC_RATE, VOICES


@slow
@by_default
def test_every_setting_of_speech_changes_what_is_heard(room: Room) -> None:
    text = {"text": THREE, "seed": 3}
    plain = heard(room.run(TASK, **text))
    assert np.array_equal(plain, heard(room.run(TASK, **text)))
    assert not np.array_equal(plain, heard(room.run(TASK, **{**text, "seed": 4})))
    slower = heard(room.run(TASK, **text, speaking_rate=0.5))
    faster = heard(room.run(TASK, **text, speaking_rate=2.0))
    assert len(faster) < len(plain) < len(slower)
    longer = heard(room.run(TASK, **text, pause=1.25))
    assert len(longer) - len(plain) == 2 * 16_000  # a second more at each of two pauses
    together = room.run(TASK, **text, sentence_by_sentence=False)
    assert len(heard(together)) < len(plain)
    assert "found = pipe(['Hello there. How are you? Good!'])" in together.code.replace('"', "'")


@slow
@by_default
def test_a_model_of_several_voices_has_them_by_number(room: Room) -> None:
    sounds = [
        heard(room.run(TASK, "vits-voices", text="hello", seed=1, speaker_id=n))
        for n in range(VOICES)
    ]
    assert not np.array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[1], sounds[2])
    last = room.refusal(TASK, "vits-voices", text="hello", speaker_id=VOICES)
    assert "range 0-2" in last.message


@slow
@by_default
@pytest.mark.parametrize(
    ("model", "field", "value", "words"),
    [
        ("vits", "speaker_id", 1, "have several voices"),
        ("vits", "do_sample", True, "write their answer token by token"),
        ("vits", "temperature", 0.5, "write their answer token by token"),
        ("vits", "guidance_scale", 4.0, "as MusicGen does"),
        ("vits", "max_new_tokens", 10, "as MusicGen does"),
        ("bark", "max_new_tokens", 10, "as MusicGen does"),
        ("bark", "guidance_scale", 4.0, "as MusicGen does"),
        ("bark", "speaking_rate", 2.0, "how fast to speak"),
        ("vits", "top_k", 5, "write their answer token by token"),
        ("musicgen", "speaking_rate", 2.0, "how fast to speak"),
        ("musicgen", "speaker_id", 0, "have several voices"),
        ("musicgen", "pause", 1.0, "speak"),
    ],
)
def test_a_setting_that_a_model_lacks_is_refused(
    room: Room, model: str, field: str, value: Any, words: str
) -> None:
    assert words in room.refusal(TASK, model, text="hello", **{field: value}).message


@slow
@by_default
def test_every_setting_of_music_changes_what_is_heard(room: Room) -> None:
    text = {"text": "a quick brown fox. rain", "seed": 3, "max_new_tokens": 12}
    done = room.run(TASK, "musicgen", **text)
    plain = heard(done)
    assert done.answer["sampling_rate"] == MUSIC_RATE
    assert np.array_equal(plain, heard(room.run(TASK, "musicgen", **text)))
    longer = heard(room.run(TASK, "musicgen", **{**text, "max_new_tokens": 16}))
    assert len(longer) - len(plain) == 4 * MUSIC_HOP
    changes: list[dict[str, Any]] = [
        {"seed": 4}, {"do_sample": False}, {"temperature": 0.05}, {"top_k": 1},
        {"guidance_scale": 12.0},
    ]  # fmt: skip
    for change in changes:
        other = heard(room.run(TASK, "musicgen", **{**text, **change}))
        assert other.shape != plain.shape or not np.array_equal(other, plain), change


@slow
@by_default
def test_bark_speaks_sentence_by_sentence(room: Room) -> None:
    done = room.run(TASK, "bark", text="hello world. what is", seed=1)
    whole = heard(done)
    assert done.answer["sampling_rate"] == 24_000
    assert "pipe(['hello world.', 'what is'])" in done.code
    assert np.array_equal(whole, heard(room.run(TASK, "bark", text="hello world. what is", seed=1)))
    other = heard(room.run(TASK, "bark", text="hello world. what is", seed=2))
    assert other.shape != whole.shape or not np.array_equal(other, whole)


@slow
@by_default
def test_a_description_is_not_cut_into_sentences(room: Room) -> None:
    done = room.run(TASK, "musicgen", text="A fox. Rain.", max_new_tokens=8, seed=1)
    assert "found = pipe(['A fox. Rain.']" in done.code.replace("\n", "").replace("    ", "")


@slow
@by_default
def test_letters_that_the_model_lacks_are_named(room: Room) -> None:
    done = room.run(TASK, text="Room 7 costs 3 € and you…")
    assert done.notes == ("Left out, for the model has no letter for it: “7”, “3”, “€”.",)
    assert len(heard(done))


@slow
@by_default
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("777", "has nothing that"),
        ("日本語", "has nothing that"),
        ("\U0001f600 !!", "has nothing that"),
        ("...", "has nothing that"),
    ],
)
def test_a_text_with_nothing_to_say_is_refused(room: Room, text: str, words: str) -> None:
    last = room.refusal(TASK, text=text)
    assert last.message.startswith("text: ")
    assert words in last.message


@slow
@by_default
def test_a_sentence_without_a_letter_is_left_out_of_the_others(room: Room) -> None:
    done = room.run(TASK, text="Hello. 77. 日本。 Again.")
    assert "pipe(['Hello.', 'Again.'])" in done.code


@slow
@by_default
def test_models_that_make_no_sound_by_themselves_are_refused(room: Room) -> None:
    last = room.refusal(TASK, "speecht5", text="hello")
    assert "needs a vocoder" in last.message
    assert last.hopeless


@slow
@by_default
def test_a_model_of_phonemes_needs_the_phonemizer(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.engine import spoken

    monkeypatch.setattr(spoken, "find_spec", lambda name: None)
    last = room.refusal(TASK, "vits-phonemes", text="hello")
    assert "pip install phonemizer" in last.message


@slow
@by_default
def test_a_prompt_beyond_the_window_is_refused(room: Room) -> None:
    last = room.refusal(TASK, "musicgen", text="rain " * 150)
    assert "tokens at once" in last.message


@slow
@by_default
def test_sentences_are_counted_and_the_first_ones_are_shown(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_run, "PIECE_SECONDS", 0.0)
    events = room.events(TASK, text=THREE, seed=1)
    counted = [(e.done, e.total) for e in events if isinstance(e, Progress) and e.total]
    assert counted == [(1, 3), (2, 3), (3, 3)]
    shown = [e.outputs["sound"]["samples"] for e in events if isinstance(e, Partial)]
    assert len(shown) == 2
    last = events[-1]
    assert isinstance(last, Done)
    whole = heard(last)
    assert len(shown[0]) < len(shown[1]) < len(whole)
    assert np.array_equal(whole[: len(shown[1])], shown[1])


@slow
@by_default
def test_a_stopped_run_keeps_what_was_said(room: Room) -> None:
    stop, said = threading.Event(), count(1)

    def hear(event: Event) -> None:
        if isinstance(event, Progress) and event.total and next(said) == 2:
            stop.set()

    last = room.events(TASK, cancelled=stop, hear=hear, text="hello. " * 60, seed=1)[-1]
    assert isinstance(last, Done)
    assert last.meta.stopped
    assert 0 < len(heard(last)) < len(heard(room.run(TASK, text="hello. " * 60, seed=1)))


@slow
@by_default
def test_many_texts_are_said_one_by_one(room: Room) -> None:
    texts = [{"text": "hello"}, {"text": THREE}, {"text": "777"}]
    alone = room.run(TASK, text=THREE, seed=5).answer
    done = run(room, many(room, TASK, [{**t, "seed": 5} for t in texts], batch_size=4))
    good, three, bad = done.results
    assert good.answer["sampling_rate"] == 16_000
    assert three.answer == alone
    assert "nothing that" in bad.error


@slow
@by_default
def test_half_precision_is_only_used_when_it_is_asked_for(room: Room) -> None:
    assert room.run(TASK, text="hello", dtype="auto").meta.dtype == "float32"
    assert room.run(TASK, text="hello", dtype="bfloat16").meta.dtype == "bfloat16"


@slow
@by_default
def test_a_long_text_is_said_in_time(room: Room) -> None:
    began = time.monotonic()
    done = room.run(TASK, text="the quick brown fox. " * 95, seed=1)
    assert len(heard(done)) / 16_000 > 20
    assert time.monotonic() - began < 60
