"""Answers in a text: marked where they stand, and a table in which a click shows one alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from pipelines.spec import Output
from ui import say
from ui.downloads import Download, downloads, to_csv
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE, LATEST
from ui.spans import COLOURS, segments

HEAD = ("Answer", "Score", "Start", "End")
SILENCE = "(the text does not say)"
NOTHING = "No answer was found."
NOWHERE = "None of these answers stands in the text word for word."

Answer = dict[str, Any]


def passages(output: Output) -> Display:
    """The answers by rank, the text with the answers marked, a slider that hides unsure ones."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        table = gr.Dataframe(
            headers=["", *HEAD[:2]],
            label="Click an answer to see it alone",
            interactive=False,
            column_widths=["14%", "62%", "24%"],
            wrap=True,
            max_height=320,
            buttons=[],
            elem_classes="table",
        )
        text = gr.HighlightedText(
            label=output.label, show_inline_category=True, interactive=False,
            elem_classes="entities",
        )  # fmt: skip
        least = gr.Slider(
            0, 1, value=0, step=0.01, label="Least score", interactive=True,
            info="Hides the less certain ones; nothing runs again.",
        )  # fmt: skip
        none = gr.HTML(visible=False)
        files = gr.HTML()

    def draw(value: Values, score: float) -> Updates:
        found = ranked(value["answers"], score)
        said = "" if found and any(a["start"] is not None for _, a in found) else NOWHERE
        said = said if found else NOTHING
        silent = all(not a["answer"] for _, a in found)
        return {
            table: gr.update(value=[_row(n, a) for n, a in found], visible=bool(found)),
            text: marked(value["context"], found, [a for _, a in ranked(value["answers"], 0)]),
            none: gr.update(value=say.hint(said), visible=bool(said) and not silent),
            files: _files(found) if found else "",
        }

    def thin_out(value: Values | None, score: Any) -> Updates:
        return draw(value, score) if value and isinstance(score, int | float) else {}

    def alone(value: Values | None, event: gr.SelectData) -> Updates:
        rank = (event.row_value or [None])[0]
        if not value or not str(rank).isdigit():
            return {}
        all_of_them = ranked(value["answers"], 0)
        shown = [(n, a) for n, a in all_of_them if n == int(str(rank))]
        return {text: marked(value["context"], shown, [a for _, a in all_of_them])}

    least.change(thin_out, [kept, least], [table, text, none, files], **LATEST)
    table.select(alone, kept, [text], **AT_ONCE)
    return Display(
        box=box,
        components=(kept, table, text, least, none, files),
        draw=lambda value, inputs: {
            kept: value,
            least: gr.update(value=0, visible=any(a["score"] for a in value["answers"])),
            **draw(value, 0.0),
        },
        clear=lambda: {
            kept: None, table: None, text: None, least: 0, none: gr.update(visible=False),
            files: "",
        },
    )  # fmt: skip


def ranked(answers: Sequence[Answer], least: float) -> list[tuple[int, Answer]]:
    """The answers with their rank; those without a score are as sure as any."""
    numbered = enumerate(answers, start=1)
    return [(n, a) for n, a in numbered if a["score"] is None or a["score"] >= least]


def marked(context: str, shown: Sequence[tuple[int, Answer]], every: Sequence[Answer]) -> Any:
    """The text with the answers' places, each by its rank; of two in one place the surer one."""
    spans: list[dict[str, Any]] = []
    for rank, answer in shown:
        start, end = answer["start"], answer["end"]
        free = start is not None and all(end <= s["start"] or s["end"] <= start for s in spans)
        if free and start < end:
            spans.append({"start": start, "end": end, "label": str(rank)})
    colours = {str(n): COLOURS[(n - 1) % len(COLOURS)] for n in range(1, len(every) + 1)}
    return gr.update(value=segments(context, spans), color_map=colours)


def _row(rank: int, answer: Answer) -> list[Any]:
    score = answer["score"]
    return [str(rank), answer["answer"] or told(SILENCE), "" if score is None else f"{score:.1%}"]


def _files(found: Sequence[tuple[int, Answer]]) -> str:
    rows = [
        (a["answer"], None if a["score"] is None else round(a["score"], 6), a["start"], a["end"])
        for _, a in found
    ]
    return downloads("answers", Download("csv", to_csv(HEAD, rows)))
