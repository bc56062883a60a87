"""The Models tab: what is in memory and on disk, how full both are, and how to let go of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any, TypeVar

import gradio as gr
from gradio.blocks import Block

from pipelines import shelf
from pipelines.access import guarded
from pipelines.cache import Held
from pipelines.device import Memory
from pipelines.engine.request import Engine, Status
from pipelines.errors import InputError
from pipelines.limits import GB, MB
from settings import Settings
from ui import say
from ui.messages import message_of
from ui.place import Place

TICK_SECONDS = 2.0
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NOTHING = "No model is in memory. The first run of a task loads one."
NO_DISK = "No model of the Hub is on this disk yet."
CLOSED = "(needs a token)"
CHOOSE = "Click a line of the table first."
HELD_HEAD = ["Model", "Task", "Device", "Precision", "Size", "Used", "Leaves", "Id"]
HELD_WIDTHS = ["260px", "220px", "90px", "100px", "90px", "120px", "130px", "130px"]
DISK_HEAD = ["Model", "Size", "Used"]
DISK_WIDTHS = ["420px", "110px", "140px"]
Named = TypeVar("Named", Held, shelf.OnDisk)
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def models_tab(place: Place) -> None:
    """Everything of the tab, in the current Blocks context."""
    ModelsPage(place.engine, place.settings).wire()


class ModelsPage:
    """The components of the tab. Visitors of a public app may look but not touch."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.mine = not settings.public
        self.gauges = gr.HTML()
        self.said = gr.HTML()
        self.empty = gr.HTML()
        self.held = _table("In memory", HELD_HEAD, HELD_WIDTHS)
        with gr.Row(elem_classes="buttons", visible=False) as self.buttons:
            self.unload = _button("Unload")
            self.pin = _button("Pin")
            self.unpin = _button("Unpin")
            self.clear = _button("Unload all")
        self.disk = _table("On disk, from the Hub", DISK_HEAD, DISK_WIDTHS)
        self.no_disk = gr.HTML()
        with gr.Row(elem_classes="buttons", visible=False) as self.disk_buttons:
            self.remove = _button("Delete from disk")
        self.timer = gr.Timer(TICK_SECONDS)
        self.seen, self.chosen, self.chosen_file = gr.State(""), gr.State(""), gr.State("")

    def wire(self) -> None:
        drawn = [self.gauges, self.empty, self.held, self.buttons, self.seen]
        shelf_view = [self.disk, self.no_disk, self.disk_buttons]
        self.timer.tick(self.look, self.seen, drawn, queue=False, **QUIET)
        gr.on([self.seen.change], self.look_at_disk, None, shelf_view, **QUIET)
        gr.on([self.held.select], _cell(-1), None, self.chosen, **QUIET)
        gr.on([self.disk.select], _cell(0), None, self.chosen_file, **QUIET)
        for button, act in (
            (self.unload, lambda id: self.engine.unload(_picked(id))),
            (self.pin, lambda id: self.engine.pin(_picked(id), True)),
            (self.unpin, lambda id: self.engine.pin(_picked(id), False)),
            (self.clear, lambda id: self.engine.unload("")),
        ):
            button.click(self._acts(act), self.chosen, self.said, **QUIET)
        self.remove.click(
            self._acts(lambda model: shelf.remove(_picked(model))), self.chosen_file, self.said,
            **QUIET,
        ).success(self.look_at_disk, None, shelf_view, **QUIET)  # fmt: skip

    def look(self, seen: str) -> dict[Block, Any]:
        """Draw what is in memory; nothing where nothing has changed."""
        status = self.engine.status()
        rows = [held_row(self._named(held), time.time()) for held in status.held]
        gauges = "".join(map(gauge, status.memory))
        now = f"{rows}{gauges}"
        if now == seen:
            return {}
        return {
            self.seen: now,
            self.gauges: f'<div class="gauges">{gauges}</div>',
            self.empty: "" if rows else say.hint(_empty(status)),
            self.held: gr.update(value=rows, visible=bool(rows)),
            self.buttons: gr.update(visible=bool(rows) and self.mine),
        }

    def look_at_disk(self) -> dict[Block, Any]:
        """Draw what is on the disk."""
        there = map(self._named, shelf.on_disk())
        rows = [[m.model, size(m.bytes), ago(time.time() - m.last_used)] for m in there]
        return {
            self.disk: gr.update(value=rows, visible=bool(rows)),
            self.no_disk: "" if rows else say.hint(NO_DISK),
            self.disk_buttons: gr.update(visible=bool(rows) and self.mine),
        }

    def _named(self, each: Named) -> Named:
        """The same without its name, where a stranger looks at a model that needs a token."""
        return each if self.mine or not guarded(each.model) else replace(each, model=CLOSED)

    def _acts(self, act: Callable[[str], Any]) -> Callable[[str], str]:
        def clicked(chosen: str) -> str:
            try:
                if not self.mine:
                    raise InputError("models", "are kept by the host of this app.")
                act(chosen)
            except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
                return say.alert(message_of(error))
            return ""

        return clicked


def held_row(held: Held, now: float) -> list[str]:
    """A line of the table."""
    if held.users:
        leaves = "in use"
    elif held.pinned:
        leaves = "pinned"
    else:
        leaves = f"in {left(held.expires - now)}" if held.expires else "when room is needed"
    commit = f"@{held.revision[:7]}" if held.revision != "shipped" else ""
    used = "now" if held.users else ago(now - held.last_used)
    return [
        f"{held.model}{commit}", held.task, held.device, held.dtype, size(held.bytes), used,
        leaves, held.id,
    ]  # fmt: skip


def gauge(memory: Memory) -> str:
    """How full a memory is, as HTML."""
    words = f"{escape(memory.name)}: {size(memory.used)} of {size(memory.total)} in use"
    return (
        f'<div><span>{words}</span><meter min="0" max="{memory.total}" '
        f'high="{memory.total * 0.9:.0f}" value="{memory.used}"></meter></div>'
    )


def size(count: float) -> str:
    """Bytes as a person reads them."""
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.1f} MB"


def ago(seconds: float) -> str:
    """How long ago, coarsely."""
    return "just now" if seconds < MINUTE else f"{left(seconds)} ago"


def left(seconds: float) -> str:
    """A time span in its largest unit."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= unit:
            count = round(seconds / unit)
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "a moment"


def _empty(status: Status) -> str:
    return NOTHING if status.ready else status.note


def _picked(chosen: str) -> str:
    if not isinstance(chosen, str) or not chosen:
        raise InputError("model", CHOOSE)
    return chosen


def _cell(place: int) -> Callable[..., Any]:
    """What stands in a place of the clicked line."""

    def picked(event: gr.SelectData) -> Any:
        row = event.row_value or ()
        return str(row[place]) if row else gr.skip()

    return picked


def _table(label: str, heads: list[str], widths: list[str]) -> gr.Dataframe:
    return gr.Dataframe(
        headers=heads, label=label, interactive=False, visible=False, max_height=320, buttons=[],
        column_widths=widths, elem_classes="table",
    )  # fmt: skip


def _button(label: str) -> gr.Button:
    return gr.Button(label, size="sm", min_width=90, elem_classes="gap")
