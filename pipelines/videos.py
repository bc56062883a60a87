"""Videos: the frames that a model reads, taken from any allowed file, within limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from pipelines.clips import MOST_FRAMES, WHOLE, Spans, Wish
from pipelines.confined import confined
from pipelines.errors import InputError
from pipelines.film import CHANNELS, DEMUXERS
from pipelines.kinds import Video
from pipelines.limits import MEGAPIXEL, Limits
from pipelines.sources import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VIDEO_FORMATS = tuple(DEMUXERS)
LONGEST = 640
"""Pixels, the longer side of a frame that goes on to the model; a larger one is scaled down."""


TAKES_FRAMES = (
    "pipe.preprocess = lambda video: "
    "pipe.image_processor(list(video), return_tensors='pt').to(pipe.dtype)"
)
"""What `take_frames` does, as Python."""


def take_frames(pipe: Any) -> None:
    """Have a video pipeline read frames, uint8 RGB (frames, height, width, 3), that it is given.

    By itself it opens paths and web addresses only, and reads the first frames (transformers 5.23).
    """
    pipe.preprocess = lambda video: pipe.image_processor(list(video), return_tensors="pt").to(
        pipe.dtype
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Footage:
    """Frames of a video: uint8 RGB (frames, height, width, 3), upright.

    `times` are in seconds from the first frame on; `chosen` are their numbers among `total`;
    `size` is (width, height) before `turn` quarter turns, against the clock. `windows` are the
    places of their frames, where a long clip was read in the windows of `spans`.
    """

    frames: NDArray[np.uint8]
    times: tuple[float, ...]
    chosen: tuple[int, ...]
    total: int
    size: tuple[int, int]
    turn: int = 0
    windows: tuple[tuple[int, ...], ...] = ()
    spans: Spans = WHOLE

    @property
    def clips(self) -> list[list[NDArray[np.uint8]]]:
        """The frames of each window, (height, width, 3); views, for windows share frames."""
        return [[self.frames[place] for place in window] for window in self.windows]


def decode_video(
    source: Source, kind: Video, params: Mapping[str, Any], count: int, limits: Limits
) -> tuple[Footage, tuple[str, ...]]:
    """`count` frames, or so many of each window, and notes.

    They are about each n-th from the start where `kind.every` says so, else evenly spread over the
    clip or its windows. Raises InputError; for a parameter that does not suit the clip, on it.
    """
    every = params.get(kind.every) or 0
    wish = _wish(kind, params, count)
    args = (
        DEMUXERS[source.format], count, every, limits.video_seconds, limits.video_pixels, LONGEST,
        wish.width, wish.step, wish.most,
    )  # fmt: skip
    with confined("pipelines.film", args, source.file, source.seconds_left()) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline() or b"{}")
        if said.get("refused") == "short":
            _too_short(kind.every, count, every, said["total"])
        if said.get("refused") in UNFIT:
            raise InputError(getattr(kind, UNFIT[said["refused"]]), _unfit(said, wish))
        if "refused" in said:
            _refuse(source, said["refused"], limits)
        size = _bytes(said)
        pixels = process.stdout.read(size)
        source.check_time()
        if not said or len(pixels) < size:
            source.refuse("is not a readable video; it may be cut short or damaged.")
    footage = _footage(said, pixels)
    return footage, _few(footage.total, count)


def _few(total: int, count: int) -> tuple[str, ...]:
    """What is said where the model is given frames more than once."""
    if total == 1 < count:
        return (f"The clip has one frame, which was read {count} times.",)
    return (f"The clip has {total} frames; some were read twice.",) if total < count else ()


def _wish(kind: Video, params: Mapping[str, Any], count: int) -> Wish:
    """The windows that are asked for; none for a kind without them or from the start on."""
    width, step = params.get(kind.window) or 0.0, params.get(kind.step) or 0.0
    if params.get(kind.every) and (width or step):
        raise InputError(kind.every, "reads the beginning only; leave it empty to have windows.")
    if width and step > width:
        raise InputError(kind.step, f"must be no longer than the window, {width:.3g} s.")
    most = MOST_FRAMES // count if kind.window and not params.get(kind.every) else 0
    return Wish(width=width, step=step, most=most)


UNFIT = {"many": "window", "step": "step"}
"""Refusals of windows, and which name of the kind's they are on."""


def _unfit(said: dict[str, Any], wish: Wish) -> str:
    if said["refused"] == "step":
        return f"must be no longer than the window, {said['window']:.3g} s."
    return (
        f"and step give {said['windows']:,} windows; at most {wish.most} are read at once. Take"
        " longer ones, or cut the clip."
    )


def _bytes(said: dict[str, Any]) -> int:
    """Of all frames."""
    pixels = said.get("width", 0) * said.get("height", 0)
    return int(pixels * CHANNELS * len(said.get("chosen", ())))


def _footage(said: dict[str, Any], pixels: bytes) -> Footage:
    import numpy as np

    shape = (len(said["chosen"]), said["height"], said["width"], CHANNELS)
    frames = np.rot90(np.frombuffer(pixels, np.uint8).reshape(shape), said["turn"], (1, 2))
    return Footage(
        frames=np.ascontiguousarray(frames), times=tuple(said["times"]),
        chosen=tuple(said["chosen"]), total=said["total"], size=(said["width"], said["height"]),
        turn=said["turn"], windows=tuple(map(tuple, said["windows"])),
        spans=Spans(**{**said["spans"], "windows": tuple(map(tuple, said["spans"]["windows"]))}),
    )  # fmt: skip


def _too_short(field: str, count: int, every: int, total: int) -> NoReturn:
    raise InputError(
        field,
        f"is {every}, for which {count} frames reach over {count * every:,}; the clip has"
        f" {total:,}. Lower it, or leave it empty.",
    )


def _refuse(source: Source, why: str, limits: Limits) -> NoReturn:
    source.refuse(
        {
            "no video": "has no pictures in it; give a video.",
            "codec": "holds a codec that is not read here; save it as H.264 (MP4).",
            "long": f"lasts more than {limits.video_seconds / 60:g} minutes, which is the limit;"
            " cut it.",
            "large": f"has frames of more than {limits.video_pixels / MEGAPIXEL:g} megapixels,"
            " which is the limit; save it smaller.",
            "empty": "has no frame that can be read; it may be cut short or damaged.",
        }[why]
    )
