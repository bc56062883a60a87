"""Boxes: the picture with what was found, a slider and labels that thin it out, crops and files."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from pipelines.spec import Output
from ui.downloads import Download, downloads, to_csv
from ui.panel import Display, Updates, Values

COLOURS = (
    "#6366f1", "#f97316", "#14b8a6", "#d946ef", "#0ea5e9", "#84cc16", "#ef4444", "#eab308",
)  # fmt: skip
LONGEST_SIDE = 1_280
"""Pixels of the picture as it is shown; the boxes are of the whole picture all the same."""
QUALITY = 85
SIDE_OF_CROP = 160
MOST_CROPS = 24
MOST_DRAWN = 150
HEIGHT = (280, 620)
"""Pixels, least and most, of the drawing."""
EDGES = ("xmin", "ymin", "xmax", "ymax")
HEAD = ("label", "score", *EDGES)
NOTHING = "Nothing was found."
HIDDEN = "Nothing was found above {:.0%}; move the slider to see what is less certain."

Box = dict[str, Any]


def boxes(output: Output) -> Display:
    """The drawing with a legend, and the controls that act on what was found."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept = gr.State()
        plot = gr.Plot(label=output.label, elem_classes="plot boxes")
        none = gr.HTML(visible=False)
        least = gr.Slider(
            0, 1, value=0.5, step=0.01, label="Least score", interactive=True,
            info="Shows what is at least so certain; nothing runs again.",
        )  # fmt: skip
        chosen = gr.CheckboxGroup([], label="Labels", interactive=True)
        table = gr.Dataframe(
            headers=["Label", "Score", "Box"], label="Found", interactive=False, max_height=280,
            column_widths=["40%", "18%", "42%"], buttons=[], elem_classes="table",
        )  # fmt: skip
        crops = gr.Gallery(
            label="Crops", columns=4, height="auto", object_fit="contain", buttons=["fullscreen"],
            interactive=False,
        )  # fmt: skip
        files = gr.HTML()

    thinned = [plot, none, table, crops, files]

    def draw(value: Values, score: float, labels: Sequence[str]) -> Updates:
        wanted = {_bare(label) for label in labels}
        found = [b for b in value["boxes"] if b["score"] >= score and b["label"] in wanted]
        said = HIDDEN.format(score) if value["boxes"] else NOTHING
        return {
            plot: figure(value, found),
            none: gr.update(value=f'<div class="hint">{said}</div>', visible=not found),
            table: gr.update(value=[_row(b) for b in found], visible=bool(found)),
            crops: gr.update(value=_crops(value, found), visible=bool(found)),
            files: _files(value, found) if found else "",
        }

    def thin_out(value: Values | None, score: Any, labels: Any) -> Updates:
        if not value or not isinstance(score, int | float) or not isinstance(labels, list):
            return {}
        return draw(value, score, labels)

    for control in (least, chosen):
        control.change(
            thin_out, [kept, least, chosen], thinned, queue=False, show_progress="hidden",
            trigger_mode="always_last", api_visibility="private",
        )  # fmt: skip

    def show(value: Values, inputs: Values) -> Updates:
        small = _kept(value)
        labels = counted(small["boxes"], value["threshold"])
        return {
            kept: small,
            least: value["threshold"],
            chosen: gr.update(choices=labels, value=labels, visible=len(labels) > 1),
            **draw(small, value["threshold"], labels),
        }

    return Display(
        box=box,
        components=(kept, least, chosen, *thinned),
        draw=show,
        clear=lambda: {
            kept: None, plot: None, none: gr.update(visible=False), table: None, crops: None,
            files: "", chosen: gr.update(choices=[], value=[]),
        },
    )  # fmt: skip


def counted(found: Sequence[Box], score: float) -> list[str]:
    """Each label with how many there are from this score on: "star (2)"; the most first."""
    counts = Counter(box["label"] for box in found if box["score"] >= score)
    every = dict.fromkeys(box["label"] for box in found)
    ranked = sorted(every, key=lambda label: -counts[label])
    return [f"{label} ({counts[label]})" for label in ranked]


def _bare(counted_label: Any) -> str:
    """Back from `counted`."""
    return str(counted_label).rpartition(" (")[0]


def _kept(value: Values) -> dict[str, Any]:
    """What the controls act on: the picture as a small JPEG, and every box."""
    picture = value["picture"]
    small = picture.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY)
    return {"jpeg": file.getvalue(), "size": picture.size, "boxes": value["boxes"]}


def figure(value: Values, found: Sequence[Box]) -> Any:
    """The picture with the boxes on it; a click on the legend hides a label in the browser."""
    from plotly import graph_objects

    width, height = value["size"]
    address = f"data:image/jpeg;base64,{b64encode(value['jpeg']).decode()}"
    colours = colours_of(value["boxes"])
    figure = graph_objects.Figure()
    figure.add_layout_image(
        source=address, x=0, y=0, sizex=width, sizey=height, xref="x", yref="y", layer="below",
        sizing="stretch",
    )  # fmt: skip
    named: set[str] = set()
    for box in found[:MOST_DRAWN]:
        label, colour = box["label"], colours[box["label"]]
        figure.add_trace(
            graph_objects.Scatter(
                **_outline(box), mode="lines", fill="toself", fillcolor=f"{colour}22",
                line={"color": colour, "width": 2.5}, name=_safe(label), legendgroup=label,
                showlegend=label not in named, hoveron="fills", hoverinfo="text",
                text=f"{_safe(label)} {box['score']:.1%}",
            )
        )  # fmt: skip
        named.add(label)
    figure.update_xaxes(range=[0, width], visible=False, constrain="domain")
    figure.update_yaxes(range=[height, 0], visible=False, scaleanchor="x", constrain="domain")
    figure.update_layout(
        height=min(max(HEIGHT[0], round(640 * height / max(width, 1)) + 60), HEIGHT[1]),
        margin={"l": 0, "r": 0, "t": 0, "b": 0}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", dragmode=False, showlegend=bool(found),
        legend={"orientation": "h", "y": 0, "yanchor": "top", "x": 0},
    )  # fmt: skip
    return figure


def _outline(box: Box) -> dict[str, list[int]]:
    x0, y0, x1, y1 = (box["box"][edge] for edge in EDGES)
    return {"x": [x0, x1, x1, x0, x0], "y": [y0, y0, y1, y1, y0]}


def colours_of(found: Sequence[Box]) -> dict[str, str]:
    """A colour for each label, the same whichever of the boxes are shown."""
    labels = dict.fromkeys(box["label"] for box in found)
    return {label: COLOURS[n % len(COLOURS)] for n, label in enumerate(labels)}


def _safe(text: str) -> str:
    """Plotly reads a few HTML tags in its labels."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _row(box: Box) -> list[str]:
    x0, y0, x1, y1 = (box["box"][edge] for edge in EDGES)
    return [box["label"], f"{box['score']:.1%}", f"{x0}, {y0} – {x1}, {y1}"]


def _crops(value: Values, found: Sequence[Box]) -> list[tuple[Image.Image, str]]:
    """What is inside the boxes, the surest first, from the picture as it is shown."""
    with Image.open(io.BytesIO(value["jpeg"])) as picture:
        scale = picture.width / max(1, value["size"][0])
        cut = []
        for box in found[:MOST_CROPS]:
            x0, y0, x1, y1 = (round(box["box"][edge] * scale) for edge in EDGES)
            if x1 > x0 and y1 > y0:
                crop = picture.crop((x0, y0, x1, y1))
                crop.thumbnail((2 * SIDE_OF_CROP, 2 * SIDE_OF_CROP))
                cut.append((crop, f"{box['label']} {box['score']:.0%}"))
    return cut


def _files(value: Values, found: Sequence[Box]) -> str:
    """The shown boxes as CSV, as COCO annotations, and as YOLO lines with their names."""
    rows = [(b["label"], round(b["score"], 6), *(b["box"][e] for e in EDGES)) for b in found]
    return downloads(
        "boxes",
        Download("csv", to_csv(HEAD, rows)),
        Download("coco.json", json.dumps(coco(value["size"], found))),
        Download("yolo.txt", yolo(value["size"], found)),
    )


def coco(size: tuple[int, int], found: Sequence[Box]) -> dict[str, Any]:
    """COCO detection format: boxes as x, y, width, height in pixels."""
    names = {label: n for n, label in enumerate(colours_of(found), start=1)}
    annotations = []
    for n, box in enumerate(found, start=1):
        x0, y0, x1, y1 = (box["box"][edge] for edge in EDGES)
        annotations.append(
            {
                "id": n, "image_id": 1, "category_id": names[box["label"]],
                "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0,
                "score": round(box["score"], 6),
            }
        )  # fmt: skip
    return {
        "images": [{"id": 1, "width": size[0], "height": size[1]}],
        "categories": [{"id": n, "name": name} for name, n in names.items()],
        "annotations": annotations,
    }


def yolo(size: tuple[int, int], found: Sequence[Box]) -> str:
    """YOLO format: class, centre and size as shares of the picture; the names in comments."""
    names = {label: n for n, label in enumerate(colours_of(found))}
    lines = [f"# {n} {label}" for label, n in names.items()]
    for box in found:
        x0, y0, x1, y1 = (box["box"][edge] for edge in EDGES)
        shares = (
            (x0 + x1) / 2 / size[0], (y0 + y1) / 2 / size[1],
            (x1 - x0) / size[0], (y1 - y0) / size[1],
        )  # fmt: skip
        lines.append(f"{names[box['label']]} " + " ".join(f"{share:.6f}" for share in shares))
    return "\n".join(lines) + "\n"
