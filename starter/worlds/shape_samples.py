"""The pictures behind the examples of the tasks that look at shapes: two scenes and a drawing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from starter.worlds import shapes
from starter.worlds.shapes import COLOURS

FOLDER = Path(__file__).parents[1] / "examples"
SCENES = {
    "shapes_three.png": (22, 256, 256, 3),
    "shapes_wide.png": (1, 400, 260, 5),
}
"""File name -> seed, width and height in pixels, how many shapes."""
COLOURS_KEPT = 64
"""Of a scene's colours: a noisy one weighs a third as much, and looks the same."""


def main(folder: Path = FOLDER) -> None:
    for name, (seed, width, height, count) in SCENES.items():
        scene = shapes.scene(np.random.default_rng(seed), width, height, count=count)
        picture = Image.fromarray(scene.picture).quantize(COLOURS_KEPT)
        picture.save(folder / name, optimize=True)
    drawing().save(folder / "shapes_drawing.png", optimize=True)


def drawing() -> Image.Image:
    """A red circle, a blue square and a green triangle in flat colours, as in a picture book."""
    picture = Image.new("RGB", (480, 360), (244, 244, 240))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((50, 60, 180, 190), fill=COLOURS["red"])
    pen.rectangle((290, 50, 420, 180), fill=COLOURS["blue"])
    pen.polygon([(235, 200), (155, 330), (315, 330)], fill=COLOURS["green"])
    return picture


if __name__ == "__main__":
    main()
