"""Depth: picture against coloured depth, values at a click, files, and points in space."""

from __future__ import annotations

import io
from functools import cache
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.images import jpeg
from pipelines.spec import Output
from ui.cloud import LEVELS, cloud, near, opened
from ui.downloads import Download, downloads
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import LATEST, QUIET
from ui.sources import SHOW_ONE

COLOURS = ("Turbo", "Viridis", "Magma", "Spectral", "Greys")
"""Colour scales of plotly; the last colour is the nearest, unless they are turned over."""
COMPARE, READ = "Compare", "Read values"
MILLIMETRES = 1_000
"""In a metre: what a 16-bit PNG of metres counts in, as is usual."""
FLAT = 1e-6
"""A span smaller than this share of the numbers is rounding, not depth."""
QUALITY = 90
RING = 0.012
"""Radius of the ring around the clicked point, as a share of the longer side."""
WHOLE = "Click on the picture to read a value."

Levels = NDArray[np.uint16]


def depth(output: Output) -> Display:
    """The slider, the picture to click on, and the controls that act on the kept depth."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept, picked = gr.State(), gr.State()
        view = gr.Radio([COMPARE, READ], value=COMPARE, label="View", elem_classes="switch",
                        container=False, interactive=True)  # fmt: skip
        slider = gr.ImageSlider(
            label=f"{output.label}: drag the handle", interactive=False, type="pil",
            format="webp", buttons=["fullscreen"], max_height=560,
        )  # fmt: skip
        picture = gr.Image(
            label=f"{output.label}. {WHOLE}", interactive=False, buttons=["fullscreen"],
            format="webp", type="pil", elem_classes="pickable", visible=False,
        )  # fmt: skip
        legend = gr.HTML()
        with gr.Row(elem_classes="params"):
            colours = gr.Dropdown(
                list(COLOURS), value=COLOURS[0], label="Colours", interactive=True, min_width=160
            )
            turned = gr.Checkbox(label="Turn the colours over", interactive=True, min_width=160)
        files, painting = gr.HTML(), gr.HTML()
        with gr.Accordion("Points in space", open=False) as space:
            points = gr.Plot(show_label=False, elem_classes="plot")

    view.change(None, view, [slider, picture], js=_shown_views(), api_visibility="private")
    controls = [kept, picked, colours, turned]
    coloured = [slider, picture, legend, painting]

    def draw(value: Values, at: Any, scale: str, over: bool) -> Updates:
        seen = opened(value)
        drawn = painted(value, scale, over)
        return {
            slider: (seen, drawn),
            picture: ringed(drawn, at),
            legend: _legend(value, at, scale, over),
            painting: downloads("depth", Download(f"{scale.lower()}.png", _png(drawn))),
        }

    def recolour(*values: Any) -> Updates:
        return draw(*values) if _usable(*values) else {}

    def pick(event: gr.SelectData, *values: Any) -> Updates:
        if not _usable(*values):
            return {}
        value, _, scale, over = values
        at = _inside(value, event.index)
        drawn = painted(value, scale, over)
        return {
            picked: at,
            picture: ringed(drawn, at),
            legend: _legend(value, at, scale, over),
        }

    for control in (colours, turned):
        control.change(recolour, controls, coloured, **LATEST)
    picture.select(pick, controls, [picked, picture, legend], **LATEST)
    space.expand(cloud, kept, points, **QUIET)

    def show(value: Values, inputs: Values) -> Updates:
        small = _kept(value)
        return {
            kept: small,
            picked: None,
            files: _files(small, value["depth"]),
            space: gr.update(open=False),
            points: None,
            colours: COLOURS[0],
            turned: False,
            **draw(small, None, COLOURS[0], False),
        }

    return Display(
        box=box,
        components=(kept, picked, files, space, points, colours, turned, *coloured),
        draw=show,
        clear=lambda: {
            kept: None, picked: None, slider: None, picture: None, legend: "", files: "",
            painting: "", points: None, space: gr.update(open=False), colours: COLOURS[0],
            turned: False,
        },
    )  # fmt: skip


def _shown_views() -> str:
    return SHOW_ONE.format(names=[COMPARE, READ])


def _usable(value: Any, at: Any, scale: Any, over: Any) -> bool:
    """Whether there is a result, and the settings are such."""
    return bool(value) and scale in COLOURS and isinstance(over, bool)


def _kept(value: Values) -> dict[str, Any]:
    """What the controls act on: the picture as JPEG, the depth in steps from least to most."""
    found = np.asarray(value["depth"], np.float64)
    least, most = float(found.min()), float(found.max())
    flat = most - least <= FLAT * max(abs(least), abs(most))
    levels = np.rint((found - least) / (1.0 if flat else most - least) * LEVELS)
    levels = np.zeros_like(levels) if flat else levels
    return {
        "jpeg": jpeg(value["picture"], QUALITY), "levels": levels.astype(np.uint16),
        "least": least, "most": most,
        "unit": value["unit"], "larger": value["larger"],
    }  # fmt: skip


@cache
def scale_of(name: str) -> NDArray[np.uint8]:
    """The 256 colours of a scale (256, 3), RGB."""
    from plotly.colors import sample_colorscale

    colours = sample_colorscale(name, np.linspace(0, 1, 256).tolist(), colortype="tuple")
    return (np.array(colours) * 255).round().astype(np.uint8)


def painted(value: Values, scale: str, over: bool) -> Image.Image:
    """The depth in colours."""
    share = near(value)
    steps = ((1 - share if over else share) * 255).astype(np.uint8)
    return Image.fromarray(scale_of(scale)[steps])


def ringed(drawn: Image.Image, at: tuple[int, int] | None) -> Image.Image:
    """With a ring around the picked point."""
    if at is None:
        return drawn
    marked = drawn.copy()
    pen, radius = ImageDraw.Draw(marked), max(3.0, RING * max(drawn.size))
    for colour, width in (("black", 3), ("white", 1)):
        pen.circle(at, radius, outline=colour, width=width)
    return marked


def _inside(value: Values, at: Any) -> tuple[int, int] | None:
    """A point (x, y) of the picture, or nothing."""
    height, width = value["levels"].shape
    if not isinstance(at, list | tuple) or len(at) != 2:
        return None
    if not all(isinstance(number, int | float) for number in at):
        return None
    x, y = int(at[0]), int(at[1])
    return (x, y) if 0 <= x < width and 0 <= y < height else None


def value_at(value: Values, at: tuple[int, int]) -> float:
    """The depth at a point (x, y)."""
    share = float(value["levels"][at[1], at[0]]) / LEVELS
    return float(value["least"] + share * (value["most"] - value["least"]))


def written(value: Values, number: float) -> str:
    """A number with its unit."""
    return f"{number:,.2f} m" if value["unit"] == "m" else f"{number:,.4g}"


MEANING = {
    "farther": ("nearest", "farthest"),
    "nearer": ("farthest", "nearest"),
    "": ("least", "most"),
}
"""What the least and the largest number are, by which way the numbers grow."""
SAID = {
    "farther": "Metres along the direction of view.",
    "nearer": "No unit: larger numbers are nearer (inverse depth, up to a scale and a shift).",
    "": "The model does not say whether larger numbers are nearer or farther.",
}


def _legend(value: Values, at: tuple[int, int] | None, scale: str, over: bool) -> str:
    """The colours from the nearest to the farthest, what the numbers are, and the clicked one."""
    colours = scale_of(scale)[::16][:: 1 if over else -1]
    stops = ", ".join(f"rgb({r}, {g}, {b})" for r, g, b in colours.tolist())
    ends = list(zip(MEANING[value["larger"]], (value["least"], value["most"]), strict=True))
    if value["larger"] != "farther":
        ends.reverse()
    first, last = (f"{told(name)} {written(value, number)}" for name, number in ends)
    read = (
        f"<b>{written(value, value_at(value, at))}</b> {told(f'at {at[0]}, {at[1]}.')} "
        if at
        else ""
    )
    return (
        f'<div class="scale"><i style="background: linear-gradient(90deg, {stops})"></i>'
        f"<span>{first}</span><span>{last}</span></div>"
        f'<div class="note">{read}{told(SAID[value["larger"]])}</div>'
    )


def _files(value: Values, found: Any) -> str:
    """The depth as float32 array and as 16-bit PNG."""
    array = io.BytesIO()
    np.save(array, np.asarray(found, np.float32))
    levels, said = sixteen_bit(value, found)
    links = downloads(
        "depth",
        Download("npy", array.getvalue()),
        Download("16-bit.png", _png(Image.fromarray(levels))),
    )
    return f'{links}<div class="note">{escape(told(said))}</div>'


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def sixteen_bit(value: Values, found: Any) -> tuple[Levels, str]:
    """Millimetres where metres are known and fit, else from least to most; and which it is."""
    if value["unit"] == "m" and value["least"] >= 0 and value["most"] * MILLIMETRES <= LEVELS:
        millimetres = np.rint(np.asarray(found, np.float64) * MILLIMETRES).astype(np.uint16)
        return millimetres, "The 16-bit PNG counts millimetres."
    ends = written(value, value["least"]), written(value, value["most"])
    return value["levels"], f"In the 16-bit PNG 0 is {ends[0]} and {LEVELS:,} is {ends[1]}."
