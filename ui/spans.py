"""Entities: the text with its spans coloured, and a table of them that a slider thins out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from pipelines.spec import Output
from ui import say
from ui.downloads import Download, downloads, to_csv
from ui.panel import Display, Updates, Values
from ui.quiet import LATEST

COLOURS = (
    "#818cf8", "#2dd4bf", "#fb923c", "#e879f9", "#38bdf8", "#a3e635", "#f87171", "#facc15",
)  # fmt: skip
HEAD = ("Text", "Label", "Score", "Start", "End")
NOTHING = "No entity was found."
HIDDEN = "Every entity is below this score."

Span = dict[str, Any]


def entities(output: Output) -> Display:
    """Coloured spans with a legend, a table with scores, and a slider that hides unsure ones."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        text = gr.HighlightedText(
            label=output.label,
            show_legend=True,
            show_inline_category=True,
            interactive=False,
            elem_classes="entities",
        )
        least = gr.Slider(
            0, 1, value=0, step=0.01, label="Least score", interactive=True,
            info="Hides the less certain ones; nothing runs again.",
        )  # fmt: skip
        none = gr.HTML(visible=False)
        table = gr.Dataframe(
            headers=list(HEAD[:3]),
            label="Entities",
            interactive=False,
            column_widths=["56%", "22%", "22%"],
            wrap=True,
            max_height=320,
            buttons=[],
            elem_classes="table",
        )
        files = gr.HTML()

    def draw(value: Values, score: float) -> Updates:
        found = [span for span in value["spans"] if span["score"] >= score]
        said = NOTHING if not value["spans"] else HIDDEN
        rows = [[s["word"], s["label"], f"{s['score']:.1%}"] for s in found]
        return {
            text: gr.update(
                value=segments(value["text"], found),
                color_map=colours(value["spans"]),
                show_legend=bool(found),
            ),
            none: gr.update(value=say.hint(said), visible=not found),
            table: gr.update(value=rows, visible=bool(found)),
            files: _files(value["text"], found) if found else "",
        }

    def thin_out(value: Values | None, score: Any) -> Updates:
        return draw(value, score) if value and isinstance(score, int | float) else {}

    least.change(
        thin_out, [kept, least], [text, none, table, files], **LATEST,
    )  # fmt: skip
    return Display(
        box=box,
        components=(kept, text, least, none, table, files),
        draw=lambda value, inputs: {kept: value, least: 0, **draw(value, 0.0)},
        clear=lambda: {
            kept: None, text: None, least: 0, none: gr.update(visible=False), table: None,
            files: "",
        },
    )  # fmt: skip


def segments(text: str, spans: Sequence[Span]) -> list[tuple[str, str | None]]:
    """The text in pieces, each with its label or None; a span inside another is left out."""
    pieces: list[tuple[str, str | None]] = []
    at = 0
    placed = [span for span in spans if span["start"] is not None]
    for span in sorted(placed, key=lambda span: (span["start"], -span["end"])):
        if span["start"] < at:
            continue
        if span["start"] > at:
            pieces.append((text[at : span["start"]], None))
        pieces.append((text[span["start"] : span["end"]], span["label"]))
        at = span["end"]
    return [*pieces, (text[at:], None)] if at < len(text) else pieces


def colours(spans: Sequence[Span]) -> dict[str, str]:
    """A colour for each label, the same whichever of the spans are shown."""
    labels = sorted({span["label"] for span in spans})
    return {label: COLOURS[n % len(COLOURS)] for n, label in enumerate(labels)}


def _files(text: str, spans: Sequence[Span]) -> str:
    """The words as they stand in the text, where the tokenizer says where that is."""
    rows = [
        (
            s["word"] if s["start"] is None else text[s["start"] : s["end"]],
            s["label"],
            round(s["score"], 6),
            s["start"],
            s["end"],
        )
        for s in spans
    ]
    return downloads("entities", Download("csv", to_csv(HEAD, rows)))
