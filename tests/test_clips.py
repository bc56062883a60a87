"""Long clips in windows: where they lie, which frames are read, how they are judged and drawn."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pipelines import clips
from pipelines.clips import WHOLE, Wish, inside, spans
from pipelines.engine.batching import ticket_for
from pipelines.engine.request import Done, Failed, Progress
from pipelines.engine.watch import Watch
from pipelines.errors import InputError
from pipelines.kinds import Video
from pipelines.limits import Limits
from pipelines.media import decode
from pipelines.outputs import Filmstrip
from pipelines.spec import ModelFacts, Output
from pipelines.tasks import task
from pipelines.uploads import Upload
from pipelines.videos import Footage
from tests.engine_room import Room
from tests.served import no_loop_left_open
from tests.test_videos import plain, shades, video
from tests.tiny_pictures import FRAMES, MOTIONS
from ui import filmstrip

TASK = "video-classification"
KIND = Video(window="window_s", step="step_s")
slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


@pytest.mark.parametrize(
    ("seconds", "wish", "count", "width"),
    [
        (9.9, Wish(most=40), 0, 0), (10.5, Wish(most=40), 2, 10), (60, Wish(most=40), 11, 10),
        (600, Wish(most=40), 40, 29.3), (4, Wish(width=1, most=40), 7, 1),
        (4, Wish(width=1, step=1, most=40), 4, 1), (30, Wish(width=1, most=40), 30, 1),
        (30, Wish(width=0.5, most=40), 60, 0.5), (60, Wish(), 0, 0),
    ],
)  # fmt: skip
def test_windows_are_equally_wide_and_reach_over_the_clip(
    seconds: float, wish: Wish, count: int, width: float
) -> None:
    found = spans(seconds, wish)
    assert len(found.windows) == count
    assert found.width == pytest.approx(width)
    for start, end in found.windows:
        assert end - start == pytest.approx(width)
    if count:
        assert found.windows[0][0] == 0
        assert found.windows[-1][1] == pytest.approx(seconds, abs=0.002)


def test_a_window_has_a_frame_even_between_two() -> None:
    times = [0.0, 5.0, 10.0]
    assert inside(times, (0.0, 6.0), 0.1) == (0, 2)
    assert inside(times, (6.0, 7.0), 0.1) == (2, 1)
    assert inside(times, (11.0, 12.0), 0.1) == (2, 1)


def read(tmp_path: Path, content: bytes, frames: int = 4, **params: Any) -> Footage:
    file = tmp_path / "clip"
    file.write_bytes(content)
    given = {"frame_sampling_rate": None, "window_s": None, "step_s": None, **params}
    upload = Upload("clip.mp4", file)
    return decode(KIND, upload, given, 0, Limits(), name="video", frames=frames).value


def test_each_window_gets_its_own_frames_evenly_spread(tmp_path: Path) -> None:
    content = video(frames=40, rate=20)
    footage = read(tmp_path, content, window_s=1.0)
    every = plain(content)
    assert footage.spans.windows == ((0, 1), (0.5, 1.5), (1, 2))
    numbers = [[footage.chosen[place] for place in window] for window in footage.windows]
    assert numbers == [[0, 6, 13, 19], [10, 16, 23, 29], [20, 26, 33, 39]]
    for clip, window in zip(footage.clips, numbers, strict=True):
        assert np.array_equal(clip, [every[n] for n in window])
    assert shades(footage) == sorted(shades(footage))


def test_a_clip_of_many_frames_is_read_in_windows_only_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = video(frames=44, rate=4)
    assert len(read(tmp_path, content).windows) == 2
    assert read(tmp_path, content, frame_sampling_rate=2).windows == ()
    assert read(tmp_path, video(frames=40, rate=4)).spans == WHOLE


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"window_s": 0.1, "step_s": 0.1}, "window_s: and step give 20 windows; at most 16"),
        ({"window_s": 0.5, "step_s": 0.6}, "step_s: must be no longer than the window, 0.5 s."),
        ({"window_s": 0.5, "frame_sampling_rate": 2}, "frame_sampling_rate: reads the beginning"),
    ],
)
def test_windows_that_do_not_suit_the_clip_are_refused(
    tmp_path: Path, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, video(), frames=clips.MOST_FRAMES // 16, **params)
    assert str(refused.value).startswith(message)


@slow
@default
def test_a_score_is_the_mean_of_the_windows_and_each_is_that_of_its_own_clip(room: Room) -> None:
    (room.folder / "long.mp4").write_bytes(video(frames=40, rate=20))
    asked = {"video": room.file("long.mp4"), "window_s": 1.0, "step_s": 1.0, "top_k": 9}
    events = room.events(TASK, **asked)
    done = events[-1]
    assert isinstance(done, Done)
    assert [e.done for e in events if isinstance(e, Progress) and e.total == 2] == [1, 2]
    assert "seen in 2 windows of 1 s, 1 s apart" in done.notes[-1]
    (room.folder / "half.mp4").write_bytes(video(frames=20, rate=20))
    half = room.run(TASK, video=room.file("half.mp4"), top_k=9)
    first = {one["label"]: one["score"] for one in half.answer}
    assert len(done.answer) == len(MOTIONS)
    for one in done.answer:
        assert one["score"] == pytest.approx(sum(one["scores"]) / 2)
        assert one["scores"][0] == pytest.approx(first[one["label"]], abs=0.02)
    shown = done.outputs["frames"]["over_time"]
    assert shown["times"] == [(0, 1), (1, 2)]
    assert shown["timeline"].shape == (len(MOTIONS), 2)
    assert all(set(one) == {"label", "score"} for one in done.outputs["scores"])
    assert all("scores" not in one for one in half.answer)
    assert len(half.outputs["frames"]["pictures"]) == FRAMES


@slow
@default
def test_batches_of_windows_give_the_same(room: Room) -> None:
    (room.folder / "long.mp4").write_bytes(video(frames=40, rate=20))
    asked = {"video": room.file("long.mp4"), "window_s": 0.5, "top_k": 9}
    one, four = (room.run(TASK, batch_size=n, **asked).answer for n in (1, 4))
    for alone, together in zip(one, four, strict=True):
        assert alone["label"] == together["label"]
        assert alone["scores"] == pytest.approx(together["scores"], abs=1e-5)


@slow
@default
def test_a_run_that_is_stopped_keeps_the_windows_that_were_judged(room: Room) -> None:
    stop = threading.Event()

    def hear(event: Any) -> None:
        if isinstance(event, Progress) and event.done == 2:
            stop.set()

    (room.folder / "long.mp4").write_bytes(video(frames=40, rate=20))
    asked = {"video": room.file("long.mp4"), "window_s": 0.5}
    done = room.events(TASK, cancelled=stop, hear=hear, **asked)[-1]
    assert isinstance(done, Done)
    assert done.meta.stopped
    assert 0 < len(done.answer[0]["scores"]) < 7
    shown = done.outputs["frames"]["over_time"]
    assert len(shown["times"]) == len(done.answer[0]["scores"])


@slow
@default
def test_a_bad_window_is_a_sentence(room: Room) -> None:
    refused = room.events(TASK, window_s=0.5, step_s=0.7)[-1]
    assert isinstance(refused, Failed)
    assert refused.message == "step_s: must be no longer than the window, 0.5 s."


def display() -> tuple[Any, dict[str, Any]]:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        made = filmstrip.filmstrip(Output(name="frames", kind=Filmstrip, label="Frames"))
    return made, {type(c).__name__: c for c in made.components}


def test_only_a_clip_of_several_windows_has_a_timeline() -> None:
    made, parts = display()
    value = {"pictures": [Image.new("RGB", (9, 9))] * 2, "times": (0.5, 1.5)}
    alone = made.draw(value, {})
    assert alone[parts["Plot"]]["visible"] is False
    over_time = {
        "scores": [{"label": "<b>left", "score": 0.6}, {"label": "right", "score": 0.4}],
        "times": [(0.0, 1.0), (1.0, 2.0)],
        "timeline": np.array([[0.9, 0.3], [0.1, 0.7]], np.float32),
    }
    drawn = made.draw({**value, "over_time": over_time}, {})
    figure = drawn[parts["Plot"]]["value"]
    assert np.allclose(figure.data[0].z, over_time["timeline"])
    assert list(figure.data[0].x) == [0, 1, 2]
    assert "<b>" not in figure.to_json()
    assert drawn[parts["Dataframe"]]["value"] == [
        ["0:00.00", "<b>left", "90%"],
        ["0:01.00", "right", "70%"],
    ]
    assert "timeline.csv" in drawn[parts["HTML"]]


@slow
@default
def test_clips_of_one_window_wait_in_one_line_and_a_long_one_goes_alone(room: Room) -> None:
    (room.folder / "long.mp4").write_bytes(video(frames=40, rate=20))
    facts = ModelFacts(model="x", revision="", traits=frozenset({"pads"}))
    loaded: Any = SimpleNamespace(facts=facts)

    def lined(**values: Any) -> bool:
        prepared = room.prepared(TASK, **values)
        given = (prepared, loaded, Watch(threading.Event(), 9, print), threading.Event(), print)
        return ticket_for(task(TASK), *given) is not None

    assert lined()
    assert not lined(window_s=0.5, video=room.file("long.mp4"))
