"""The page: tabs by modality, in each a tab for every task, built when it is opened."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr

from pipelines.engine.request import Engine, Status
from pipelines.jobs.desk import Desk
from pipelines.load_fields import AUTO
from pipelines.spec import TaskSpec
from pipelines.tasks import MODALITIES, ROWS
from settings import EXAMPLES, Settings
from ui import doors, handlers, say
from ui.api import add_endpoints
from ui.jobs import jobs_tab
from ui.jobs_api import add_job_endpoints
from ui.language import told
from ui.models import models_tab
from ui.panel import Panel
from ui.place import JOBS_TAB, MODELS_TAB, Place
from ui.quiet import QUIET
from ui.spoken import SpokenBlocks
from ui.task_tab import build_panel
from ui.theme import build_theme
from ui.unserved import unserved

HERE = Path(__file__).parent
TITLE = "Pipeline Playground"
LINE = "Every transformers pipeline in your browser: pick a task, try an example, bring your own."
SCRIPTS = ("keys", "focus", "aloud", "links", "statuses")
SESSIONS = 500
"""Browser sessions whose state is kept; each costs some tens of kilobytes."""
WARM_UP_SECONDS = 90.0
LOOK_SECONDS = 0.5
DEVICE = "device"
OWN_MEDIA_ONLY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"img-src 'self' data: blob:; media-src 'self' data: blob:\">"
)
"""A picture that a model's answer links to is not fetched from another host."""


def build_app(engine: Engine, settings: Settings, desk: Desk | None = None) -> gr.Blocks:
    """The whole page; never launched here. Without a desk there are no jobs over many rows."""
    with unserved():
        return _page(engine, settings, desk).queue(**doors.queue_options(settings))


def _page(engine: Engine, settings: Settings, desk: Desk | None) -> gr.Blocks:
    with SpokenBlocks(title=TITLE, analytics_enabled=False, fill_width=True) as demo:
        with gr.Row(elem_classes="header"):
            gr.Markdown(f"# {TITLE}\n{LINE}", min_width=300)
            with gr.Column(min_width=240, elem_classes="beside"):
                models = gr.HTML()
                gr.Button("Español", link="?lang=es", size="sm", elem_classes="other")
        chosen = gr.State("")
        with gr.Tabs(elem_classes="modalities", overflow_behavior="wrap") as tabs:
            place = Place(engine, settings, desk, chosen, tabs)
            panels = []
            for modality in MODALITIES:
                rows = tuple(row for row in ROWS if row.modality == modality)
                if rows:
                    panels += _modality(modality, rows, place)
            if desk is not None:
                _jobs(place, demo)
            _models(place)
        boxes = [panel.parts[DEVICE] for panel in panels]
        watch = _watch(engine, settings, len(boxes))
        demo.load(watch, None, [models, *boxes], concurrency_limit=None, **QUIET)
        demo.unload(handlers.on_leave(ROWS, engine, place.tokens))
        add_endpoints(engine, settings)
        if desk is not None:
            add_job_endpoints(desk)
    return demo


def launch_options(settings: Settings) -> dict[str, Any]:
    """Everything that `launch` needs: the address, the looks, the keys and the doors."""
    return {
        "server_name": settings.server_name,
        "server_port": settings.server_port,
        "root_path": settings.root_path,
        "share": settings.share,
        "auth": tuple(settings.auth.split(":", 1)) if settings.auth else None,
        "inbrowser": settings.inbrowser,
        "theme": build_theme(),
        "css_paths": HERE / "page.css",
        "head": OWN_MEDIA_ONLY,
        "js": "() => {{ {} }}".format(" ".join(f"({script(name)})();" for name in SCRIPTS)),
        "footer_links": ["api", "settings"],
        "allowed_paths": [str(EXAMPLES)],
        "state_session_capacity": SESSIONS,
        "run_history": False,
        "ssr_mode": False,
        **doors.launch_options(settings),
    }


def script(name: str) -> str:
    """A function in JavaScript that runs once the page is there."""
    return (HERE / f"{name}.js").read_text("utf-8").strip()


def _jobs(place: Place, demo: gr.Blocks) -> None:
    """The tab of the jobs, built when it is opened; a link to a job opens it."""
    with gr.Tab("Jobs", id=JOBS_TAB) as tab:
        opened = gr.State(False)
        gr.on([tab.select], lambda: True, None, opened, concurrency_limit=None, **QUIET)
        gr.render(triggers=[opened.change], show_progress="hidden")(lambda: jobs_tab(place))
    demo.load(_linked, None, [place.chosen, place.tabs], concurrency_limit=None, **QUIET)


def _models(place: Place) -> None:
    """The tab of the models, built when it is opened."""
    with gr.Tab("Models", id=MODELS_TAB) as tab:
        opened = gr.State(False)
        gr.on([tab.select], lambda: True, None, opened, concurrency_limit=None, **QUIET)
        gr.render(triggers=[opened.change], show_progress="hidden")(lambda: models_tab(place))


def _linked(request: gr.Request) -> Any:
    """`?job=ID` shows that job."""
    id = request.query_params.get("job", "") if request.request else ""
    return (id, gr.update(selected=JOBS_TAB)) if id else (gr.skip(), gr.skip())


def _modality(modality: str, rows: tuple[TaskSpec, ...], place: Place) -> list[Panel]:
    """A tab for each row; the panels that are part of the page."""
    panels = []
    with gr.Tab(modality, id=modality) as outer, gr.Tabs(overflow_behavior="wrap"):
        for row in rows:
            with gr.Tab(row.title, id=row.id) as tab:
                openers = [tab.select, *([outer.select] if row is rows[0] else [])]
                if row is ROWS[0]:
                    panels.append(build_panel(row, place))
                else:
                    _built_when_opened(row, openers, place)
    return panels


def _built_when_opened(row: TaskSpec, openers: list[Any], place: Place) -> None:
    """Rendered once for each visitor: opening a tab again keeps what was typed."""
    opened = gr.State(False)
    # Through the queue: Gradio fires a state's change for queued events only (6.31).
    gr.on(openers, lambda: True, None, opened, concurrency_limit=None, **QUIET)
    gr.render(triggers=[opened.change], show_progress="hidden")(lambda: build_panel(row, place))


def _watch(engine: Engine, settings: Settings, boxes: int) -> Any:
    async def watch() -> AsyncIterator[list[Any]]:
        """Wake the engine, say which models answer, and look again until it is ready.

        Panels that were built before it was know its devices then.
        """
        await asyncio.to_thread(engine.start)
        until = time.monotonic() + WARM_UP_SECONDS
        said = ""
        while True:
            status = engine.status()
            line = say.status(which_models(status, settings), status.ready)
            if line != said:
                found = gr.update(choices=[AUTO, *status.devices]) if status.devices else gr.skip()
                yield [line, *[found] * boxes]
            said = line
            if status.ready or time.monotonic() > until:
                return
            await asyncio.sleep(LOOK_SECONDS)

    return watch


def which_models(status: Status, settings: Settings) -> str:
    """One line on who answers when the model is `auto`."""
    if settings.models == "starter" or (settings.models == "auto" and status.hub is False):
        line = "Starter models answer: built in, no network needed."
    elif settings.models == "hub" or status.hub:
        line = "Hub models answer; the first run of a model downloads it."
    else:
        line = "Looking for the Hugging Face Hub."
    note = told((status.note or "Warming up").rstrip("."))
    return told(line) if status.ready else f"{note}. {told(line)}"
