"""What a panel is made of: controls that are read, displays that are drawn, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from pipelines.spec import TaskSpec

Values = Mapping[str, Any]
Updates = dict[Block, Any]
"""Component -> its new value, or gr.update(...) with new properties."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """The components of one field, by part name; a plain field has one part of its own name.

    read(raw values of all parts) gives values of fields; fill(value) gives values of parts.
    """

    parts: Mapping[str, Component]
    read: Callable[[Values], Values]
    fill: Callable[[Any], Values]
    sent: Callable[[Values], Values] | None = None
    """Values of parts once the answer begins (a message box empties)."""
    switch: Component | None = None
    """Says which of a display's `views` is seen."""


@dataclass(frozen=True, kw_only=True)
class Display:
    """How one output is drawn: draw(value, checked inputs) gives the updates.

    `box` hides it until there is something to see; one that `stays` outlives the next run.
    `held` components are also read on the next run (a conversation), `again` runs on from there,
    and of several `views` a control's switch shows one.
    """

    box: gr.Column
    components: tuple[Component, ...]
    draw: Callable[[Any, Values], Updates]
    clear: Callable[[], Updates]
    held: Mapping[str, Component] = field(default_factory=dict)
    views: Mapping[str, Component] = field(default_factory=dict)
    stays: bool = False
    again: gr.Button | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One task's tab. `details` holds what is shown below the result of a finished run."""

    spec: TaskSpec
    controls: Mapping[str, Control]
    displays: Mapping[str, Display]
    run: gr.Button
    stop: gr.Button
    clear: gr.Button
    status: gr.HTML
    timing: gr.HTML
    details: gr.Column
    answer: gr.JSON
    code: gr.Code
    examples: gr.Dataset | None = None

    @property
    def parts(self) -> dict[str, Component]:
        """Everything that a run reads, by part name."""
        parts: dict[str, Component] = {}
        for display in self.displays.values():
            parts.update(display.held)
        for control in self.controls.values():
            parts.update(control.parts)
        return parts

    @property
    def results(self) -> list[Block]:
        """What every run may change; few, for Gradio rebuilds each on every update (6.31)."""
        drawn = [c for d in self.displays.values() for c in (d.box, *d.components)]
        sent = [c for x in self.controls.values() if x.sent for c in x.parts.values()]
        own = (self.run, self.stop, self.clear, self.status, self.timing)
        more = (self.details, self.answer, self.code)
        return list(dict.fromkeys([*own, *more, *drawn, *sent]))

    def fill(self, values: Values) -> dict[str, Any]:
        """Values of parts for the values of an example; inputs that it does not name are emptied.

        Without values everything is emptied.
        """
        parts: dict[str, Any] = {}
        for name in dict.fromkeys([*self.required, *values]):
            parts.update(self.controls[name].fill(values.get(name)))
        return parts

    @property
    def required(self) -> tuple[str, ...]:
        """The fields without which nothing runs: the inputs, and the params marked so."""
        needed = [p for p in self.spec.params if p.required]
        return tuple(f.name for f in (*self.spec.inputs, *needed))

    def read(self, values: Values) -> dict[str, Any]:
        """Values of parts -> values of fields; inputs come last, so they may set a parameter."""
        fields: dict[str, Any] = {}
        for control in reversed(self.controls.values()):
            fields.update(control.read(values))
        return fields
