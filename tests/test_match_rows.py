"""Matched points by real classes: where they are, odd pictures, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.engine.request import Failed
from pipelines.errors import InputError
from tests.engine_room import Room

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

MATCH = "keypoint-matching"
MATCHERS = ("superglue", "lightglue", "efficientloftr")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", MATCHERS)
def test_matches_are_in_pixels_of_each_picture(room: Room, model: str, dtype: str) -> None:
    """The library itself gives x times the height and y times the width."""
    given = {"image_0": room.noise("wide.png", (400, 100)), "image_1": room.file("page.png")}
    done = room.run(MATCH, model, dtype=dtype, **given)
    assert done.answer
    scores = [match["score"] for match in done.answer]
    assert scores == sorted(scores, reverse=True)
    for match in done.answer:
        for name, (width, height) in (("image_0", (400, 100)), ("image_1", (600, 300))):
            point = match[f"keypoint_{name}"]
            assert 0 <= point["x"] <= width
            assert 0 <= point["y"] <= height
    drawn = done.outputs["matches"]
    assert [picture.size for picture in drawn["pictures"]] == [(400, 100), (600, 300)]
    assert len(drawn["matches"]) == len(done.answer)


@pytest.mark.parametrize("model", MATCHERS)
def test_a_picture_matches_itself_where_it_is(room: Room, model: str) -> None:
    given = {"image_0": room.noise("same.png", (300, 100)), "image_1": room.file("same.png")}
    found = room.run(MATCH, model, **given).answer
    same = [m["keypoint_image_0"] == m["keypoint_image_1"] for m in found]
    assert same
    assert np.mean(same) > 0.4


def test_no_corner_gives_no_match(room: Room) -> None:
    assert room.run(MATCH, "blind").answer == []


@pytest.mark.parametrize("size", [(1, 1), (5, 300)])
@pytest.mark.parametrize("model", MATCHERS)
def test_pictures_of_any_size_are_matched(room: Room, model: str, size: tuple[int, int]) -> None:
    given = {"image_0": room.noise("odd.png", size, "L"), "image_1": room.file("page.png")}
    assert isinstance(room.run(MATCH, model, **given).answer, list)


def test_a_missing_second_picture_is_named(room: Room) -> None:
    with pytest.raises(InputError, match="image_1: is missing"):
        room.events(MATCH, image_1=None)


def test_a_second_picture_that_is_none_is_named(room: Room) -> None:
    (room.folder / "words.png").write_text("not a picture")
    last = room.events(MATCH, image_1=room.file("words.png"))[-1]
    assert isinstance(last, Failed)
    assert last.field == "image_1"
    assert last.expected


def test_a_model_made_for_something_else_is_refused(room: Room) -> None:
    assert "keypoint matching" in room.refusal(MATCH, "vit").message
