"""Filmstrip: what is seen when, the clip, and the frames that were read with their times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.spec import Output
from pipelines.uploads import Upload
from ui.displays import clock, seek
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE, LATEST
from ui.sounds import FIRST_ROWS, MOST_ROWS, files_of, said_when
from ui.uploads import Clip
from ui.waves import timeline

COLUMNS = 4
HEIGHT = 280
UNPLAYABLE = (".avi",)
"""Endings of what no browser plays."""


def filmstrip(output: Output) -> Display:
    """Of a long clip its timeline; the frames in order; a click takes the player there.

    A single frame is all that there is to see: it has no player.
    """
    clickable = f"{output.label}: click one to go there"
    with gr.Column(visible=False, elem_classes="display") as box:
        kept, judged = gr.State(), gr.State()
        plot = gr.Plot(label="Labels over time", elem_classes="plot", visible=False)
        rows = gr.Slider(
            1, MOST_ROWS, value=FIRST_ROWS, step=1, label="Labels in the timeline",
            interactive=True, visible=False,
        )  # fmt: skip
        table = gr.Dataframe(
            headers=["From", "Seen", "Score"], label="Click a line to go there",
            interactive=False, column_widths=["30%", "46%", "24%"], wrap=True, max_height=320,
            buttons=[], elem_classes="table", visible=False,
        )  # fmt: skip
        strip = gr.Gallery(
            label=clickable, columns=COLUMNS, height="auto",
            object_fit="contain", fit_columns=False, allow_preview=False, interactive=False,
            buttons=[], elem_classes="thumbnails",
        )  # fmt: skip
        player = Clip(label="Clip", interactive=False, height=HEIGHT, buttons=[])
        files = gr.HTML()

    def go(times: Any, event: gr.SelectData) -> Any:
        if not times or not isinstance(event.index, int) or event.index >= len(times):
            return gr.skip()
        return gr.update(playback_position=times[event.index])

    def redraw(value: Values | None, count: Any) -> Updates:
        if not value or not isinstance(count, int | float):
            return {}
        return {plot: _timeline(value, int(count))}

    strip.select(go, kept, player, **AT_ONCE)
    table.select(seek, None, player, **AT_ONCE)
    rows.change(redraw, [judged, rows], plot, **LATEST)

    def over_time(value: Values | None, upload: Upload | None) -> Updates:
        """What only a clip of several windows has."""
        if not value:
            hidden = gr.update(visible=False)
            return {judged: None, plot: hidden, rows: hidden, table: hidden, files: ""}
        most = min(MOST_ROWS, len(value["scores"]))
        return {
            judged: value,
            plot: gr.update(value=_timeline(value, FIRST_ROWS), visible=True),
            rows: gr.update(maximum=max(2, most), value=min(FIRST_ROWS, most), visible=most > 1),
            table: gr.update(value=said_when(value), visible=True),
            files: files_of(value, upload, "clip"),
        }

    def draw(value: Values, inputs: Values) -> Updates:
        upload = next((v for v in inputs.values() if isinstance(v, Upload)), None)
        several = len(value["pictures"]) > 1
        path = upload.path if several and upload and _plays(upload) else None
        pairs = zip(value["pictures"], value["times"], strict=True)
        return {
            kept: list(value["times"]),
            strip: gr.update(
                value=[(picture, clock(at)) for picture, at in pairs],
                label=told(clickable if several else output.label),
            ),
            player: gr.update(value=path, visible=path is not None),
            **over_time(value.get("over_time"), upload),
        }

    return Display(
        box=box,
        components=(kept, judged, plot, rows, table, strip, player, files),
        draw=draw,
        clear=lambda: {kept: None, strip: None, player: None, **over_time(None, None)},
    )


def _timeline(value: Values, count: int) -> Any:
    """A row for each of the best labels."""
    return timeline(value, [one["label"] for one in value["scores"][: min(count, MOST_ROWS)]])


def _plays(upload: Upload) -> bool:
    return Path(upload.name).suffix.lower() not in UNPLAYABLE
