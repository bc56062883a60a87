"""Likeness of pictures: each one's nearest, near-duplicates, a heat map, a map of thumbnails."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from pipelines.images import jpeg
from pipelines.spec import Output
from ui import say
from ui.downloads import Download
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import AT_ONCE, LATEST
from ui.vectors import MAPPED, Floats, cosines, flat, heat_map, plain, vector_files
from ui.waves import safe

COLUMNS = 5
DUPLICATES = 0.95
"""Cosine from which two pictures are listed as near-duplicates, until the slider is moved."""
MOST_PAIRS = 200
SIZE_ON_MAP = 0.28
"""Longer side of a thumbnail on the map, where the whole is 2.6 high."""
MOST_ON_MAP = 60
ONE_PICTURE = "Add a second picture to compare them; the vector of this one is below."
NO_PAIRS = "No two pictures are as alike as {:.2f}; move the slider down for the next ones."
NEAREST = "Those most like picture {}"


def likeness(output: Output) -> Display:
    """A gallery to pick from and what is most like the picked one; pairs above a threshold."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        alone = gr.HTML(say.hint(ONE_PICTURE), visible=False)
        every = _gallery("Pick a picture to see which are most like it")
        ranked = _gallery(NEAREST.format(1))
        least = gr.Slider(
            0, 1, value=DUPLICATES, step=0.01, label="Near-duplicates from", interactive=True,
            info="Pairs with at least this cosine; nothing runs again.",
        )  # fmt: skip
        none = gr.HTML(visible=False)
        pairs = gr.Dataframe(
            headers=["Picture", "Picture", "Cosine"], label="Near-duplicates", interactive=False,
            column_widths=["39%", "39%", "22%"], wrap=True, max_height=260, buttons=[],
            elem_classes="table",
        )  # fmt: skip
        heat = gr.Plot(label=output.label, elem_classes="plot")
        places = gr.Plot(label="Map: near is alike (PCA)", elem_classes="plot")
        files = gr.HTML()

    def thin_out(value: Values | None, score: Any) -> Updates:
        if not value or not isinstance(score, int | float):
            return {}
        return _pairs_drawn(value, score, pairs, none)

    def pick(value: Values | None, event: gr.SelectData) -> Any:
        if not value or not isinstance(event.index, int) or event.index >= len(value["names"]):
            return gr.skip()
        return _nearest(value, event.index)

    least.change(thin_out, [kept, least], [pairs, none], **LATEST)
    every.select(pick, kept, ranked, **AT_ONCE)

    def show(value: Values, inputs: Values) -> Updates:
        small = _kept(value, inputs)
        names, vectors = small["names"], np.asarray(value["vectors"], dtype=np.float64)
        several = len(names) > 1
        mapped = MAPPED <= len(names) <= MOST_ON_MAP
        drawn = _pairs_drawn(small, DUPLICATES, pairs, none)
        if not several:
            drawn = {pairs: gr.update(visible=False), none: gr.update(visible=False)}
        return {
            kept: small,
            alone: gr.update(visible=not several),
            every: gr.update(value=_shown(small, range(len(names))), visible=several),
            ranked: _nearest(small, 0) if several else gr.update(visible=False),
            least: gr.update(value=DUPLICATES, visible=several),
            **drawn,
            heat: gr.update(
                value=heat_map(names, small["alike"]) if several else None, visible=several
            ),
            places: gr.update(value=_map(small, vectors) if mapped else None, visible=mapped),
            files: vector_files(
                "names", names, vectors, Download("parquet", _parquet(names, vectors))
            ),
        }

    return Display(
        box=box,
        components=(kept, alone, every, ranked, least, none, pairs, heat, places, files),
        draw=show,
        clear=lambda: {
            kept: None, least: DUPLICATES, alone: gr.update(visible=False), every: None,
            ranked: None, pairs: None,
            none: gr.update(visible=False), heat: None, places: None, files: "",
        },
    )  # fmt: skip


def _gallery(label: str) -> gr.Gallery:
    return gr.Gallery(
        label=label, columns=COLUMNS, height="auto", object_fit="contain", allow_preview=False,
        interactive=False, buttons=[], elem_classes="thumbnails",
    )  # fmt: skip


def _kept(value: Values, inputs: Values) -> dict[str, Any]:
    """What the controls act on: names, small pictures as JPEG, and how alike they are."""
    uploads = next((v for v in inputs.values() if isinstance(v, tuple)), ())
    count = len(value["pictures"])
    names = [upload.name for upload in uploads] if len(uploads) == count else [""] * count
    alike = cosines(np.asarray(value["vectors"], dtype=np.float64))
    return {"names": names, "jpegs": [jpeg(p) for p in value["pictures"]], "alike": alike}


def _shown(value: Values, chosen: Sequence[int], first: int | None = None) -> list[Any]:
    """Pictures with their number and name, and with their cosine to the first, if one is named."""
    shown = []
    for n in chosen:
        with Image.open(io.BytesIO(value["jpegs"][n])) as opened:
            picture = opened.copy()
        near = "" if first is None else f"{value['alike'][first, n]:.2f} · "
        shown.append((picture, f"{near}{n + 1}. {value['names'][n]}".rstrip(". ")))
    return shown


def nearest_of(alike: Floats, first: int) -> list[int]:
    """All others, the most alike first."""
    order = np.argsort(-alike[first], kind="stable")
    return [int(n) for n in order if n != first]


def _nearest(value: Values, first: int) -> Any:
    others = nearest_of(value["alike"], first)
    return gr.update(
        value=_shown(value, others, first), label=told(NEAREST.format(first + 1)), visible=True
    )


def pairs_above(alike: Floats, least: float) -> list[tuple[int, int]]:
    """Pairs of different pictures with at least this cosine, the most alike first."""
    upper = np.argwhere(np.triu(alike >= least, k=1))
    ranked = sorted(upper.tolist(), key=lambda pair: -alike[pair[0], pair[1]])
    return [(a, b) for a, b in ranked]


def _pairs_drawn(value: Values, least: float, pairs: gr.Dataframe, none: gr.HTML) -> Updates:
    names, alike = value["names"], value["alike"]
    found = pairs_above(alike, least)[:MOST_PAIRS]
    rows = [
        [f"{a + 1}. {names[a]}", f"{b + 1}. {names[b]}", f"{alike[a, b]:.3f}"] for a, b in found
    ]
    said = say.hint(NO_PAIRS.format(least))
    return {
        pairs: gr.update(value=rows, visible=bool(rows)),
        none: gr.update(value=said, visible=not rows),
    }


def _map(value: Values, vectors: Floats) -> Any:
    """The thumbnails at their places; the names are seen on hovering."""
    from plotly import graph_objects

    places = flat(vectors)
    names = [f"{n}. {safe(name)}" for n, name in enumerate(value["names"], start=1)]
    figure = graph_objects.Figure(
        graph_objects.Scatter(
            x=places[:, 0].tolist(), y=places[:, 1].tolist(), mode="markers", customdata=names,
            marker={"size": 40, "opacity": 0}, hovertemplate="%{customdata}<extra></extra>",
        )
    )  # fmt: skip
    for (x, y), file in zip(places.tolist(), value["jpegs"], strict=True):
        figure.add_layout_image(
            source=f"data:image/jpeg;base64,{b64encode(file).decode()}", x=x, y=y, xref="x",
            yref="y", sizex=SIZE_ON_MAP, sizey=SIZE_ON_MAP, xanchor="center", yanchor="middle",
            layer="above",
        )  # fmt: skip
    axis = {"showticklabels": False, "zeroline": False, "showgrid": False}
    figure.update_xaxes(range=[-1.3, 1.3], **axis)
    figure.update_yaxes(range=[-1.3, 1.3], **axis)
    return plain(figure, height=420)


def _parquet(names: Sequence[str], vectors: Floats) -> bytes:
    """A row for each picture: its name and its vector as float32."""
    import pyarrow
    from pyarrow import parquet

    rows = pyarrow.array(vectors.astype(np.float32).tolist(), pyarrow.list_(pyarrow.float32()))
    table = pyarrow.table({"name": list(names), "vector": rows})
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()
