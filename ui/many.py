"""Many: a table, a ZIP, files or pasted lines, answered with the settings of the panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from pipelines.errors import InputError, PipelineError
from pipelines.jobs import mapping
from pipelines.jobs.archives import FILE
from pipelines.jobs.job import AUTO
from pipelines.jobs.order import TABLES, Order
from pipelines.jobs.tables import Cells, open_table
from pipelines.kinds import TAKES_FILES
from pipelines.spec import Field, TaskSpec
from pipelines.uploads import local_upload
from settings import Settings
from ui import sample, say
from ui.messages import message_of
from ui.panel import Panel
from ui.place import JOBS_TAB, Place
from ui.rows import row_count, shown_count
from ui.sample import Sample

ONE, MANY = "One", "Many"
PREVIEW_ROWS = 5
CELL_CHARS = 80
BATCH_SIZES = ("auto", "1", "2", "4", "8", "16", "32", "64", "128")
HELP = (
    "A CSV, TSV, JSONL, Parquet or XLSX table, a ZIP, or many files at once. Every row is asked "
    "with the settings of this tab, and the job goes on when you close the page."
)
SHARED = "Empty: the one above, the same for every row."
OWN = "many:"
"""Before the names of the parts that are not the panel's."""
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


SHOW = """(picked) => {
  const shown = (visible) => ({__type__: 'update', visible});
  return [...Array(%d).fill(shown(picked === '%s')), ...Array(%d).fill(shown(picked !== '%s'))];
}"""


@dataclass(frozen=True, kw_only=True)
class Many:
    """What is asked: `columns` by field name."""

    box: gr.Column
    files: gr.File
    lines: gr.Textbox
    preview: gr.Dataframe
    columns: Mapping[str, gr.Dropdown]
    said: gr.HTML


@dataclass(frozen=True, kw_only=True)
class Start:
    """How it is asked, and the button."""

    box: gr.Column
    truth: gr.Dropdown
    batch: gr.Dropdown
    attempt: gr.Button
    button: gr.Button
    said: gr.HTML


def one_or_many() -> gr.Radio:
    """The switch above the inputs."""
    return gr.Radio(
        [ONE, MANY], value=ONE, show_label=False, container=False, elem_classes="switch",
        interactive=True,
    )  # fmt: skip


def many(spec: TaskSpec) -> Many:
    """The inputs of many rows, hidden until they are wanted."""
    takes_files = any(isinstance(f.kind, TAKES_FILES) for f in mapping.inputs_of(spec))
    with gr.Column(visible=False, elem_classes="bare") as box:
        gr.Markdown(HELP, elem_classes="help")
        files = gr.File(
            file_count="multiple", label="Table, ZIP or files", height=150, interactive=True
        )
        lines = gr.Textbox(
            label="Or paste lines, one row each", lines=4, max_lines=10, visible=not takes_files,
            interactive=True,
        )  # fmt: skip
        preview = gr.Dataframe(
            visible=False, label="First rows", interactive=False, wrap=True, max_height=260,
            buttons=[], elem_classes="table",
        )  # fmt: skip
        columns = {f.name: _column(f) for f in mapping.inputs_of(spec)}
        said = gr.HTML()
    return Many(box=box, files=files, lines=lines, preview=preview, columns=columns, said=said)


def start_many() -> Start:
    """The last questions and the button, hidden until they are wanted."""
    with gr.Column(visible=False, elem_classes="bare") as box:
        with gr.Row(elem_classes="params"):
            truth = gr.Dropdown(
                [], label="Right answers in column", visible=False, interactive=True,
                info="Optional; the job then says how good the model is.",
            )  # fmt: skip
            batch = gr.Dropdown(
                list(BATCH_SIZES), value="auto", label="Batch size", interactive=True,
                min_width=120, info="auto measures it on the first rows.",
            )  # fmt: skip
        with gr.Row(elem_classes="buttons"):
            button = gr.Button("Start the job", variant="primary", scale=3, min_width=140)
            attempt = gr.Button(sample.LABEL, min_width=130)
        said = gr.HTML()
    return Start(box=box, truth=truth, batch=batch, attempt=attempt, button=button, said=said)


def _column(f: Field) -> gr.Dropdown:
    return gr.Dropdown(
        [], label=f"{f.label} from column", visible=False, interactive=True,
        info=SHARED if f.kind.shared else None,
    )  # fmt: skip


def show_many(switch: gr.Radio, one: Sequence[Block], several: Sequence[Block]) -> None:
    """The browser alone shows what belongs to the one or to the many."""
    js = SHOW % (len(one), ONE, len(several), ONE)
    switch.change(None, switch, [*one, *several], js=js, **QUIET)


def wire_many(side: Many, start: Start, view: Sample, panel: Panel, place: Place) -> None:
    """The look at a file, and the start of the job, which the Jobs tab then shows."""
    assert place.desk is not None
    assert place.chosen is not None
    assert place.tabs is not None
    looked = [side.preview, side.said, start.truth, *side.columns.values()]
    look = _on_files(side, start, panel.spec, place.settings)
    side.files.change(look, side.files, looked, **QUIET)
    own = {"files": side.files, "lines": side.lines, "truth": start.truth, "batch": start.batch}
    parts = {f"{OWN}{name}": part for name, part in {**side.columns, **own}.items()}
    asked: dict[str, Any] = {
        "inputs_kwargs": {**panel.parts, **parts}, "preprocess": False, "concurrency_limit": None,
        **QUIET,
    }  # fmt: skip
    order = _order(side, panel)
    start.attempt.click(
        sample.on_try(view, place.desk, order), outputs=[view.said, view.rows],
        trigger_mode="once", **asked,
    )  # fmt: skip
    start.button.click(
        _on_start(start, place, order), outputs=[start.said, place.chosen, place.tabs], **asked
    )


def _on_files(side: Many, start: Start, spec: TaskSpec, settings: Settings) -> Any:
    shared = {f.name for f in spec.inputs if f.kind.shared}

    def look(files: list[str] | None) -> dict[Block, Any]:
        """The first rows, and the columns that are likely meant."""
        try:
            rows, columns, count = _peek(files or [], settings)
        except PipelineError as error:
            return {side.said: say.alert(str(error)), side.preview: gr.update(visible=False)}
        guessed = mapping.guess(spec, columns)
        shown = bool(columns) and columns != (FILE,)
        rest = [c for c in columns if c not in guessed.values()]
        return {
            side.said: "",
            side.preview: gr.update(
                value=_table(rows, columns),
                visible=bool(rows),
                label=f"First rows of {shown_count(count)}",
            ),
            start.truth: gr.update(choices=["", *rest], value="", visible=shown),
            **{
                column: gr.update(
                    choices=["", *columns] if name in shared else list(columns),
                    value=guessed.get(name, "" if name in shared else None),
                    visible=shown,
                )
                for name, column in side.columns.items()
            },
        }

    return look


def _peek(files: list[str], settings: Settings) -> tuple[list[Cells], tuple[str, ...], int]:
    """First rows, columns and row count of one table; the names of files otherwise."""
    if len(files) == 1 and files[0].lower().endswith(TABLES):
        path = local_upload("input", files[0], None, settings.limits).path or Path()
        table = open_table(path)
        rows = list(islice(table.rows(), PREVIEW_ROWS))
        return rows, table.columns, row_count(table.rows())
    rows = [{FILE: Path(name).name} for name in files[:PREVIEW_ROWS]]
    return rows, (FILE,) if files else (), len(files)


def _table(rows: list[Cells], columns: tuple[str, ...]) -> dict[str, Any]:
    return {
        "headers": list(columns),
        "data": [[_short(row.get(name)) for name in columns] for row in rows],
    }


def _short(cell: Any) -> str:
    text = (
        f"({len(cell):,} bytes)" if isinstance(cell, bytes) else str("" if cell is None else cell)
    )
    return text if len(text) <= CELL_CHARS else f"{text[: CELL_CHARS - 1]}…"


def _order(side: Many, panel: Panel) -> Callable[[dict[str, Any]], Order]:
    def order(values: dict[str, Any]) -> Order:
        """What the panel and the parts for many rows say; raises InputError."""
        own = {n.removeprefix(OWN): values.pop(n) for n in list(values) if n.startswith(OWN)}
        return Order(
            task=panel.spec.id,
            files=own["files"] or (),
            lines=str(own["lines"] or ""),
            columns=_columns(side, own),
            values=_settings(panel, values),
            batch_size=_batch_size(own["batch"]),
            truth=str(own["truth"] or ""),
        )

    return order


def _on_start(start: Start, place: Place, order: Callable[[dict[str, Any]], Order]) -> Any:
    def begin(**values: Any) -> dict[Block, Any]:
        try:
            job = place.desk.start(order(values))
        except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
            return {start.said: say.alert(message_of(error))}
        return {start.said: "", place.chosen: job.id, place.tabs: gr.update(selected=JOBS_TAB)}

    return begin


def _columns(side: Many, own: Mapping[str, Any]) -> dict[str, str]:
    picked = {name: own[name] for name in side.columns if isinstance(own[name], str) and own[name]}
    return picked if own["files"] else {}


def _settings(panel: Panel, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the panel's settings say; its inputs are the rows' own, but for shared ones."""
    inputs = {f.name for f in panel.spec.inputs if not f.kind.shared}
    fields = panel.read(values)
    return {n: v for n, v in fields.items() if n not in inputs and n != "batch_size"}


def _batch_size(value: Any) -> int:
    if value == BATCH_SIZES[0]:
        return AUTO
    if value not in BATCH_SIZES:
        raise InputError("batch_size", f"must be one of: {', '.join(BATCH_SIZES)}.")
    return int(value)
