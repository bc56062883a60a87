"""Typed questions: a form of a few rows, or the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from pipelines.field import Field
from pipelines.kinds import Questions
from settings import Settings
from ui.panel import Control, Values
from ui.quiet import AT_ONCE, QUIET

FORM, JSON = "Form", "JSON"
ROWS = 8
"""Questions that the form has room for; JSON takes more."""
TYPES = {"choice": "choice", "score": "score", "yes/no": "noul"}
"""Shown type -> the library's own."""
PARTS = ("name", "type", "says", "options")
OPTIONS_HELP = (
    "One a line. Choice: an option, after a colon what it means. Score: a level, the lowest first. "
    "Yes/no: none, or what yes: and no: mean."
)
SOURCE, COUNT = "source", "count"
SHOW_ROWS = """(count) => [...Array(%d).keys()].map(
  n => ({__type__: 'update', visible: n < Math.max(1, count || 1)}))"""
SHOW_SOURCE = """(picked) => [
  {__type__: 'update', visible: picked === '%s'}, {__type__: 'update', visible: picked === '%s'}]"""
ADD = "(count) => Math.min((count || 1) + 1, %d)"
REMOVE = """(...values) => {
  const count = values.pop() || 1, rows = [], width = %d;
  for (let n = 0; n < values.length; n += width) rows.push(values.slice(n, n + width));
  rows.splice(%d, 1);
  rows.push(['', 'choice', '', '']);
  return [...rows.flat(), Math.max(1, count - 1)];
}"""


def questions(field: Field, settings: Settings) -> Control:
    """Rows of name, type, question and options; the number of rows seen is `count`."""
    assert isinstance(field.kind, Questions)
    source = gr.Radio(
        [FORM, JSON], value=FORM, label="Way of asking", container=False, elem_classes="switch",
        interactive=True,
    )  # fmt: skip
    with gr.Column(elem_classes="bare") as form:
        count = gr.Number(value=1, visible=False, precision=0)
        groups, rows, removes = zip(*(_row(n) for n in range(ROWS)), strict=True)
        add = gr.Button(
            "Add a question", size="sm", variant="secondary", elem_classes="gap", min_width=120
        )
    written = gr.Code(
        value="", language="json", label=f"{field.label} as JSON", visible=False, lines=12,
        max_lines=24, interactive=True,
    )  # fmt: skip
    parts = {
        _part(field, n, name): part for n, row in enumerate(rows) for name, part in row.items()
    }
    control = Control(
        parts={
            field.name: written,
            **parts,
            f"{field.name}:{SOURCE}": source,
            f"{field.name}:{COUNT}": count,
        },
        read=lambda values: {field.name: asked(field.name, values)},
        fill=lambda value: filled(field.name, value),
    )
    every: list[Component] = [*parts.values(), count]
    count.change(None, count, list(groups), js=SHOW_ROWS % ROWS, **QUIET)
    add.click(None, count, count, js=ADD % ROWS, **QUIET)
    for n, remove in enumerate(removes):
        remove.click(None, every, every, js=REMOVE % (len(PARTS), n), **QUIET)
    source.change(None, source, [form, written], js=SHOW_SOURCE % (FORM, JSON), **QUIET)
    _translate(field.name, source, control)
    return control


def _row(n: int) -> tuple[gr.Group, dict[str, Component], gr.Button]:
    """One question; all but the first are hidden until they are wanted."""
    with gr.Group(visible=n == 0, elem_classes="question") as group:
        with gr.Row():
            name = gr.Textbox(label=f"Name {n + 1}", max_lines=1, min_width=120, interactive=True)
            kind = gr.Dropdown(
                list(TYPES), value="choice", label="Type", min_width=120, interactive=True
            )
        says = gr.Textbox(label="Question", max_lines=3, interactive=True)
        options = gr.Textbox(
            label="Options", info=OPTIONS_HELP if n == 0 else None, lines=1, max_lines=10,
            interactive=True,
        )  # fmt: skip
        remove = gr.Button("Remove", size="sm", variant="secondary", elem_classes="remove")
    return group, dict(zip(PARTS, (name, kind, says, options), strict=True)), remove


def _translate(name: str, source: gr.Radio, control: Control) -> None:
    """What was written in one view is there in the other."""

    def translate(**values: Any) -> dict[Component, Any]:
        to_json = values.get(f"{name}:{SOURCE}") == JSON
        before = {**values, f"{name}:{SOURCE}": FORM if to_json else JSON}
        found = asked(name, before)
        if to_json:
            shown = {} if found is None else by_name(found)
            return {control.parts[name]: json.dumps(shown, indent=2, ensure_ascii=False)}
        parts = _form(name, found)
        return {} if parts is None else {control.parts[part]: v for part, v in parts.items()}

    outputs = [part for key, part in control.parts.items() if key != f"{name}:{SOURCE}"]
    source.input(
        translate, inputs_kwargs=dict(control.parts), outputs=outputs, preprocess=False,
        **AT_ONCE,
    )  # fmt: skip


def asked(name: str, values: Values) -> Any:
    """What the field is given: the JSON as it is written, or a list of the form's questions."""
    if values.get(f"{name}:{SOURCE}") == JSON:
        return values.get(name) or None
    rows = [{p: values.get(f"{name}:{n}:{p}") for p in PARTS} for n in range(ROWS)]
    found = [_question(row) for row in rows if _text(row["says"]) or _text(row["name"])]
    return found or None


def _question(row: Values) -> dict[str, Any]:
    """One row of the form as a question; its name is its place where it has none."""
    kind = TYPES.get(_text(row["type"]), "")
    says = _text(row["says"])
    lines = [line.strip() for line in _text(row["options"]).splitlines() if line.strip()]
    criteria = _criteria(kind, lines)
    question = {"name": _text(row["name"]) or _short(says), "type": kind, "instructions": says}
    return {**question, "criteria": criteria} if criteria else question


def _criteria(kind: str, lines: list[str]) -> Any:
    if kind == "score":
        return lines
    pairs = [tuple(part.strip() for part in line.partition(":")[::2]) for line in lines]
    if kind == "noul":
        words = {"yes": "true", "no": "false"}
        return {words.get(key.lower(), key): said for key, said in pairs}
    names = [key for key, _ in pairs]
    if len(set(names)) < len(names):
        return names  # a list keeps a name that comes twice, and is refused for it
    return {key: said or None for key, said in pairs}


def by_name(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The questions of the form as the library takes them."""
    return {q["name"]: {k: v for k, v in q.items() if k != "name"} for q in found}


def filled(name: str, value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Values of all parts for the questions of an example."""
    written = "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
    form = _form(name, value or {}) or {}
    return {name: written, **form, f"{name}:{SOURCE}": FORM}


def _form(name: str, value: Any) -> dict[str, Any] | None:
    """Values of the form's parts; None for what it has no room or no words for."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if value is None:
        value = {}
    if not isinstance(value, Mapping) or len(value) > ROWS:
        return None
    if not all(isinstance(q, Mapping) for q in value.values()):
        return None
    rows = [_written(key, question) for key, question in value.items()]
    rows += [dict.fromkeys(PARTS, "") | {"type": "choice"}] * (ROWS - len(rows))
    parts = {f"{name}:{n}:{part}": text for n, row in enumerate(rows) for part, text in row.items()}
    return {**parts, f"{name}:{COUNT}": max(1, len(value))}


def _written(key: str, question: Mapping[str, Any]) -> dict[str, str]:
    """A question as a row of the form."""
    shown = {library: label for label, library in TYPES.items()}
    kind, criteria = question.get("type"), question.get("criteria")
    lines = []
    if isinstance(criteria, Mapping):
        words = {"true": "yes", "false": "no"} if kind == "noul" else {}
        lines = [
            f"{words.get(option, option)}: {said}" if said else str(words.get(option, option))
            for option, said in criteria.items()
        ]
    elif isinstance(criteria, list):
        lines = [str(level) for level in criteria]
    return {
        "name": key,
        "type": shown.get(str(kind), "choice"),
        "says": str(question.get("instructions") or ""),
        "options": "\n".join(lines),
    }


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _short(says: str) -> str:
    """A name for a question that has none."""
    return says[:40].strip()


def _part(field: Field, n: int, name: str) -> str:
    return f"{field.name}:{n}:{name}"
