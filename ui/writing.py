"""A text that a model wrote: beside how much it read, with its other answers, to take away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import gradio as gr

from pipelines.spec import Output
from ui.downloads import Download, downloads
from ui.language import told
from ui.panel import Display, Updates, Values

WORD = re.compile(r"\w+(?:['’-]\w+)*")


def written(output: Output) -> Display:
    """The answer, which grows as it is written; how long it is; the other answers."""
    with gr.Column(visible=False, elem_classes="display") as box:
        text = gr.Textbox(
            label=output.label, lines=4, max_lines=24, buttons=["copy"], interactive=False
        )
        length = gr.HTML()
        others = gr.Textbox(
            label="Other answers", visible=False, lines=4, max_lines=24, buttons=["copy"],
            interactive=False,
        )  # fmt: skip
        files = gr.HTML()

    def draw(value: Values, inputs: Values) -> Updates:
        texts: Sequence[str] = value["texts"] or ("",)
        rest = "\n\n".join(f"{n}. {other}" for n, other in enumerate(texts[1:], start=2))
        name = output.label.lower()
        return {
            text: texts[0],
            length: f'<div class="hint">{lengths(texts[0], value["read"])}</div>',
            others: gr.update(value=rest, visible=bool(rest)),
            files: downloads(name, Download("txt", "\n\n".join(texts))) if texts[0] else "",
        }

    return Display(
        box=box,
        components=(text, length, others, files),
        draw=draw,
        clear=lambda: {
            text: "",
            length: "",
            others: gr.update(value="", visible=False),
            files: "",
        },
    )


def lengths(text: str, read: str) -> str:
    """How many words were read and written."""
    made, taken = words(text), words(read)
    if not taken:
        return told(f"{made:,} words")
    return told(f"{taken:,} words read, {made:,} written")


def words(text: Any) -> int:
    """Words of a text; in scripts without blanks, the runs of its letters."""
    return len(WORD.findall(str(text)))
