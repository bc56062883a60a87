"""The one door for files: an upload or URL becomes a picture, a sound, a page or frames."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.documents import DOCUMENT_FORMATS, decode_document
from pipelines.errors import InputError, PipelineError
from pipelines.images import IMAGE_FORMATS, decode_image
from pipelines.kinds import Audio, Document, Image, Images, Kind, MediaChat, Video
from pipelines.limits import Limits
from pipelines.sounds import SOUND_FORMATS, decode_sound
from pipelines.sources import Source, open_source
from pipelines.spec import TaskSpec
from pipelines.uploads import Upload
from pipelines.videos import VIDEO_FORMATS, decode_video

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decoded:
    """What a pipeline is given, and sentences on what was done to get there.

    `value` is PIL RGB for Image; float32 of shape (samples,), mono in [-1, 1], for Audio;
    pages.Pages for Document; a videos.Footage for Video.
    """

    value: Any
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Call:
    """The arguments of one decode, by name."""

    kind: Any
    source: Source
    params: Mapping[str, Any]
    sampling_rate: int
    frames: int
    limits: Limits


@dataclass(frozen=True)
class _Door:
    """How files of one kind come in: types, size in bytes, decoder."""

    formats: tuple[str, ...]
    max_bytes: Callable[[Limits], int]
    decoder: Callable[[_Call], tuple[Any, tuple[str, ...]]]


def _image(call: _Call) -> tuple[Any, tuple[str, ...]]:
    picture, notes = decode_image(call.source, call.limits)
    width, height = picture.size
    if not 0 < call.kind.longest < max(width, height):
        return picture, notes
    picture.thumbnail((call.kind.longest, call.kind.longest))
    scaled = f"{picture.width:,} x {picture.height:,}"
    return picture, (*notes, f"The picture of {width:,} x {height:,} pixels was read at {scaled}.")


def _sound(call: _Call) -> tuple[Any, tuple[str, ...]]:
    return decode_sound(call.source, call.sampling_rate, call.limits)


def _document(call: _Call) -> tuple[Any, tuple[str, ...]]:
    page = call.params.get(call.kind.page)
    lang = call.params.get(call.kind.lang) or "eng"
    return decode_document(call.source, page, lang, call.limits, page_field=call.kind.page)


def _video(call: _Call) -> tuple[Any, tuple[str, ...]]:
    frames = call.frames or FRAMES
    return decode_video(call.source, call.kind, call.params, frames, call.limits)


FRAMES = 16
"""Of a video, for a model that does not say how many it reads."""
DOORS: dict[type[Kind], _Door] = {
    Image: _Door(IMAGE_FORMATS, lambda limits: limits.image_bytes, _image),
    Audio: _Door(SOUND_FORMATS, lambda limits: limits.audio_bytes, _sound),
    Document: _Door(DOCUMENT_FORMATS, lambda limits: limits.document_bytes, _document),
    Video: _Door(VIDEO_FORMATS, lambda limits: limits.video_bytes, _video),
}

MEDIA: dict[str, type[Kind]] = {"image": Image, "audio": Audio, "video": Video}
"""What a conversation calls its files -> their kind."""


def formats_of(spec: TaskSpec) -> tuple[str, ...]:
    """The formats of the files that the inputs of a task read, each once."""
    kinds: list[type[Kind]] = []
    for f in spec.inputs:
        if isinstance(f.kind, MediaChat):
            kinds += [MEDIA[medium] for medium in f.kind.media]
        else:
            kinds.append(Image if isinstance(f.kind, Images) else type(f.kind))
    return tuple(dict.fromkeys(x for kind in kinds if kind in DOORS for x in DOORS[kind].formats))


def decode(
    kind: Kind,
    upload: Upload,
    params: Mapping[str, Any],
    sampling_rate: int,
    limits: Limits,
    *,
    name: str,
    frames: int = 0,
) -> Decoded:
    """Decode the file of the field `name` within the limits; for the worker process only.

    `sampling_rate` is in Hz; 0 keeps the recording's own. `frames` is how many a model reads of a
    video. Raises InputError naming the field, the limit and the next step, whatever the bytes are.
    """
    door = DOORS[type(kind)]
    with open_source(name, upload, door.formats, door.max_bytes(limits), limits) as source:
        call = _Call(kind, source, params, sampling_rate, frames, limits)
        try:
            return Decoded(*door.decoder(call))
        except PipelineError:
            raise
        except Exception as error:  # hostile bytes make decoders raise anything
            traced = log.isEnabledFor(logging.DEBUG)
            log.warning(
                "a %s file for %s could not be decoded: %r",
                source.format, name, error, exc_info=traced,
            )  # fmt: skip
            why = f"is not a readable {source.format} file; it may be cut short or damaged."
            raise InputError(name, why) from None
