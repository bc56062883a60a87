"""Displays of ranked scores and of a transcript, and the player that others show beside theirs."""

from __future__ import annotations

from abc import ABCMeta
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from pipelines.spec import Output
from pipelines.subtitles import to_json, to_srt, to_txt, to_vtt
from pipelines.uploads import Upload
from ui.downloads import Download, downloads
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE
from ui.sources import WAVEFORM

DOWNLOADS: dict[str, Callable[[Values], str]] = {
    "srt": lambda value: to_srt(value["chunks"]),
    "vtt": lambda value: to_vtt(value["chunks"]),
    "txt": lambda value: to_txt(value["text"], value["chunks"]),
    "json": to_json,
}


def _as_it_is(player: gr.Audio, value: Any) -> FileData | None:
    """gr.Audio would open the recording with ffprobe in this process (gradio 6.31)."""
    return FileData(path=str(value)) if value else None


# Made without ComponentMeta.__new__, which writes a .pyi beside the source (gradio 6.31).
Player = ABCMeta.__new__(
    type(gr.Audio), "Player", (gr.Audio,), {"is_template": True, "postprocess": _as_it_is}
)


def scores(output: Output) -> Display:
    """Ranked bars with every label."""
    with gr.Column(visible=False, elem_classes="display") as box:
        bars = gr.Label(label=output.label, elem_classes="scores")
    return Display(
        box=box,
        components=(bars,),
        draw=lambda value, inputs: {bars: ranked(value)},
        clear=lambda: {bars: None},
    )


def ranked(value: Sequence[Values]) -> dict[str, float]:
    """Score by label; a label that comes again is numbered (ImageNet has two cranes)."""
    bars: dict[str, float] = {}
    again: Counter[str] = Counter()
    for item in value:
        again[item["label"]] += 1
        count = again[item["label"]]
        bars[item["label"] if count == 1 else f"{item['label']} ({count})"] = item["score"]
    return bars


def transcript(output: Output) -> Display:
    """The recording with subtitles, its segments to click on, the text, and files to take away."""
    with gr.Column(visible=False, elem_classes="display") as box:
        text = gr.Textbox(
            label=output.label, lines=3, max_lines=12, buttons=["copy"], interactive=False,
            placeholder="No words were heard.",
        )  # fmt: skip
        player = Player(label="Recording", interactive=False, buttons=[], waveform_options=WAVEFORM)
        segments = gr.Dataframe(
            headers=["Time", "Text"],
            label="Click a line to go there",
            interactive=False,
            column_widths=["26%", "74%"],
            wrap=True,
            max_height=320,
            buttons=[],
            elem_classes="table",
        )
        files = gr.HTML()
    segments.select(seek, None, player, **AT_ONCE)
    return Display(
        box=box,
        components=(text, player, segments, files),
        draw=lambda value, inputs: _spoken(value, inputs, text, player, segments, files),
        clear=lambda: {text: "", player: None, segments: None, files: ""},
    )


def _spoken(
    value: dict[str, Any], inputs: Values, text: gr.Textbox, player: gr.Audio,
    segments: gr.Dataframe, files: gr.HTML,
) -> Updates:  # fmt: skip
    chunks = closed(value.get("chunks") or [])
    upload = next((v for v in inputs.values() if isinstance(v, Upload)), None)
    path = upload.path if upload else None
    rows = [[clock(c["timestamp"][0]), c["text"].strip()] for c in chunks]
    return {
        text: value["text"].strip(),
        player: gr.update(value=path, subtitles=chunks or None, visible=path is not None),
        segments: gr.update(value=rows, visible=bool(rows)),
        files: _links({**value, "chunks": value.get("chunks") or []}, upload),
    }


def seek(event: gr.SelectData) -> Any:
    """The player goes to the start of the clicked line."""
    row = event.row_value or ()
    return gr.update(playback_position=seconds(str(row[0]))) if row else gr.skip()


def closed(chunks: Sequence[Values]) -> list[dict[str, Any]]:
    """Chunks whose end is known; a missing one is the next start, or the chunk's own start."""
    found = []
    for chunk, following in pairwise([*chunks, None]):
        start, end = chunk["timestamp"]
        start = start or 0.0
        after = following["timestamp"][0] if following else None
        ends = next(t for t in (end, after, start) if t is not None)
        found.append({"text": chunk["text"], "timestamp": [start, max(start, ends)]})
    return found


def clock(at: float) -> str:
    """Seconds as 0:01.20 or 1:02:03.40."""
    minutes, rest = divmod(at, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:05.2f}" if hours else f"{minutes}:{rest:05.2f}"


def seconds(shown: str) -> float:
    """Back from `clock`; anything else is 0."""
    total = 0.0
    try:
        for part in shown.split(":"):
            total = total * 60 + float(part)
    except ValueError:
        return 0.0
    return total


def _links(value: Values, upload: Upload | None) -> str:
    """The files of a transcript, named after the recording."""
    stem = Path(upload.name).stem if upload else "transcript"
    return downloads(stem, *(Download(name, write(value)) for name, write in DOWNLOADS.items()))
