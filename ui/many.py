"""Many: a table, a ZIP, files or pasted lines, answered with the settings of the panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block

from pipelines.errors import InputError
from pipelines.jobs.job import AUTO
from pipelines.jobs.mask_measure import FIELD as TRUTH
from pipelines.jobs.order import Order
from pipelines.spec import TaskSpec
from settings import Settings
from ui import sample, say
from ui.messages import message_of
from ui.origins import LABELS, Origins, asked_for, job_labels, origins, wire_look
from ui.panel import Panel
from ui.place import JOBS_TAB, Place
from ui.quiet import QUIET
from ui.sample import Sample, TakeOrder
from ui.tokens import Tokens

ONE, MANY = "One", "Many"
BATCH_SIZES = ("auto", "1", "2", "4", "8", "16", "32", "64", "128")
OWN = "many:"
"""Before the names of the parts that are not the panel's."""


SHOW = """(picked) => {
  const shown = (visible) => ({__type__: 'update', visible});
  return [...Array(%d).fill(shown(picked === '%s')), ...Array(%d).fill(shown(picked !== '%s'))];
}"""


@dataclass(frozen=True, kw_only=True)
class Many:
    """The inputs, and the box that hides them."""

    box: gr.Column
    asked: Origins


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
        [ONE, MANY], value=ONE, label="How many", container=False, elem_classes="switch",
        interactive=True,
    )  # fmt: skip


def many(spec: TaskSpec, settings: Settings) -> Many:
    """Where the rows come from, hidden until they are wanted."""
    with gr.Column(visible=False, elem_classes="bare") as box:
        asked = origins(spec, settings)
    return Many(box=box, asked=asked)


def start_many() -> Start:
    """The last questions and the button, hidden until they are wanted."""
    with gr.Column(visible=False, elem_classes="bare") as box:
        with gr.Row(elem_classes="params"):
            truth = gr.Dropdown(
                [], label=LABELS[TRUTH], visible=False, interactive=True,
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


def show_many(switch: gr.Radio, one: Sequence[Block], several: Sequence[Block]) -> None:
    """The browser alone shows what belongs to the one or to the many."""
    js = SHOW % (len(one), ONE, len(several), ONE)
    switch.change(None, switch, [*one, *several], js=js, **QUIET)


def wire_many(side: Many, start: Start, view: Sample, panel: Panel, place: Place) -> None:
    """The look at a file, and the start of the job, which the Jobs tab then shows."""
    assert place.desk is not None
    assert place.chosen is not None
    assert place.tabs is not None
    wire_look(side.asked, start.truth, panel.spec, place)
    own = {**side.asked.columns, **side.asked.parts, "truth": start.truth, "batch": start.batch}
    parts = {f"{OWN}{name}": part for name, part in own.items()}
    asked: dict[str, Any] = {
        "inputs_kwargs": {**panel.parts, **parts}, "preprocess": False, "concurrency_limit": None,
        **QUIET,
    }  # fmt: skip
    order = _order(side.asked, panel, place.tokens)
    labels = job_labels(panel.spec.id)
    start.attempt.click(
        sample.on_try(view, place.desk, order, labels), outputs=[view.said, view.rows],
        trigger_mode="once", **asked,
    )  # fmt: skip
    start.attempt.click(None, None, start.said, js="() => ''", **QUIET)
    start.button.click(
        _on_start(start, place, order, labels),
        outputs=[start.said, place.chosen, place.tabs],
        **asked,
    )


def _order(side: Origins, panel: Panel, tokens: Tokens) -> TakeOrder:
    def order(values: dict[str, Any], session: gr.Request) -> Order:
        """What the panel and the parts for many rows say; raises InputError."""
        own = {n.removeprefix(OWN): values.pop(n) for n in list(values) if n.startswith(OWN)}
        return Order(
            task=panel.spec.id,
            **asked_for(own),
            columns=(columns := _columns(side, own)),
            guess=not columns,
            values=_settings(panel, values),
            batch_size=_batch_size(own["batch"]),
            truth=str(own["truth"] or ""),
            token=tokens.of(session.session_hash),
        )

    return order


def _on_start(start: Start, place: Place, order: TakeOrder, labels: Mapping[str, str]) -> Any:
    def begin(session: gr.Request, **values: Any) -> dict[Block, Any]:
        try:
            job = place.desk.start(order(values, session))
        except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
            return {start.said: say.alert(message_of(error, labels))}
        return {start.said: "", place.chosen: job.id, place.tabs: gr.update(selected=JOBS_TAB)}

    return begin


def _columns(side: Origins, own: Mapping[str, Any]) -> dict[str, str]:
    picked = {name: own[name] for name in side.columns if isinstance(own[name], str) and own[name]}
    tabular = own["files"] or own.get("place") or own.get("dataset_id")
    return picked if tabular else {}


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
