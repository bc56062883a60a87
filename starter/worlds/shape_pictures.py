"""The example pictures of one shape each: `python -m starter.worlds.shape_pictures`."""

from pathlib import Path

import numpy as np
from PIL import Image

from starter.worlds import shape_crops

FOLDER = Path(__file__).parents[1] / "examples"
WIDE = 320  # pixels
SCALE = 3  # times larger than scenes are elsewhere
PICTURES = (
    ("shape_red_circle.png", "red circle", 12),
    ("shape_yellow_star.png", "yellow star", 7),
    ("shape_purple_triangle.png", "purple triangle", 3),
)
"""File, what it shows, and the seed; none of them is a training seed."""


def main() -> None:
    """Write every picture."""
    for name, label, seed in PICTURES:
        rng = np.random.default_rng(1_000 + seed)
        picture = shape_crops.single(rng, (label,), SCALE).picture
        high = round(WIDE * picture.shape[0] / picture.shape[1])
        image = Image.fromarray(picture).resize((WIDE, high), Image.Resampling.BICUBIC)
        image.quantize(64, dither=Image.Dither.NONE).save(FOLDER / name, optimize=True)


if __name__ == "__main__":
    main()
