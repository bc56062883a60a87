"""Masks: the picture with its masks in colour; a click picks one, sliders hide others."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images import jpeg, small
from pipelines.spec import Output
from ui import say
from ui.boxes import COLOURS
from ui.downloads import Download, downloads, to_csv
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.quiet import LATEST

LONGEST_SIDE = 960
"""Pixels of the picture as it is shown and cut out; the masks in the ZIP are as large as it was."""
QUALITY = 90
OPACITY = 0.5
EDGE = 1.0
"""Opacity of a mask's rim."""
MOST_SHOWN = 200
"""The surest ones; the ZIP and the answer have them all."""
NOTHING = "No mask was found; fewer conditions or more points may find some."
HIDDEN = "Every mask is hidden; move the sliders or tick a label."
PICK = "Click on the picture to pick the smallest mask at that point."
HEAD = ("label", "score", "area")

Mask = dict[str, Any]


def masks(output: Output) -> Display:
    """The drawing, the picked mask as a cut-out, and what hides and shows."""
    with gr.Column(visible=False, elem_classes="display") as box:
        kept, picked = gr.State(), gr.State()
        picture = gr.Image(
            label=output.label, interactive=False, buttons=["fullscreen"],
            format="webp", type="pil", elem_classes="pickable",
        )  # fmt: skip
        gr.HTML(f'<div class="note">{PICK}</div>')
        none = gr.HTML(visible=False)
        with gr.Row(elem_classes="params"):
            opacity = gr.Slider(
                0, 1, value=OPACITY, step=0.05, label="Opacity", interactive=True, min_width=160
            )
            least = gr.Slider(
                0, 1, value=0, step=0.01, label="Least score", interactive=True, min_width=160
            )
            area = gr.Slider(
                0, 50, value=0, step=0.5, label="Least area (%)", interactive=True, min_width=160
            )
        chosen = gr.CheckboxGroup([], label="Shown", interactive=True, elem_classes="chips")
        cut = gr.Image(
            label="Cut out", interactive=False, visible=False, format="png", type="pil",
            buttons=["download", "fullscreen"], height=280,
        )  # fmt: skip
        with gr.Row(elem_classes="links"):
            files, archive = gr.HTML(), gr.HTML()

    controls = [kept, picked, opacity, least, area, chosen]
    thinned = [picture, none, cut, files]

    def draw(
        value: Values, at: int | None, strength: float, score: float, share: float,
        labels: Sequence[str],
    ) -> Updates:  # fmt: skip
        wanted = set(labels)
        found = [m for m in value["masks"] if _seen(m, wanted, score, share)]
        said = HIDDEN if value["masks"] else NOTHING
        one = next((m for m in found if m["number"] == at), None)
        return {
            picture: overlaid(value, found, strength, one),
            none: gr.update(value=say.hint(said), visible=not found),
            cut: gr.update(
                value=cut_out(value, one) if one else None, visible=one is not None,
                label=told(f"Cut out: {one['name']}" if one else "Cut out"),
            ),
            files: _files(found) if found else "",
        }  # fmt: skip

    def thin_out(*values: Any) -> Updates:
        return draw(*values) if _usable(*values) else {}

    def pick(event: gr.SelectData, *values: Any) -> Updates:
        if not _usable(*values):
            return {}
        value, _, _, score, share, labels = values
        found = [m for m in value["masks"] if _seen(m, set(labels), score, share)]
        under = [m for m in found if _holds(value, m, event.index)]
        at = min(under, key=lambda m: m["area"])["number"] if under else None
        return {picked: at, **draw(value, at, *values[2:])}

    for slider in (opacity, least, area):
        slider.change(thin_out, controls, thinned, **LATEST)
    chosen.input(thin_out, controls, thinned, **LATEST)
    picture.select(pick, controls, [picked, *thinned], **LATEST)

    def show(value: Values, inputs: Values) -> Updates:
        packed = _kept(value)
        names = [m["name"] for m in packed["masks"]]
        scored = any(m["score"] is not None for m in packed["masks"])
        return {
            kept: packed,
            picked: None,
            opacity: OPACITY,
            least: gr.update(value=0, visible=scored),
            area: 0,
            chosen: gr.update(choices=names, value=names, visible=len(names) > 1),
            archive: zipped(value) if names else "",
            **draw(packed, None, OPACITY, 0.0, 0.0, names),
        }

    return Display(
        box=box,
        components=(kept, picked, opacity, least, area, chosen, archive, *thinned),
        draw=show,
        clear=lambda: {
            kept: None, picked: None, picture: None, none: gr.update(visible=False),
            cut: gr.update(value=None, visible=False), files: "", archive: "",
            chosen: gr.update(choices=[], value=[]), opacity: OPACITY, least: 0, area: 0,
        },
    )  # fmt: skip


def _usable(value: Any, at: Any, *settings: Any) -> bool:
    """Whether there is a result, and numbers and names came as such."""
    *numbers, labels = settings
    good = all(isinstance(n, int | float) for n in numbers) and isinstance(labels, list)
    return bool(value) and good


def _seen(mask: Mask, wanted: set[str], score: float, share: float) -> bool:
    sure = mask["score"] is None or mask["score"] >= score
    return mask["name"] in wanted and sure and mask["share"] * 100 >= share


def _kept(value: Values) -> dict[str, Any]:
    """Picture and masks as they are shown, small and packed."""
    shown = small(value["picture"], LONGEST_SIDE)
    found = []
    for number, mask in enumerate(value["masks"][:MOST_SHOWN]):
        full = _mask(mask["rle"], value["size"])
        scaled = Image.fromarray(full.astype(np.uint8) * 255).resize(shown.size)
        bits = np.asarray(scaled) > 127
        share = float(full.mean())
        sure = "" if mask["score"] is None else f" {mask['score']:.0%}"
        found.append(
            {
                "number": number, "label": mask["label"], "score": mask["score"], "share": share,
                "area": int(full.sum()), "bits": zlib.compress(np.packbits(bits).tobytes(), 1),
                "name": f"{number + 1}. {mask['label']}{sure}, {told(f'{share:.1%} of the area')}",
            }
        )  # fmt: skip
    return {"jpeg": jpeg(shown, QUALITY), "small": shown.size, "masks": found}


def _mask(lengths: Sequence[int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask (height, width) from its runs, outside first; size is (width, height)."""
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(size[1], size[0])


def _bits(value: Values, mask: Mask) -> NDArray[np.bool_]:
    width, height = value["small"]
    packed = np.frombuffer(zlib.decompress(mask["bits"]), np.uint8)
    return np.unpackbits(packed, count=width * height).reshape(height, width) > 0


def _holds(value: Values, mask: Mask, at: Any) -> bool:
    """Whether a point (x, y) of the shown picture is inside the mask."""
    width, height = value["small"]
    x, y = (int(c) for c in at)
    return bool(0 <= x < width and 0 <= y < height and _bits(value, mask)[y, x])


def overlaid(
    value: Values, found: Sequence[Mask], strength: float, one: Mask | None
) -> Image.Image:
    """Each mask in its colour over the picture, with its rim; a picked one outshines the others."""
    with Image.open(io.BytesIO(value["jpeg"])) as opened:
        pixels = np.asarray(opened.convert("RGB"), np.float32)
    for mask in sorted(found, key=lambda m: -m["area"]):
        bits = _bits(value, mask)
        hexed = COLOURS[mask["number"] % len(COLOURS)].lstrip("#")
        colour = np.array([int(hexed[n : n + 2], 16) for n in (0, 2, 4)], np.float32)
        faded = strength if one is None or mask is one else strength / 4
        pixels = _blended(pixels, bits, colour, faded)
        pixels = _blended(pixels, _rim(bits), colour, EDGE if one is None or mask is one else faded)
    return Image.fromarray(pixels.astype(np.uint8))


def _blended(pixels: Any, bits: Any, colour: Any, strength: float) -> Any:
    pixels[bits] = pixels[bits] * (1 - strength) + colour * strength
    return pixels


def _rim(bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a mask that have one outside beside them."""
    inner = bits.copy()
    inner[1:] &= bits[:-1]
    inner[:-1] &= bits[1:]
    inner[:, 1:] &= bits[:, :-1]
    inner[:, :-1] &= bits[:, 1:]
    return bits & ~inner


def cut_out(value: Values, mask: Mask) -> Image.Image:
    """The picture inside the mask, see-through around it, cut to its box."""
    bits = _bits(value, mask)
    with Image.open(io.BytesIO(value["jpeg"])) as opened:
        whole = opened.convert("RGBA")
    whole.putalpha(Image.fromarray(bits.astype(np.uint8) * 255))
    return whole.crop(whole.getchannel("A").getbbox() or (0, 0, *whole.size))


def zipped(value: Values) -> str:
    """A link to a ZIP of every mask as a black-and-white PNG of the whole picture's size."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, mask in enumerate(value["masks"], start=1):
            file = io.BytesIO()
            full = _mask(mask["rle"], value["size"])
            Image.fromarray(full.astype(np.uint8) * 255).convert("1").save(file, "PNG")
            plain = "".join(c if c.isalnum() else "-" for c in mask["label"])[:40]
            archive.writestr(f"{number:03}-{plain}.png", file.getvalue())
    return downloads("masks", Download("zip", packed.getvalue()))


def _files(found: Sequence[Mask]) -> str:
    rows = [
        (m["label"], "" if m["score"] is None else round(m["score"], 6), m["area"]) for m in found
    ]
    return downloads("masks", Download("csv", to_csv(HEAD, rows)))
