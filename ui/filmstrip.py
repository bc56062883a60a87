"""Filmstrip: the clip, and the frames that were read of it with their times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.spec import Output
from pipelines.uploads import Upload
from ui.displays import clock
from ui.panel import Display, Updates, Values
from ui.uploads import Clip

COLUMNS = 4
HEIGHT = 280
UNPLAYABLE = (".avi",)
"""Endings of what no browser plays."""


def filmstrip(output: Output) -> Display:
    """The frames in order; a click on one takes the player there."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        strip = gr.Gallery(
            label=f"{output.label}: click one to go there", columns=COLUMNS, height="auto",
            object_fit="contain", allow_preview=False, interactive=False, buttons=[],
            elem_classes="thumbnails",
        )  # fmt: skip
        player = Clip(label="Clip", interactive=False, height=HEIGHT, buttons=[])

    def seek(times: Any, event: gr.SelectData) -> Any:
        if not times or not isinstance(event.index, int) or event.index >= len(times):
            return gr.skip()
        return gr.update(playback_position=times[event.index])

    strip.select(seek, kept, player, queue=False, show_progress="hidden", api_visibility="private")

    def draw(value: Values, inputs: Values) -> Updates:
        upload = next((v for v in inputs.values() if isinstance(v, Upload)), None)
        path = upload.path if upload and _plays(upload) else None
        pairs = zip(value["pictures"], value["times"], strict=True)
        return {
            kept: list(value["times"]),
            strip: [(picture, clock(at)) for picture, at in pairs],
            player: gr.update(value=path, visible=path is not None),
        }

    return Display(
        box=box,
        components=(kept, strip, player),
        draw=draw,
        clear=lambda: {kept: None, strip: None, player: None},
    )


def _plays(upload: Upload) -> bool:
    return Path(upload.name).suffix.lower() not in UNPLAYABLE
