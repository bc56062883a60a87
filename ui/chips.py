"""Example chips: a click fills the example in, and runs it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.blocks import Block

from pipelines.load_fields import AUTO
from pipelines.spec import Example, TaskSpec
from ui import handlers
from ui.handlers import Handler
from ui.panel import Panel, Updates
from ui.place import Place
from ui.quiet import AT_ONCE, QUIET

EXAMPLE = "example"
"""Name of the part that says which example was clicked."""
UNKNOWN = "This example does not exist; pick one of those shown."

Found = Callable[[Mapping[str, Any]], tuple[Example, ...]]
"""The examples that are offered for the values of a panel."""


def wire_chips(
    chips: gr.Dataset, panel: Panel, place: Place, found: Found, filled: list[Block]
) -> None:
    """Two listeners to a click: one fills in, the other runs, and neither waits for the other.

    One that did both would lose the picture: where its updates come in one packet, the page applies
    the second, which leaves the controls alone, as a change to the first (gradio 6.31).
    """
    values = {**panel.parts, EXAMPLE: chips}
    chips.click(
        on_fill(panel, found), inputs_kwargs=values, outputs=filled,
        preprocess=False, **AT_ONCE,
    )  # fmt: skip
    chips.click(
        on_example(panel, place, found), inputs_kwargs=values, outputs=panel.results,
        preprocess=False, concurrency_limit=None, **QUIET,
    )  # fmt: skip


def complete_examples(spec: TaskSpec) -> tuple[Example, ...]:
    """The row's examples; what any of them sets is its default in those that do not.

    Else an example that was clicked before would change the answer of the next.
    """
    named = {name for example in spec.examples for name in example.values}
    usual = {p.name: p.default for p in spec.params if p.name in named and not p.required}
    return tuple(replace(e, values={**usual, **e.values}) for e in spec.examples)


def on_fill(panel: Panel, found: Found) -> Callable[..., Updates]:
    """Show the values of the clicked example in their controls."""

    def fill(**values: Any) -> Updates:
        example = _clicked(values, found)
        shown = panel.fill(example.values) if example else {}
        return {panel.parts[name]: value for name, value in shown.items()}

    return fill


def on_example(panel: Panel, place: Place, found: Found) -> Handler:
    """Run the clicked example."""

    def run_example(session: gr.Request, **values: Any) -> Iterator[Updates]:
        example = _clicked(values, found)
        if example is None:
            yield handlers.failed(panel, UNKNOWN)
            return
        values = {**values, **panel.fill(example.values)}
        values.pop(EXAMPLE)
        if values.get(handlers.MODEL) == AUTO and place.settings.models != "hub":
            values[handlers.MODEL] = panel.spec.starter_id  # its world: no download, and right
        owned = handlers.owner(session.session_hash, panel.spec)
        token = place.tokens.of(session.session_hash)
        yield from handlers.answer(panel, place.engine, place.settings, values, owned, token)

    return run_example


def _clicked(values: Mapping[str, Any], found: Found) -> Example | None:
    clicked, examples = values.get(EXAMPLE), found(values)
    known = isinstance(clicked, int) and 0 <= clicked < len(examples)
    return examples[clicked] if known else None
