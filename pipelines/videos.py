"""Videos: the frames that a model reads, taken from any allowed file, within limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from pipelines.confined import confined
from pipelines.errors import InputError
from pipelines.film import CHANNELS, DEMUXERS
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
    `size` is (width, height) before `turn` quarter turns, against the clock.
    """

    frames: NDArray[np.uint8]
    times: tuple[float, ...]
    chosen: tuple[int, ...]
    total: int
    size: tuple[int, int]
    turn: int = 0


def decode_video(
    source: Source, count: int, every: int, limits: Limits, *, every_field: str
) -> tuple[Footage, tuple[str, ...]]:
    """`count` frames: about each `every`-th from the start, or for 0 evenly spread; and notes.

    Raises InputError; for a clip with too few frames for the step, on `every_field`.
    """
    args = (
        DEMUXERS[source.format], count, every, limits.video_seconds, limits.video_pixels, LONGEST,
    )  # fmt: skip
    with confined("pipelines.film", args, source.file, source.seconds_left()) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline() or b"{}")
        if said.get("refused") == "short":
            _too_short(every_field, count, every, said["total"])
        if "refused" in said:
            _refuse(source, said["refused"], limits)
        size = said.get("width", 0) * said.get("height", 0) * CHANNELS * count
        pixels = process.stdout.read(size)
        source.check_time()
        if not said or len(pixels) < size:
            source.refuse("is not a readable video; it may be cut short or damaged.")
    footage = _footage(said, pixels, count)
    few = (f"The clip has {footage.total} frames; some were read twice.",)
    return footage, few if footage.total < count else ()


def _footage(said: dict[str, Any], pixels: bytes, count: int) -> Footage:
    import numpy as np

    shape = (count, said["height"], said["width"], CHANNELS)
    frames = np.rot90(np.frombuffer(pixels, np.uint8).reshape(shape), said["turn"], (1, 2))
    return Footage(
        frames=np.ascontiguousarray(frames), times=tuple(said["times"]),
        chosen=tuple(said["chosen"]), total=said["total"], size=(said["width"], said["height"]),
        turn=said["turn"],
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
