"""Sample rooms and pairs of views for the app: `python -m starter.worlds.view_samples`."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from starter.worlds import depths, views

FOLDER = Path(__file__).parents[1] / "examples"
ROOM_SEED, SURFACE_SEED = 4_101, 4_202  # no recipe trains or measures with these
WIDE, TALL = (320, 240), (240, 320)  # pixels
SMALLER = (256, 192)
QUALITY = 90
RED, BLUE, YELLOW, GREEN = depths.COLOURS[:4]
BOX = depths.Thing(x=-0.65, z=2.5, radius=0.42, height=1.2, colour=BLUE, turn=0.5)
BALL = depths.Thing(x=1.1, z=2.4, radius=0.5, height=1.0, colour=RED)
FAR_BALL = depths.Thing(x=0.9, z=5.2, radius=0.35, height=0.7, colour=YELLOW)
FAR_BOX = depths.Thing(x=-1.2, z=4.8, radius=0.4, height=0.8, colour=GREEN, turn=0.2)
MIDDLE_BOX = depths.Thing(x=0.2, z=2.6, radius=0.35, height=1.3, colour=GREEN, turn=0.8)
ROOMS = {
    "room_box.png": (WIDE, (BOX, FAR_BALL)),
    "room_ball.png": (WIDE, (BALL, FAR_BOX)),
    "room_tall.png": (TALL, (MIDDLE_BOX,)),
}
"""File -> its size, and what stands in the room."""
MOTIONS = {
    "moved": (views.shifted(46, -28), WIDE),
    "turned": (views.moved(*WIDE, turn=math.radians(11), shift=(8, 4)), WIDE),
    "nearer": (np.diag([0.8, 0.8, 1]) @ views.moved(*WIDE, zoom=1.25), SMALLER),
}
"""Name -> the homography from the first view to the second, and the second one's size."""


def write_samples(folder: Path = FOLDER) -> None:
    """The files behind the example chips; the same each time."""
    for name, (size, things) in ROOMS.items():
        rng = np.random.default_rng(ROOM_SEED)
        place = replace(
            depths.room(rng), things=things, back=7.0, left=3.2, right=3.2, noise=0.0, pitch=-0.03,
            yaw=0.08, eye=1.5,
        )  # fmt: skip
        scene = depths.rendered(place, rng, *size, size[0] / size[1])
        Image.fromarray(scene.picture).save(folder / name, optimize=True)
    for number, (name, (moved, size)) in enumerate(MOTIONS.items()):
        rng = np.random.default_rng(SURFACE_SEED + number)
        ground = views.surface(rng, 2 * WIDE[0], 2 * WIDE[1])
        corner = views.shifted(WIDE[0] / 2, WIDE[1] / 2)
        pair = (
            views.seen(rng, ground, corner, *WIDE),
            views.seen(rng, ground, corner @ np.linalg.inv(moved), *size),
        )
        for n, view in enumerate(pair):
            Image.fromarray(view).save(folder / f"surface_{name}_{n}.jpg", quality=QUALITY)


if __name__ == "__main__":
    write_samples()
