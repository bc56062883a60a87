"""The example clips of one motion each and of three: `python -m starter.worlds.motion_clips`."""

from pathlib import Path

import numpy as np

from starter.worlds import motions

FOLDER = Path(__file__).parents[1] / "examples"
FRAMES = 30
CLIPS = (
    ("motion_right.mp4", "moving right", "circle", "red", 1, (240, 180)),
    ("motion_growing.mp4", "growing", "square", "blue", 2, (200, 200)),
    ("motion_circling.mp4", "circling", "star", "yellow", 3, (200, 200)),
    ("motion_spinning.mp4", "spinning", "triangle", "green", 7, (200, 200)),
)
"""File, motion, shape, colour, seed, width and height; none of them is a training seed."""
THREE, SIZE = "motions_three.mp4", (240, 180)
SCENES = (
    ("moving right", "circle", "red", 1),
    ("growing", "square", "blue", 2),
    ("moving right", "star", "yellow", 5),
)
"""One after the other in THREE."""


def main() -> None:
    """Write every clip."""
    for name, label, kind, colour, seed, size in CLIPS:
        rng = np.random.default_rng(2_000 + seed)
        clip = motions.clip(rng, label, FRAMES, *size, kind=kind, colour=colour)
        motions.write(clip, FOLDER / name)
    scenes = []
    for label, kind, colour, seed in SCENES:
        rng = np.random.default_rng(2_000 + seed)
        scenes.append(motions.clip(rng, label, FRAMES, *SIZE, kind=kind, colour=colour))
    motions.write(np.concatenate(scenes), FOLDER / THREE)


if __name__ == "__main__":
    main()
