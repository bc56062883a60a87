"""Maps of pictures: what a model makes of each patch, and the picture as the model saw it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Shares = NDArray[np.int8]

MOST_SIDE = 32
"""Patches of a side that are compared one by one; of a larger map, neighbours are joined."""
MOST_LEADING = 8
"""Vectors that stand before those of the patches: CLS, distillation, registers."""
SCALES = 5
"""Stages, each of which halves the map, of a model that says how deep they are."""
FULL = 127
"""A cosine of 1 as it is kept."""
SMALLEST = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Mapped:
    """What a pipeline gives for one picture, and beside it what the model gave and was given.

    `rows` is (1, rows, width), or (1, width, rows, columns) of convolutions; `pixels` is
    (1, channels, height, width), from which `mean` was taken and which `deviation` divided.
    """

    given: Any
    rows: Any
    pixels: Any
    mean: Any
    deviation: Any
    patches: tuple[int, ...]


def keep_maps(pipe: Any) -> None:
    """Have a pipeline of picture features give Mapped."""
    forward, postprocess = pipe._forward, pipe.postprocess
    sizes = tuple(_patch_sizes(pipe.model.config))
    normal = bool(getattr(pipe.image_processor, "do_normalize", False))
    mean = getattr(pipe.image_processor, "image_mean", None) if normal else None
    deviation = getattr(pipe.image_processor, "image_std", None) if normal else None

    def seen(model_inputs: Any) -> Any:
        out = forward(model_inputs)
        out["pixels"] = model_inputs["pixel_values"]
        return out

    def mapped(model_outputs: Any, **params: Any) -> Mapped:
        return Mapped(
            given=postprocess(model_outputs, **params), rows=model_outputs[0],
            pixels=model_outputs["pixels"], mean=mean, deviation=deviation, patches=sizes,
        )  # fmt: skip

    pipe._forward, pipe.postprocess = seen, mapped


def _patch_sizes(config: Any) -> Iterator[int]:
    """In pixels: of the first layer, and of every later one where there are stages."""
    size = getattr(config, "patch_size", None)
    if isinstance(size, list | tuple) and len(set(size)) == 1:
        size = size[0]
    if isinstance(size, int) and size > 0:
        stages = SCALES if isinstance(getattr(config, "depths", None), list | tuple) else 1
        yield from (size * 2**stage for stage in range(stages))


def patches(found: Mapped) -> dict[str, Any] | None:
    """How alike the patches are, or nothing where the model gives no grid of them.

    {"picture": uint8 RGB (height, width, 3) as the model saw it, "shape": (rows, columns),
    "joined": patches of a side that one cell holds, "alike": int8 (cells, cells), "wholes":
    {name: int8 (cells,)}}; a cosine of 1 is FULL.
    """
    grid, first = _grid(found)
    if grid is None or grid.shape[0] * grid.shape[1] < 2:
        return None
    rows, columns, width = grid.shape
    joined = -(-max(rows, columns) // MOST_SIDE)
    cells = _joined(grid, joined).reshape(-1, width)
    wholes = {"mean": grid.reshape(-1, width).mean(axis=0)}
    if first is not None:
        wholes["first"] = first
    return {
        "picture": _as_seen(found), "shape": (rows, columns), "joined": joined,
        "alike": _cosines(cells, cells),
        "wholes": {name: _cosines(whole[None], cells)[0] for name, whole in wholes.items()},
    }  # fmt: skip


def _grid(found: Mapped) -> tuple[Floats | None, Floats | None]:
    """(rows, columns, width) of the patches, and the vector that leads them."""
    rows: Floats = found.rows[0].float().numpy()
    if rows.ndim == 3:
        return rows.transpose(1, 2, 0), None
    height, width = found.pixels.shape[-2:]
    for size in found.patches:
        down, across = height // size, width // size
        leading = len(rows) - down * across
        if 0 <= leading <= MOST_LEADING and down * across:
            return rows[leading:].reshape(down, across, -1), rows[0] if leading else None
    return None, None


def _joined(grid: Floats, side: int) -> Floats:
    """The mean of every side x side patches."""
    for axis in (0, 1):
        edges = np.arange(0, grid.shape[axis], side)
        counts = np.diff(np.append(edges, grid.shape[axis]))
        sums = np.add.reduceat(grid, edges, axis=axis)
        grid = sums / np.expand_dims(counts, tuple({0, 1, 2} - {axis}))
    return grid


def _cosines(one: Floats, other: Floats) -> Shares:
    """(n, m) cosines of the rows of (n, width) and (m, width)."""
    unit = [
        x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), SMALLEST) for x in (one, other)
    ]
    shares: Shares = np.rint(np.clip(unit[0] @ unit[1].T, -1, 1) * FULL).astype(np.int8)
    return shares


def _as_seen(found: Mapped) -> NDArray[np.uint8]:
    """The pixels that went into the model, cut and scaled as its processor does."""
    pixels = found.pixels[0].float().numpy().transpose(1, 2, 0)
    if found.mean is not None and found.deviation is not None:
        pixels = pixels * np.asarray(found.deviation) + np.asarray(found.mean)
    picture = (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(picture, (*picture.shape[:2], 3)))
