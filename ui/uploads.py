"""Controls for several pictures at once and for a clip."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.data_classes import FileData

from pipelines.field import Field
from settings import Settings
from ui.panel import Control, Values
from ui.sources import IMAGE_FILES, MEDIA_HEIGHT, UPLOAD, with_sources

ADDRESS_LINES = 4
COLUMNS = 4


def _as_it_is(clip: gr.Video, value: Any) -> FileData | None:
    """gr.Video would open the file with ffprobe and write it anew in this process (gradio 6.31)."""
    return FileData(path=str(value)) if value else None


# Made without ComponentMeta.__new__, which writes a .pyi beside the source (gradio 6.31).
Clip = ABCMeta.__new__(
    type(gr.Video), "Clip", (gr.Video,), {"is_template": True, "postprocess": _as_it_is}
)


def images(field: Field, settings: Settings) -> Control:
    """Several files, pasted or from the webcam too; or web addresses, one on each line."""
    return with_sources(field, {UPLOAD: lambda: _pictures(field)}, settings, ADDRESS_LINES)


def pictures(field: Field, settings: Settings) -> Control:
    """The same for one picture or several: one in the gallery counts as one without a list."""
    made = images(field, settings)

    def read(values: Values) -> Values:
        found = made.read(values)
        given = found[field.name]
        if not isinstance(given, list) or len(given) != 1:
            return found
        (one,) = given  # the gallery's own picture, or the path of an example
        return {field.name: one.get("image", one) if isinstance(one, Mapping) else one}

    return replace(made, read=read, fill=lambda value: made.fill(_listed(value)))


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def video(field: Field, settings: Settings) -> Control:
    """A file, or what the webcam records."""
    return with_sources(field, {UPLOAD: lambda: _clip(field)}, settings)


def _pictures(field: Field) -> Component:
    return gr.Gallery(
        sources=["upload", "clipboard", "webcam"],
        file_types=IMAGE_FILES,
        label=field.label,
        columns=COLUMNS,
        height=MEDIA_HEIGHT,
        object_fit="contain",
        interactive=True,
        buttons=["fullscreen"],
    )


def _clip(field: Field) -> Component:
    clip: Component = Clip(
        sources=["upload", "webcam"],
        label=field.label,
        height=MEDIA_HEIGHT,
        interactive=True,
        include_audio=False,
        buttons=[],
    )
    return clip
