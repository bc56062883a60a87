"""Recordings are named by every kind of model, whole and in windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import soundfile

from pipelines.errors import InputError
from pipelines.windows import starts
from tests.engine_room import RATE, Room
from tests.test_rows import many, run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

NAMED, ASKED = "audio-classification", "zero-shot-audio-classification"
MODELS = [(NAMED, "ast"), (NAMED, "wav2vec2-sounds"), (NAMED, "whisper-sounds"), (ASKED, "clap")]
every_model = pytest.mark.parametrize(("id", "model"), MODELS)


@every_model
def test_a_recording_is_named_whole_and_in_windows(room: Room, id: str, model: str) -> None:
    whole = room.run(id, model, window_s=0.5, step_s=0.5, audio=recording(room, 0.5))
    assert all("scores" not in one for one in whole.answer)
    done = room.run(id, model, window_s=0.5, step_s=0.25)
    count = len(starts(3 * RATE, RATE // 2, RATE // 4))
    for one in done.answer:
        assert len(one["scores"]) == count
        assert one["score"] == pytest.approx(sum(one["scores"]) / count)
    assert sum(one["score"] for one in done.answer) == pytest.approx(1, abs=1e-4)
    shown = done.outputs["sounds"]
    assert shown["timeline"].shape == (len(done.answer), count)
    assert shown["times"][-1] == (2.5, 3.0)
    assert f"{count} windows of 0.5 s" in done.notes[-1]


@every_model
def test_a_batch_of_windows_gives_the_same(room: Room, id: str, model: str) -> None:
    one, four = (room.run(id, model, window_s=0.4, batch_size=n).answer for n in (1, 4))
    assert [x["label"] for x in one] == [x["label"] for x in four]
    for alone, together in zip(one, four, strict=True):
        assert alone["scores"] == pytest.approx(together["scores"], abs=1e-5)


@every_model
def test_the_same_recording_gets_the_same_answer_again(room: Room, id: str, model: str) -> None:
    """CLAP takes a part by lot of what is longer than it hears; a window never is."""
    assert room.run(id, model).answer == room.run(id, model).answer


@every_model
def test_silence_and_a_click_are_named_too(room: Room, id: str, model: str) -> None:
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1
    for samples in (np.zeros(RATE, np.float32), click):
        soundfile.write(room.folder / "still.wav", samples, RATE)
        answer = room.run(id, model, audio=room.file("still.wav")).answer
        assert all(np.isfinite(one["score"]) for one in answer)


def recording(room: Room, seconds: float) -> str:
    noise = np.random.default_rng(1).standard_normal(round(seconds * RATE)) * 0.1
    soundfile.write(room.folder / "short.wav", noise, RATE)
    return room.file("short.wav")


def test_what_is_too_short_for_the_model_is_a_sentence(room: Room) -> None:
    short = recording(room, 0.12)
    refused = room.refusal(NAMED, "wav2vec2-sounds", audio=short)
    assert refused.message == (
        "audio: lasts 0.12 s; starter/wav2vec2-sounds needs 0.13 s. Record longer."
    )
    assert room.run(NAMED, "ast", audio=short).answer
    narrow = room.refusal(NAMED, "wav2vec2-sounds", window_s=0.1)
    assert narrow.message.startswith("window_s: must be at least 0.13 s")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"window_s": 0.01}, "window_s: must be a number from 0.1 to 300."),
        ({"window_s": float("nan")}, "window_s: must be a number from 0.1 to 300."),
        ({"step_s": "often"}, "step_s: must be a number from 0.1 to 300."),
        ({"top_k": 0}, "top_k: must be a whole number from 1 to 1000."),
    ],
)
def test_windows_that_make_no_sense_are_refused(
    room: Room, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        room.events(NAMED, "ast", **values)
    assert str(refused.value) == message


def test_a_step_beyond_the_window_is_refused(room: Room) -> None:
    refused = room.refusal(NAMED, "ast", window_s=0.5, step_s=0.6)
    assert refused.message == "step_s: must be no longer than the window, 0.5 s."


def test_windows_without_end_are_refused_or_lie_further_apart(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.engine.listen.MOST_WINDOWS", 6)
    assert "5 windows" in room.run(NAMED, "ast", window_s=0.6).notes[-1]
    refused = room.refusal(NAMED, "ast", window_s=0.5, step_s=0.1)
    assert refused.message.startswith("step_s: gives 26 windows; at most 6.")


def test_a_window_is_no_longer_than_the_model_hears(room: Room) -> None:
    done = room.run(NAMED, "ast", window_s=30.0)
    assert done.notes[0] == "starter/ast hears 0.64 s at once."
    assert "windows of 0.64 s" in done.notes[1]


def test_every_label_is_given_where_more_are_asked_for(room: Room) -> None:
    assert len(room.run(NAMED, "ast", top_k=1_000).answer) == 4
    assert len(room.run(NAMED, "ast", top_k=2).answer) == 2
    assert len(room.run(NAMED, "ast", top_k=2, window_s=0.5).outputs["sounds"]["times"]) > 1


def test_rows_of_short_recordings_share_a_batch(room: Room) -> None:
    short = [recording(room, 0.4) for _ in range(5)]
    one = room.run(NAMED, "ast", audio=short[0]).answer
    done = run(room, many(room, NAMED, [{"audio": path} for path in short], batch_size=4))
    for result in done.results:
        assert [x["label"] for x in result.answer] == [x["label"] for x in one]
        scores = [x["score"] for x in result.answer]
        assert scores == pytest.approx([x["score"] for x in one], abs=1e-5)
