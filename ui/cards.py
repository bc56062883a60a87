"""Chips of the examples on the card of the model that was chosen; they run like the row's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.blocks import Block

from pipelines.cards import card_examples
from pipelines.load_fields import AUTO
from pipelines.loading import STARTER
from pipelines.spec import Example, TaskSpec
from settings import Settings
from ui.chips import wire_chips
from ui.handlers import MODEL
from ui.panel import Panel
from ui.place import Place
from ui.quiet import LATEST

REVISION = "revision"
LABEL = "From the model's card"


def card_chips(spec: TaskSpec, settings: Settings) -> gr.Dataset | None:
    """The chips, hidden until there are some; none where only starters answer."""
    if settings.models == "starter":
        return None
    return gr.Dataset(
        components=[gr.Textbox(visible=False)], samples=[], type="index", label=LABEL,
        layout="gallery", elem_classes="examples", visible=False,
    )  # fmt: skip


def wire_card(chips: gr.Dataset, panel: Panel, place: Place) -> None:
    """Look at the card when the model changes, and run what is clicked."""

    def found(values: Mapping[str, Any]) -> tuple[Example, ...]:
        return _of(panel.spec, values.get(MODEL), values.get(REVISION), place.settings)

    def look(model: Any, revision: Any) -> Any:
        examples = _of(panel.spec, model, revision, place.settings)
        labels = [example.label for example in examples]
        return gr.Dataset(
            samples=[[label] for label in labels], sample_labels=labels, visible=bool(labels)
        )

    model, revision = panel.parts[MODEL], panel.parts[REVISION]
    gr.on([model.change, revision.change], look, [model, revision], chips, **LATEST)
    wire_chips(chips, panel, place, found, _fillable(panel))


def _of(spec: TaskSpec, model: Any, revision: Any, settings: Settings) -> tuple[Example, ...]:
    """Nothing for starters and for what is no model id."""
    fields = {field.name: field for field in spec.fields}
    at = revision if isinstance(revision, str) else ""
    if not isinstance(model, str) or model in ("", AUTO) or model.startswith(STARTER):
        return ()
    for name, value in ((MODEL, model), (REVISION, at)):
        if value and not fields[name].kind.regex.fullmatch(value):  # type: ignore[attr-defined]
            return ()
    return card_examples(spec, model, at, settings.limits)


def _fillable(panel: Panel) -> list[Block]:
    """What an example may fill; no pad, which an update makes send its drawing."""
    parts = [part for name in panel.required for part in panel.controls[name].parts.values()]
    held = [part for display in panel.displays.values() for part in display.held.values()]
    filled = [part for part in (*parts, *held) if not isinstance(part, gr.ImageEditor)]
    return list(dict.fromkeys(filled))
