"""Pairs of views of one surface, and where each point of the one lies in the other."""

import math
from typing import Any

import numpy as np

from starter.worlds import views

SURFACE = (420, 320)  # pixels, width and height
CELL = 8  # pixels of the picture to one of the coarse map
TURN, ZOOM, TILT, SHIFT = 22.0, 1.4, 0.0012, 0.16  # most, of a view against the surface
NOISE = (0.0, 0.04)  # standard deviation, of 0..1
HARRIS = 0.02  # least strength of a corner, as a share of the surface's strongest
APART = 4  # pixels between two corners, at least
SMOOTH = 1.2  # pixels


def ground(rng: np.random.Generator) -> tuple[Any, Any]:
    """A surface in grey (height, width) of 0..1, and its corners (n, 2), the strongest first."""
    from scipy import ndimage

    grey = np.asarray(views.surface(rng, *SURFACE).convert("L"), np.float32) / 255
    soft = ndimage.gaussian_filter(grey, SMOOTH)
    y, x = np.gradient(soft)
    xx, yy, xy = (ndimage.gaussian_filter(p, SMOOTH) for p in (x * x, y * y, x * y))
    strength = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2)  # Shi and Tomasi 1994
    peak = ndimage.maximum_filter(strength, 2 * APART + 1) == strength
    rows, columns = np.nonzero(peak & (strength > HARRIS * strength.max()))
    order = np.argsort(-strength[rows, columns])
    return grey, np.column_stack([columns, rows])[order].astype(np.float64)


def place(rng: np.random.Generator, width: int, height: int) -> Any:
    """A view of a surface: the homography from its pixels to the surface's."""
    turn = math.radians(rng.uniform(-TURN, TURN)) / 2
    zoom = ZOOM ** rng.uniform(-0.5, 0.5)
    return views.moved(width, height, turn=turn, zoom=zoom, tilt=rng.uniform(-TILT, TILT, 2) / 2)


def looks(grounds: Any, rng: np.random.Generator, pairs: int, size: tuple[int, int]) -> Any:
    """Views (2 pairs, 1, height, width) of 0..1, two of each surface in turn, with where they look.

    Returns the views, the homographies from their pixels to the surface, and the surfaces' corners.
    """
    import torch

    width, height = size
    pictures, places, corners = [], [], []
    for _ in range(pairs):
        grey, found = grounds[rng.integers(len(grounds))]
        room = np.array(SURFACE) - (width, height)
        middle = room * rng.uniform(0.3, 0.7, 2)
        for _ in range(2):
            at = middle + rng.uniform(-SHIFT, SHIFT, 2) * (width, height)
            there = views.shifted(*at) @ place(rng, width, height)
            pictures.append(torch.from_numpy(grey))
            places.append(there)
            corners.append(found)
    seen = warped(torch.stack(pictures)[:, None], np.stack(places), size)
    return lit(seen, rng), places, corners


def warped(pictures: Any, places: Any, size: tuple[int, int]) -> Any:
    """What views of the size see of pictures (n, 1, height, width)."""
    import torch

    width, height = size
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    pixels = torch.stack([x, y, torch.ones_like(x)], -1).reshape(-1, 3).float()
    there = pixels @ torch.from_numpy(places).float().transpose(1, 2)
    wide, high = pictures.shape[-1] - 1, pictures.shape[-2] - 1
    grid = there[..., :2] / there[..., 2:] / torch.tensor([wide, high]) * 2 - 1
    return torch.nn.functional.grid_sample(
        pictures, grid.reshape(len(places), height, width, 2), align_corners=True,
        padding_mode="reflection",
    )  # fmt: skip


def lit(seen: Any, rng: np.random.Generator) -> Any:
    """Other light, contrast and noise for each view."""
    import torch

    count = len(seen)
    gain, gamma = rng.uniform(0.6, 1.2, count), rng.uniform(0.7, 1.4, count)
    base, noise = rng.uniform(0.0, 0.2, count), rng.uniform(*NOISE, count)
    gain, gamma, base, noise = (
        torch.from_numpy(v).float()[:, None, None, None] for v in (gain, gamma, base, noise)
    )
    return (seen.clamp(0.001, 1) ** gamma * gain + base + torch.randn_like(seen) * noise).clamp(
        0, 1
    )


def visible(corners: Any, there: Any, size: tuple[int, int]) -> tuple[Any, Any]:
    """The corners inside a view as its pixels (n, 2), and which ones they are."""
    points = views.projected(np.linalg.inv(there), corners)
    inside = ((points >= CELL / 2) & (points < np.array(size) - CELL / 2)).all(1)
    return points[inside], np.nonzero(inside)[0]
