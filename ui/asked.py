"""Answers about a picture: a card for each question, with a bar for every scored answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

import gradio as gr

from pipelines.spec import Output
from ui.downloads import Download, downloads, to_csv
from ui.language import told
from ui.panel import Display, Updates, Values

HEAD = ("question", "rank", "answer", "score")
NOTHING = "(nothing)"


def asked(output: Output) -> Display:
    """The cards, which grow while answers are written, and files to take away."""
    with gr.Column(visible=False, elem_classes="display") as box:
        cards = gr.HTML(label=output.label)
        files = gr.HTML()

    def draw(value: Sequence[Values], inputs: Values) -> Updates:
        return {cards: "".join(map(card, value)), files: _files(value)}

    return Display(
        box=box,
        components=(cards, files),
        draw=draw,
        clear=lambda: {cards: "", files: ""},
    )


def card(one: Values) -> str:
    """One question, its best answer and what speaks for each; all escaped."""
    best, *others = one["answers"] or [{"answer": "", "score": None}]
    score = best["score"]
    badge = "" if score is None else f'<span class="badge">{score:.1%}</span>'
    bars = "".join(_bar(a, a is best) for a in one["answers"]) if others else ""
    return (
        f'<section class="fills verdict"><p class="asked">{escape(one["question"])}</p>'
        f'<p class="best"><strong>{escape(best["answer"] or told(NOTHING))}</strong>{badge}</p>'
        f"{f'<ol>{bars}</ol>' if bars else ''}</section>"
    )


def _bar(answer: Values, best: bool) -> str:
    """The answer on a line, with its score and a bar where it has one."""
    text = escape(answer["answer"] or told(NOTHING))
    label = f"<mark>{text}</mark>" if best else text
    if answer["score"] is None:
        return f"<li><span>{label}</span></li>"
    width = f"{min(max(answer['score'], 0), 1):.1%}"
    return (
        f"<li><span>{label}</span><b>{answer['score']:.1%}</b>"
        f'<div class="bar"><span style="width:{width}"></span></div></li>'
    )


def _files(value: Sequence[Values]) -> str:
    """A line for each answer as CSV, all as JSON."""
    rows = [
        (one["question"], rank, a["answer"], "" if a["score"] is None else round(a["score"], 6))
        for one in value
        for rank, a in enumerate(one["answers"], start=1)
    ]
    return downloads(
        "answers",
        Download("csv", to_csv(HEAD, rows)),
        Download("json", json.dumps(list(value), ensure_ascii=False)),
    )
