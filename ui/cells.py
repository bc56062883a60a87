"""Cells: the answer in words, the table with the cells it comes from, and what was asked before."""

from __future__ import annotations

import json
import uuid
from html import escape
from typing import Any

import gradio as gr

from pipelines.aggregation import NO_AGGREGATION
from pipelines.spec import Output
from ui.downloads import Download, downloads, to_csv
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE, QUIET

MOST_KEPT = 30
"""Questions that the list remembers; older ones leave."""
NOTHING = "No cell was selected."
HEAD = ("question", "result", "aggregator", "answer", "cells", "how")
LIST = ("Question", "Answer")

Asked = dict[str, Any]
"""One answer with the columns and rows that it is about, and the run that gave it."""


def cells(output: Output) -> Display:
    """The last answer over its table, and a list of all answers to go back to."""
    with gr.Column(visible=False, elem_classes="display") as box:
        fresh = gr.State()
        history = gr.State([])
        said = gr.HTML()
        table = gr.HTML(label=output.label)
        past = gr.Dataframe(
            headers=list(LIST), label="Asked so far; click a line to see its cells",
            interactive=False, column_widths=["62%", "38%"], wrap=True, max_height=260, buttons=[],
            visible=False, elem_classes="table",
        )  # fmt: skip
        files = gr.HTML()

    def remember(new: list[Asked] | None, before: list[Asked] | None) -> Updates:
        """The new answers on top of the older ones; Gradio may tell of them twice (6.31)."""
        if not new or (before and new[-1]["run"] == before[0]["run"]):
            return {}
        kept = [*reversed(new), *(before or [])][:MOST_KEPT]
        listed = [[asked["question"], asked["result"] or told(NOTHING)] for asked in kept]
        return {
            history: kept,
            past: gr.update(value=listed, visible=len(kept) > 1),
            files: _files(kept),
        }

    def go_back(kept: list[Asked] | None, event: gr.SelectData) -> Updates:
        row = event.index[0] if isinstance(event.index, list | tuple) else event.index
        if not kept or not 0 <= row < len(kept):
            return {}
        return {said: answered(kept[row]), table: drawn(kept[row])}

    fresh.change(remember, [fresh, history], [history, past, files], **QUIET)
    past.select(go_back, history, [said, table], **AT_ONCE)

    def draw(value: Values) -> Updates:
        about = {
            "columns": list(value["columns"]),
            "rows": [list(row) for row in value["rows"]],
            "run": uuid.uuid4().hex,
        }
        new = [{**answer, **about} for answer in value["answers"]]
        return {fresh: new, said: "".join(map(answered, new)), table: drawn(new[0]) if new else ""}

    return Display(
        box=box,
        components=(fresh, history, said, table, past, files),
        draw=lambda value, inputs: draw(value),
        clear=lambda: {
            fresh: None, history: [], said: "", table: "", files: "",
            past: gr.update(value=None, visible=False),
        },
    )  # fmt: skip


def answered(asked: Asked) -> str:
    """The question, its answer with the aggregator as a badge, and how it was worked out."""
    badge = asked["aggregator"]
    shown = f'<span class="badge">{escape(badge)}</span>' if badge != NO_AGGREGATION else ""
    how = f'<p class="how">{escape(told(asked["how"]))}</p>' if asked["how"] else ""
    result = escape(asked["result"]) if asked["cells"] else f"<i>{told(NOTHING)}</i>"
    return (
        f'<div class="answered"><p>{escape(asked["question"])}</p>'
        f"<strong>{result}</strong>{shown}{how}</div>"
    )


def drawn(asked: Asked) -> str:
    """The table with the selected cells marked; every text in it is escaped."""
    chosen = {tuple(cell) for cell in asked["coordinates"]}
    head = "".join(f"<th>{escape(name)}</th>" for name in asked["columns"])
    body = "".join(
        "<tr>"
        + "".join(_cell(text, (row, place) in chosen) for place, text in enumerate(texts))
        + "</tr>"
        for row, texts in enumerate(asked["rows"])
    )
    return (
        '<div class="cells" tabindex="0" role="region" aria-label="' + told("Table") + '">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(text: str, chosen: bool) -> str:
    return (
        f'<td class="chosen"><mark>{escape(text)}</mark></td>'
        if chosen
        else (f"<td>{escape(text)}</td>")
    )


def _files(kept: list[Asked]) -> str:
    """Questions and answers as CSV and JSON, the newest first."""
    rows = [[_flat(asked[name]) for name in HEAD] for asked in kept]
    plain = [{name: asked[name] for name in (*HEAD, "coordinates")} for asked in kept]
    return downloads(
        "answers",
        Download("csv", to_csv(HEAD, rows)),
        Download("json", json.dumps(plain, ensure_ascii=False)),
    )


def _flat(value: Any) -> Any:
    return "; ".join(value) if isinstance(value, list) else value
