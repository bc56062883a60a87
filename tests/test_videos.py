"""Clips: the right frames of honest files, a sentence for the others, no file opened by name."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipelines.errors import InputError
from pipelines.film import chosen
from pipelines.kinds import Video
from pipelines.limits import Limits
from pipelines.media import decode
from pipelines.tasks import task
from pipelines.uploads import Upload
from pipelines.videos import LONGEST, Footage
from tests.engine_room import Room
from tests.made import contained, sine
from tests.tiny_pictures import FRAMES

TASK = "video-classification"
LIMITS = Limits()
slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


def video(
    frames: int = 40, form: str = "mp4", codec: str = "libx264", side: tuple[int, int] = (64, 48),
    gop: int = 12, rate: int = 20,
) -> bytes:  # fmt: skip
    """A file in which every frame is as bright as its number says."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = side
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = gop
        for n in range(frames):
            shade = np.full((side[1], side[0], 3), 5 * n % 250, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode(None))
    return out.getvalue()


def read(
    tmp_path: Path, content: bytes, limits: Limits = LIMITS, every: int | None = None,
    frames: int = 8,
) -> tuple[Footage, tuple[str, ...]]:  # fmt: skip
    file = tmp_path / "clip"
    file.write_bytes(content)
    params = {"frame_sampling_rate": every}
    found = decode(
        Video(), Upload("clip.mp4", file), params, 0, limits, name="video", frames=frames
    )
    return found.value, found.notes


def shades(footage: Footage) -> list[float]:
    return [float(frame.mean()) for frame in footage.frames]


def plain(content: bytes) -> list[Any]:
    """All frames as PyAV gives them."""
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("form", "codec"),
    [("mp4", "libx264"), ("mov", "mpeg4"), ("webm", "libvpx"), ("avi", "mjpeg"), ("avi", "mpeg4"),
     ("mp4", "mpeg4")],
)  # fmt: skip
def test_frames_are_spread_evenly_over_the_clip(tmp_path: Path, form: str, codec: str) -> None:
    content = video(form=form, codec=codec)
    footage, notes = read(tmp_path, content)
    assert footage.frames.shape == (8, 48, 64, 3)
    assert footage.chosen == (0, 6, 11, 17, 22, 28, 33, 39)
    assert np.allclose(footage.times, [n / 20 for n in footage.chosen], atol=0.002)
    every = plain(content)
    assert np.array_equal(footage.frames, [every[n] for n in footage.chosen])
    assert notes == ()


@pytest.mark.parametrize("gop", [12, 300])
def test_a_long_clip_gives_the_same_frames_by_jumping(tmp_path: Path, gop: int) -> None:
    content = video(240, gop=gop)
    footage, _ = read(tmp_path, content)
    every = plain(content)
    assert footage.total == 240
    assert np.array_equal(footage.frames, [every[n] for n in footage.chosen])


def test_every_second_frame_from_the_start(tmp_path: Path) -> None:
    footage, _ = read(tmp_path, video(), every=2)
    assert footage.chosen == (0, 2, 4, 6, 8, 10, 12, 15)


def test_a_step_too_large_for_the_clip_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="frame_sampling_rate: is 6, for which 8 frames reach"):
        read(tmp_path, video(), every=6)


def test_a_clip_of_few_frames_is_read_twice_and_that_is_said(tmp_path: Path) -> None:
    footage, notes = read(tmp_path, video(frames=3))
    assert footage.frames.shape[0] == 8
    assert notes == ("The clip has 3 frames; some were read twice.",)


def test_one_frame_is_a_clip(tmp_path: Path) -> None:
    footage, notes = read(tmp_path, video(frames=1))
    assert set(footage.chosen) == {0}
    assert notes == ("The clip has one frame, which was read 8 times.",)


@pytest.mark.parametrize(("frames", "shown"), [(1, 1), (3, 3), (40, 8)])
def test_each_frame_is_shown_once(tmp_path: Path, frames: int, shown: int) -> None:
    footage, _ = read(tmp_path, video(frames=frames))
    raw = [{"label": "moving", "score": 1.0}]
    strip = task(TASK).read_output(raw, {"video": footage}, {}, None)["frames"]
    assert len(strip["pictures"]) == len(set(strip["times"])) == shown
    assert list(strip["times"]) == sorted(strip["times"])


def test_large_frames_are_scaled_down(tmp_path: Path) -> None:
    footage, _ = read(tmp_path, video(4, side=(1_280, 720)))
    assert footage.frames.shape[1:3] == (LONGEST * 720 // 1_280, LONGEST)


def lying(content: bytes) -> bytes:
    """The MP4 whose header says that it lasts for years."""
    at = content.index(b"mvhd") + 4 + 16
    return content[:at] + struct.pack(">I", 2**31) + content[at + 4 :]


def test_a_header_that_lies_about_its_length_is_not_believed(tmp_path: Path) -> None:
    footage, _ = read(tmp_path, lying(video()))
    assert footage.total == 40


def silent_picture() -> bytes:
    """A video track without one frame."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return out.getvalue()


HOSTILE: list[tuple[str, Callable[[], bytes], Limits, str]] = [
    ("sound only", lambda: contained(sine(), 16_000, "mp4", "aac"), LIMITS, "has no pictures"),
    ("sound in m4a", lambda: contained(sine(), 16_000, "ipod", "aac"), LIMITS, "is a M4A file"),
    ("no frames", silent_picture, LIMITS, "has no"),
    ("too long", video, Limits(video_seconds=1.0), "lasts more than"),
    ("too large", video, Limits(video_pixels=3_000), "has frames of more than"),
    ("too heavy", video, Limits(video_bytes=1_000), "is 0.0 MB"),
    ("picture", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 99, LIMITS, "is a PNG file"),
    ("empty", lambda: b"", LIMITS, "is an empty file"),
    ("only a head", lambda: video()[:40], LIMITS, "is not a readable video"),
    ("noise", lambda: video()[:40] + bytes(range(256)) * 40, LIMITS, "is not a readable video"),
    ("playlist", lambda: b"#EXTM3U\nhttp://127.0.0.1/a.ts\n", LIMITS, "is of a type"),
    ("list of files", lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", LIMITS, "is of a type"),
    ("codec", lambda: video(2, "avi", "ffv1"), LIMITS, "holds a codec that is not read"),
]


@pytest.mark.parametrize(
    ("make", "limits", "says"), [h[1:] for h in HOSTILE], ids=[h[0] for h in HOSTILE]
)
def test_what_is_no_video_for_us_is_refused_in_a_sentence(
    tmp_path: Path, make: Callable[[], bytes], limits: Limits, says: str
) -> None:
    with pytest.raises(InputError, match=f"^video: {says}") as refused:
        read(tmp_path, make(), limits)
    assert "/tmp" not in str(refused.value)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_clip_that_was_cut_short_is_read_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    content = video(form="avi", codec="mjpeg")
    footage, _ = read(tmp_path, content[: int(len(content) * share)])
    assert 0 < footage.total < 40
    assert shades(footage)[0] < shades(footage)[-1]
    assert shades(footage) == sorted(shades(footage))


@pytest.mark.parametrize(
    ("total", "frames", "every", "expected"),
    [(10, 4, 0, [0, 3, 6, 9]), (1, 3, 0, [0, 0, 0]), (9, 1, 0, [4]), (9, 3, 3, [0, 4, 8]),
     (8, 3, 3, [])],
)  # fmt: skip
def test_which_frames_are_taken(total: int, frames: int, every: int, expected: list[int]) -> None:
    assert chosen(total, frames, every) == expected


@slow
@default
@pytest.mark.parametrize("model", ["videomae", "timesformer"])
def test_the_first_frames_give_what_the_librarys_own_pipeline_gives(room: Room, model: str) -> None:
    from transformers import pipeline

    from pipelines import loading

    pipe = pipeline(TASK, model=str(loading.STARTERS / model), device="cpu")
    own = pipe(room.file("clip.mp4"), frame_sampling_rate=3, top_k=2)
    ours = room.run(TASK, model, frame_sampling_rate=3, top_k=2).answer
    assert [part["label"] for part in ours] == [part["label"] for part in own]
    assert np.allclose([p["score"] for p in ours], [p["score"] for p in own], atol=1e-5)


@slow
@default
def test_the_frames_that_were_read_are_shown_with_their_times(room: Room) -> None:
    shown = room.run(TASK).outputs["frames"]
    assert len(shown["pictures"]) == len(shown["times"]) == FRAMES
    assert shown["times"][0] == 0
    assert list(shown["times"]) == sorted(shown["times"])


@slow
@default
def test_the_pipeline_opens_no_file_by_itself(room: Room) -> None:
    room.run(TASK)
    pipe = next(x.pipe for x in room.runner.cache.loaded() if x.pipe.task == TASK)
    for place in (room.file("clip.mp4"), "http://127.0.0.1:9/clip.mp4"):
        with pytest.raises(Exception, match=r"(?i)image|type|shape|invalid"):
            pipe(place)
