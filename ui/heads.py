"""What stands before the rows of a matrix: thumbnails of pictures, or the beginnings of texts."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten, wrap
from typing import Any

import gradio as gr
from gradio.components import Component
from PIL import Image

from pipelines.images import jpeg
from ui.panel import Values
from ui.waves import safe

COLUMNS = 5
LINE, LINES = 20, 2
"""Letters of a line, and lines, of a text before its row."""
NAMED, LISTED = 60, 300
"""Letters of a text under the pointer and over its bars, and in the table."""
MARGIN, NARROW = 64, 8
"""Pixels on the left of the heat map: room for thumbnails; texts make their own."""
Order = Sequence[int]
"""Numbers of the items, in the order in which they are shown."""


@dataclass(frozen=True, kw_only=True)
class Heads:
    """How the items of a matrix are told apart.

    kept(value, inputs) is what is needed of them later, among it their "names"; pick() makes the
    component to pick one from, listed(value, order) is what that shows, and picked(event, order)
    the number of the item that was clicked. draw(figure, value, order) puts them before the rows.
    """

    noun: str
    margin: int
    kept: Callable[[Values, Values], dict[str, Any]]
    named: Callable[[str], str]
    pick: Callable[[], Component]
    listed: Callable[[Values, Order], list[Any]]
    picked: Callable[[gr.SelectData, Order], int | None]
    draw: Callable[[Any, Values, Order], None]


def best(value: Values, n: int) -> tuple[str, float]:
    """The label that suits an item best, and its score."""
    place = int(value["scores"][n].argmax())
    return value["labels"][place], float(value["scores"][n, place])


def _small(value: Values, inputs: Values) -> dict[str, Any]:
    """Names, and small pictures as JPEG."""
    uploads = next((v for v in inputs.values() if isinstance(v, tuple)), ())
    count = len(value["pictures"])
    names = [getattr(upload, "name", "") for upload in uploads]
    return {
        "names": names if len(names) == count else [""] * count,
        "jpegs": [jpeg(picture) for picture in value["pictures"]],
    }


def _gallery() -> Component:
    return gr.Gallery(
        label="Pick a picture to see its labels", columns=COLUMNS, height="auto",
        object_fit="contain", allow_preview=False, interactive=False, buttons=[],
        elem_classes="thumbnails",
    )  # fmt: skip


def _captioned(value: Values, order: Order) -> list[tuple[Image.Image, str]]:
    """Each picture with its number and the label that suits it best."""
    found = []
    for n in order:
        with Image.open(io.BytesIO(value["jpegs"][n])) as opened:
            shown = opened.copy()
        label, score = best(value, n)
        found.append((shown, f"{n + 1}. {label} {score:.0%}"))
    return found


def _at_place(event: gr.SelectData, order: Order) -> int | None:
    known = isinstance(event.index, int) and 0 <= event.index < len(order)
    return order[event.index] if known else None


def _thumbnails(figure: Any, value: Values, order: Order) -> None:
    for row, n in enumerate(order):
        figure.add_layout_image(
            source=f"data:image/jpeg;base64,{b64encode(value['jpegs'][n]).decode()}",
            xref="paper", yref="y", x=-0.015, y=row, sizex=0.3, sizey=0.92, xanchor="right",
            yanchor="middle", sizing="contain", layer="above",
        )  # fmt: skip
    figure.update_yaxes(showticklabels=False)


def _table() -> Component:
    return gr.Dataframe(
        headers=["", "Text", "Best label"], label="Click a text to see its labels",
        interactive=False, column_widths=["14%", "54%", "32%"], wrap=True, max_height=320,
        buttons=[], elem_classes="table",
    )  # fmt: skip


def _rows(value: Values, order: Order) -> list[list[Any]]:
    """Each text with its number and the label that suits it best."""
    rows = []
    for n in order:
        label, score = best(value, n)
        text = value["names"][n]
        shown = text if len(text) <= LISTED else f"{text[:LISTED].rstrip()}…"
        rows.append([n + 1, shown, f"{label} {score:.0%}"])
    return rows


def _by_number(event: gr.SelectData, order: Order) -> int | None:
    """The table can be sorted, so the row itself says which one it is."""
    number = str((event.row_value or [None])[0])
    return next((n for n in order if str(n + 1) == number), None)


def _beginnings(figure: Any, value: Values, order: Order) -> None:
    """The number and the first words of each text, on two lines."""
    texts = [f"{n + 1}. {value['names'][n]}" for n in order]
    heads = [wrap(text[: LINE * LINES * 2], LINE, max_lines=LINES, placeholder="…")
             for text in texts]  # fmt: skip
    figure.update_yaxes(
        tickvals=list(range(len(order))), ticktext=["<br>".join(map(safe, h)) for h in heads],
        automargin=True,
    )  # fmt: skip


def _short(text: str) -> str:
    return shorten(text[: 2 * NAMED], NAMED, placeholder="…") or f"{text.strip()[:NAMED]}…"


PICTURES = Heads(
    noun="picture", margin=MARGIN, kept=_small, named=str, pick=_gallery, listed=_captioned,
    picked=_at_place, draw=_thumbnails,
)  # fmt: skip
TEXTS = Heads(
    noun="text", margin=NARROW, kept=lambda value, inputs: {"names": list(value["texts"])},
    named=_short, pick=_table, listed=_rows, picked=_by_number, draw=_beginnings,
)  # fmt: skip
