"""Kinds of file: picture, several pictures, recording, document, video."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds.base import Kind
from pipelines.limits import Limits
from pipelines.uploads import Upload, local_upload, remote_upload


@dataclass(frozen=True, kw_only=True)
class FileKind(Kind):
    """A file by upload or URL; only its place is checked here, `media` opens it."""

    def check(self, name: str, value: Any, limits: Limits) -> Upload:
        if isinstance(value, Mapping) and "composite" in value:  # a sketch pad's picture
            value = value["composite"]
        place = value.get("path") or value.get("url") if isinstance(value, Mapping) else value
        if not isinstance(place, str) or not place:
            raise InputError(name, "is missing; give a file.")
        if re.match(r"https?://", place, re.IGNORECASE):
            return remote_upload(name, place, limits)
        return local_upload(name, place, value, limits)


@dataclass(frozen=True, kw_only=True)
class Image(FileKind):
    """A picture; `sketch` adds a pad to draw on. Decoded to PIL RGB.

    One with a longer side than `longest` pixels is scaled down to it; 0 leaves every size.
    """

    sketch: bool = False
    longest: int = 0


@dataclass(frozen=True, kw_only=True)
class Images(Kind):
    """Several pictures: a list, or one string with a web address or path on each line.

    Decoded to a tuple of PIL RGB; one with a longer side than `longest` pixels is scaled down.
    """

    longest: int = 1_024

    def check(self, name: str, value: Any, limits: Limits) -> tuple[Upload, ...]:
        if isinstance(value, str):
            value = [line for line in value.splitlines() if line.strip()]
        if isinstance(value, Mapping):
            value = [value]
        if not isinstance(value, list | tuple) or not value:
            raise InputError(name, "is missing; give one or more pictures.")
        if len(value) > limits.pictures:
            raise InputError(name, f"has {len(value):,} pictures; at most {limits.pictures}.")
        return tuple(Image().check(name, _shown(part), limits) for part in value)


@dataclass(frozen=True, kw_only=True)
class Pictures(Images):
    """One picture, or a list of them: a list is answered by a list, whatever its length.

    Decoded to PIL RGB, or to a tuple as Images are.
    """

    def check(  # type: ignore[override]
        self, name: str, value: Any, limits: Limits
    ) -> Upload | tuple[Upload, ...]:
        lines = value.splitlines() if isinstance(value, str) else []
        alone = len([line for line in lines if line.strip()]) == 1 or isinstance(value, Mapping)
        found = super().check(name, value, limits)
        return found[0] if alone else found


def _shown(part: Any) -> Any:
    """The file of a gallery's picture, which comes with its caption."""
    if isinstance(part, Mapping) and "image" in part:
        return part["image"]
    if isinstance(part, list | tuple) and len(part) == 2:
        return part[0]
    return part


@dataclass(frozen=True, kw_only=True)
class Audio(FileKind):
    """A recording. Decoded to float32 mono of shape (samples,) at the model's rate.

    `window` and `step` name the params by which a long one is heard in windows; empty: as a whole.
    """

    window: str = ""
    step: str = ""


@dataclass(frozen=True, kw_only=True)
class Document(FileKind):
    """A picture, a PDF or a TIFF of several pages; `page` and `lang` name its params.

    Decoded to its Pages: the one of that number, or without one all of them.
    """

    page: str = "page"
    lang: str = "lang"


@dataclass(frozen=True, kw_only=True)
class Video(FileKind):
    """A clip. Decoded to the frames that the model reads; `every` names the param for their step.

    Without a value there, the frames are spread evenly over the clip, or where it is long, over
    each of its windows; `window` and `step` name their params, empty: as a whole.
    """

    every: str = "frame_sampling_rate"
    window: str = ""
    step: str = ""


TAKES_FILES = (FileKind, Images)
"""Kinds whose values come as files."""
