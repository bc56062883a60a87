"""Patches: a picture as the model saw it, and how alike its patches are to the clicked one."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from pipelines.maps import FULL
from pipelines.spec import Output
from ui.depth import scale_of
from ui.language import choices, told
from ui.panel import Display, Updates, Values
from ui.quiet import LATEST

CLICKED = "the clicked patch"
WHOLES = {"the mean of all": "mean", "the first vector (CLS)": "first"}
COLOURS = "Viridis"
SHOWN = 512
"""Pixels, longest side of the picture that is drawn."""
STRENGTH = 0.6
"""Share of the colours in what is drawn; the rest is the picture."""
FLAT = 1e-6


def patches(output: Output) -> Display:
    """The picture to click on, what its patches are compared with, and how strong the colours."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept, picked = gr.State(), gr.State()
        picture = gr.Image(
            label=f"{output.label}: click on one", interactive=False, buttons=["fullscreen"],
            format="webp", type="pil", elem_classes="pickable",
        )  # fmt: skip
        legend = gr.HTML()
        with gr.Row(elem_classes="params"):
            whole = gr.Dropdown(
                [CLICKED, *WHOLES], label="Compare with", interactive=True, min_width=160
            )
            strength = gr.Slider(
                0, 1, value=STRENGTH, step=0.05, label="Colours over the picture",
                interactive=True, min_width=160,
            )  # fmt: skip

    def draw(value: Values, at: Any, of: str, share: float) -> Updates:
        found = alike(value, at, of)
        place = at if of == CLICKED else None
        return {
            picture: painted(value, found, share, place),
            legend: _legend(found, value, place, of),
        }

    def redraw(value: Values | None, at: Any, of: Any, share: Any) -> Updates:
        if not value or not isinstance(share, int | float) or not _known(value, at, of):
            return {}
        return draw(value, at, of, share)

    def pick(value: Values | None, share: Any, event: gr.SelectData) -> Updates:
        at = cell(value, event.index) if value else None
        if not value or at is None or not isinstance(share, int | float):
            return {}
        return {picked: at, whole: CLICKED, **draw(value, at, CLICKED, share)}

    drawn = [picture, legend]
    for control in (whole, strength):
        control.input(redraw, [kept, picked, whole, strength], drawn, **LATEST)
    picture.select(pick, [kept, strength], [picked, whole, *drawn], **LATEST)

    def show(value: Values, inputs: Values) -> Updates:
        names = [name for name, key in WHOLES.items() if key in value["wholes"]]
        return {
            kept: dict(value),
            picked: None,
            whole: gr.update(choices=choices([CLICKED, *names]), value=names[0]),
            strength: STRENGTH,
            **draw(value, None, names[0], STRENGTH),
        }

    return Display(
        box=box,
        components=(kept, picked, whole, strength, *drawn),
        draw=show,
        clear=lambda: {
            kept: None, picked: None, whole: CLICKED, strength: STRENGTH, picture: None, legend: "",
        },
    )  # fmt: skip


def _known(value: Values, at: Any, of: Any) -> bool:
    """Whether there is something to compare with."""
    return at is not None if of == CLICKED else WHOLES.get(str(of)) in value["wholes"]


def alike(value: Values, at: tuple[int, int] | None, of: str) -> Any:
    """Cosines (rows, columns) of the patches to the one at (row, column), or to a whole."""
    rows, columns = value["shape"]
    joined = value["joined"]
    across = -(-columns // joined)
    if of == CLICKED and at is not None:
        found = value["alike"][at[0] // joined * across + at[1] // joined]
    else:
        found = value["wholes"][WHOLES[of]]
    cells = np.asarray(found, np.float32).reshape(-1, across) / FULL
    return cells.repeat(joined, axis=0).repeat(joined, axis=1)[:rows, :columns]


def shown_size(value: Values) -> tuple[int, int]:
    """Width and height of what is drawn."""
    width, height = value["picture"].size
    scale = SHOWN / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def cell(value: Values, at: Any) -> tuple[int, int] | None:
    """Row and column of the patch at a point (x, y) of what is drawn, or nothing."""
    if not isinstance(at, list | tuple) or len(at) != 2:
        return None
    if not all(isinstance(number, int | float) for number in at):
        return None
    (width, height), (rows, columns) = shown_size(value), value["shape"]
    if not (0 <= at[0] < width and 0 <= at[1] < height):
        return None
    return int(at[1] * rows / height), int(at[0] * columns / width)


def painted(value: Values, found: Any, share: float, at: tuple[int, int] | None) -> Image.Image:
    """The picture under the colours of the cosines, from the least to the largest there is."""
    size = shown_size(value)
    least, most = float(found.min()), float(found.max())
    steps = (found - least) / max(most - least, FLAT) * 255
    heat = Image.fromarray(scale_of(COLOURS)[steps.astype(np.uint8)])
    seen = value["picture"].resize(size, Image.Resampling.BICUBIC)
    drawn = Image.blend(
        seen, heat.resize(size, Image.Resampling.NEAREST), min(1.0, max(0.0, share))
    )
    if at is not None:
        _frame(drawn, value["shape"], at)
    return drawn


def _frame(drawn: Image.Image, shape: tuple[int, int], at: tuple[int, int]) -> None:
    """A frame around the clicked patch."""
    high, wide = drawn.height / shape[0], drawn.width / shape[1]
    x, y = at[1] * wide, at[0] * high
    pen = ImageDraw.Draw(drawn)
    for colour, width in (("black", 4), ("white", 2)):
        pen.rectangle((x, y, x + wide - 1, y + high - 1), outline=colour, width=width)


def _legend(found: Any, value: Values, at: tuple[int, int] | None, of: str) -> str:
    """The colours with the least and the largest cosine, and what was compared."""
    stops = ", ".join(f"rgb({r}, {g}, {b})" for r, g, b in scale_of(COLOURS)[::16].tolist())
    rows, columns = value["shape"]
    place = told(f"row {at[0] + 1}, column {at[1] + 1}" if at else of)
    said = (
        f"{rows} x {columns} patches of the picture as the model saw it, compared with {place}. "
        "A click on another runs nothing again."
    )
    return (
        f'<div class="scale"><i style="background: linear-gradient(90deg, {stops})"></i>'
        f"<span>{found.min():.2f}</span><span>{found.max():.2f}</span></div>"
        f'<div class="note">{escape(told(said))}</div>'
    )
