"""Answers on pages: boxed where they stand; a click on one turns to it, a switch leafs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from pipelines.spec import Output
from ui import say
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE, LATEST

PALETTE = ("#4f46e5", "#0d9488", "#c2410c", "#a21caf", "#0369a1", "#4d7c0f")
FILL, BORDER = 0.25, 1.0
BORDER_SHARE = 400
"""The border of a box is the page's longer side divided by this, in pixels."""
NOTHING = "(nothing)"
NONE = (
    "No answer was found. If there are words to read, choose their language or give a clearer page."
)
EVERY = "All answers"
ALONE, TURNS = "Click an answer to see it alone", "Click an answer to turn to its page"

Ranked = list[tuple[int, dict[str, Any]]]
"""Answers, each with its rank from 1 on."""


def answers(output: Output) -> Display:
    """The answers with page and score, and below them one page with those that stand on it.

    A click on an answer shows it alone, the switch all answers of a page; nothing runs again.
    """
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        none = gr.HTML(visible=False)
        table = gr.Dataframe(
            headers=["", "Answer", "Score"], label=ALONE, interactive=False, wrap=True,
            max_height=320, buttons=[], elem_classes="table",
        )  # fmt: skip
        pager = gr.Radio(
            [], label="Page", show_label=False, container=False, elem_classes="switch",
            interactive=True, visible=False,
        )  # fmt: skip
        page = gr.AnnotatedImage(
            label=output.label, show_legend=True, buttons=["fullscreen"], elem_classes="page"
        )

    def turn(value: Values | None, event: gr.SelectData) -> Updates:
        rank = str((event.row_value or [""])[0])
        alone = [(n, a) for n, a in _ranked(value) if str(n) == rank]
        if not value or not alone:
            return {}
        number = alone[0][1]["page"] or min(value["pages"])
        return {pager: None, page: boxed(value, number, alone, output.label)}

    def leaf(value: Values | None, number: Any) -> Updates:
        if not value or number not in value["pages"]:
            return {}
        return {page: boxed(value, number, _ranked(value), output.label)}

    table.select(turn, kept, [pager, page], **AT_ONCE)
    pager.input(leaf, [kept, pager], page, **LATEST)

    def show(value: Values, inputs: Values) -> Updates:
        numbers = sorted(value["pages"])
        first = next((a["page"] for a in value["answers"] if a["page"]), numbers[0])
        several = len(numbers) > 1
        choices = [(told(f"Page {number}" if several else EVERY), number) for number in numbers]
        return {
            kept: dict(value),
            none: gr.update(value=say.hint(NONE), visible=not value["answers"]),
            table: listed(value) | {"visible": bool(value["answers"])},
            pager: gr.update(
                choices=choices, value=first, visible=several or len(value["answers"]) > 1
            ),
            page: boxed(value, first, _ranked(value), output.label),
        }

    return Display(
        box=box,
        components=(kept, table, pager, page, none),
        draw=show,
        clear=lambda: {
            kept: None, table: None, page: None, none: gr.update(visible=False),
            pager: gr.update(choices=[], value=None, visible=False),
        },
    )  # fmt: skip


def listed(value: Values) -> Any:
    """The table; a column for the page where the document has several."""
    several = value["total"] > 1
    head, widths = ["", "Answer", "Score"], ["12%", "66%", "22%"]
    if several:
        head, widths = ["", "Answer", "Page", "Score"], ["10%", "46%", "19%", "25%"]
    rows = [_row(n, a, several) for n, a in _ranked(value)]
    head = [told(name) for name in head]
    return gr.update(
        value={"headers": head, "data": rows}, headers=head, column_widths=widths,
        label=told(TURNS if several else ALONE),
    )  # fmt: skip


def _row(rank: int, answer: Values, several: bool) -> list[str]:
    score = "" if answer["score"] is None else f"{answer['score']:.1%}"
    page = [str(answer["page"] or "")] if several else []
    return [str(rank), answer["answer"] or told(NOTHING), *page, score]


def _ranked(value: Values | None) -> Ranked:
    return list(enumerate(value["answers"], start=1)) if value else []


def boxed(value: Values, number: int, ranked: Ranked, label: str) -> Any:
    """The page with one mask for each answer that has boxes on it, in its own colour."""
    look = value["pages"][number]
    with Image.open(io.BytesIO(look["jpeg"])) as file:
        picture = file.convert("RGB")
    scale = picture.width / look["size"][0]
    here = [(n, a) for n, a in ranked if a["boxes"] and a["page"] in (None, number)]
    names = {n: f"{n}. {a['answer']}" for n, a in here}
    masks = [(_mask(picture.size, a["boxes"], scale), names[n]) for n, a in here]
    colours = {name: PALETTE[(n - 1) % len(PALETTE)] for n, name in names.items()}
    several = value["total"] > 1
    return gr.update(
        value=(picture, masks), color_map=colours,
        label=told(f"Page {number} of {value['total']:,}" if several else label),
    )  # fmt: skip


def _mask(size: tuple[int, int], boxes: Sequence[tuple[int, int, int, int]], scale: float) -> Any:
    """Opacity 0..1 of shape (height, width): boxes filled lightly, with a border."""
    mask = np.zeros((size[1], size[0]))
    line = max(2, max(size) // BORDER_SHARE)
    scaled = [tuple(round(edge * scale) for edge in box) for box in boxes]
    for x0, y0, x1, y1 in scaled:
        mask[max(0, y0 - line) : y1 + line, max(0, x0 - line) : x1 + line] = BORDER
    for x0, y0, x1, y1 in scaled:
        mask[y0:y1, x0:x1] = FILL
    return mask
