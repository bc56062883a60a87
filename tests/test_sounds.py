"""What a recording looks like, its windows, and how what is heard in them is drawn."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import gradio as gr
import numpy as np
import pytest

from pipelines import spectrograms
from pipelines.outputs import Heard, Spectrogram
from pipelines.spec import Output
from pipelines.tasks import timelines
from pipelines.windows import Windows, starts
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from ui import sounds, waves

RATE = 16_000


def tone(hertz: float, seconds: float = 1.0, rate: int = RATE) -> Any:
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


@pytest.mark.parametrize("length", [1, 9, 10, 11, 25, 100])
@pytest.mark.parametrize("step", [1, 4, 10])
def test_windows_cover_a_recording_and_are_equally_wide(length: int, step: int) -> None:
    found = starts(length, 10, step)
    assert found[0] == 0
    assert all(0 < after - before <= step for before, after in pairwise(found))
    assert found[-1] == max(0, length - 10)


def test_windows_are_written_as_the_python_that_cuts_them() -> None:
    audio = np.arange(23)

    class Named(list[int]):
        def __repr__(self) -> str:
            return "audio"

    windows = Windows(Named(audio.tolist()), 10, 4)
    written = eval(repr(windows), {"audio": audio, "range": range, "len": len})  # noqa: S307
    assert [list(window) for window in written] == list(windows)
    assert len(windows) == 5


@pytest.mark.parametrize("hertz", [150, 440, 1_000, 3_500])
def test_a_tone_is_a_bright_line_at_its_frequency(hertz: int) -> None:
    drawn = spectrograms.picture(tone(hertz), RATE)
    bright = drawn["mel"].mean(axis=1).argmax()
    assert drawn["hertz"][bright] == pytest.approx(hertz, rel=0.15, abs=30)
    assert drawn["mel"].max() == 255
    assert drawn["wave"].min() == pytest.approx(-64, abs=1)


@pytest.mark.parametrize("length", [1, 2, 700, 16_000, 3_000_000])
@pytest.mark.parametrize("rate", [4_000, 16_000, 48_000])
def test_a_picture_of_any_length_and_rate_is_small(length: int, rate: int) -> None:
    drawn = spectrograms.picture(np.full(length, 0.1, np.float32), rate)
    assert drawn["wave"].dtype == np.int8
    assert drawn["mel"].shape[0] == spectrograms.MELS
    assert drawn["mel"].nbytes + drawn["wave"].nbytes < 40_000
    assert sorted(set(drawn["hertz"])) == drawn["hertz"]


def test_silence_is_drawn_dark() -> None:
    assert not spectrograms.picture(np.zeros(RATE, np.float32), RATE)["mel"].any()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("rate", [4_000, 16_000, 48_000])
def test_the_filters_are_those_of_librosa(rate: int) -> None:
    from librosa import filters

    theirs = filters.mel(sr=rate, n_fft=1_024, n_mels=spectrograms.MELS)
    assert spectrograms.bank(rate, 1_024) == pytest.approx(theirs, abs=1e-7)


def written(params: dict[str, Any], found: Any) -> Any:
    """What the snippet prints."""
    *lines, last = timelines.written_together(params).split("\n")
    names: dict[str, Any] = {"found": found}
    exec("\n".join(lines), names)  # noqa: S102
    return eval(last, names)  # noqa: S307


def test_the_written_mean_of_windows_is_the_one_that_is_answered() -> None:
    found = [
        [{"label": "a", "score": 0.75}, {"label": "b", "score": 0.25}, {"label": "c", "score": 0}],
        [{"label": "b", "score": 1.0}, {"label": "c", "score": 0.0}, {"label": "a", "score": 0.0}],
    ]
    for params in ({"window_s": 1.0}, {"window_s": 1.0, "top_k": 2}):
        answer = timelines.together(found, params)
        assert answer == written(params, found)
        assert answer[0] == {"label": "b", "score": 0.625, "scores": [0.25, 1.0]}
    for params in ({"window_s": None, "top_k": 1}, {"window_s": None}):
        answer = timelines.together(found[0], params)
        assert answer == written(params, found[0])


def value(windows: int, labels: int = 3, step: float = 0.5) -> dict[str, Any]:
    """Windows of two steps in seconds, of which each begins one step after the last."""
    turns = np.random.default_rng(0).random((labels, windows), np.float32)
    return {
        "scores": [{"label": f"<b>{n}" * 9, "score": 1 / (n + 1)} for n in range(labels)],
        "times": [(n * step, (n + 2) * step) for n in range(windows)],
        "timeline": turns,
        **spectrograms.picture(tone(300, (windows + 1) * step), RATE),
    }


@pytest.mark.parametrize(("windows", "step"), [(1, 0.5), (2, 0.5), (5_000, 0.02)])
def test_any_number_of_windows_is_drawn(windows: int, step: float) -> None:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        display = sounds.heard(Output(name="sounds", kind=Heard, label="Labels"))
    made = value(windows, step=step)
    updates = {type(c): updates for c, updates in display.draw(made, {}).items()}
    written = updates[gr.Plot].to_json()
    assert "<b>" not in written
    assert len(written) < 300_000
    assert updates[gr.Dataframe]["visible"] is (windows > 1)
    timeline = [trace for trace in updates[gr.Plot].data if trace.yaxis == "y3"]
    assert len(timeline) == (windows > 1)
    if timeline:
        assert timeline[0].z.shape == (3, min(windows, waves.MOST_COLUMNS))
        assert len(timeline[0].x) == timeline[0].z.shape[1] + 1
        assert timeline[0].x[-1] == made["times"][-1][1]


def test_what_was_said_is_written_over_the_picture() -> None:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        display = sounds.spectrogram(Output(name="s", kind=Spectrogram, label="Spectrogram"))
    (plot,) = display.draw(MADE[Spectrogram](), {}).values()
    marks = plot.data[-1]
    assert list(marks.text) == ["&lt;b>one", "two"]
    assert list(marks.x) == [0.75, 1.5]


def test_neighbouring_windows_with_the_same_label_are_one_stretch() -> None:
    made = value(4, labels=2)
    made["timeline"] = np.array([[0.9, 0.7, 0.2, 0.6], [0.1, 0.3, 0.8, 0.4]])
    found = sounds.stretches(made)
    assert [(start, end) for start, end, *_ in found] == [(0, 1.25), (1.25, 1.75), (1.75, 2.5)]
    assert [label[:4] for *_, label, _ in found] == ["<b>0", "<b>1", "<b>0"]
    assert found[0][3] == pytest.approx(0.8)


def test_the_files_hold_every_window() -> None:
    made = value(3)
    made["scores"][1]["label"] = made["scores"][0]["label"] = "=cmd()"
    links = dict(re.findall(r'download="sounds\.([\w.]+)" href="data:[^,]+,([^"]+)"',
                            sounds.files_of(made, None, "sounds")))  # fmt: skip
    rows = list(csv.reader(io.StringIO(unquote(links["timeline.csv"]))))
    assert rows[0][:4] == ["start", "end", "'=cmd()", "'=cmd() (2)"] or rows[0][2] == "=cmd()"
    assert [row[0] for row in rows[1:]] == ["0.0", "0.5", "1.0"]
    assert float(rows[1][2]) == pytest.approx(float(made["timeline"][0, 0]), abs=1e-6)
    assert set(links) == {"csv", "timeline.csv", "json"}
