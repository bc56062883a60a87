"""Patches of one picture: where they lie, which are alike, and what a click shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pipelines import maps
from pipelines.maps import FULL
from pipelines.outputs import Patches
from pipelines.spec import Output
from tests.engine_room import Room
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from ui import patches

FEATURES = "image-feature-extraction"
slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


def halves(room: Room) -> str:
    """A picture whose left half is black and whose right half is white."""
    picture = Image.new("RGB", (64, 64), "white")
    picture.paste("black", (0, 0, 32, 64))
    picture.save(room.folder / "halves.png")
    return room.file("halves.png")


@slow
@default
@pytest.mark.parametrize(
    ("model", "shape", "wholes"),
    [("vit-backbone", (4, 4), {"mean", "first"}), ("resnet-body", (4, 4), {"mean"}),
     ("segformer-body", (8, 8), {"mean"}), ("vit", (4, 4), {"mean", "first"})],
)  # fmt: skip
@pytest.mark.parametrize("pool", [True, False])
def test_one_picture_has_a_grid_of_patches(
    room: Room, model: str, shape: tuple[int, int], wholes: set[str], pool: bool
) -> None:
    done = room.run(FEATURES, model, image=[halves(room)], pool=pool)
    found = done.outputs["patches"]
    assert found["shape"] == shape
    assert set(found["wholes"]) == wholes
    alike = found["alike"].astype(int)
    assert (alike.diagonal() == FULL).all()
    assert (alike == alike.T).all()
    seen = np.asarray(found["picture"].convert("L")).astype(int)
    assert seen[:, 4].max() < 20
    assert seen[:, -4].min() > 235
    assert done.outputs["likeness"]["vectors"] == done.answer


@slow
@default
def test_the_patches_are_those_of_the_librarys_own_map(room: Room) -> None:
    from transformers import pipeline

    from pipelines import loading

    pipe = pipeline(FEATURES, model=str(loading.STARTERS / "vit-backbone"), device="cpu")
    with Image.open(halves(room)) as picture:
        rows = np.asarray(pipe(picture.convert("RGB")))[0]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = room.run(FEATURES, image=[halves(room)]).outputs["patches"]
    assert np.abs(found["alike"] - unit[1:] @ unit[1:].T * FULL).max() < 1
    assert np.abs(found["wholes"]["first"] - unit[1:] @ unit[0] * FULL).max() < 1


@slow
@default
def test_several_pictures_have_no_patches(room: Room) -> None:
    assert set(room.run(FEATURES).outputs) == {"likeness"}


def mapped(rows: Any, pixels: tuple[int, int], *sizes: int) -> maps.Mapped:
    import torch

    return maps.Mapped(
        given=None, rows=torch.as_tensor(rows, dtype=torch.float32),
        pixels=torch.zeros(1, 3, *pixels), mean=None, deviation=None, patches=sizes,
    )  # fmt: skip


@slow
@default
@pytest.mark.parametrize(
    ("vectors", "pixels", "sizes", "shape"),
    [
        (1 + 12, (48, 64), (16,), (3, 4)), (5 + 12, (48, 64), (16,), (3, 4)),
        (12, (48, 64), (16,), (3, 4)), (49, (224, 224), (4, 8, 16, 32), (7, 7)),
        (50, (224, 224), (16,), None), (40, (64, 64), (), None), (2, (16, 16), (16,), None),
    ],
)  # fmt: skip
def test_a_grid_is_found_only_where_the_model_gives_one(
    vectors: int, pixels: tuple[int, int], sizes: tuple[int, ...], shape: Any
) -> None:
    rows = np.random.default_rng(0).standard_normal((1, vectors, 8))
    found = maps.patches(mapped(rows, pixels, *sizes))
    assert (found and found["shape"]) == shape


@slow
@default
def test_a_large_map_is_joined_and_keeps_its_shape() -> None:
    rows = np.random.default_rng(0).standard_normal((1, 6, 70, 40))
    found = maps.patches(mapped(rows, (70, 40)))
    assert found is not None
    assert found["joined"] == 3
    assert found["alike"].shape == (24 * 14, 24 * 14)
    assert patches.alike(found, (69, 39), patches.CLICKED).shape == (70, 40)
    first = rows[0, :, :3, :3].reshape(6, 9).mean(axis=1)
    last = rows[0, :, 69:, 39:].reshape(6, 1).mean(axis=1)
    cosine = first @ last / np.linalg.norm(first) / np.linalg.norm(last)
    assert found["alike"][0, -1] == pytest.approx(cosine * FULL, abs=1)


@pytest.mark.parametrize(
    ("at", "found"),
    [((0, 0), (0, 0)), ((511, 340), (1, 2)), ((200, 300), (1, 1)), ((512, 0), None),
     ((-1, 3), None), ("ab", None), (7, None), ((None, 1), None)],
)  # fmt: skip
def test_a_click_is_in_one_patch_or_nowhere(at: Any, found: Any) -> None:
    assert patches.cell(MADE[Patches](), at) == found


def test_a_click_shows_which_patches_are_like_it() -> None:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False) as page:
        display = patches.patches(Output(name="patches", kind=Patches, label="Patches"))
    pick = next(fn.fn for fn in page.fns.values() if fn.targets[0][1] == "select")
    value = MADE[Patches]()
    shown = pick(value, 1.0, SimpleNamespace(index=(10, 10)))
    picture = next(u for u in shown.values() if isinstance(u, Image.Image))
    colours = np.asarray(picture)
    other, unlike = colours[300, 80].tolist(), colours[80, 300].tolist()
    assert other != unlike
    assert colours[300, 300].tolist() == unlike
    assert any(isinstance(u, str) and "row 1, column 1" in u for u in shown.values())
    assert pick(value, 1.0, SimpleNamespace(index=(-4, 10))) == {}
    assert pick(None, 1.0, SimpleNamespace(index=(10, 10))) == {}
    drawn = display.draw(value, {})
    assert next(u for u in drawn.values() if isinstance(u, Image.Image)).size == (512, 341)
