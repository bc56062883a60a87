"""Where many rows come from: files, pasted lines, a folder; a look at them, and their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from pipelines.engine.request import Progress
from pipelines.field import Field
from pipelines.jobs import mapping
from pipelines.jobs.archives import FILE
from pipelines.jobs.dataset import FIELD as DATASET
from pipelines.jobs.folders import PLACE
from pipelines.jobs.mask_measure import FIELD as TRUTH
from pipelines.jobs.order import Order
from pipelines.jobs.plain import FIELD
from pipelines.jobs.preview import Preview, preview
from pipelines.kinds import TAKES_FILES
from pipelines.spec import TaskSpec
from pipelines.tasks import task
from settings import Settings
from ui import say
from ui.hub_parts import HubParts, hub_parts, read_parts
from ui.language import told
from ui.messages import labels_of, message_of
from ui.place import Place
from ui.quiet import QUIET

CELL_CHARS = 80
HELP = (
    "A CSV, TSV, JSONL, Parquet or XLSX table, a ZIP, or many files at once. Every row is asked "
    "with the settings of this tab, and the job goes on when you close the page."
)
PLACE_HELP = (
    "A folder whose files are the rows, or a table that names files beside it. It is read where it "
    "lies; links are not followed."
)
LABELS = {
    FIELD: "Table, ZIP or files", PLACE: "Folder or table", DATASET: "Data set",
    TRUTH: "Right answers in column", "job": "Job",
}  # fmt: skip
"""Of what is refused by a name of its own."""
LOOKING = Progress(0, 0, "Asking the Hub for the first rows")
SHARED = "Empty: the one above, the same for every row."


@dataclass(frozen=True, kw_only=True)
class Origins:
    """What is asked: `columns` by field name. `place` is there where a folder may be named,
    `dataset` where the Hub is used."""

    files: gr.File
    lines: gr.Textbox
    place: gr.Textbox | None
    dataset: HubParts | None
    preview: gr.Dataframe
    columns: Mapping[str, gr.Dropdown]
    said: gr.HTML

    @property
    def parts(self) -> dict[str, Component]:
        """What is read, by name; the columns are apart."""
        named = {"files": self.files, "lines": self.lines, "place": self.place}
        parts = {name: part for name, part in named.items() if part is not None}
        return {**parts, **(self.dataset.parts if self.dataset else {})}


def origins(spec: TaskSpec, settings: Settings) -> Origins:
    """The components, in the current context."""
    takes_files = any(isinstance(f.kind, TAKES_FILES) for f in mapping.inputs_of(spec))
    gr.Markdown(HELP, elem_classes="help")
    files = gr.File(file_count="multiple", label=LABELS[FIELD], height=150, interactive=True)
    lines = gr.Textbox(
        label="Or paste lines, one row each", lines=4, max_lines=10, visible=not takes_files,
        interactive=True,
    )  # fmt: skip
    place = _place() if settings.limits.server_folders else None
    dataset = hub_parts() if settings.models != "starter" else None
    shown = gr.Dataframe(
        visible=False, label="First rows", interactive=False, wrap=True, max_height=260,
        buttons=[], elem_classes="table",
    )  # fmt: skip
    columns = {f.name: _column(f) for f in mapping.inputs_of(spec)}
    said = gr.HTML()
    return Origins(
        files=files, lines=lines, place=place, dataset=dataset, preview=shown, columns=columns,
        said=said,
    )  # fmt: skip


def _place() -> gr.Textbox:
    with gr.Accordion("Or a folder of this machine", open=False):
        return gr.Textbox(
            label=LABELS[PLACE], placeholder="/home/me/pictures", info=PLACE_HELP,
            interactive=True,
        )  # fmt: skip


def _column(f: Field) -> gr.Dropdown:
    return gr.Dropdown(
        [], label=f"{f.label} from column", visible=False, interactive=True,
        info=SHARED if f.kind.shared else None,
    )  # fmt: skip


def wire_look(side: Origins, truth: gr.Dropdown, spec: TaskSpec, place: Place) -> None:
    """Whatever is given is looked at: the first rows, and the columns that are likely meant."""
    looked = [side.preview, side.said, truth, *side.columns.values()]
    looked += side.dataset.choices if side.dataset else []
    asked: dict[str, Any] = {
        "fn": _look(side, truth, spec, place), "inputs_kwargs": side.parts, "outputs": looked,
        "preprocess": False, **QUIET,
    }  # fmt: skip
    side.files.change(**asked)
    if side.place:
        gr.on([side.place.submit, side.place.blur], **asked)
    if side.dataset:
        gr.on([side.dataset.look.click, side.dataset.id.submit], **asked)


def job_labels(task_id: str) -> dict[str, str]:
    """The labels of all that a job over many rows may refuse, by the names that it says."""
    return {**labels_of(task(task_id)), **LABELS}


def asked_for(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the parts as fields of an order."""
    listed = values.get("files")
    return {
        "files": listed if isinstance(listed, list) else [listed] if listed else (),
        "lines": str(values.get("lines") or ""),
        "place": str(values.get("place") or ""),
        "dataset": read_parts(values),
    }


def _look(side: Origins, truth: gr.Dropdown, spec: TaskSpec, place: Place) -> Any:
    def look(session: gr.Request, **values: Any) -> Iterator[dict[Block, Any]]:
        token = place.tokens.of(session.session_hash)
        order = Order(task=spec.id, **asked_for(values), token=token)
        if order.dataset:
            yield {side.said: say.progress(LOOKING)}
        try:
            seen = preview(order, place.settings.limits)
        except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
            yield {
                side.said: say.alert(message_of(error, LABELS)),
                side.preview: gr.update(visible=False),
            }
            return
        yield _drawn(side, truth, spec, seen)

    return look


def _drawn(side: Origins, truth: gr.Dropdown, spec: TaskSpec, seen: Preview) -> dict[Block, Any]:
    shared = {f.name for f in spec.inputs if f.kind.shared}
    guessed = mapping.guess(spec, seen.columns)
    shown = bool(seen.columns) and seen.columns != (FILE,)
    rest = [c for c in seen.columns if c not in guessed.values()]
    return {
        side.said: "",
        side.preview: gr.update(
            value=_table(seen), visible=bool(seen.rows),
            label=told(f"First rows of {seen.shown_count}" if seen.count else "First rows"),
        ),
        **(side.dataset.told(seen.about) if side.dataset and seen.about else {}),
        truth: gr.update(choices=["", *rest], value="", visible=shown),
        **{
            column: gr.update(
                choices=["", *seen.columns] if name in shared else list(seen.columns),
                value=guessed.get(name, "" if name in shared else None), visible=shown,
            )
            for name, column in side.columns.items()
        },
    }  # fmt: skip


def _table(seen: Preview) -> dict[str, Any]:
    data = [[_short(row.get(name)) for name in seen.columns] for row in seen.rows]
    return {"headers": list(seen.columns), "data": data}


def _short(cell: Any) -> str:
    text = (
        f"({len(cell):,} bytes)" if isinstance(cell, bytes) else str("" if cell is None else cell)
    )
    return text if len(text) <= CELL_CHARS else f"{text[: CELL_CHARS - 1]}…"
