"""From a click to events of the engine to updates of the panel; an error becomes a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import gradio as gr

from pipelines.engine.intake import request_from
from pipelines.engine.request import (
    Done,
    Engine,
    Event,
    Failed,
    Loading,
    Partial,
    Progress,
    Request,
    Waiting,
)
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.token import NO_TOKEN, Token
from settings import Settings
from ui import say
from ui.chat import RESUME
from ui.messages import labelled, labels_of, message_of
from ui.panel import Panel, Updates
from ui.tokens import Tokens

MIN_SECONDS_BETWEEN_DRAWS = 0.06
MODEL = "model"
EMPTY = "The result appears here. Pick an example, or bring your own and press Run."

Handler = Callable[..., Iterator[Updates]]


def on_run(
    panel: Panel, engine: Engine, settings: Settings, tokens: Tokens, resume: bool = False
) -> Handler:
    """Read the controls, run, draw; with `resume` the last answer goes on."""

    def run(session: gr.Request, **values: Any) -> Iterator[Updates]:
        values[RESUME] = resume
        owned, token = owner(session.session_hash, panel.spec), tokens.of(session.session_hash)
        yield from answer(panel, engine, settings, values, owned, token)

    return run


def on_stop(panel: Panel, engine: Engine) -> Callable[..., None]:
    def stop(session: gr.Request) -> None:
        engine.cancel(owner(session.session_hash, panel.spec))

    return stop


def on_clear(panel: Panel) -> Callable[[], Updates]:
    """Empty the inputs and the result; parameters stay as they are."""

    def clear() -> Updates:
        updates: Updates = {panel.status: say.hint(EMPTY), panel.timing: say.NOTHING}
        updates |= {panel.details: gr.update(visible=False)}
        for display in panel.displays.values():
            updates |= {display.box: gr.update(visible=False), **display.clear()}
        return updates | {panel.parts[n]: v for n, v in panel.fill({}).items()}

    return clear


def on_leave(specs: tuple[TaskSpec, ...], engine: Engine, tokens: Tokens) -> Callable[..., None]:
    """A closed tab stops everything that its session runs, and its token is forgotten."""

    def leave(session: gr.Request) -> None:
        tokens.keep(session.session_hash, NO_TOKEN)
        for spec in specs:
            engine.cancel(owner(session.session_hash, spec))

    return leave


def owner(session: str | None, spec: TaskSpec) -> str:
    """Who may cancel a run: a browser session and a task."""
    return f"{session}/{spec.id}"


def answer(
    panel: Panel,
    engine: Engine,
    settings: Settings,
    values: dict[str, Any],
    owned: str,
    token: Token = NO_TOKEN,
) -> Iterator[Updates]:
    """Updates from the click to the end; never raises, whatever the values hold."""
    try:
        request = request_from(panel.spec, panel.read(values), settings.limits, owned, token)
        yield started(panel)
        with closing(engine.run(request)) as events:
            for event in paced(events):
                yield DRAW[type(event)](panel, event, request) | _sent(panel, event, values)
    except Exception as error:  # noqa: BLE001  message_of logs what is not for the user
        yield failed(panel, message_of(error, labels_of(panel.spec)))


def paced(events: Iterator[Event]) -> Iterator[Event]:
    """Drop partial results and progress that come faster than a page can draw."""
    last = 0.0
    for event in events:
        now = time.monotonic()
        if isinstance(event, Partial | Progress) and now - last < MIN_SECONDS_BETWEEN_DRAWS:
            continue
        last = now
        yield event


def started(panel: Panel) -> Updates:
    hidden = {d.box: gr.update(visible=False) for d in panel.displays.values() if not d.stays}
    again = {d.again: gr.update(visible=False) for d in panel.displays.values() if d.again}
    return {
        panel.run: gr.update(interactive=False),
        panel.clear: gr.update(interactive=False),
        panel.stop: gr.update(visible=True),
        panel.status: say.waiting(Waiting("Starting")),
        panel.timing: say.NOTHING,
        panel.details: gr.update(visible=False),
        **hidden,
        **again,
    }


def idle(panel: Panel) -> Updates:
    return {
        panel.run: gr.update(interactive=True),
        panel.clear: gr.update(interactive=True),
        panel.stop: gr.update(visible=False),
    }


def failed(panel: Panel, message: str) -> Updates:
    """One sentence instead of a result; an old result is not left beside it."""
    hidden = {d.box: gr.update(visible=False) for d in panel.displays.values() if not d.stays}
    return {
        **idle(panel),
        panel.status: say.alert(message),
        panel.timing: say.NOTHING,
        panel.details: gr.update(visible=False),
        **hidden,
    }


def drawn(panel: Panel, outputs: Any, request: Request) -> Updates:
    updates: Updates = {}
    for name, value in outputs.items():
        display = panel.displays[name]
        updates |= {display.box: gr.update(visible=True), **display.draw(value, request.inputs)}
    return updates


def finished(panel: Panel, event: Done, request: Request) -> Updates:
    again = {d.again: gr.update(visible=True) for d in panel.displays.values() if d.again}
    return drawn(panel, event.outputs, request) | {
        **again,
        **idle(panel),
        panel.status: say.ready(),
        panel.timing: say.timing(event.meta, event.notes),
        panel.details: gr.update(visible=True),
        panel.answer: say.shortened(to_json(event.answer)),
        panel.code: event.code,
    }


def _sent(panel: Panel, event: Event, values: Mapping[str, Any]) -> Updates:
    """What the controls do once an answer is there."""
    if not isinstance(event, Partial | Done):
        return {}
    sent: dict[str, Any] = {}
    for control in panel.controls.values():
        sent.update(control.sent(values) if control.sent else {})
    return {panel.parts[name]: value for name, value in sent.items()}


def _refused(panel: Panel, event: Failed, request: Request) -> Updates:
    return failed(panel, labelled(event.field, event.message, labels_of(panel.spec)))


DRAW: dict[type[Event], Callable[[Panel, Any, Request], Updates]] = {
    Waiting: lambda panel, event, request: {panel.status: say.waiting(event)},
    Loading: lambda panel, event, request: {panel.status: say.waiting(event)},
    Progress: lambda panel, event, request: {panel.status: say.progress(event)},
    Partial: lambda panel, event, request: {
        panel.status: say.waiting(Waiting("Answering")),
        **drawn(panel, event.outputs, request),
    },
    Done: finished,
    Failed: _refused,
}
