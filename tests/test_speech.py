"""Text to audio: what is said and how, with real classes of tiny models, and how it is drawn."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile

from pipelines import waves
from pipelines.engine.request import Done, RowResult
from pipelines.errors import InputError
from pipelines.jobs.exports import export
from pipelines.jobs.job import Manifest, fingerprint, make
from pipelines.jobs.made import holds_files
from pipelines.limits import Limits
from pipelines.sentences import sentences
from pipelines.strict_json import to_json
from pipelines.tasks import BY_ID
from starter.worlds.speech import VOCABULARY
from tests.served import no_loop_left_open
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
