"""The Models tab: what is in memory and on disk, how full both are, and how to let go of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import escape
from typing import Any, TypeVar

import gradio as gr
from gradio.blocks import Block

from pipelines import shelf
from pipelines.access import guarded
from pipelines.device import Memory
from pipelines.engine.request import (
    Engine,
    Event,
    Failed,
    InMemory,
    Loading,
    Request,
    Status,
    Waiting,
)
from pipelines.errors import EngineError, InputError
from pipelines.held import Held
from pipelines.room import size
from settings import Settings
from ui import say
from ui.language import told
from ui.messages import message_of
from ui.place import Place
from ui.quiet import AT_ONCE, QUIET

TICK_SECONDS = 2.0
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NOTHING = "No model is in memory. The first run of a task loads one."
NO_DISK = "No model of the Hub is on this disk yet."
CLOSED = "(needs a token)"
CHOOSE = "Click a line of the table first."
IN_USE = "{model} is in use; wait until its run has ended, or stop it."
GONE = "That model is not in memory any more; choose another line."
HELD_HEAD = ["Model", "Task", "Device", "Precision", "Size", "Used", "Unloads", "Id"]
HELD_WIDTHS = ["250px", "220px", "80px", "90px", "100px", "140px", "130px", "130px"]
IN_MEMORY = "In memory: click a line, then a button below"
DISK_HEAD = ["Model", "Size", "Used"]
DISK_WIDTHS = ["420px", "110px", "140px"]
Named = TypeVar("Named", Held, shelf.OnDisk)


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
        with gr.Column(visible=False) as self.held_part:
            self.held = _table(IN_MEMORY if self.mine else "In memory", HELD_HEAD, HELD_WIDTHS)
        with gr.Row(elem_classes="buttons", visible=False) as self.buttons:
            self.unload = _button("Unload")
            self.pin = _button("Pin")
            self.unpin = _button("Unpin")
            self.reload = _button("Reload")
            self.clear = _button("Unload all")
        with gr.Column(visible=False) as self.disk_part:
            self.disk = _table("On disk, from the Hub", DISK_HEAD, DISK_WIDTHS)
        self.no_disk = gr.HTML()
        with gr.Row(elem_classes="buttons", visible=False) as self.disk_buttons:
            self.remove = _button("Delete from disk")
        self.timer = gr.Timer(TICK_SECONDS)
        self.seen, self.listed = gr.State(""), gr.State("nothing yet")
        self.chosen, self.chosen_file = gr.State(""), gr.State("")

    def wire(self) -> None:
        shelf_view = [self.disk, self.disk_part, self.no_disk, self.disk_buttons]
        drawn = [self.gauges, self.empty, self.held, self.held_part, self.buttons]
        known = [self.seen, self.listed]
        self.timer.tick(self.look, known, [*drawn, *known, *shelf_view], **AT_ONCE)
        gr.on([self.held.select], _picks(-1, 0, 1), None, [self.chosen, self.said], **QUIET)
        gr.on([self.disk.select], _picks(0, 0), None, [self.chosen_file, self.said], **QUIET)
        for button, act in (
            (self.unload, lambda id: self.engine.unload(self._idle(id).id)),
            (self.pin, lambda id: self.engine.pin(self._held(id).id, True)),
            (self.unpin, lambda id: self.engine.pin(self._held(id).id, False)),
            (self.clear, lambda id: self.engine.unload("")),
        ):
            button.click(self._acts(act), self.chosen, self.said, **QUIET)
        self.reload.click(self._loads_again, self.chosen, self.said, **QUIET)
        self.remove.click(
            self._acts(lambda model: shelf.remove(_picked(model))), self.chosen_file, self.said,
            **QUIET,
        ).success(self.look_at_disk, None, shelf_view, **QUIET)  # fmt: skip

    def look(self, seen: str, listed: str) -> dict[Block, Any]:
        """Draw what is in memory, and where other models are there, what is on the disk."""
        status = self.engine.status()
        rows = held_rows(map(self._named, status.held), time.time())
        gauges = "".join(map(gauge, status.memory))
        now, models = f"{rows}{gauges}", f"{sorted(held.model for held in status.held)}"
        if now == seen:
            return {}
        return {
            self.seen: now,
            self.listed: models,
            self.gauges: f'<div class="gauges">{gauges}</div>',
            self.empty: "" if rows else say.hint(_empty(status)),
            self.held: rows,
            self.held_part: gr.update(visible=bool(rows)),
            self.buttons: gr.update(visible=bool(rows) and self.mine),
            **({} if models == listed else self.look_at_disk()),
        }

    def look_at_disk(self) -> dict[Block, Any]:
        """Draw what is on the disk."""
        there = map(self._named, shelf.on_disk())
        rows = [[m.model, size(m.bytes), ago(time.time() - m.last_used)] for m in there]
        return {
            self.disk: rows,
            self.disk_part: gr.update(visible=bool(rows)),
            self.no_disk: "" if rows else say.hint(NO_DISK),
            self.disk_buttons: gr.update(visible=bool(rows) and self.mine),
        }

    def _named(self, each: Named) -> Named:
        """The same without its name, where a stranger looks at a model that needs a token."""
        return each if self.mine or not guarded(each.model) else replace(each, model=told(CLOSED))

    def _acts(self, act: Callable[[str], Any]) -> Callable[[str], str]:
        def clicked(chosen: str) -> str:
            try:
                self._allow()
                act(chosen)
            except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
                return say.alert(message_of(error))
            return ""

        return clicked

    def _loads_again(self, chosen: str) -> Iterator[str]:
        """Drop a model and every task's pipeline on it, then load them again."""
        try:
            self._allow()
            first = self._idle(chosen)
            all_on_it = [h for h in self.engine.status().held if h.weights == first.weights]
            for held in all_on_it if first.weights else [first]:
                self._idle(held.id)
                self.engine.unload(held.id)
            for held in all_on_it if first.weights else [first]:
                yield from map(say_loading, self._load(held))
        except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
            yield say.alert(message_of(error))

    def _load(self, held: Held) -> Iterator[Event]:
        """The events of loading; a pin is put back at its end."""
        request = Request(task=held.task, inputs={}, params={}, load=held.load, only_load=True)
        yield from self.engine.run(request)
        if held.pinned:
            self.engine.pin(held.id, True)

    def _allow(self) -> None:
        if not self.mine:
            raise InputError("models", "are kept by the host of this app.")

    def _held(self, chosen: str) -> Held:
        """The pipeline of the chosen line; raises where there is none any more."""
        id = _picked(chosen)
        held = next((held for held in self.engine.status().held if held.id == id), None)
        if held is None:
            raise EngineError(GONE)
        return held

    def _idle(self, chosen: str) -> Held:
        """The same, refused while it is in use."""
        held = self._held(chosen)
        if held.users:
            raise EngineError(IN_USE.format(model=held.model))
        return held


def say_loading(event: Event) -> str:
    """What a run that only loads says, as HTML."""
    if isinstance(event, Waiting | Loading):
        return say.waiting(event)
    if isinstance(event, InMemory):
        return f'<div class="note">{told(f"Loaded in {event.seconds:.1f} s.")}</div>'
    return say.alert(event.message) if isinstance(event, Failed) else ""


def held_rows(told: Iterable[Held], now: float) -> list[list[str]]:
    """The lines of the table by name; models that several tasks share say so."""
    held = sorted(told, key=lambda each: (each.model, each.task))
    tasks = Counter(each.weights for each in held if each.weights)
    return [held_row(each, now, tasks[each.weights] > 1) for each in held]


def held_row(held: Held, now: float, shared: bool = False) -> list[str]:
    """A line of the table."""
    if held.users:
        leaves = told("in use")
    elif held.pinned:
        leaves = told("pinned")
    else:
        leaves = told(f"in {left(held.expires - now)}" if held.expires else "when room is needed")
    commit = f"@{held.revision[:7]}" if held.revision != "shipped" else ""
    used = told("now") if held.users else ago(now - held.last_used)
    mapped = held.load.device_map
    device = held.device if mapped == "none" else told(f"{held.device}, map {mapped}")
    taken = told(f"{size(held.bytes)}, shared") if shared else size(held.bytes)
    return [
        f"{held.model}{commit}", held.task, device, held.dtype, taken, used, leaves, held.id,
    ]  # fmt: skip


def gauge(memory: Memory) -> str:
    """How full a memory is, as HTML."""
    words = f"{memory.name}: "
    words += told(f"{size(memory.used)} of {size(memory.total)} in use")
    if memory.budget:
        words += f"; {told(f'models have {size(memory.models)} of {size(memory.budget)}')}"
    return (
        f'<div><span>{escape(words)}</span><meter aria-label="{escape(memory.name)}" min="0" '
        f'max="{memory.total}" '
        f'high="{memory.total * 0.9:.0f}" value="{memory.used}"></meter></div>'
    )


def ago(seconds: float) -> str:
    """How long ago, coarsely."""
    return told("just now" if seconds < MINUTE else f"{left(seconds)} ago")


def left(seconds: float) -> str:
    """A time span in its largest unit."""
    for unit, name, names in (
        (DAY, "day", "days"), (HOUR, "hour", "hours"), (MINUTE, "minute", "minutes"),
    ):  # fmt: skip
        if seconds >= unit:
            count = round(seconds / unit)
            return f"{count} {told(names if count > 1 else name)}"
    return told("a moment")


def _empty(status: Status) -> str:
    return NOTHING if status.ready else status.note


def _picked(chosen: str) -> str:
    if not isinstance(chosen, str) or not chosen:
        raise InputError("model", CHOOSE)
    return chosen


def _picks(place: int, *said: int) -> Callable[..., Any]:
    """What stands in a place of the clicked line, and a note that says so: lines may move."""

    def picked(event: gr.SelectData) -> Any:
        row = [str(cell) for cell in event.row_value or ()]
        if not row:
            return gr.skip(), gr.skip()
        words = " · ".join(row[n] for n in said)
        return row[place], f'<div class="note">{told("Chosen:")} {escape(words)}</div>'

    return picked


def _table(label: str, heads: list[str], widths: list[str]) -> gr.Dataframe:
    return gr.Dataframe(
        headers=heads, label=label, interactive=False, max_height=320, buttons=[],
        column_widths=widths, elem_classes="table",
    )  # fmt: skip


def _button(label: str) -> gr.Button:
    return gr.Button(label, size="sm", min_width=90, elem_classes="gap")
