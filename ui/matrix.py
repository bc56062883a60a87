"""Pictures or texts, and labels: a heat map with a row for each, one's bars, files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import gradio as gr
import numpy as np

from pipelines.spec import Output
from ui.displays import ranked
from ui.downloads import Download, downloads, to_csv
from ui.heads import PICTURES, TEXTS, Heads
from ui.language import choices, told
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE, LATEST
from ui.theme import ACCENT
from ui.vectors import plain
from ui.waves import safe, short

GIVEN = "as given"
"""The order of the rows until a label is chosen."""
ROW, REST = 46, 90
"""Heights in pixels of a row and of what is above and below all of them."""
WRITTEN = 7
"""Up to this many labels the cells say their numbers."""
LEVEL = 3
"""Names of more labels than this are written aslant."""
DIGITS = 6
"""Of a score in a file."""
PICKED = "Labels of {} {}"


def matrix(output: Output) -> Display:
    """Of pictures: thumbnails before the rows, and a gallery to pick one from."""
    return _display(output, PICTURES)


def texts(output: Output) -> Display:
    """Of texts: their first words before the rows, and a table to pick one from."""
    return _display(output, TEXTS)


def _display(output: Output, heads: Heads) -> Display:
    """The heat map, what to pick an item from, the bars of the picked one, and files."""
    noun = heads.noun
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        heat = gr.Plot(label=output.label, elem_classes="plot")
        order = gr.Dropdown(
            [GIVEN], value=GIVEN, label=f"Order of the {noun}s", interactive=True,
            info="By a label: those that it suits best come first; nothing runs again.",
        )  # fmt: skip
        every = heads.pick()
        bars = gr.Label(label=PICKED.format(noun, 1), elem_classes="scores")
        files = gr.HTML()

    def sort(value: Values | None, by: Any) -> Updates:
        if not value or by not in (GIVEN, *value["labels"]):
            return {}
        return _drawn(value, by)

    def pick(value: Values | None, by: Any, event: gr.SelectData) -> Any:
        n = heads.picked(event, ordered(value, by)) if value else None
        return gr.skip() if value is None or n is None else _bars(value, n, heads)

    def _drawn(value: Values, by: str) -> Updates:
        places = ordered(value, by)
        return {
            heat: heat_map(value, places, heads),
            every: heads.listed(value, places),
            bars: _bars(value, places[0], heads),
        }

    order.input(sort, [kept, order], [heat, every, bars], **LATEST)
    every.select(pick, [kept, order], bars, **AT_ONCE)  # type: ignore[attr-defined]

    def show(value: Values, inputs: Values) -> Updates:
        small = {
            **heads.kept(value, inputs),
            "labels": list(value["labels"]),
            "scores": np.asarray(value["scores"], np.float32),
        }
        return {
            kept: small,
            order: gr.update(choices=_orders(small["labels"]), value=GIVEN),
            files: _files(small, noun),
            **_drawn(small, GIVEN),
        }

    return Display(
        box=box,
        components=(kept, order, heat, every, bars, files),
        draw=show,
        clear=lambda: {
            kept: None, order: gr.update(choices=_orders(()), value=GIVEN), heat: None, every: None,
            bars: None, files: "",
        },
    )  # fmt: skip


def _orders(labels: Iterable[str]) -> list[tuple[str, str]]:
    return [*choices([GIVEN]), *((label, label) for label in labels)]


def ordered(value: Values, by: Any) -> list[int]:
    """Numbers of the items as given, or those first that a label suits best."""
    if by not in value["labels"]:
        return list(range(len(value["names"])))
    column = value["scores"][:, value["labels"].index(by)]
    return [int(n) for n in np.argsort(-column, kind="stable")]


def _bars(value: Values, n: int, heads: Heads) -> Any:
    pairs = zip(value["labels"], value["scores"][n].tolist(), strict=True)
    found = sorted(pairs, key=lambda pair: -pair[1])
    shown = ranked([{"label": label, "score": score} for label, score in found])
    return gr.update(value=shown, label=told(PICKED.format(heads.noun, _named(value, n, heads))))


def _named(value: Values, n: int, heads: Heads) -> str:
    name = heads.named(value["names"][n])
    return f"{n + 1}. {name}" if name else str(n + 1)


def heat_map(value: Values, places: Sequence[int], heads: Heads) -> Any:
    """A row for each item in this order, its head on the left; labels on top."""
    from plotly import graph_objects

    scores, labels = value["scores"][list(places)], value["labels"]
    names = [[safe(_named(value, n, heads))] * len(labels) for n in places]
    full = [[safe(label) for label in labels]] * len(places)
    figure = graph_objects.Figure(
        graph_objects.Heatmap(
            z=scores.round(4), customdata=np.dstack([names, full]), xgap=2, ygap=4,
            zmin=min(0.0, float(scores.min())), zmax=max(1.0, float(scores.max())),
            colorscale=[[0, ACCENT.c50], [0.5, ACCENT.c200], [1, ACCENT.c600]], showscale=False,
            texttemplate="%{z:.0%}" if len(labels) <= WRITTEN else None,
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}: %{z:.1%}<extra></extra>",
        )
    )  # fmt: skip
    heads.draw(figure, value, places)
    ticks = list(range(len(labels)))
    figure.update_xaxes(
        side="top", tickvals=ticks, ticktext=[short(label) for label in labels], automargin=True,
        showgrid=False, zeroline=False, tickangle=-35 if len(labels) > LEVEL else None,
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False)
    plain(figure, height=REST + ROW * len(places))
    return figure.update_layout(
        margin={"l": heads.margin, "r": 48 if len(labels) > LEVEL else 8, "t": 40, "b": 8}
    )


def _files(value: Values, noun: str) -> str:
    """A row for each item, as CSV and as JSON."""
    rows = value["scores"].astype(np.float64).round(DIGITS).tolist()
    pairs = list(zip(value["names"], rows, strict=True))
    table = to_csv((noun, *value["labels"]), ((name, *row) for name, row in pairs))
    whole = [
        {noun: name, "scores": dict(zip(value["labels"], row, strict=True))} for name, row in pairs
    ]
    return downloads(
        "labels", Download("csv", table), Download("json", json.dumps(whole, ensure_ascii=False))
    )
