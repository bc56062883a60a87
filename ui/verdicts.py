"""Decisions: a card for each question with a bar for every option, a gauge for a score."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from pipelines.spec import Output
from ui.downloads import Download, downloads, to_csv
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import LATEST

HEAD = ("name", "question", "type", "answer", "confidence", "option", "share")
DEFAULT_YES = 0.5

Decided = dict[str, Any]


def decisions(output: Output) -> Display:
    """The cards, and a slider from where on the answer is yes."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        cards = gr.HTML(label=output.label)
        yes_from = gr.Slider(
            0, 1, value=DEFAULT_YES, step=0.01, label="Yes from", interactive=True, visible=False,
            info="How likely yes must be to be the answer; nothing runs again.",
        )  # fmt: skip
        files = gr.HTML()

    def show(value: list[Decided] | None, least: Any) -> Updates:
        if not value or not isinstance(least, int | float):
            return {}
        return {cards: "".join(card(one, least) for one in value), files: _files(value, least)}

    def draw(value: Values) -> Updates:
        found = list(value["decisions"])
        has_yes = any(one["type"] == "noul" for one in found)
        return {
            kept: found,
            yes_from: gr.update(value=DEFAULT_YES, visible=has_yes),
            **show(found, DEFAULT_YES),
        }

    yes_from.change(
        show, [kept, yes_from], [cards, files], **LATEST,
    )  # fmt: skip
    return Display(
        box=box,
        components=(kept, cards, yes_from, files),
        draw=lambda value, inputs: draw(value),
        clear=lambda: {kept: None, cards: "", files: "", yes_from: gr.update(visible=False)},
    )


def card(one: Decided, least: float) -> str:
    """One question with its answer in words and what speaks for every option; all escaped."""
    gauge = _gauge(one) if one["type"] == "score" else ""
    bars = "".join(_bar(option, one, least) for option in one["options"])
    sure = one["confidence"]
    confidence = (
        "" if sure is None else f'<span class="badge">{told(f"{sure:.0%} confident")}</span>'
    )
    return (
        f'<section class="fills verdict"><h4>{escape(one["name"])}</h4>'
        f'<p class="asked">{escape(one["question"])}</p>'
        f'<p class="best"><strong>{escape(_shown(one, least))}</strong>{confidence}</p>'
        f"{gauge}<ol>{bars}</ol></section>"
    )


def _shown(one: Decided, least: float) -> str:
    """The same as it is read: an option is the asker's own word."""
    said = answered(one, least)
    return said if one["type"] == "choice" else told(said)


def answered(one: Decided, least: float) -> str:
    """The answer in words: an option, a level with its number, or yes and no."""
    return SAID[one["type"]](one, least)


def _level(one: Decided, least: float) -> str:
    best = max(one["options"], key=lambda option: option["share"])
    return f"{best['option']} ({one['value']:.2f} of {len(one['options']) - 1})"


SAID: dict[str, Callable[[Decided, float], str]] = {
    "choice": lambda one, least: str(one["value"]),
    "score": _level,
    "noul": lambda one, least: "yes" if one["value"] >= least else "no",
}


def _bar(option: Values, one: Decided, least: float) -> str:
    """Name and share on a line, a bar below; the answer's is marked."""
    own = str(option["option"])
    name, said = escape(told(own) if one["type"] == "noul" else own), option["description"]
    more = f" <small>{escape(said)}</small>" if said else ""
    best = max(o["share"] for o in one["options"])
    chosen = option["share"] == best
    if one["type"] == "noul":
        chosen = option["option"] == answered(one, least)
    label = f"<mark>{name}</mark>" if chosen else name
    width = f"{min(max(option['share'], 0), 1):.1%}"
    return (
        f"<li><span>{label}{more}</span><b>{option['share']:.1%}</b>"
        f'<div class="bar"><span style="width:{width}"></span></div></li>'
    )


def _gauge(one: Decided) -> str:
    """A scale from the lowest level to the highest, with the mean of all levels marked."""
    last = max(len(one["options"]) - 1, 1)
    place = f"{min(max(one['value'] / last, 0), 1):.2%}"
    ends = (one["options"][0]["option"], one["options"][-1]["option"])
    ticks = "".join(f'<i style="left:{n / last:.2%}"></i>' for n in range(last + 1))
    low, high = (escape(str(end)) for end in ends)
    name = told(f"{one['value']:.2f} of {last}")
    return (
        f'<div class="gauge" role="img" aria-label="{name}">'
        f'<div class="scale">{ticks}<b style="left:{place}"></b></div>'
        f"<span>{low}</span><span>{high}</span></div>"
    )


def _files(found: list[Decided], least: float) -> str:
    """A line for each option as CSV, the decisions as JSON."""
    rows = [
        (one["name"], one["question"], one["type"], answered(one, least), one["confidence"],
         option["option"], round(option["share"], 6))
        for one in found
        for option in one["options"]
    ]  # fmt: skip
    return downloads(
        "decisions",
        Download("csv", to_csv(HEAD, rows)),
        Download("json", json.dumps(found, ensure_ascii=False)),
    )
