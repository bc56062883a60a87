"""Controls of a picture, a recording or a page: from one of several sources, by a switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from pipelines.field import Field
from settings import EXAMPLES, Settings
from ui.panel import Control, Values
from ui.quiet import QUIET
from ui.theme import ACCENT

IMAGE_FILES = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"]
DOCUMENT_FILES = [".pdf", *IMAGE_FILES]
WAVEFORM = gr.WaveformOptions(waveform_progress_color=ACCENT.c500)
UPLOAD, DRAW, ADDRESS = "Upload", "Draw", "Web address"
SHOW_ONE = "(picked) => {names}.map(n => ({{__type__: 'update', visible: n === picked}}))"
LOOK = """(file) => {
  const picture = file && /\\.(png|jpe?g|webp|gif|bmp)$/i.test(file.orig_name || file.path || '');
  return {__type__: 'update', visible: !!picture, value: picture ? file : null};
}"""
Make = Callable[[], Component]
MEDIA_HEIGHT = 280
PAD_SIZE = (400, 400)
PAD_HEIGHT = 420
PEN = 28
"""Gradio's size of the pen: its strokes are about a seventh of the pad wide, as a digit's are."""


def image(field: Field, settings: Settings) -> Control:
    """Upload, paste or webcam; a pad to draw on where the kind has one; a web address."""
    makers: dict[str, Make] = {UPLOAD: lambda: _picture(field)}
    if getattr(field.kind, "sketch", False):
        makers[DRAW] = _pad
    return with_sources(field, makers, settings)


def audio(field: Field, settings: Settings) -> Control:
    return with_sources(field, {UPLOAD: lambda: _recording(field)}, settings)


def document(field: Field, settings: Settings) -> Control:
    """A file, with a look at it when it is a picture; a PDF is seen in the result."""
    return with_sources(field, {UPLOAD: lambda: _page(field)}, settings)


def _picture(field: Field) -> Component:
    return gr.Image(
        type="filepath",
        sources=["upload", "clipboard", "webcam"],
        label=field.label,
        height=MEDIA_HEIGHT,
        interactive=True,
        buttons=["fullscreen"],
    )


def _pad() -> Component:
    return gr.Sketchpad(
        type="filepath",
        label="Draw here",
        elem_classes="pad",
        visible=False,
        interactive=True,
        height=PAD_HEIGHT,
        canvas_size=PAD_SIZE,
        fixed_canvas=True,
        layers=False,
        transforms=(),
        brush=gr.Brush(default_size=PEN, colors=["#000000"], color_mode="fixed"),
    )


def _recording(field: Field) -> Component:
    return gr.Audio(
        type="filepath",
        sources=["upload", "microphone"],
        label=field.label,
        interactive=True,
        buttons=[],
        waveform_options=WAVEFORM,
    )


def _page(field: Field) -> Component:
    page = gr.File(file_types=DOCUMENT_FILES, height=140, label=field.label, interactive=True)
    look = gr.Image(
        visible=False,
        interactive=False,
        label=field.label,
        height=MEDIA_HEIGHT,
        buttons=["fullscreen"],
        elem_classes="look",
    )
    page.change(None, page, look, js=LOOK, **QUIET)
    return page


def with_sources(
    field: Field, makers: dict[str, Make], settings: Settings, lines: int = 1
) -> Control:
    """Components that give the same field; a row of buttons says which one counts."""
    if settings.limits.fetch_urls:
        makers[ADDRESS] = lambda: gr.Textbox(
            visible=False, label=f"{field.label}: web address", placeholder="https://",
            lines=lines, max_lines=lines, interactive=True,
        )  # fmt: skip
    names = list(makers)
    switch = gr.Radio(
        names, value=UPLOAD, label="Source", container=False, elem_classes="switch",
        visible=len(names) > 1, interactive=True,
    )  # fmt: skip
    sources = {name: make() for name, make in makers.items()}
    show_one(switch, sources)
    parts = {_part(field, name): component for name, component in sources.items()}
    parts[_part(field, "source")] = switch
    return Control(parts=parts, read=_reader(field), fill=_filler(field, parts))


def _reader(field: Field) -> Callable[[Values], Values]:
    def read(values: Values) -> Values:
        source = values.get(_part(field, "source"), UPLOAD)
        known = source if isinstance(source, str) else UPLOAD
        return {field.name: values.get(_part(field, known))}

    return read


def _filler(field: Field, parts: Mapping[str, Component]) -> Callable[[Any], Values]:
    """A file of the examples by name goes to the upload, a web address to its box.

    None empties every source.
    """

    def fill(value: Any) -> Values:
        source = {_part(field, "source"): UPLOAD}
        if value is None:
            return {**dict.fromkeys(parts), **source}
        urls = [value] if isinstance(value, str) else value
        if urls and all(isinstance(url, str) and url.startswith("https://") for url in urls):
            return {_part(field, ADDRESS): "\n".join(urls), _part(field, "source"): ADDRESS}
        files = [str(EXAMPLES / name) for name in value] if isinstance(value, list) else None
        return {_part(field, UPLOAD): files or str(EXAMPLES / value), **source}

    return fill


def show_one(switch: Component, views: Mapping[str, Component]) -> None:
    """The browser alone shows the component that the switch names."""
    switch.change(
        None,
        switch,
        list(views.values()),
        js=SHOW_ONE.format(names=list(views)),
        **QUIET,
    )


def _part(field: Field, source: str) -> str:
    return f"{field.name}:{source}"
