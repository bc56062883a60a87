"""Depth by real classes: what is asked, odd pictures, and what comes back."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.errors import InputError
from tests.engine_room import Room

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

DEPTH = "depth-estimation"
MEANINGS = {
    "glpn": ("m", "farther"),
    "dpt": ("", "nearer"),
    "dpt-flat": ("", "nearer"),
    "depth-anything": ("", "nearer"),
    "depth-anything-metric": ("m", "farther"),
}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", MEANINGS)
def test_every_family_says_what_its_numbers_mean(room: Room, model: str, dtype: str) -> None:
    done = room.run(DEPTH, model, dtype=dtype, longest_side=96, image=room.file("page.png"))
    found = done.outputs["depth"]
    assert (found["unit"], found["larger"]) == MEANINGS[model]
    assert found["depth"].shape == (48, 96)
    assert found["depth"].dtype == np.float32
    assert found["picture"].size == (96, 48)
    rows = done.answer["predicted_depth"]
    assert (len(rows), len(rows[0])) == (48, 96)
    picture = Image.open(io.BytesIO(base64.b64decode(done.answer["depth"])))
    assert picture.size == (96, 48)


def test_the_same_depth_everywhere_is_black_not_noise(room: Room) -> None:
    done = room.run(DEPTH, "dpt-flat")
    assert {n for row in done.answer["predicted_depth"] for n in row} == {2.0}
    picture = Image.open(io.BytesIO(base64.b64decode(done.answer["depth"])))
    assert picture.getextrema() == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (31, 33), (2_000, 1_500)])
@pytest.mark.parametrize("model", ["glpn", "dpt", "depth-anything"])
def test_pictures_of_any_size_have_a_depth(room: Room, model: str, size: tuple[int, int]) -> None:
    image = room.noise(f"{size[0]}.png", size)
    depth = room.run(DEPTH, model, image=image, longest_side=128).outputs["depth"]["depth"]
    assert max(depth.shape) <= 128
    assert min(depth.shape) >= 1
    if size == (2_000, 1_500):
        assert depth.shape == (96, 128)


def test_a_small_picture_stays_as_it_is(room: Room) -> None:
    done = room.run(DEPTH, "dpt", image=room.noise("small.png", (60, 44)))
    assert done.outputs["depth"]["depth"].shape == (44, 60)
    assert ".resize(" not in done.code


@pytest.mark.parametrize("value", [63, 1_025, "wide", float("nan")])
def test_a_side_out_of_range_is_refused(room: Room, value: Any) -> None:
    with pytest.raises(InputError, match="longest_side"):
        room.events(DEPTH, longest_side=value)


def test_a_model_made_for_something_else_is_refused(room: Room) -> None:
    assert "depth estimation" in room.refusal(DEPTH, "vit").message
