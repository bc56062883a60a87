"""The Jobs tab: what runs over many rows, how far it is, and what it has found so far."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from pipelines.errors import PipelineError
from pipelines.jobs.desk import Desk
from pipelines.jobs.exports import WRITERS, ZIP, export
from pipelines.jobs.job import CANCELLED, DONE, FAILED, OPEN, PAUSED, RUNNING, Job
from pipelines.jobs.made import holds_files
from pipelines.tasks import task
from pipelines.token import Token
from settings import Settings, upload_folder
from ui import say
from ui.language import told
from ui.messages import by_label, message_of
from ui.origins import LABELS, job_labels
from ui.place import Place
from ui.quiet import AT_ONCE, QUIET
from ui.report import ReportView
from ui.rows import table
from ui.saving import save_on_click
from ui.tokens import Tokens

TICK_SECONDS = 1.0
SHOWN_ROWS = 200
LENGTHS = {"days": 86_400, "hours": 3_600, "minutes": 60}
"""In seconds, the longest first."""
NONE = "No job yet. Open a task, choose Many, and give it a table, a ZIP or some lines."
PRIVATE = "Open a job by the link that you got when you started it."
LIST_HEAD = ["Job", "Task", "Input", "State", "Rows", "Errors"]
LIST_WIDTHS = ["230px", "240px", "240px", "150px", "150px", "90px"]
CHOOSE = "Jobs: click a line to see its answers"
WORDS = {
    "waiting": "Waiting for its turn", RUNNING: "Running", PAUSED: "Paused", CANCELLED: "Cancelled",
    DONE: "Done", FAILED: "Stopped",
}  # fmt: skip
STOPPABLE, RESUMABLE = OPEN, (PAUSED, CANCELLED, FAILED)


def jobs_tab(place: Place) -> None:
    """The list, and the view of the chosen job, in the current tab."""
    assert place.desk is not None
    assert place.chosen is not None
    JobsPage(place.desk, place.settings, place.tokens).wire(place.chosen)


class JobsPage:
    """The components of the tab, and how they are drawn."""

    def __init__(self, desk: Desk, settings: Settings, tokens: Tokens) -> None:
        self.desk = desk
        self.tokens = tokens
        self.settings = settings
        self.listed = gr.Dataframe(
            headers=LIST_HEAD, label=CHOOSE, interactive=False, max_height=260, buttons=[],
            elem_classes="table", column_widths=LIST_WIDTHS, visible=False,
        )  # fmt: skip
        self.head = gr.HTML()
        with gr.Row(elem_classes="buttons", visible=False) as self.buttons:
            self.pause = gr.Button("Pause", min_width=90)
            self.resume = gr.Button("Resume", variant="primary", min_width=90)
            self.retry = gr.Button("Retry failed rows", min_width=140)
            self.cancel = gr.Button("Cancel", min_width=90)
            self.delete = gr.Button("Delete", size="sm", min_width=90, elem_classes="gap")
        self.report = ReportView()
        with gr.Row(elem_classes="buttons", visible=False) as self.files:
            self.downloads = {
                format: gr.Button(f"Download {format.upper()}", size="sm", min_width=130)
                for format in WRITERS
            }
        self.results = gr.Dataframe(
            label="Results so far", interactive=False, wrap=True, max_height=420, buttons=[],
            elem_classes="table", visible=False,
        )  # fmt: skip
        self.timer = gr.Timer(TICK_SECONDS)

    @property
    def drawn(self) -> list[Block]:
        """Everything that a look at a job may change."""
        return [
            self.listed, self.head, self.buttons, self.pause, self.resume, self.retry, self.cancel,
            self.delete, self.results, self.files, self.downloads[ZIP], *self.report.drawn,
        ]  # fmt: skip

    def wire(self, chosen: gr.State) -> None:
        seen = gr.State("nothing yet")
        look = {"fn": self.look, "inputs": [chosen, seen], "outputs": [*self.drawn, seen]}
        self.timer.tick(**look, **AT_ONCE)
        chosen.change(**look, **AT_ONCE)
        self.listed.select(self.pick, None, chosen, **QUIET)
        for button, act in (
            (self.pause, lambda id, _: self.desk.pause(id)),
            (self.resume, self.desk.resume),
            (self.retry, self.desk.retry),
            (self.cancel, lambda id, _: self.desk.cancel(id)),
            (self.delete, lambda id, _: self.desk.delete(id)),
        ):
            button.click(self._acts(act), chosen, [self.head], **QUIET)
        for format, button in self.downloads.items():
            save_on_click(button, self._exports(format), [chosen])

    def pick(self, event: gr.SelectData) -> Any:
        """The job of the clicked line."""
        row = event.row_value or ()
        return str(row[0]) if row else gr.skip()

    def look(self, id: str, seen: str) -> dict[Block, Any]:
        """Draw the list and the chosen job; nothing where nothing has changed."""
        jobs = [] if self.settings.public else self.desk.jobs()
        job = self._job(id)
        now = "|".join(_mark(j) for j in [*jobs, *([job] if job else [])])
        if now == seen:
            return {}
        return {**self._list(jobs), **(self._shown(job) if job else self._nothing(jobs))}

    def _job(self, id: str) -> Job | None:
        try:
            return self.desk.job(id) if id else None
        except PipelineError:
            return None

    def _list(self, jobs: list[Job]) -> dict[Block, Any]:
        rows = [
            [
                j.id,
                j.manifest.task,
                j.manifest.name,
                told(WORDS[j.state.status]),
                _rows(j),
                f"{j.state.errors:,}",
            ]
            for j in jobs
        ]
        return {self.listed: gr.update(value=rows, visible=bool(rows))}

    def _nothing(self, jobs: list[Job]) -> dict[Block, Any]:
        said = "" if jobs else say.hint(PRIVATE if self.settings.public else NONE)
        hidden = (self.buttons, self.results, self.files, self.report.box)
        return {self.head: said, **{block: gr.update(visible=False) for block in hidden}}

    def _shown(self, job: Job) -> dict[Block, Any]:
        state, done = job.state, job.state.status == DONE
        found = table(job, SHOWN_ROWS)
        return {
            self.head: head(job),
            self.buttons: gr.update(visible=True),
            self.pause: gr.update(visible=state.status in STOPPABLE),
            self.cancel: gr.update(visible=state.status in STOPPABLE),
            self.resume: gr.update(visible=state.status in RESUMABLE),
            self.retry: gr.update(visible=done and state.errors > 0),
            self.delete: gr.update(visible=state.status not in STOPPABLE),
            self.results: gr.update(
                value=found, visible=bool(found["data"]),
                label=_label(state.done, done),
            ),
            self.files: gr.update(visible=state.done > 0),
            self.downloads[ZIP]: gr.update(visible=holds_files(task(job.manifest.task))),
            **self.report.shown(job if done else None),
        }  # fmt: skip

    def _acts(self, act: Callable[[str, Token], None]) -> Callable[..., Any]:
        def clicked(id: str, session: gr.Request) -> Any:
            try:
                act(id, self.tokens.of(session.session_hash))
            except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
                return say.alert(message_of(error, LABELS))
            return gr.skip()

        return clicked

    def _exports(self, format: str) -> Callable[[str], Any]:
        def make(id: str) -> Any:
            job = self.desk.job(id)
            folder = upload_folder() / "jobs" / job.id
            folder.mkdir(parents=True, exist_ok=True)
            return str(export(job, folder / f"{Path(job.manifest.name or job.id).stem}.{format}"))

        return make


def head(job: Job) -> str:
    """State, progress, pace and what answered, as HTML."""
    state = job.state
    reason = by_label(state.reason, job_labels(job.manifest.task))
    why = reason or (state.note if state.status == RUNNING else "")
    words = told(WORDS[state.status]) + (f": {told(why)}" if why else "")
    total = f' value="{state.done}" max="{state.total}"' if state.total else ""
    parts = [told(f"{_rows(job)} rows"), told(f"{state.errors:,} with an error")]
    if state.model:
        parts += [state.model, state.device, state.dtype]
    if state.batch_size:
        parts.append(told(f"batch size {state.batch_size}"))
    if state.rate and state.status == RUNNING:
        parts.append(told(f"{state.rate:,.1f} rows/s"))
        rest = duration(((state.total or 0) - state.done) / state.rate)
        parts += [told(f"about {rest} left")] if state.total else []
    line = "".join(f"<span>{escape(part)}</span>" for part in parts)
    return (
        f'<div class="progress"><span>{escape(words)}</span>'
        f'<progress{total} aria-label="{escape(words)}"></progress>'
        f'<div class="timing">{line}</div>{speeds(job)}'
        f'<div class="note">{told("This job has a link:")} <a href="?job={escape(job.id)}">'
        f"?job={escape(job.id)}</a></div></div>"
    )


def duration(seconds: float) -> str:
    """A time as a person says it."""
    for name, length in LENGTHS.items():
        if seconds >= 1.5 * length:
            count = seconds / length
            return f"{count:.{0 if count >= 10 else 1}f} {told(name)}"
    return f"{max(1, round(seconds))} s"


def speeds(job: Job) -> str:
    """Rows/s by batch size as small bars, where they were measured."""
    measured = job.state.speeds
    if len(measured) < 2:
        return ""
    best = max(measured.values())
    bars = "".join(
        f'<li><span>{escape(size)}</span><i style="width:{100 * speed / best:.0f}%"></i>'
        f"<b>{speed:,.0f}</b></li>"
        for size, speed in measured.items()
    )
    return f'<div class="speeds"><span>{told("rows/s by batch size")}</span><ul>{bars}</ul></div>'


def _label(rows: int, done: bool) -> str:
    """What the table of results is called."""
    name = told("Results" if done else "Results so far")
    return f"{name}, {told(f'the first {SHOWN_ROWS}')}" if rows > SHOWN_ROWS else name


def _mark(job: Job) -> str:
    state = job.state
    return (
        f"{job.id}{state.status}{state.done}{state.errors}{state.total}{state.reason}{state.note}"
    )


def _rows(job: Job) -> str:
    total = "?" if job.state.total is None else f"{job.state.total:,}"
    return told(f"{job.state.done:,} of {total}")
