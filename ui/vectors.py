"""Vectors: a heat map of how alike texts are, a map of them, and each one's nearest."""

from __future__ import annotations

import io
import json
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from pipelines.spec import Output
from ui import say
from ui.downloads import Download, downloads
from ui.panel import Display, Updates, Values
from ui.theme import ACCENT
from ui.waves import safe

SHOWN_CHARS = 20
NAMED = 30
"""Up to this many texts stand on the axes by their words, more of them by number."""
WRITTEN = 12
"""Up to this many cells each way the heat map writes its numbers."""
MAPPED = 3
"""Two points are always on one line: a map begins here."""
DIGITS = 7
"""Of a number in the JSON file: what float32 holds."""
SMALLEST = 1e-12
ONE_TEXT = "Write a second text on a line of its own to compare them."
Floats = NDArray[np.float64]


def similarity(output: Output) -> Display:
    """Nearest texts in words, the heat map, the map, and the vectors to take away."""
    with gr.Column(visible=False, elem_classes="display") as box:
        alone = gr.HTML(say.hint(ONE_TEXT), visible=False)
        table = gr.Dataframe(
            headers=["Text", "Nearest", "Cosine"],
            label="Nearest of the others",
            interactive=False,
            column_widths=["38%", "38%", "24%"],
            wrap=True,
            max_height=320,
            buttons=[],
            elem_classes="table",
        )
        heat = gr.Plot(label=output.label, elem_classes="plot")
        places = gr.Plot(label="Map: near is alike (PCA)", elem_classes="plot")
        files = gr.HTML()

    def draw(value: Values) -> Updates:
        texts, vectors = value["texts"], np.asarray(value["vectors"], dtype=np.float64)
        alike, several = cosines(vectors), len(texts) > 1
        return {
            alone: gr.update(visible=not several),
            table: gr.update(value=nearest(texts, alike), visible=several),
            heat: gr.update(value=heat_map(texts, alike) if several else None, visible=several),
            places: gr.update(
                value=_map(texts, vectors) if len(texts) >= MAPPED else None,
                visible=len(texts) >= MAPPED,
            ),
            files: vector_files("texts", texts, vectors),
        }

    return Display(
        box=box,
        components=(alone, table, heat, places, files),
        draw=lambda value, inputs: draw(value),
        clear=lambda: {
            alone: gr.update(visible=False),
            table: None,
            heat: None,
            places: None,
            files: "",
        },
    )


def cosines(vectors: Floats) -> Floats:
    """(n, n) cosines of the rows of (n, width); a vector of zeros is like nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, SMALLEST)
    alike: Floats = np.clip(unit @ unit.T, -1.0, 1.0)
    return alike


def nearest(texts: list[str], alike: Floats) -> list[list[str]]:
    """Text, the most alike of the others, and their cosine, for each text; numbered."""
    others = alike - 4 * np.eye(len(texts))
    pairs = zip(texts, others.argmax(axis=1).tolist(), strict=True)
    return [
        [f"{n + 1}. {text}", f"{b + 1}. {texts[b]}", f"{others[n, b]:.2f}"]
        for n, (text, b) in enumerate(pairs)
    ]


def flat(vectors: Floats) -> Floats:
    """(n, 2) places of the rows of (n, width) on their two main axes (PCA), from -1 to 1."""
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    width = min(2, len(s))
    places[:, :width] = u[:, :width] * s[:width]
    scaled: Floats = places / max(float(np.abs(places).max()), SMALLEST)
    return scaled


def heat_map(texts: list[str], alike: Floats) -> Any:
    from plotly import graph_objects

    names = _names(texts)
    figure = graph_objects.Figure(
        graph_objects.Heatmap(
            z=alike.round(3).tolist(),
            x=[name.partition(".")[0] for name in names], y=names, customdata=_pairs(texts),
            zmin=min(0.0, float(alike.min())), zmax=1, colorbar={"thickness": 10},
            colorscale=[[0, ACCENT.c50], [0.6, ACCENT.c200], [1, ACCENT.c600]],
            texttemplate="%{z:.2f}" if len(texts) <= WRITTEN else None,
            hovertemplate="%{customdata[0]}<br>%{customdata[1]}<br>%{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(type="category", automargin=True)
    return plain(figure, height=min(760, 120 + 40 * len(texts)))


def _map(texts: list[str], vectors: Floats) -> Any:
    from plotly import graph_objects

    places = flat(vectors)
    figure = graph_objects.Figure(
        graph_objects.Scatter(
            x=places[:, 0].tolist(), y=places[:, 1].tolist(), mode="markers+text",
            text=_names(texts), textposition=_sides(places), customdata=[safe(t) for t in texts],
            marker={"size": 11, "color": ACCENT.c500}, cliponaxis=False,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    axis = {"showticklabels": False, "zeroline": False, "showgrid": False}
    figure.update_xaxes(range=[-1.7, 1.7], **axis)
    figure.update_yaxes(range=[-1.3, 1.3], **axis)
    return plain(figure, height=420)


def _sides(places: Floats) -> list[str]:
    """A label stands on the side that its point turns away from the nearest other."""
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 9 * np.eye(len(places))
    above = places[:, 1] >= places[apart.argmin(axis=1), 1]
    return ["top center" if up else "bottom center" for up in above]


def plain(figure: Any, height: int) -> Any:
    """No ground of its own, for the page may be light or dark."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 24, "b": 8}, showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", dragmode=False,
    )  # fmt: skip
    return figure


def _names(texts: list[str]) -> list[str]:
    """Names that differ; plotly puts equal ones in one row."""
    if len(texts) > NAMED:
        return [str(n) for n in range(1, len(texts) + 1)]
    return [f"{n}. {safe(_short(text))}" for n, text in enumerate(texts, start=1)]


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1].rstrip()}…"


def _pairs(texts: list[str]) -> list[list[list[str]]]:
    names = [safe(_short(text)) for text in texts]
    return [[[down, across] for across in names] for down in names]


def vector_files(key: str, names: list[str], vectors: Floats, *more: Download) -> str:
    """The vectors as a float32 array, with their names (by key) as JSON, and more files."""
    array = io.BytesIO()
    np.save(array, vectors.astype(np.float32))
    rounded = [[float(f"{x:.{DIGITS}g}") for x in row] for row in vectors.tolist()]
    written = json.dumps(
        {key: names, "vectors": rounded}, ensure_ascii=False, separators=(",", ":")
    )
    files = (Download("npy", array.getvalue()), Download("json", written), *more)
    return downloads("vectors", *files)
