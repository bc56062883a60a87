"""The finder: search the Hub for a model of the task, and see whether it would fit."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from pipelines.device import Memory
from pipelines.engine import fit
from pipelines.engine.request import Engine, Status
from pipelines.load_fields import AUTO
from pipelines.loading import STARTER
from pipelines.search import Found, find_models
from pipelines.spec import TaskSpec
from pipelines.weights import DTYPE_BITS
from ui.language import told
from ui.panel import Control
from ui.quiet import AT_ONCE, LATEST

ORDERS = {"Downloads": "downloads", "Likes": "likes", "Trend": "trending_score"}
HEAD = ["Model", "Size", "", "License", "Downloads", "Likes"]
WIDTHS = ["190px", "70px", "80px", "110px", "110px", "80px"]
MARKS = {"gated": "gated", "on_disk": "on disk"}
OFFLINE = "Nothing found. The Hub may be out of reach; any model id can be typed above."
SHORT = {"cpu": "RAM"}
"""Device -> the memory that it uses, where that has another name."""


def finder(spec: TaskSpec, engine: Engine, controls: dict[str, Control]) -> None:
    """A search box, its results, and the verdict on the chosen model; in the current context."""
    model, dtype, device = (controls[name].parts[name] for name in ("model", "dtype", "device"))
    revision = controls["revision"].parts["revision"]
    with gr.Row(elem_classes="params"):
        words = gr.Textbox(
            label="Search the Hub", placeholder="name, size, language …", min_width=200,
            interactive=True,
        )  # fmt: skip
        order = gr.Radio(
            list(ORDERS), value="Downloads", label="Sorted by", interactive=True, min_width=200
        )
    table = gr.Dataframe(
        headers=HEAD, interactive=False, visible=False, max_height=280, buttons=[],
        column_widths=WIDTHS, label="Click a line to choose it", elem_classes="table",
    )  # fmt: skip
    said = gr.HTML()
    search = _search(spec)
    words.input(search, [words, order], [table, said], **LATEST)
    order.change(search, [words, order], [table, said], **LATEST)
    table.select(_first_cell, None, model, **AT_ONCE)
    judge = _judge(spec, engine)
    gr.on(
        [model.change, dtype.change, device.change, revision.change],
        judge, [model, revision, dtype, device], said, **LATEST,
    )  # fmt: skip


def _search(spec: TaskSpec) -> Callable[..., Any]:
    def search(words: Any, order: Any) -> tuple[Any, str]:
        if not isinstance(words, str) or order not in ORDERS:
            return gr.skip(), ""
        found = find_models(spec.id, words, ORDERS[order])  # type: ignore[arg-type]
        note = "" if found else f'<div class="note">{told(OFFLINE)}</div>'
        return gr.update(value=[row(each) for each in found], visible=bool(found)), note

    return search


def row(found: Found) -> list[str]:
    """A line of the results."""
    marks = [told(said) for name, said in MARKS.items() if getattr(found, name)]
    size = fit.counted(found.parameters) if found.parameters else ""
    return [
        found.id, size, ", ".join(marks), found.license,
        fit.counted(found.downloads), fit.counted(found.likes),
    ]  # fmt: skip


def _first_cell(event: gr.SelectData) -> Any:
    cells = event.row_value or ()
    return str(cells[0]) if cells else gr.skip()


def _judge(spec: TaskSpec, engine: Engine) -> Callable[..., str]:
    def judge(model: Any, revision: Any, dtype: Any, device: Any) -> str:
        """One line on a model of the Hub; nothing on a starter, or where nothing is known."""
        own = isinstance(model, str) and model not in ("", AUTO) and not model.startswith(STARTER)
        need = fit.needs(model, revision if isinstance(revision, str) else "") if own else None
        if need is None:
            return ""
        status = engine.status()
        known = dtype if dtype in DTYPE_BITS else "float32"
        found = fit.verdict(need, known, memory_of(status, device), status.held, fit.disk_free())
        kind = "note" if found.fits else "alert"
        return f'<div class="{kind}">{escape(told(found.words))}</div>'

    return judge


def memory_of(status: Status, device: Any) -> Memory | None:
    """The memory that a device uses, where the engine has said it."""
    first = status.devices[0] if status.devices else "cpu"
    name = device if isinstance(device, str) and device in status.devices else first
    wanted = SHORT.get(name, name)
    return next((memory for memory in status.memory if memory.name == wanted), None)
