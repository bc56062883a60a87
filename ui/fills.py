"""Fills: each word that a model would write, in its sentence and with its score."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import gradio as gr

from pipelines.spec import Output
from ui.language import told
from ui.panel import Display, Values

AROUND = 70
"""Characters of the sentence that are shown on each side of a gap."""
OTHER_GAP = "____"


def filled(output: Output) -> Display:
    """A list for each gap: the sentence with the word in it, a bar and the score."""
    with gr.Column(visible=False, elem_classes="display") as box:
        shown = gr.HTML(elem_classes="fills")
    return Display(
        box=box,
        components=(shown,),
        draw=lambda value, inputs: {shown: drawn(value)},
        clear=lambda: {shown: ""},
    )


def drawn(value: Values) -> str:
    """The whole text with the likeliest fills where there are several gaps, then every gap."""
    parts, gaps = value["parts"], value["fills"]
    best = _best(parts, gaps) if len(gaps) > 1 else ""
    return best + "".join(_gap(n, parts, gaps) for n in range(len(gaps)))


def _best(parts: Sequence[str], gaps: Sequence[Sequence[Values]]) -> str:
    """Each gap is filled alone: together the likeliest words need not go together."""
    words = [_mark(fills[0]["token_str"]) if fills else OTHER_GAP for fills in gaps]
    text = "".join(f"{escape(part)}{word}" for part, word in zip(parts, [*words, ""], strict=True))
    return f'<p class="best">{text}</p>'


def _gap(number: int, parts: Sequence[str], gaps: Sequence[Sequence[Values]]) -> str:
    head = f"<h4>{told(f'Gap {number + 1}')}</h4>" if len(gaps) > 1 else ""
    before = _last(OTHER_GAP.join(parts[: number + 1]))
    after = _first(OTHER_GAP.join(parts[number + 1 :]))
    rows = "".join(_row(before, fill, after) for fill in gaps[number])
    return f"{head}<ol>{rows}</ol>"


def _row(before: str, fill: Values, after: str) -> str:
    score = fill["score"]
    sentence = f"{escape(before)}{_mark(fill['token_str'])}{escape(after)}"
    bar = f'<span class="bar"><span style="width:{100 * score:.1f}%"></span></span>'
    return f"<li><span>{sentence}</span><b>{score:.1%}</b>{bar}</li>"


def _mark(token: str) -> str:
    """The word alone: a token may begin with the blank before it, or be part of a word."""
    return f"<mark>{escape(token.strip()) or '␣'}</mark>"


def _last(text: str) -> str:
    return text if len(text) <= AROUND else f"…{text[-AROUND:]}"


def _first(text: str) -> str:
    return text if len(text) <= AROUND else f"{text[:AROUND]}…"
