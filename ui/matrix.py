"""Pictures and labels: a heat map with a thumbnail for each row, one picture's bars, files."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from pipelines.spec import Output
from ui.displays import ranked
from ui.downloads import Download, downloads, to_csv
from ui.likeness import jpeg
from ui.panel import Display, Updates, Values
from ui.theme import ACCENT
from ui.vectors import plain
from ui.waves import safe, short

GIVEN = "as given"
"""The order of the pictures until a label is chosen."""
COLUMNS = 5
ROW, REST, MARGIN = 46, 90, 64
"""Heights in pixels of a row and of what is above and below all of them; room for thumbnails."""
WRITTEN = 7
"""Up to this many labels the cells say their numbers."""
LEVEL = 3
"""Names of more labels than this are written aslant."""
DIGITS = 6
"""Of a score in a file."""
PICKED = "Labels of picture {}"


def matrix(output: Output) -> Display:
    """The heat map, a gallery to pick a picture from, the bars of the picked one, and files."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        heat = gr.Plot(label=output.label, elem_classes="plot")
        order = gr.Dropdown(
            [GIVEN], value=GIVEN, label="Order of the pictures", interactive=True,
            info="By a label: those that it suits best come first; nothing runs again.",
        )  # fmt: skip
        every = gr.Gallery(
            label="Pick a picture to see its labels", columns=COLUMNS, height="auto",
            object_fit="contain", allow_preview=False, interactive=False, buttons=[],
            elem_classes="thumbnails",
        )  # fmt: skip
        bars = gr.Label(label=PICKED.format(1), elem_classes="scores")
        files = gr.HTML()

    def sort(value: Values | None, by: Any) -> Updates:
        if not value or by not in (GIVEN, *value["labels"]):
            return {}
        return _drawn(value, by)

    def pick(value: Values | None, by: Any, event: gr.SelectData) -> Any:
        places = ordered(value, by) if value else []
        if not value or not isinstance(event.index, int) or event.index >= len(places):
            return gr.skip()
        return _bars(value, places[event.index])

    def _drawn(value: Values, by: str) -> Updates:
        places = ordered(value, by)
        return {
            heat: heat_map(value, places),
            every: [_captioned(value, n) for n in places],
            bars: _bars(value, places[0]),
        }

    quiet: dict[str, Any] = {
        "queue": False, "show_progress": "hidden", "api_visibility": "private",
    }  # fmt: skip
    order.input(sort, [kept, order], [heat, every, bars], trigger_mode="always_last", **quiet)
    every.select(pick, [kept, order], bars, **quiet)

    def show(value: Values, inputs: Values) -> Updates:
        small = _kept(value, inputs)
        return {
            kept: small,
            order: gr.update(choices=[GIVEN, *small["labels"]], value=GIVEN),
            files: _files(small),
            **_drawn(small, GIVEN),
        }

    return Display(
        box=box,
        components=(kept, order, heat, every, bars, files),
        draw=show,
        clear=lambda: {
            kept: None, order: gr.update(choices=[GIVEN], value=GIVEN), heat: None, every: None,
            bars: None, files: "",
        },
    )  # fmt: skip


def _kept(value: Values, inputs: Values) -> dict[str, Any]:
    """What the controls act on: names, small pictures as JPEG, labels and scores."""
    uploads = next((v for v in inputs.values() if isinstance(v, tuple)), ())
    count = len(value["pictures"])
    names = [getattr(upload, "name", "") for upload in uploads]
    return {
        "names": names if len(names) == count else [""] * count,
        "jpegs": [jpeg(picture) for picture in value["pictures"]],
        "labels": list(value["labels"]),
        "scores": np.asarray(value["scores"], np.float32),
    }


def ordered(value: Values, by: Any) -> list[int]:
    """Numbers of the pictures as given, or those first that a label suits best."""
    if by not in value["labels"]:
        return list(range(len(value["names"])))
    column = value["scores"][:, value["labels"].index(by)]
    return [int(n) for n in np.argsort(-column, kind="stable")]


def _bars(value: Values, picture: int) -> Any:
    pairs = zip(value["labels"], value["scores"][picture].tolist(), strict=True)
    found = sorted(pairs, key=lambda pair: -pair[1])
    shown = ranked([{"label": label, "score": score} for label, score in found])
    return gr.update(value=shown, label=PICKED.format(_named(value, picture)))


def _captioned(value: Values, picture: int) -> tuple[Image.Image, str]:
    """A picture with its number and the label that suits it best."""
    with Image.open(io.BytesIO(value["jpegs"][picture])) as opened:
        shown = opened.copy()
    best = int(value["scores"][picture].argmax())
    said = f"{value['labels'][best]} {value['scores'][picture, best]:.0%}"
    return shown, f"{picture + 1}. {said}"


def _named(value: Values, picture: int) -> str:
    return f"{picture + 1}. {value['names'][picture]}".rstrip(". ")


def heat_map(value: Values, places: Sequence[int]) -> Any:
    """A row for each picture in this order, its thumbnail on the left; labels on top."""
    from plotly import graph_objects

    scores, labels = value["scores"][list(places)], value["labels"]
    names = [[safe(_named(value, n))] * len(labels) for n in places]
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
    for row, n in enumerate(places):
        figure.add_layout_image(
            source=f"data:image/jpeg;base64,{b64encode(value['jpegs'][n]).decode()}",
            xref="paper", yref="y", x=-0.015, y=row, sizex=0.3, sizey=0.92, xanchor="right",
            yanchor="middle", sizing="contain", layer="above",
        )  # fmt: skip
    ticks = list(range(len(labels)))
    figure.update_xaxes(
        side="top", tickvals=ticks, ticktext=[short(label) for label in labels], automargin=True,
        showgrid=False, zeroline=False, tickangle=-35 if len(labels) > LEVEL else None,
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showticklabels=False, showgrid=False, zeroline=False)
    plain(figure, height=REST + ROW * len(places))
    return figure.update_layout(
        margin={"l": MARGIN, "r": 48 if len(labels) > LEVEL else 8, "t": 40, "b": 8}
    )


def _files(value: Values) -> str:
    """A row for each picture, as CSV and as JSON."""
    rows = value["scores"].astype(np.float64).round(DIGITS).tolist()
    pairs = list(zip(value["names"], rows, strict=True))
    table = to_csv(("picture", *value["labels"]), ((name, *row) for name, row in pairs))
    whole = [
        {"picture": name, "scores": dict(zip(value["labels"], row, strict=True))}
        for name, row in pairs
    ]
    return downloads(
        "labels", Download("csv", table), Download("json", json.dumps(whole, ensure_ascii=False))
    )
