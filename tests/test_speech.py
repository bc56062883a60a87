"""Text to audio: what is said and how, with real classes of tiny models, and how it is drawn."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile

from pipelines import waves
from pipelines.engine import run as one_run
from pipelines.engine.request import Done, Event, Partial, Progress, RowResult
from pipelines.errors import InputError
from pipelines.jobs.exports import export
from pipelines.jobs.job import Manifest, fingerprint, make
from pipelines.jobs.made import holds_files
from pipelines.limits import Limits
from pipelines.sentences import sentences
from pipelines.strict_json import to_json
from pipelines.tasks import BY_ID
from starter.worlds.speech import VOCABULARY
from tests.engine_room import Room
from tests.served import no_loop_left_open
from tests.test_rows import many, run
from tests.tiny_speech import MUSIC_HOP, MUSIC_RATE, VOICES
from ui import say, speech
from ui.panel import Display

WAV = "UklGR"
"""How a WAV file in base64 begins."""
TASK = "text-to-audio"
slow = pytest.mark.slow
by_default = pytest.mark.filterwarnings("default")
THREE = "Hello there. How are you? Good!"


def heard(done: Done) -> Any:
    """int16 (n, channels) of the WAV file in the answer."""
    samples, rate = soundfile.read(
        io.BytesIO(b64decode(done.answer["audio"])), dtype="int16", always_2d=True
    )
    assert rate == done.answer["sampling_rate"] == done.outputs["sound"]["sampling_rate"]
    assert np.array_equal(samples, done.outputs["sound"]["samples"])
    return samples


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two! Three?", ("One.", "Two!", "Three?")),
        ('He said "Stop." Then he left.', ('He said "Stop."', "Then he left.")),
        ("Dr. Weber met Mr. J. Hill. They left.", ("Dr. Weber met Mr. J. Hill.", "They left.")),
        ("3.5 is a number", ("3.5 is a number",)),
        ("a line\n\nanother", ("a line", "another")),
        ("これは文です。次の文です。", ("これは文です。", "次の文です。")),
        ("... !? --", ()),
        ("Wait… what", ("Wait…", "what")),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, pieces: tuple[str, ...]) -> None:
    assert sentences(text) == pieces


def test_a_long_sentence_is_cut_at_a_comma_then_at_a_blank_then_anywhere() -> None:
    assert sentences("one two, three four five", 14) == ("one two,", "three four", "five")
    assert sentences("a" * 25, 10) == ("a" * 10, "a" * 10, "a" * 5)
    text = "word " * 300
    assert " ".join(sentences(text)) == text.strip()
    assert all(len(piece) <= 300 for piece in sentences(text))


def test_pieces_are_joined_with_silence() -> None:
    one, two = np.ones(4, np.float32), np.full(3, 0.5, np.float32)
    assert waves.joined([one, two], 10, 0.2).tolist() == [1, 1, 1, 1, 0, 0, 0.5, 0.5, 0.5]
    stereo = waves.joined([np.ones((2, 4)), np.ones((2, 3))], 10, 0.1)
    assert stereo.shape == (2, 8)
    assert waves.joined([one], 10, 3).tolist() == one.tolist()


def test_samples_are_cut_off_at_full_scale_and_what_is_no_number_is_silent() -> None:
    samples = waves.samples_of([0.0, 1.5, -2.0, float("nan"), float("inf"), 0.5])
    assert samples.ravel().tolist() == [0, 32767, -32767, 0, 32767, 16384]
    assert waves.samples_of(np.zeros((2, 5))).shape == (5, 2)
    assert waves.samples_of(np.zeros(0)).shape == (0, 1)


def test_a_wav_file_holds_the_samples() -> None:
    samples = np.array([[1, -1], [300, -300], [32767, -32767]], np.int16)
    wav = waves.to_wav(samples, 8_000)
    read, rate = soundfile.read(io.BytesIO(wav), dtype="int16")
    assert rate == 8_000
    assert np.array_equal(read, samples)
    assert waves.seconds(wav) == pytest.approx(3 / 8_000)


def test_the_row_lists_the_words_of_the_speech_world() -> None:
    assert BY_ID[TASK].starter.vocabulary == VOCABULARY


@pytest.fixture
def display() -> Iterator[Display]:
    with no_loop_left_open(), gr.Blocks():
        yield speech.sound(BY_ID[TASK].outputs[0])


def test_a_sound_is_played_described_and_taken_away(display: Display) -> None:
    samples = waves.samples_of(np.sin(np.arange(16_000) / 20) / 2)
    player, told, picture = display.components
    drawn = display.draw({"samples": samples, "sampling_rate": 16_000}, {})
    assert Path(drawn[player]).read_bytes() == waves.to_wav(samples, 16_000)
    assert "0:01.00 · 16 kHz · mono" in drawn[told]
    assert f'download="sound.wav" href="data:application/octet-stream;base64,{WAV}' in drawn[told]
    assert drawn[picture]["value"].layout.xaxis.range == (0, 1.0)


def test_an_empty_sound_is_said_so(display: Display) -> None:
    player, told, picture = display.components
    drawn = display.draw({"samples": np.zeros((0, 1), np.int16), "sampling_rate": 16_000}, {})
    assert drawn[player] is None
    assert speech.EMPTY in drawn[told]
    assert drawn[picture]["visible"] is False


def test_two_channels_are_stereo() -> None:
    value = {"samples": np.zeros((44_100, 2), np.int16), "sampling_rate": 44_100}
    assert speech.said(value) == "0:01.00 · 44.1 kHz · stereo"


def test_the_page_shows_the_beginning_of_a_file_in_an_answer() -> None:
    shown = say.shortened({"audio": WAV + "A" * 9_000, "sampling_rate": 16_000})
    assert shown["audio"].startswith(WAV)
    assert shown["audio"].endswith("more characters")
    assert len(shown["audio"]) < 200
    assert shown["sampling_rate"] == 16_000


@pytest.mark.parametrize("value", ["", "   ", 7, None, ["hello"], "a" * 2_001])
def test_what_is_no_text_is_refused_by_name(value: Any) -> None:
    with pytest.raises(InputError, match=r"^text: "):
        BY_ID[TASK].parse({"text": value}, Limits())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speaking_rate", 0.0), ("speaking_rate", float("nan")), ("speaker_id", -1),
        ("speaker_id", 1.5), ("pause", 60.0), ("seed", -1), ("guidance_scale", 0.0),
        ("max_new_tokens", 10**9), ("sentence_by_sentence", "yes"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"^{name}: "):
        BY_ID[TASK].parse({"text": "hello", name: value}, Limits())


def test_a_zip_of_a_job_holds_a_wav_for_each_row(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n777\nthree\n")
    manifest = Manifest(
        task=TASK, input="a.txt", sha256=fingerprint(tmp_path / "a.txt"),
        columns={"text": "text"}, values={}, name="a.txt", batch_size=1,
    )  # fmt: skip
    job = make(tmp_path, manifest)
    answer = to_json(BY_ID[TASK].to_json(BY_ID[TASK].raw_example))
    job.log.append(
        [RowResult(0, answer), RowResult(1, error="text: is wrong."), RowResult(2, answer)]
    )
    export(job, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["00001.wav", "00003.wav", "answers.csv"]
        assert archive.read("00003.wav") == b64decode(answer["audio"])
        table = archive.read("answers.csv").decode("utf-8-sig")
    first, second, third = csv.DictReader(table.splitlines())
    assert json.loads(first["answer_json"]) == {"audio": "00001.wav", "sampling_rate": 16_000}
    assert (first["seconds"], second["error"], third["error"]) == ("0.02", "text: is wrong.", "")
    assert holds_files(BY_ID[TASK])
    assert not holds_files(BY_ID["text-classification"])


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
