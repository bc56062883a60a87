"""Sounds: what is heard by score, the picture of the recording, and what is heard when."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from pipelines.spec import Output
from pipelines.uploads import Upload
from ui.displays import Player, clock, ranked, seek
from ui.downloads import Download, downloads, to_csv
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE, LATEST
from ui.sources import WAVEFORM
from ui.waves import MAPS, edges, figure

MOST_ROWS = 12
"""Labels that the timeline shows at most."""
FIRST_ROWS = 5


def heard(output: Output) -> Display:
    """Bars, the recording, its picture with a timeline, the times to click on, and files."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        bars = gr.Label(label=output.label, elem_classes="scores")
        plot = gr.Plot(label="Recording", elem_classes="plot sounds")
        with gr.Row(elem_classes="params"):
            rows = gr.Slider(
                1, MOST_ROWS, value=FIRST_ROWS, step=1, label="Labels in the timeline",
                min_width=160, interactive=True,
            )  # fmt: skip
            colours = gr.Dropdown(
                list(MAPS), value=MAPS[0], label="Colours", min_width=160, interactive=True
            )
        player = Player(label="Recording", interactive=False, buttons=[], waveform_options=WAVEFORM)
        table = gr.Dataframe(
            headers=["From", "Heard", "Score"], label="Click a line to go there",
            interactive=False, column_widths=["30%", "46%", "24%"], wrap=True,
            max_height=320, buttons=[], elem_classes="table",
        )  # fmt: skip
        files = gr.HTML()

    def redraw(value: Values | None, count: Any, chosen: Any) -> Updates:
        """Acts on what is there; nothing runs again."""
        if not value or not isinstance(count, int | float) or chosen not in MAPS:
            return {}
        return {plot: _picture(value, int(count), chosen)}

    for control in (rows, colours):
        control.change(
            redraw, [kept, rows, colours], [plot], **LATEST,
        )  # fmt: skip
    table.select(seek, None, player, **AT_ONCE)

    def show(value: Values, inputs: Values) -> Updates:
        several, found = len(value["times"]) > 1, len(value["scores"])
        upload = next((v for v in inputs.values() if isinstance(v, Upload)), None)
        path = upload.path if upload else None
        most = min(MOST_ROWS, found)
        return {
            kept: value,
            bars: ranked(value["scores"]),
            plot: _picture(value, FIRST_ROWS, MAPS[0]),
            rows: gr.update(maximum=max(2, most), value=min(FIRST_ROWS, most),
                            visible=several and most > 1),
            colours: MAPS[0],
            player: gr.update(value=path, visible=several and path is not None),
            table: gr.update(value=said_when(value), visible=several),
            files: files_of(value, upload, "sounds"),
        }  # fmt: skip

    return Display(
        box=box,
        components=(kept, bars, plot, rows, colours, player, table, files),
        draw=show,
        clear=lambda: {
            kept: None, bars: None, plot: None, rows: gr.update(), colours: MAPS[0], player: None,
            table: None, files: "",
        },
    )  # fmt: skip


def spectrogram(output: Output) -> Display:
    """The picture of the recording with what was said over it, folded away."""
    with gr.Column(visible=False, elem_classes="display") as box:  # noqa: SIM117
        with gr.Accordion(output.label, open=False):
            plot = gr.Plot(show_label=False, container=False, elem_classes="plot sounds")
    return Display(
        box=box,
        components=(plot,),
        draw=lambda value, inputs: {plot: figure(value, marks=value["marks"])},
        clear=lambda: {plot: None},
    )


def _picture(value: Values, count: int, colours: str) -> Any:
    """With a row for each of the best labels, where there are several windows."""
    several = len(value["times"]) > 1
    labels = [one["label"] for one in value["scores"][: min(count, MOST_ROWS)]]
    return figure(value, labels if several else (), colours)


def stretches(value: Values) -> list[tuple[float, float, str, float]]:
    """(start, end, label, mean score) of each stretch whose windows have the same best label."""
    scores, limits = np.asarray(value["timeline"]), edges(value["times"])
    best = scores.argmax(axis=0).tolist()
    found = []
    for label, group in groupby(range(len(best)), key=best.__getitem__):
        windows = list(group)
        mean = float(scores[label, windows].mean())
        name = value["scores"][label]["label"]
        found.append((limits[windows[0]], limits[windows[-1] + 1], name, mean))
    return found


def said_when(value: Values) -> list[list[str]]:
    """Start, label and score of each stretch, as rows to click on."""
    return [[clock(start), label, f"{score:.0%}"] for start, _, label, score in stretches(value)]


def files_of(value: Values, upload: Upload | None, otherwise: str) -> str:
    """The scores, those of each window, and all of it as JSON."""
    stem = Path(upload.name).stem if upload else otherwise
    names = list(ranked(value["scores"]))
    scores = to_csv(
        ("label", "score"),
        ((name, round(one["score"], 6)) for name, one in zip(names, value["scores"], strict=True)),
    )
    columns = np.asarray(value["timeline"], np.float64).round(6).T.tolist()
    windows = [(*time, *column) for time, column in zip(value["times"], columns, strict=True)]
    every = [
        {"start": start, "end": end, "scores": dict(zip(names, column, strict=True))}
        for start, end, *column in windows
    ]
    whole = json.dumps({"scores": value["scores"], "windows": every}, ensure_ascii=False)
    timeline = (
        [Download("timeline.csv", to_csv(("start", "end", *names), windows))]
        if len(windows) > 1
        else []
    )
    return downloads(stem, Download("csv", scores), *timeline, Download("json", whole))
