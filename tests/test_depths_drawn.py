"""Rooms with their depth, and how depth is drawn: colours, values, files, points in space."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pipelines.jobs.cells import flat
from pipelines.outputs import Depth
from pipelines.spec import Output
from pipelines.tasks import task
from starter.worlds import depths
from tests.served import no_loop_left_open
from ui import cloud
from ui import depth as drawn


def empty(**changes: Any) -> depths.Room:
    """A room of 6 x 4 m that the camera looks straight into."""
    room = depths.room(np.random.default_rng(1))
    plain = {"pitch": 0.0, "yaw": 0.0, "things": (), "noise": 0.0, "eye": 1.5, "ceiling": 3.0}
    return replace(room, **{**plain, "back": 6.0, "left": 2.0, "right": 2.0, **changes})


def seen(room: depths.Room) -> depths.Scene:
    return depths.rendered(room, np.random.default_rng(2), 101, 101, 1.0)


def test_the_same_seed_gives_the_same_rooms() -> None:
    (one, other), (again,) = depths.scenes(9, 2), depths.scenes(9, 1)
    assert np.array_equal(one.picture, again.picture)
    assert not np.array_equal(one.depth, other.depth)


def test_depth_is_the_distance_along_the_axis_of_the_camera() -> None:
    depth = seen(empty()).depth
    assert depth[50, 50] == pytest.approx(6.0, abs=1e-3)
    assert depth[50, 40] == pytest.approx(6.0, abs=1e-3)  # the wall is flat, not round
    floor = 1.5 / ((100.75 / 101 - 0.5) / depths.FOCAL)
    assert depth[100, 50] == pytest.approx(floor, rel=0.02)


def test_things_hide_the_wall_behind_them() -> None:
    ball = depths.Thing(x=0, z=4, radius=1.5, height=3, colour=depths.COLOURS[0])
    assert seen(empty(things=(ball,))).depth[50, 50] == pytest.approx(2.5, abs=0.01)
    box = replace(ball, turn=0.0, radius=0.5)
    depth = seen(empty(things=(box,))).depth
    assert depth[50, 50] == pytest.approx(3.5, abs=0.01)
    assert depth[50, 35] == pytest.approx(6.0, abs=0.01)


def value(depth: Any, unit: str = "m", larger: str = "farther") -> dict[str, Any]:
    found = np.asarray(depth, np.float32)
    picture = Image.new("RGB", found.shape[::-1], (200, 30, 40))
    return {"picture": picture, "depth": found, "unit": unit, "larger": larger}


SLOPE = np.linspace(1, 5, 12).reshape(3, 4)


def display() -> Any:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return drawn.depth(Output(name="depth", kind=Depth, label="Depth"))


def files(updates: Any) -> dict[str, bytes]:
    """What the links carry, by file name."""
    html = " ".join(v for v in updates.values() if isinstance(v, str))
    found = re.findall(r'download="([^"]+)" href="[^"]*base64,([^"]+)"', html)
    return {name: base64.b64decode(content) for name, content in found}


@pytest.mark.parametrize("larger", ["farther", "nearer", ""])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (40, 30)])
def test_any_depth_is_drawn(shape: tuple[int, int], larger: str) -> None:
    for depth in (
        np.zeros(shape),
        np.full(shape, 2.0),
        np.random.default_rng(0).normal(size=shape),
    ):
        updates = display().draw(value(depth, larger=larger, unit=""), {})
        pictures = [v for v in updates.values() if isinstance(v, Image.Image)]
        assert pictures[0].size == shape[::-1]


def test_the_nearest_has_the_last_colour_whichever_way_the_numbers_grow() -> None:
    scale = drawn.scale_of("Turbo")
    for larger, first, last in (("farther", -1, 0), ("nearer", 0, -1)):
        kept = drawn._kept(value(SLOPE, larger=larger))
        painted = np.asarray(drawn.painted(kept, "Turbo", False))
        assert painted[0, 0].tolist() == scale[first].tolist()
        assert painted[-1, -1].tolist() == scale[last].tolist()
        over = np.asarray(drawn.painted(kept, "Turbo", True))
        assert over[0, 0].tolist() == scale[last].tolist()


def test_rounding_errors_are_not_drawn() -> None:
    noise = 2.0 + np.random.default_rng(0).normal(0, 1e-7, (8, 8))
    assert not drawn._kept(value(noise))["levels"].any()


def test_the_legend_says_what_the_numbers_are() -> None:
    metres = drawn._legend(drawn._kept(value(SLOPE)), None, "Turbo", False)
    assert re.search("nearest 1.00 m.*farthest 5.00 m.*Metres", metres)
    inverse = drawn._legend(drawn._kept(value(SLOPE, "", "nearer")), None, "Turbo", False)
    assert re.search("nearest 5.*farthest 1<.*larger numbers are nearer", inverse)
    unknown = drawn._legend(drawn._kept(value(SLOPE, "", "")), None, "Turbo", False)
    assert "does not say" in unknown


def test_a_click_reads_the_value_there() -> None:
    kept = drawn._kept(value(SLOPE))
    assert drawn._inside(kept, [3, 2]) == (3, 2)
    assert drawn.value_at(kept, (3, 2)) == pytest.approx(5.0)
    assert drawn.value_at(kept, (1, 0)) == pytest.approx(SLOPE[0, 1], abs=1e-3)
    assert "<b>5.00 m</b> at 3, 2" in drawn._legend(kept, (3, 2), "Turbo", False)


@pytest.mark.parametrize("at", [None, [9, 9], [-1, 0], "no", ["1", 0], [1]])
def test_a_click_outside_reads_nothing(at: Any) -> None:
    assert drawn._inside(drawn._kept(value(SLOPE)), at) is None


def test_files_hold_the_depth() -> None:
    found = files(display().draw(value(SLOPE), {}))
    array = np.load(io.BytesIO(found["depth.npy"]))
    assert array.dtype == np.float32
    assert np.allclose(array, SLOPE)
    deep = np.asarray(Image.open(io.BytesIO(found["depth.16-bit.png"])))
    assert deep.dtype == np.uint16
    assert deep[-1, -1] == 5_000  # millimetres
    colours = Image.open(io.BytesIO(found["depth.turbo.png"]))
    assert (colours.mode, colours.size) == ("RGB", (4, 3))


@pytest.mark.parametrize("depth", [SLOPE * 100, SLOPE - 3])
def test_metres_that_do_not_fit_sixteen_bits_are_stretched(depth: Any) -> None:
    levels, said = drawn.sixteen_bit(drawn._kept(value(depth)), depth)
    assert (levels.min(), levels.max()) == (0, 65_535)
    assert "65,535 is" in said


def test_points_in_space_are_few_and_as_far_as_the_depth_says() -> None:
    depth = np.full((300, 400), 4.0)
    depth[:, 200:] = 2.0
    x, up, away, colours = cloud.placed(drawn._kept(value(depth)))
    assert len(x) == len(up) == len(away) == len(colours) <= cloud.MOST_POINTS
    assert set(away.round(3)) == {2.0, 4.0}
    assert x[away > 3].max() < 0 < x[away < 3].max()
    assert abs(colours[0].astype(int) - (200, 30, 40)).max() < 6


def test_an_inverse_depth_has_points_too_and_nothing_has_none() -> None:
    away = cloud.distance(drawn._kept(value(SLOPE, "", "nearer")))
    assert away[-1, -1] == pytest.approx(1.0)
    assert away[0, 0] == pytest.approx(10.0)
    assert cloud.cloud(None) is None
    assert len(cloud.cloud(drawn._kept(value(SLOPE))).data[0].x) == SLOPE.size


def test_settings_that_make_no_sense_change_nothing() -> None:
    kept = drawn._kept(value(SLOPE))
    assert drawn._usable(kept, None, "Magma", True)
    for bad in ((None, None, "Magma", True), (kept, None, "<b>", True), (kept, None, "Magma", 1)):
        assert not drawn._usable(*bad)


def test_the_answer_has_numbers_and_a_picture_of_them() -> None:
    row = task("depth-estimation")
    answer = row.to_json({"predicted_depth": np.array([[1.23456789, 300.0], [np.nan, 0.5]])})
    assert answer["predicted_depth"][0] == [1.23, 300.0]
    picture = Image.open(io.BytesIO(base64.b64decode(answer["depth"])))
    assert (picture.mode, picture.size, picture.getextrema()) == ("L", (2, 2), (0, 255))
    flat_one = row.to_json({"predicted_depth": [[2.0, 2.0]]})
    assert Image.open(io.BytesIO(base64.b64decode(flat_one["depth"]))).getextrema() == (0, 0)
    assert row.to_json({"predicted_depth": [[0.0]]})["predicted_depth"] == [[0.0]]


def test_a_table_has_the_least_the_middle_and_the_most() -> None:
    row = task("depth-estimation")
    cells = flat(row, row.to_json({"predicted_depth": [[1.0, 2.0, 9.0]]}))
    assert (cells["minimum"], cells["median"], cells["maximum"]) == (1.0, 2.0, 9.0)
