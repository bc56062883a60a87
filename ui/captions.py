"""Captions: one to read and copy, or a gallery of pictures with theirs."""

from __future__ import annotations

import json
from collections.abc import Sequence

import gradio as gr

from pipelines.spec import Output
from pipelines.uploads import Upload
from ui.downloads import Download, downloads, to_csv
from ui.panel import Display, Updates, Values

HEAD = ("picture", "caption")
COLUMNS = 2
OTHERS = "Other captions"


def captions(output: Output) -> Display:
    """The caption, which grows as it is written, with its other versions; or a line for each
    picture, and the pictures once all of them have one."""
    with gr.Column(visible=False, elem_classes="display") as box:
        text = gr.Textbox(
            label=output.label, lines=3, max_lines=24, buttons=["copy"], interactive=False
        )
        others = gr.Textbox(
            label=OTHERS, visible=False, lines=3, max_lines=24, buttons=["copy"], interactive=False
        )
        pictures = gr.Gallery(
            label="Pictures", columns=COLUMNS, height="auto", object_fit="contain", visible=False,
            interactive=False, buttons=["fullscreen"], elem_classes="thumbnails",
        )  # fmt: skip
        files = gr.HTML()

    def draw(value: Values, inputs: Values) -> Updates:
        names, found = _names(inputs), value["texts"]
        several = len(names) > 1
        rest = [] if several or not found else found[0][1:]
        shown = several and len(found) == len(names)
        captioned = [(p, t[0]) for p, t in zip(value["pictures"], found, strict=True) if t]
        return {
            text: numbered(names, found) if several else "".join(found[0][:1] if found else ()),
            others: gr.update(value="\n".join(rest), visible=bool(rest)),
            pictures: gr.update(value=captioned if shown else None, visible=shown),
            files: _files(names, found),
        }

    return Display(
        box=box,
        components=(text, others, pictures, files),
        draw=draw,
        clear=lambda: {
            text: "",
            others: gr.update(value="", visible=False),
            pictures: gr.update(value=None, visible=False),
            files: "",
        },
    )


def _names(inputs: Values) -> list[str]:
    """The names of the uploaded pictures."""
    uploads = next((v for v in inputs.values() if isinstance(v, tuple)), ())
    return [part.name for part in uploads if isinstance(part, Upload)]


def numbered(names: Sequence[str], texts: Sequence[Sequence[str]]) -> str:
    """A line for each caption after the name of its picture."""
    pairs = enumerate(zip(names, texts, strict=False), start=1)
    return "\n".join(f"{n}. {name}: {' / '.join(found)}" for n, (name, found) in pairs)


def _files(names: Sequence[str], texts: Sequence[Sequence[str]]) -> str:
    rows = [(n, text) for n, found in zip(names, texts, strict=False) for text in found]
    if not rows:
        return ""
    made = [dict(zip(HEAD, row, strict=True)) for row in rows]
    return downloads(
        "captions",
        Download("csv", to_csv(HEAD, rows)),
        Download("json", json.dumps(made, ensure_ascii=False)),
    )
