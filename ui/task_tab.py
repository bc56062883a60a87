"""The one tab builder: a row of the registry becomes a panel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import gradio as gr
from gradio.blocks import Block

from pipelines.engine.request import Engine
from pipelines.field import Field
from pipelines.kinds import Pattern
from pipelines.load_fields import AUTO, load_fields
from pipelines.spec import TaskSpec
from settings import Settings
from ui import handlers, say
from ui.cards import card_chips, wire_card
from ui.chips import complete_examples, wire_chips
from ui.components import control, display
from ui.finder import finder
from ui.many import many, one_or_many, show_many, start_many, wire_many
from ui.panel import Control, Display, Panel, Values
from ui.place import Place
from ui.quiet import AT_ONCE, QUIET
from ui.sample import sample_view
from ui.sources import show_one
from ui.tokens import token_box

BECAME = "{} is a task of transformers 4: {}"
WHERE = {"model": "Model", "revision": "Model", "processor": "Model"}
"""Load settings by the accordion they are in; the others are in Device."""


def build_panel(spec: TaskSpec, place: Place) -> Panel:
    """Create and wire everything of one task in the current Blocks context."""
    settings = place.settings
    with gr.Row(elem_classes="task"):
        with gr.Column(elem_classes="ask", min_width=280):
            gr.Markdown(spec.help, elem_classes="help")
            if spec.became:
                said = BECAME.format(spec.was or spec.id, spec.became)
                gr.HTML(say.hint(said), elem_classes="became")
            switch = one_or_many() if place.desk else None
            inputs, each = _inputs(spec, settings)
            side = many(spec, settings) if place.desk else None
            inputs |= _controls((p for p in spec.params if p.required), settings)
            with gr.Column(elem_classes="bare") as alone:
                examples = _examples(spec)
                cards = card_chips(spec, settings)
                run, stop, clear = _buttons()
            start = start_many() if side else None
            _starter(spec)
        with gr.Column(elem_classes="result", min_width=280):
            with gr.Column(elem_classes="bare") as answered:
                status = gr.HTML(say.hint(handlers.EMPTY), elem_classes="status")
                displays = {output.name: display(output) for output in spec.outputs}
                timing = gr.HTML()
                details, answer, code = _details()
            tried = sample_view() if place.desk else None
        with gr.Column(elem_classes="settings", min_width=280):
            chosen = _settings(spec, place)
    panel = Panel(
        spec=spec, controls={**inputs, **chosen}, displays=displays, run=run, stop=stop,
        clear=clear, status=status, timing=timing, details=details, answer=answer, code=code,
        examples=examples,
    )  # fmt: skip
    _wire(panel, place)
    if cards:
        wire_card(cards, panel, place)
    _link(panel)
    if switch and side and start and tried:
        show_many(switch, (*each, alone, answered), (side.box, start.box, tried.box))
        wire_many(side, start, tried, panel, place)
    return panel


def _inputs(spec: TaskSpec, settings: Settings) -> tuple[dict[str, Control], list[gr.Column]]:
    """The inputs' controls, and the columns of those that many rows bring themselves.

    What may be left out is folded.
    """
    made: dict[str, Control] = {}
    each = []
    for shared, fields in groupby(spec.inputs, lambda f: f.kind.shared):
        with gr.Column(elem_classes="bare") as column:
            for f in fields:
                if f.required:
                    made |= _controls((f,), settings)
                    continue
                with gr.Accordion(f"{f.label} (optional)", open=False):
                    gr.Markdown(f.help, elem_classes="help")
                    made |= _controls((f,), settings)
        each += [] if shared else [column]
    return made, each


def _controls(fields: Iterable[Field], settings: Settings) -> dict[str, Control]:
    return {field.name: control(field, settings) for field in fields}


def _examples(spec: TaskSpec) -> gr.Dataset | None:
    if not spec.examples:
        return None
    return gr.Dataset(
        components=[gr.Textbox(visible=False)],
        samples=[[example.label] for example in spec.examples],
        sample_labels=[example.label for example in spec.examples],
        type="index",
        label="Try",
        layout="gallery",
        elem_classes="examples",
    )


def _buttons() -> tuple[gr.Button, gr.Button, gr.Button]:
    with gr.Row(elem_classes="buttons"):
        run = gr.Button("Run", variant="primary", elem_classes="run", scale=3, min_width=120)
        stop = gr.Button("Stop", variant="stop", visible=False, elem_classes="stop", min_width=80)
        clear = gr.Button("Clear", variant="secondary", min_width=80)
    return run, stop, clear


def _starter(spec: TaskSpec) -> None:
    gr.Markdown(f"The built-in starter model knows {spec.starter.knows}.", elem_classes="knows")
    if spec.starter.vocabulary:
        with gr.Accordion("Its vocabulary", open=False, elem_classes="vocabulary"):
            gr.Markdown(" · ".join(spec.starter.vocabulary))


def _details() -> tuple[gr.Column, gr.JSON, gr.Code]:
    with gr.Column(visible=False, elem_classes="details") as details:
        with gr.Accordion("JSON", open=False):
            answer = gr.JSON(show_label=False, container=False, max_height=420)
        with gr.Accordion("Python", open=False):
            code = gr.Code(language="python", show_label=False, container=False, interactive=False)
    return details, answer, code


def _settings(spec: TaskSpec, place: Place) -> dict[str, Control]:
    """Model, Device and Parameters, the advanced ones folded."""
    engine, settings = place.engine, place.settings
    load = {title: [f for f in load_fields(spec) if WHERE.get(f.name, "Device") == title]
            for title in ("Model", "Device")}  # fmt: skip
    params = [p for p in spec.params if not p.required]
    with gr.Accordion("Model", open=False):
        made = _controls((_with_choices(f, spec, engine) for f in load["Model"]), settings)
        gr.Markdown(_notes(spec), elem_classes="notes")
        found = gr.Column(elem_classes="bare")
        if settings.models != "starter":
            token_box(place.tokens)
    with gr.Accordion("Device", open=False), gr.Row(elem_classes="params"):
        made |= _controls((_with_choices(f, spec, engine) for f in load["Device"]), settings)
    if settings.models != "starter":
        with found:
            finder(spec, engine, made)
    if params:
        with gr.Accordion("Parameters", open=True):
            with gr.Row(elem_classes="params"):
                made |= _controls((p for p in params if not p.advanced), settings)
            if any(p.advanced for p in params):
                with gr.Accordion("Advanced", open=False), gr.Row(elem_classes="params"):
                    made |= _controls((p for p in params if p.advanced), settings)
    return made


def _with_choices(field: Field, spec: TaskSpec, engine: Engine) -> Field:
    """The devices that are really there, in place of those the row can name."""
    devices = engine.status().devices
    if field.name != "device" or not devices or not isinstance(field.kind, Pattern):
        return field
    return replace(field, kind=replace(field.kind, suggestions=(AUTO, *devices)))


def _notes(spec: TaskSpec) -> str:
    return "\n".join(f"- `{model.id}` {model.note}" for model in spec.models)


def _wire(panel: Panel, place: Place) -> None:
    """One event for each click. Values come raw and by name: the row checks every one itself."""
    engine, settings, tokens = place.engine, place.settings, place.tokens
    values = dict(panel.parts)
    raw = {**QUIET, "preprocess": False, "concurrency_limit": None}
    run = handlers.on_run(panel, engine, settings, tokens)
    panel.run.click(run, inputs_kwargs=values, outputs=panel.results, **raw)
    for again in _resumable(panel.displays.values()):
        resume = handlers.on_run(panel, engine, settings, tokens, resume=True)
        again.click(resume, inputs_kwargs=values, outputs=panel.results, **raw)
    if panel.examples:
        examples = complete_examples(panel.spec)
        filled = _filled(panel, *(e.values for e in examples))
        wire_chips(panel.examples, panel, place, lambda _: examples, filled)
    panel.stop.click(handlers.on_stop(panel, engine), None, None, **AT_ONCE)
    emptied = [*panel.results, *_filled(panel, {})]
    panel.clear.click(handlers.on_clear(panel), None, emptied, **AT_ONCE)


def _filled(panel: Panel, *values: Values) -> list[Block]:
    """The controls that these values are filled into, and no other.

    A pad that is sent an update uploads its drawing again, and again (gradio 6.31).
    """
    return list(dict.fromkeys(panel.parts[name] for each in values for name in panel.fill(each)))


def _link(panel: Panel) -> None:
    """A control's switch shows one of the views of a display."""
    switches = [c.switch for c in panel.controls.values() if c.switch]
    for drawn in panel.displays.values():
        for switch in switches if drawn.views else ():
            show_one(switch, drawn.views)


def _resumable(displays: Iterable[Display]) -> list[gr.Button]:
    return [display.again for display in displays if display.again]
