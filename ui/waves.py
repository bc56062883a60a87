"""A recording as one figure: outline, mel spectrogram and what is heard when, on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ui.panel import Values
from ui.theme import ACCENT

MAPS = ("Magma", "Viridis", "Cividis", "Greys")
"""Plotly's colour scales, from silence to loud."""
OUTLINE, SPECTROGRAM, ROW, REST = 64, 176, 24, 74
"""Heights in pixels; REST is the time axis and the margins."""
GAP = 10
TICKS_HZ = (100, 500, 1_000, 2_000, 4_000, 8_000, 16_000)
LEAST_APART = 5
"""Bands between two ticks."""
LABEL_CHARS = 18
MOST_MARKS = 12
MARK_AT = -0.82
"""Where the texts of marks stand on the outline's axis."""
MOST_COLUMNS = 600
"""Windows that the timeline draws one by one; of more, neighbours share a column."""
Mark = tuple[float, float | None, str]
"""Start and end in seconds, text."""
NOT, SURE = "rgba(99, 102, 241, 0.06)", ACCENT.c600
CLEAR = "rgba(0,0,0,0)"


def figure(
    value: Values,
    labels: Sequence[str] = (),
    colours: str = MAPS[0],
    marks: Sequence[Mark] = (),
) -> Any:
    """The picture of `spectrograms.picture`; with labels, a row of the timeline for each; with
    marks, their texts over it."""
    from plotly import graph_objects

    rows = len(labels) * ROW + GAP if labels else 0
    height = OUTLINE + GAP + SPECTROGRAM + rows
    mel_at, wave_at = rows / height, (rows + SPECTROGRAM + GAP) / height
    drawn = graph_objects.Figure([_wave(value), _mel(value, colours)])
    axes = {
        "yaxis": {"domain": [wave_at, 1], "range": [-1, 1], "visible": False},
        "yaxis2": {"domain": [mel_at, wave_at - GAP / height], **_hertz_axis(value["hertz"])},
    }
    if labels:
        drawn.add_trace(_timeline(value, labels))
        axes["yaxis3"] = {"domain": [0, mel_at - GAP / height], **_label_axis(labels)}
    if marks:
        drawn.add_trace(_marks(marks))
    drawn.update_layout(
        height=height + REST, margin={"l": 8, "r": 8, "t": 28, "b": 8}, showlegend=False,
        paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, dragmode=False, hovermode="closest",
        xaxis={**_time_axis(value["seconds"]), "anchor": "free", "position": 0},
        **axes,
    )  # fmt: skip
    return drawn


def timeline(value: Values, labels: Sequence[str]) -> Any:
    """A row for each of the labels over the time, without a recording."""
    from plotly import graph_objects

    drawn = graph_objects.Figure([_timeline(value, labels, axis="y")])
    drawn.update_layout(
        height=len(labels) * ROW + REST, margin={"l": 8, "r": 8, "t": 28, "b": 8},
        showlegend=False, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR, dragmode=False,
        yaxis=_label_axis(labels), xaxis=_time_axis(value["times"][-1][1]),
    )  # fmt: skip
    return drawn


def _label_axis(labels: Sequence[str]) -> dict[str, Any]:
    return {
        "autorange": "reversed", "type": "category", "tickvals": list(range(len(labels))),
        "ticktext": [short(label) for label in labels], "automargin": True, "showgrid": False,
    }  # fmt: skip


def _time_axis(seconds: float) -> dict[str, Any]:
    return {
        "range": [0, seconds], "ticksuffix": " s", "showgrid": False, "zeroline": False,
        "automargin": True, "nticks": 8,
    }  # fmt: skip


def _wave(value: Values) -> Any:
    """The outline as one closed line: the greatest forth, the least back."""
    from plotly import graph_objects

    least, greatest = np.asarray(value["wave"], np.float32) / 127
    times = np.linspace(0, value["seconds"], len(least), dtype=np.float32)
    return graph_objects.Scatter(
        x=np.concatenate([times, times[::-1]]), y=np.concatenate([greatest, least[::-1]]),
        mode="lines", fill="toself", fillcolor=ACCENT.c500, line={"width": 0.5},
        marker={"color": ACCENT.c500}, hoverinfo="skip", yaxis="y",
    )  # fmt: skip


def _mel(value: Values, colours: str) -> Any:
    from plotly import graph_objects

    mel = np.asarray(value["mel"], np.uint8)
    width = value["seconds"] / mel.shape[1]
    return graph_objects.Heatmap(
        z=mel, x0=width / 2, dx=width, y=[f"{hertz} Hz" for hertz in value["hertz"]], zmin=0,
        zmax=255, colorscale=colours, reversescale=colours == "Greys", showscale=False, yaxis="y2",
        hovertemplate="%{x:.2f} s, %{y}<extra></extra>",
    )  # fmt: skip


def _hertz_axis(hertz: Sequence[int]) -> dict[str, Any]:
    """Ticks at the bands nearest to round frequencies, not too near each other."""
    places: list[int] = []
    names: list[str] = []
    for tick in TICKS_HZ:
        band = int(np.argmin(np.abs(np.asarray(hertz) - tick)))
        if tick <= hertz[-1] * 1.05 and (not places or band - places[-1] >= LEAST_APART):
            places.append(band)
            names.append(f"{tick // 1000} kHz" if tick >= 1_000 else f"{tick} Hz")
    return {
        "type": "category", "tickvals": places, "ticktext": names, "automargin": True,
        "showgrid": False,
    }  # fmt: skip


def _timeline(value: Values, labels: Sequence[str], axis: str = "y3") -> Any:
    from plotly import graph_objects

    scores = np.asarray(value["timeline"], np.float32)[: len(labels)]
    limits = edges(value["times"])
    if scores.shape[1] > MOST_COLUMNS:
        share = np.array_split(np.arange(scores.shape[1]), MOST_COLUMNS)
        scores = np.stack([scores[:, part].mean(axis=1) for part in share], axis=1)
        limits = [*(limits[part[0]] for part in share), limits[-1]]
    return graph_objects.Heatmap(
        z=scores.round(3), x=limits, y=[f"{n}. {safe(label)}" for n, label in enumerate(labels)],
        zmin=min(0.0, float(scores.min())), zmax=max(1.0, float(scores.max())), showscale=False,
        colorscale=[[0, NOT], [1, SURE]], yaxis=axis, ygap=2,
        hovertemplate="%{x:.1f} s, %{y}: %{z:.1%}<extra></extra>",
    )  # fmt: skip


def _marks(marks: Sequence[Mark]) -> Any:
    """Each text in the middle of its time, below the outline; of many, some."""
    from plotly import graph_objects

    shown = marks[:: -(-len(marks) // MOST_MARKS)]
    middles = [(start + (start if end is None else end)) / 2 for start, end, _ in shown]
    return graph_objects.Scatter(
        x=middles, y=[MARK_AT] * len(shown), mode="text", yaxis="y", hoverinfo="text",
        text=[short(text.strip()) for *_, text in shown], textfont={"size": 11}, cliponaxis=False,
        hovertext=[safe(text.strip()) for *_, text in shown],
    )  # fmt: skip


def edges(times: Sequence[tuple[float, float]]) -> list[float]:
    """Where one window's share of the time ends and the next begins, (windows + 1,): where two
    overlap, halfway between their middles."""
    middles = [(start + end) / 2 for start, end in times]
    return [times[0][0], *((a + b) / 2 for a, b in pairwise(middles)), times[-1][1]]


def short(text: str) -> str:
    cut = text if len(text) <= LABEL_CHARS else f"{text[: LABEL_CHARS - 1].rstrip()}…"
    return safe(cut)


def safe(text: str) -> str:
    """Plotly reads a few HTML tags in its labels."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
