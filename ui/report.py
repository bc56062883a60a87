"""The report of a job whose right answers are known: scores, confusion, and the worst rows."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block

from pipelines.jobs.job import Job
from pipelines.jobs.scores import Report, read_report
from ui.language import told
from ui.waves import safe
from ui.worst import pictures_of, players_of

HEADS = ["Row", "Score", "Right answer", "Found"]
HEIGHT = (260, 26)
"""Of the matrix in pixels: what is around it, and each label."""
UNCOMPARED = "No row has both an answer and a right one to compare it with."


class ReportView:
    """The components, and what they show of a job."""

    def __init__(self) -> None:
        with gr.Column(visible=False, elem_classes="display") as self.box:
            self.scores = gr.HTML()
            self.matrix = gr.Plot(label="Right label (rows) and found label", elem_classes="plot")
            self.worst = gr.Dataframe(
                headers=HEADS, label="Worst rows first", interactive=False, wrap=True,
                max_height=320, buttons=[], elem_classes="table",
                column_widths=["80px", "90px", "300px", "300px"],
            )  # fmt: skip
            self.pictures = gr.Gallery(
                label="Their pictures", columns=6, height="auto", interactive=False, buttons=[]
            )
            self.players = gr.HTML()

    @property
    def drawn(self) -> list[Block]:
        return [self.box, self.scores, self.matrix, self.worst, self.pictures, self.players]

    def shown(self, job: Job | None) -> dict[Block, Any]:
        """Updates for a job that is done; hidden for any other."""
        report = read_report(job) if job else None
        if job is None or report is None:
            return {self.box: gr.update(visible=False)}
        rows = [[w["row"], f"{w['score']:.2f}", w["truth"], w["found"]] for w in report.worst]
        pictures = pictures_of(job, report)
        return {
            self.box: gr.update(visible=True),
            self.scores: _scores(report),
            self.matrix: gr.update(value=_matrix(report), visible=bool(report.confusion)),
            self.worst: gr.update(value=rows, visible=bool(rows)),
            self.pictures: gr.update(value=pictures, visible=bool(pictures)),
            self.players: players_of(job, report),
        }


def _scores(report: Report) -> str:
    if not report.rows:
        return f'<div class="hint">{escape(told(report.note or UNCOMPARED))}</div>'
    parts = "".join(
        f"<li><b>{score:.1%}</b><span>{escape(told(name))}</span></li>"
        for name, score in report.scores.items()
    )
    compared = f"<li><b>{report.rows:,}</b><span>{told('rows compared')}</span></li>"
    return f'<ul class="scored">{parts}{compared}</ul>'


def _matrix(report: Report) -> Any:
    """A heat map of the counts; each row of it adds up to the rows of one right label."""
    if not report.confusion:
        return None
    from plotly import graph_objects

    names = [safe(name) or "(none)" for name in report.labels]  # plotly draws no empty one
    shares = [[count / max(1, sum(row)) for count in row] for row in report.confusion]
    figure = graph_objects.Figure(
        graph_objects.Heatmap(
            x=names, y=names, z=shares, text=[[str(c or "") for c in r] for r in report.confusion],
            texttemplate="%{text}", colorscale="Purples", zmin=0, zmax=1, showscale=False,
            hovertemplate=told("right: %{y}<br>found: %{x}<br>%{text} rows") + "<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    figure.update_layout(
        height=HEIGHT[0] + HEIGHT[1] * len(names), margin={"l": 10, "r": 10, "t": 40, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", dragmode=False,
    )  # fmt: skip
    return figure
