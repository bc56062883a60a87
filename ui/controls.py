"""One control for each field kind: its components, and how their values become the field's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from pipelines.field import Field
from pipelines.kinds import (
    MASKS,
    Choice,
    Integer,
    Labels,
    Lines,
    MaskedText,
    Number,
    Pattern,
    Strings,
    Text,
)
from settings import Settings
from ui.panel import Control, Values
from ui.quiet import QUIET

INSERT = """(text) => {
  const box = [...document.querySelectorAll('.masked textarea')].find((e) => e.offsetParent);
  const at = box ? box.selectionEnd : (text || '').length;
  const before = (text || '').slice(0, at), after = (text || '').slice(at);
  const lead = before && !/\\s$/.test(before) ? ' ' : '';
  return before + lead + 'MASK' + (/^\\w/.test(after) ? ' ' : '') + after;
}""".replace("MASK", MASKS[0])
RADIO_OPTIONS = 2
"""More options than this go into a dropdown."""
MANY = 1_000_000
"""Whole numbers that reach beyond this are typed, never dragged."""
NARROW = 200
MODELS_OWN, ON, OFF = "the model's own", "on", "off"
FLAGS = {MODELS_OWN: None, ON: True, OFF: False}


def text(field: Field, settings: Settings) -> Control:
    assert isinstance(field.kind, Text)
    box = gr.Textbox(
        lines=field.kind.lines,
        max_lines=max(12, field.kind.lines),
        placeholder=field.kind.placeholder,
        **_labels(field),
    )
    return single(field, box)


def texts(field: Field, settings: Settings) -> Control:
    """A text box, and a switch by which each of its lines is a text; one line counts as one."""
    box = text(field, settings).parts[field.name]
    switch = gr.Checkbox(
        value=False, label="Each line is a text of its own", container=False, interactive=True,
        elem_classes="lined",
    )  # fmt: skip
    lined = f"{field.name}:lined"

    def read(values: Values) -> Values:
        given = values.get(field.name)
        if values.get(lined) is not True or not isinstance(given, str):
            return {field.name: given}
        found = [line.strip() for line in given.split("\n") if line.strip()]
        return {field.name: found if len(found) > 1 else given.strip()}

    def fill(value: Any) -> Values:
        several = isinstance(value, list | tuple)
        return {field.name: _joined(value) if several else value, lined: several}

    return Control(parts={field.name: box, lined: switch}, read=read, fill=fill)


def masked(field: Field, settings: Settings) -> Control:
    """A text box, and a button that writes a gap where the cursor was."""
    assert isinstance(field.kind, MaskedText)
    box = gr.Textbox(
        lines=field.kind.lines,
        max_lines=12,
        placeholder=field.kind.placeholder,
        elem_classes="masked",
        **_labels(field),
    )
    gap = gr.Button("Insert a gap", size="sm", variant="secondary", elem_classes="gap")
    gap.click(None, box, box, js=INSERT, **QUIET)
    return single(field, box)


def lines(field: Field, settings: Settings) -> Control:
    """A box with a text on each line."""
    assert isinstance(field.kind, Lines)
    box = gr.Textbox(
        lines=field.kind.lines,
        max_lines=16,
        placeholder=field.kind.placeholder,
        **_labels(field),
    )
    return single(
        field, box, fill=lambda value: value if isinstance(value, str) else _joined(value)
    )


def _joined(texts: Sequence[str] | None) -> str | None:
    return None if texts is None else "\n".join(texts)


def template(field: Field, settings: Settings) -> Control:
    return single(field, gr.Textbox(value=field.default, max_lines=2, **_labels(field)))


def labels(field: Field, settings: Settings) -> Control:
    """Chips: type a label and press Enter."""
    assert isinstance(field.kind, Labels | Strings)
    chips = gr.Dropdown(
        choices=[],
        value=list(field.default or ()),
        multiselect=True,
        allow_custom_value=True,
        **_labels(field),
    )
    return single(field, chips, read=lambda value: value or None)


def number(field: Field, settings: Settings) -> Control:
    """A slider where there is a default, else a box that may stay empty.

    The key keeps an empty box empty: without one, a render drops None and the box says 0
    (gradio 6.31).
    """
    assert isinstance(field.kind, Number | Integer)
    low, high = field.kind.low, field.kind.high
    step = 1 if isinstance(field.kind, Integer) else field.kind.step
    options: dict[str, Any] = {"minimum": low, "maximum": high, "step": step, "min_width": NARROW}
    options |= _labels(field)
    if field.default is not None and high < MANY:
        return single(field, gr.Slider(value=field.default, **options))
    box = gr.Number(value=field.default, placeholder=field.kind.empty, key=field.name, **options)
    return single(field, box)


def flag(field: Field, settings: Settings) -> Control:
    """A checkbox; a choice of three where the model may decide."""
    if field.default is not None:
        return single(field, gr.Checkbox(value=field.default, min_width=NARROW, **_labels(field)))
    box = gr.Dropdown(list(FLAGS), value=MODELS_OWN, min_width=NARROW, **_labels(field))
    names = {value: label for label, value in FLAGS.items()}
    return single(
        field,
        box,
        read=lambda raw: FLAGS.get(raw, raw) if isinstance(raw, str) else raw,
        fill=lambda value: names.get(value, MODELS_OWN),
    )


def choice(field: Field, settings: Settings) -> Control:
    assert isinstance(field.kind, Choice)
    names = [label for label, _ in field.kind.options]
    make = gr.Radio if len(names) <= RADIO_OPTIONS else gr.Dropdown
    shown = field.kind.label_of(field.default)
    return single(
        field,
        make(names, value=shown, min_width=NARROW, **_labels(field)),
        fill=field.kind.label_of,
    )


def pattern(field: Field, settings: Settings) -> Control:
    """A box with suggestions where there are some; anything else may be typed."""
    assert isinstance(field.kind, Pattern)
    if not field.kind.suggestions:
        return single(field, gr.Textbox(value=field.default, min_width=NARROW, **_labels(field)))
    box = gr.Dropdown(
        choices=list(field.kind.suggestions),
        value=field.default,
        allow_custom_value=True,
        min_width=NARROW,
        **_labels(field),
    )
    return single(field, box, read=lambda raw: None if raw == [] else raw)


def single(
    field: Field,
    component: Component,
    read: Callable[[Any], Any] = lambda raw: raw,
    fill: Callable[[Any], Any] = lambda value: value,
) -> Control:
    """One component for the field."""
    return Control(
        parts={field.name: component},
        read=lambda values: {field.name: read(values.get(field.name))},
        fill=lambda value: {field.name: fill(value)},
    )


def _labels(field: Field) -> dict[str, Any]:
    """Label with its unit, the one-line help and the way to the docs."""
    unit = getattr(field.kind, "unit", "")
    unit = "" if unit in field.label else unit
    more = f" [Docs]({field.docs})" if field.docs else ""
    return {
        "label": f"{field.label} ({unit})" if unit else field.label,
        "info": f"{field.help}{more}" if field.help else None,
        "interactive": True,
    }
