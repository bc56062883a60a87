"""Boxes: the picture with what was found, chips and sliders that thin it out, crops and files."""

from __future__ import annotations

import io
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from pipelines.images import jpeg, small
from pipelines.overlaps import iou
from pipelines.spec import Output
from ui import say
from ui.annotations import EDGES, Box, files
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import LATEST

COLOURS = (
    "#6366f1", "#f97316", "#14b8a6", "#d946ef", "#0ea5e9", "#84cc16", "#ef4444", "#eab308",
)  # fmt: skip
"""By the place of a label among the chips; page.css gives the chips the same."""
LONGEST_SIDE = 1_280
"""Pixels of the picture as it is shown; the boxes are of the whole picture all the same."""
HIGHEST = 600
"""Pixels on the page."""
SIDE_OF_CROP = 320
MOST_CROPS = 24
NAMED = 12
"""Up to this many boxes carry their name; more of them show it under the pointer."""
LETTERS = 36
"""Letters of a name that would fill the picture's longer side, one above the other."""
NOTHING = "Nothing was found."
HIDDEN = "Nothing was found above {:.0%}; move the slider to see what is less certain."
ALL = 1.0
"""An overlap that no two boxes exceed."""


def boxes(output: Output) -> Display:
    """The drawing, and the controls that act on what was found."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept, off = gr.State(), gr.State()
        with gr.Column(elem_classes="stack"):
            picture, drawing = gr.HTML(), gr.HTML(elem_classes="boxes")
        none = gr.HTML(visible=False)
        chosen = gr.CheckboxGroup([], label=output.label, interactive=True, elem_classes="chips")
        with gr.Row(elem_classes="params"):
            least = gr.Slider(
                0, 1, value=0.5, step=0.01, label="Least score", interactive=True, min_width=200,
                info="Shows what is surer than that; nothing runs again.",
            )  # fmt: skip
            apart = gr.Slider(
                0, 1, value=ALL, step=0.05, label="Most overlap", interactive=True, min_width=200,
                info="Of boxes of one label that overlap more, the surest stays.",
            )  # fmt: skip
        table = gr.Dataframe(
            headers=["Label", "Score", "Box"], label="Found", interactive=False, max_height=280,
            column_widths=["38%", "24%", "38%"], wrap=True, buttons=[], elem_classes="table",
        )  # fmt: skip
        crops = gr.Gallery(
            label="Crops", columns=3, height="auto", object_fit="contain", buttons=["fullscreen"],
            interactive=False, elem_classes="crops",
        )  # fmt: skip
        links = gr.HTML()

    thinned = [drawing, none, chosen, table, crops, links]

    def draw(value: Values, hidden: Sequence[str], score: float, overlap: float) -> Updates:
        seen = surest([b for b in value["boxes"] if b["score"] > score], overlap)
        names = counted(seen, value)
        found = [b for b in seen if b["label"] not in hidden]
        said = HIDDEN.format(score) if value["boxes"] else NOTHING
        return {
            drawing: drawn(value, found),
            none: gr.update(value=say.hint(said), visible=not seen),
            chosen: gr.update(
                choices=[(f"{name} ({n})", name) for name, n in names.items()],
                value=[name for name in names if name not in hidden], visible=bool(names),
            ),
            table: gr.update(value=[_row(b) for b in found], visible=bool(found)),
            crops: gr.update(value=_crops(value, found), visible=bool(found)),
            links: files(value["size"], found) if found else "",
        }  # fmt: skip

    def thin_out(value: Any, hidden: Any, *numbers: Any) -> Updates:
        good = value and all(isinstance(n, int | float) for n in numbers)
        return draw(value, hidden or (), *numbers) if good else {}

    def choose(value: Any, names: Any, *numbers: Any) -> Updates:
        ticked = {name for name in names or () if isinstance(name, str)}
        hidden = [name for name in value["labels"] if name not in ticked] if value else []
        return {off: hidden, **thin_out(value, hidden, *numbers)}

    for slider in (least, apart):
        slider.change(thin_out, [kept, off, least, apart], thinned, **LATEST)
    chosen.input(choose, [kept, chosen, least, apart], [off, *thinned], **LATEST)

    def show(value: Values, inputs: Values) -> Updates:
        packed, score = _kept(value), value["threshold"]
        fresh = {kept: packed, off: [], least: score, apart: ALL, picture: _framed(packed)}
        return {**fresh, **draw(packed, (), score, ALL)}

    return Display(
        box=box,
        components=(kept, off, picture, least, apart, *thinned),
        draw=show,
        clear=lambda: {
            kept: None, off: None, picture: "", drawing: "", none: gr.update(visible=False),
            chosen: gr.update(choices=[], value=[]), table: None, crops: None, links: "",
            least: 0.5, apart: ALL,
        },
    )  # fmt: skip


def _kept(value: Values) -> dict[str, Any]:
    """What the controls act on: a small JPEG, every box, and the labels, the surest first."""
    best = {box["label"]: box["score"] for box in reversed(value["boxes"])}
    return {
        "jpeg": jpeg(small(value["picture"], LONGEST_SIDE)),
        "size": value["picture"].size,
        "boxes": value["boxes"],
        "labels": sorted(value["labels"], key=lambda label: -best.get(label, 0.0)),
        "asked": value["asked"],
    }


def counted(seen: Sequence[Box], value: Values) -> dict[str, int]:
    """How often each label is seen; those that were asked for count even where there is none."""
    counts = Counter(box["label"] for box in seen)
    asked = value["asked"]
    return {label: counts[label] for label in value["labels"] if counts[label] or label in asked}


def surest(ranked: Sequence[Box], most: float) -> list[Box]:
    """Of boxes of one label that overlap by more than `most` (IoU), the first one stays."""
    if most >= ALL:
        return list(ranked)
    kept: list[Box] = []
    for box in ranked:
        same = (other for other in kept if other["label"] == box["label"])
        if all(iou(corners(box), corners(other)) <= most for other in same):
            kept.append(box)
    return kept


def corners(box: Box) -> list[int]:
    """xmin, ymin, xmax, ymax."""
    return [box["box"][edge] for edge in EDGES]


def _framed(value: Values) -> str:
    address = f"data:image/jpeg;base64,{b64encode(value['jpeg']).decode()}"
    return (
        f'<img alt="{escape(told("The picture"))}" src="{address}" style="{_frame(value["size"])}">'
    )


def _frame(size: tuple[int, int]) -> str:
    """The place that picture and drawing share, one on the other."""
    width, height = size
    return f"width:min(100%,{HIGHEST * width / height:.0f}px);aspect-ratio:{width}/{height}"


def drawn(value: Values, found: Sequence[Box]) -> str:
    """The boxes as SVG of the picture's size, the smallest on top; their names as titles too."""
    width, height = value["size"]
    colours = {label: COLOURS[n % len(COLOURS)] for n, label in enumerate(value["labels"])}
    letter = max(width, height) / LETTERS
    shapes = [
        _drawn(box, colours[box["label"]], letter, width)
        for box in sorted(found, key=lambda box: -_area(box["box"]))
    ]
    names = " few" if len(found) <= NAMED else ""
    return (
        f'<svg class="found{names}" role="img" aria-label="{escape(_alternative(found))}" '
        f'viewBox="0 0 {width} {height}" style="{_frame(value["size"])}" '
        f'font-size="{letter:.1f}">{"".join(shapes)}</svg>'
    )


def _alternative(found: Sequence[Box]) -> str:
    """The drawing in words: what is in how many boxes."""
    counts = Counter(box["label"] for box in found)
    named = ", ".join(f"{count} × {label}" for label, count in counts.items())
    return f"{told(f'{len(found)} boxes')}: {named}" if named else told(NOTHING)


def _area(box: Values) -> int:
    return int((box["xmax"] - box["xmin"]) * (box["ymax"] - box["ymin"]))


def _drawn(box: Box, colour: str, letter: float, width: int) -> str:
    """A box with its name above it, which ends where the box does on the right of the picture."""
    x0, y0, x1, y1 = corners(box)
    name = escape(f"{box['label']} {box['score']:.0%}")
    at, anchor = (x0, "start") if x0 + x1 < width else (x1, "end")
    above = y0 - letter * 0.35 if y0 > letter * 1.3 else y0 + letter
    return (
        f'<g style="--one:{colour}"><title>{name}</title>'
        f'<rect x="{x0}" y="{y0}" width="{x1 - x0}" height="{y1 - y0}"/>'
        f'<text x="{at}" y="{above:.0f}" text-anchor="{anchor}">{name}</text></g>'
    )


def _row(box: Box) -> list[str]:
    x0, y0, x1, y1 = corners(box)
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
                crop.thumbnail((SIDE_OF_CROP, SIDE_OF_CROP))
                cut.append((crop, f"{box['label']} {box['score']:.0%}"))
    return cut
