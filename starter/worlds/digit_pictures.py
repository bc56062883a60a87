"""The example pictures of image similarity: `python -m starter.worlds.digit_pictures`."""

from pathlib import Path

import numpy as np
from PIL import Image

from starter.worlds import digits

FOLDER = Path(__file__).parents[1] / "examples"
SIDE = 160  # pixels
PICTURES = (
    *(("3a", 3, 0, 1), ("3b", 3, 4, 2), ("7a", 7, 1, 3), ("7b", 7, 5, 4), ("0a", 0, 2, 5)),
    *(("0b", 0, 3, 6), ("4a", 4, 1, 7), ("4b", 4, 6, 8), ("9a", 9, 0, 9), ("1a", 1, 2, 10)),
)
"""Name, digit, which of the held-out ones of this digit, and the seed of its scene."""


def main() -> None:
    """Write every picture, as a scene."""
    held_out = digits.handwritten(held_out=True)
    for name, label, which, seed in PICTURES:
        digit = [d for d in held_out if d.label == label][which]
        scene = digits.scene(digit, np.random.default_rng(3_000 + seed), SIDE, SIDE)
        image = Image.fromarray(scene).quantize(64, dither=Image.Dither.NONE)
        image.save(FOLDER / f"alike_{name}.png", optimize=True)


if __name__ == "__main__":
    main()
