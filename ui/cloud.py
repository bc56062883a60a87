"""Points in space: each pixel of a picture as far away as its depth says."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ui.panel import Values

LEVELS = 65_535
"""Steps of a kept depth, from least to most."""
MOST_POINTS = 20_000
WIDE_VIEW = 0.866
"""Focal length as a share of the longer side: a view of 60 degrees."""
FLATTEST = 0.1
"""The farthest of an inverse depth, as a share of the nearest: it has no true distances."""
HEIGHT = 460
"""Pixels of the plot."""

Shares = NDArray[np.float32]


def cloud(value: Values | None) -> Any:
    """Each pixel where it is in space, as a camera with a view of 60 degrees would have it."""
    from plotly import graph_objects

    if not value:
        return None
    x, up, away, colours = placed(value)
    figure = graph_objects.Figure(
        graph_objects.Scatter3d(
            x=x.round(4).tolist(), y=away.round(4).tolist(), z=up.round(4).tolist(),
            mode="markers", hoverinfo="skip",
            marker={"size": 2.5, "color": [f"rgb({r},{g},{b})" for r, g, b in colours.tolist()]},
        )
    )  # fmt: skip
    bare = {"visible": False}
    figure.update_layout(
        height=HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0}, paper_bgcolor="rgba(0,0,0,0)",
        scene={
            "xaxis": bare, "yaxis": bare, "zaxis": bare, "aspectmode": "data",
            "camera": {"eye": {"x": 0.3, "y": -1.3, "z": 0.35}},
        },
    )  # fmt: skip
    return figure


def placed(value: Values) -> tuple[Any, Any, Any, Any]:
    """x to the right, height, distance (n,) and colours (n, 3) of at most MOST_POINTS pixels."""
    height, width = value["levels"].shape
    step = max(1, int(np.ceil(np.sqrt(height * width / MOST_POINTS))))
    rows, columns = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    rows, columns = rows.ravel(), columns.ravel()
    away = distance(value)[rows, columns]
    focal = WIDE_VIEW * max(width, height)
    x, up = (columns - width / 2) / focal * away, (height / 2 - rows) / focal * away
    return x, up, away, np.asarray(opened(value))[rows, columns]


def distance(value: Values) -> Any:
    """Metres where the model says them; else from 1 on, by how near a pixel is."""
    if value["unit"] == "m":
        share = value["levels"].astype(np.float64) / LEVELS
        return value["least"] + share * (value["most"] - value["least"])
    return 1 / (FLATTEST + (1 - FLATTEST) * near(value).astype(np.float64))


def opened(value: Values) -> Image.Image:
    """The kept picture, RGB."""
    with Image.open(io.BytesIO(value["jpeg"])) as opened:
        return opened.convert("RGB")


def near(value: Values) -> Shares:
    """How near each pixel is, from 0 to 1; how large its number is where nobody knows."""
    share = value["levels"].astype(np.float32) / LEVELS
    return 1 - share if value["larger"] == "farther" else share
