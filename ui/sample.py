"""A try of the first rows: their answers, and how long the whole would take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block

from pipelines.engine.request import Progress
from pipelines.jobs.desk import Desk
from pipelines.jobs.job import DONE, Job
from pipelines.jobs.order import Order
from pipelines.jobs.preview import shown_count, whole_count
from pipelines.jobs.sample import ROWS, pace
from ui import say
from ui.jobs import duration
from ui.language import told
from ui.messages import by_label, message_of
from ui.origins import job_labels
from ui.rows import narrow_table

LABEL = f"Try {ROWS} rows"
TakeOrder = Callable[[dict[str, Any], gr.Request], Order]
"""What the panel says, by the values of its parts and by who asks."""
EMPTY = f"Try {ROWS} rows to see the answers here, and how long all of them will take."


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is shown of it beside the inputs."""

    box: gr.Column
    said: gr.HTML
    rows: gr.Dataframe


def sample_view() -> Sample:
    """Hidden until many rows are wanted."""
    with gr.Column(visible=False, elem_classes="bare") as box:
        said = gr.HTML(say.hint(EMPTY))
        rows = gr.Dataframe(
            visible=False, label="Answers to the first rows", interactive=False, wrap=True,
            max_height=520, buttons=[], elem_classes="table",
        )  # fmt: skip
    return Sample(box=box, said=said, rows=rows)


def on_try(
    view: Sample, desk: Desk, order: TakeOrder, labels: Mapping[str, str]
) -> Callable[..., Iterator[dict[Block, Any]]]:
    """The event: progress, then the answers; `order` reads the values of the panel."""

    def tried(session: gr.Request, **values: Any) -> Iterator[dict[Block, Any]]:
        hidden = {view.rows: gr.update(visible=False)}
        said = ""
        try:
            with desk.sample(order(values, session)) as looks:
                for job in looks:
                    now = say.progress(_progress(job))
                    if now != said:
                        yield {view.said: now, **hidden}
                    said = now
                yield _shown(view, job)
        except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
            yield {view.said: say.alert(message_of(error, labels)), **hidden}

    return tried


def _progress(job: Job) -> Progress:
    note = job.state.note or f"Asking the first {ROWS} rows:"
    return Progress(job.state.done, 0 if job.state.note else job.state.total or 0, note)


def _shown(view: Sample, job: Job) -> dict[Block, Any]:
    if job.state.status != DONE:
        reason = by_label(job.state.reason, job_labels(job.manifest.task))
        return {view.said: say.alert(reason), view.rows: gr.update(visible=False)}
    return {
        view.said: _line(job),
        view.rows: gr.update(value=narrow_table(job, ROWS), visible=True),
    }


def _line(job: Job) -> str:
    """Pace, errors, who answered, and the time for all rows."""
    state, speed = job.state, pace(job)
    total = whole_count(job)
    parts = [told(f"{state.errors:,} with an error")] if state.errors else []
    parts += (
        [told(f"{speed:,.1f} rows/s"), told(f"batch size {state.batch_size or 1}")] if speed else []
    )
    parts += [state.model, state.device, state.dtype] if state.model else []
    whole = (
        f"All {shown_count(total)} rows: about {duration(total / speed)}"
        if speed
        else f"{shown_count(total)} rows in all"
    )
    line = "".join(f"<span>{escape(part)}</span>" for part in parts)
    return (
        f'<div class="tried" role="status"><b>{escape(told(whole))}</b>'
        f'<div class="timing">{line}</div></div>'
    )
