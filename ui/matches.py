"""Matches: both pictures with lines between the same points, and one laid over the other."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images import jpeg, small
from pipelines.spec import Output
from ui import homography, say
from ui.downloads import Download, downloads, to_csv
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import LATEST

LONGEST_SIDE = 900
"""Pixels of each picture as it is shown; points are of the whole pictures all the same."""
STEPS = 6
"""Colours of lines; each is one trace, whatever the number of lines."""
SCALE = "Plasma"
LIGHTEST = 0.9
"""Where the colours of the scale end: its yellow does not show on white."""
GAP = 0.02
"""Between the pictures, as a share of their common height or width."""
MOST_DRAWN = 1_000
MOST_AT_FIRST = 100
BESIDE, ABOVE = "Side by side", "One above the other"
HEIGHT = (240, 700)
"""Pixels, least and most, of the drawing."""
WIDTH = 640
"""Pixels of a result column, from which heights are reckoned."""
LEGEND = 40
"""Pixels of the colours below the drawing."""
HEAD = ("x_0", "y_0", "x_1", "y_1", "score", "agrees")
NOTHING = "No point of one picture was found in the other."
HIDDEN = "No match is so certain; move the slider to see others."
APART = "Too few matches agree on how one picture lies over the other."

Points = NDArray[np.float64]


def matches(output: Output) -> Display:
    """The drawing, what thins it out, the overlay, and the matches to take away."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        layout = gr.Radio(
            [BESIDE, ABOVE], value=BESIDE, label="Layout", elem_classes="switch",
            container=False, interactive=True,
        )  # fmt: skip
        plot = gr.Plot(label=output.label, elem_classes="plot")
        said = gr.HTML()
        with gr.Row(elem_classes="params"):
            least = gr.Slider(
                0, 1, value=0, step=0.01, label="Least score", interactive=True, min_width=160
            )
            most = gr.Slider(
                1, MOST_DRAWN, value=MOST_AT_FIRST, step=1, label="Strongest", interactive=True,
                min_width=160,
            )  # fmt: skip
        over = gr.ImageSlider(
            label="Second laid over first: drag the handle", interactive=False,
            type="pil", format="webp", buttons=["fullscreen"], max_height=480,
        )  # fmt: skip
        files = gr.HTML()

    thinned = [plot, said, over, files]
    controls = [kept, layout, least, most]

    def draw(value: Values, how: str, score: float, count: float) -> Updates:
        shown = value["points"][value["scores"] >= score][: int(count)]
        scores = value["scores"][: len(shown)]
        matrix, agree = homography.found(shown[:, 0], shown[:, 1], _diagonal(value["sizes"][1]))
        return {
            plot: figure(value, shown, scores, how == BESIDE),
            said: _said(value, len(shown), int(agree.sum())),
            over: gr.update(value=_overlaid(value, matrix), visible=matrix is not None),
            files: _files(shown, scores, agree) if len(shown) else "",
        }

    def thin_out(*values: Any) -> Updates:
        return draw(*values) if _usable(*values) else {}

    for control in (layout, least, most):
        control.change(
            thin_out, controls, thinned, **LATEST,
        )  # fmt: skip

    def show(value: Values, inputs: Values) -> Updates:
        packed = _kept(value)
        count = max(1, min(len(packed["points"]), MOST_DRAWN))
        at_first = min(count, MOST_AT_FIRST)
        return {
            kept: packed,
            layout: BESIDE,
            least: gr.update(value=0, maximum=_topmost(packed["scores"])),
            most: gr.update(value=at_first, maximum=max(2, count), visible=count > 1),
            **draw(packed, BESIDE, 0.0, at_first),
        }

    return Display(
        box=box,
        components=(kept, layout, least, most, *thinned),
        draw=show,
        clear=lambda: {
            kept: None, layout: BESIDE, least: gr.update(), most: gr.update(), plot: None, said: "",
            over: gr.update(value=None, visible=False), files: "",
        },
    )  # fmt: skip


def _topmost(scores: Any) -> float:
    """The end of the slider: the best score in hundredths, rounded up."""
    return max(0.01, float(np.ceil(100 * scores.max(initial=0.0)) / 100))


def _usable(value: Any, how: Any, *numbers: Any) -> bool:
    good = all(isinstance(n, int | float) for n in numbers)
    return bool(value) and how in (BESIDE, ABOVE) and good


def _kept(value: Values) -> dict[str, Any]:
    """The pictures as small JPEGs, the points (n, 2 pictures, 2) and scores (n,), best first."""
    pictures = [jpeg(small(picture, LONGEST_SIDE)) for picture in value["pictures"]]
    found = value["matches"]
    points = np.array([m["points"] for m in found], np.float64).reshape(-1, 2, 2)
    return {
        "jpegs": pictures, "sizes": [picture.size for picture in value["pictures"]],
        "points": points, "scores": np.array([m["score"] for m in found], np.float64),
    }  # fmt: skip


def _diagonal(size: tuple[int, int]) -> float:
    return float(np.hypot(*size))


def _said(value: Values, shown: int, agree: int) -> str:
    """How many there are, and how many of them fit together."""
    total = len(value["points"])
    if not shown:
        return say.hint(HIDDEN if total else NOTHING)
    counted = f"{shown:,} of {total:,} matches" if shown < total else f"{total:,} matches"
    fits = f"{agree:,} of them agree on one homography." if agree else APART
    return f'<div class="note"><b>{told(counted)}</b>. {told(fits)}</div>'


def figure(value: Values, shown: Points, scores: Any, beside: bool) -> Any:
    """Both pictures at one height (or width), and a line for each match in its score's colour."""
    from plotly import graph_objects
    from plotly.colors import sample_colorscale

    places, whole = placed(value["sizes"], beside)
    drawn = graph_objects.Figure()
    for file, place in zip(value["jpegs"], places, strict=True):
        drawn.add_layout_image(
            source=f"data:image/jpeg;base64,{b64encode(file).decode()}", x=place[0], y=place[1],
            sizex=place[2], sizey=place[3], xref="x", yref="y", layer="below", sizing="stretch",
        )  # fmt: skip
    at = np.stack([_there(shown[:, n], value["sizes"][n], places[n]) for n in range(2)], 1)
    shares = np.linspace(0, LIGHTEST, STEPS)
    colours = sample_colorscale(SCALE, shares.tolist())
    low, high = _range(value["scores"])
    steps = np.minimum(((scores - low) / (high - low) * STEPS).astype(int), STEPS - 1)
    for step, colour in enumerate(colours):
        ends = at[steps == step]
        gaps = np.full((len(ends), 1, 2), np.nan)
        line = np.concatenate([ends, gaps], 1).reshape(-1, 2).round(2)
        drawn.add_trace(
            graph_objects.Scatter(
                x=_numbers(line[:, 0]), y=_numbers(line[:, 1]), mode="lines", hoverinfo="skip",
                line={"color": colour, "width": 1.4}, showlegend=False,
            )
        )  # fmt: skip
    dots = _dots(at, shown, scores, list(zip(shares / LIGHTEST, colours, strict=True)))
    dots.marker.update(cmin=low, cmax=high, colorbar={"tickvals": [low, high]})
    drawn.add_trace(dots)
    drawn.update_xaxes(range=[0, whole[0]], visible=False, constrain="domain")
    drawn.update_yaxes(range=[whole[1], 0], visible=False, scaleanchor="x", constrain="domain")
    drawn.update_layout(
        height=min(max(HEIGHT[0], round(WIDTH * whole[1] / whole[0]) + LEGEND), HEIGHT[1]),
        margin={"l": 0, "r": 0, "t": 0, "b": 0}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", dragmode="pan", showlegend=False,
    )  # fmt: skip
    return drawn


def _range(scores: Any) -> tuple[float, float]:
    """The least and the best score, for the colours: some models are never sure."""
    if not len(scores):
        return 0.0, 1.0
    low, high = float(scores.min()), float(scores.max())
    return (low, high) if high > low else (0.0, max(high, 1e-6))


def _numbers(values: Any) -> list[float | None]:
    """NaN, which ends a line, as None."""
    return [None if n != n else n for n in values.tolist()]


def _dots(at: Points, shown: Points, scores: Any, scale: Any) -> Any:
    """Both ends of each line, with score and places under the pointer."""
    from plotly import graph_objects

    told = [
        f"{score:.1%}<br>{a:.1f}, {b:.1f} → {c:.1f}, {d:.1f}"
        for score, ((a, b), (c, d)) in zip(scores.tolist(), shown.tolist(), strict=True)
    ]
    return graph_objects.Scatter(
        x=at[..., 0].ravel().round(2).tolist(), y=at[..., 1].ravel().round(2).tolist(),
        mode="markers", text=[line for line in told for _ in range(2)], hoverinfo="text",
        marker={
            "size": 5, "color": np.repeat(scores, 2).tolist(),
            "colorscale": scale, "showscale": len(shown) > 0, "line": {"width": 0},
            "colorbar": {
                "orientation": "h", "thickness": 8, "y": 0, "yanchor": "top", "len": 0.5,
                "tickformat": ".0%", "xpad": 0, "ypad": 4,
            },
        },
    )  # fmt: skip


def placed(sizes: Sequence[tuple[int, int]], beside: bool) -> tuple[Any, tuple[float, float]]:
    """Where each picture is drawn (x, y, width, height), and the size of the whole."""
    along, across = (0, 1) if beside else (1, 0)
    lengths = [size[along] / size[across] for size in sizes]
    second = lengths[0] + GAP
    if beside:
        return ((0, 0, lengths[0], 1), (second, 0, lengths[1], 1)), (second + lengths[1], 1)
    return ((0, 0, 1, lengths[0]), (0, second, 1, lengths[1])), (1, second + lengths[1])


def _there(points: Points, size: tuple[int, int], place: Any) -> Points:
    """Pixels of a picture as places of the drawing."""
    return points / size * (place[2], place[3]) + (place[0], place[1])


def _overlaid(value: Values, matrix: Any) -> Any:
    """The first picture as it is shown, and the second moved onto it; nothing without a matrix."""
    if matrix is None:
        return None
    first, second = (Image.open(io.BytesIO(file)).convert("RGB") for file in value["jpegs"])
    shrunk = [
        np.diag([*np.divide(seen.size, size), 1.0])
        for seen, size in zip((first, second), value["sizes"], strict=True)
    ]
    moved = shrunk[1] @ matrix @ np.linalg.inv(shrunk[0])
    return first, homography.laid_over(second, moved, first.size)


def _files(shown: Points, scores: Any, agree: Any) -> str:
    """The shown matches as CSV, in pixels of the whole pictures."""
    rows = [
        (*(round(n, 2) for n in flat), round(score, 6), int(fits))
        for flat, score, fits in zip(
            shown.reshape(-1, 4).tolist(), scores.tolist(), agree.tolist(), strict=True
        )
    ]
    return downloads("matches", Download("csv", to_csv(HEAD, rows)))
