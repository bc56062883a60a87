"""Several pictures under labels that the user makes up: asked, answered, drawn."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pipelines.kinds import Pictures
from pipelines.limits import Limits
from pipelines.outputs import Matrix
from pipelines.spec import Output
from pipelines.uploads import Upload
from tests.engine_room import Room
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from ui import matrix
from ui.panel import Updates

TASK = "zero-shot-image-classification"
slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


def test_one_picture_comes_alone_and_a_list_stays_a_list(tmp_path: Any) -> None:
    limits = Limits(upload_roots=(tmp_path.resolve(),))
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    a, b = str(tmp_path / "a.png"), str(tmp_path / "b.png")
    for alone in (a, f"\n{a}\n", {"path": a}, {"image": {"path": a}, "caption": None}):
        assert isinstance(Pictures().check("image", alone, limits), Upload)
    for several, count in (([a], 1), ([a, b], 2), (f"{a}\n{b}", 2), ([{"path": a}], 1)):
        found = Pictures().check("image", several, limits)
        assert isinstance(found, tuple)
        assert len(found) == count


def scores(answer: Any) -> list[dict[str, float]]:
    return [{one["label"]: one["score"] for one in picture} for picture in answer]


@slow
@default
@pytest.mark.parametrize("model", ["clip", "siglip"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_each_of_several_pictures_is_judged_as_if_alone(
    room: Room, model: str, batch_size: int
) -> None:
    files = [room.file(name) for name in ("picture.png", "page.png", "clear.png")]
    done = room.run(TASK, model, image=files, batch_size=batch_size)
    alone = [room.run(TASK, model, image=file).answer for file in files]
    assert len(done.answer) == 3
    for one, other in zip(scores(done.answer), scores(alone), strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    drawn = done.outputs["matrix"]
    assert drawn["labels"] == ("dog", "rain", "train")
    expected = [[found[label] for label in drawn["labels"]] for found in scores(done.answer)]
    assert np.allclose(drawn["scores"], expected)
    assert set(done.outputs) == {"matrix"}


@slow
@default
def test_a_list_of_one_is_answered_by_a_list_of_one(room: Room) -> None:
    one = room.run(TASK, image=room.file("picture.png"))
    listed = room.run(TASK, image=[room.file("picture.png")])
    assert listed.answer == [one.answer]
    assert set(one.outputs) == {"scores"}


def display() -> tuple[Any, dict[str, Any]]:
    """The display, and its components by label."""
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        made = matrix.matrix(Output(name="matrix", kind=Matrix, label="Matrix"))
    return made, {type(c).__name__: c for c in made.components}


def test_the_heat_map_has_a_row_with_its_picture_for_each_picture() -> None:
    made, parts = display()
    updates: Updates = made.draw(MADE[Matrix](), {"image": (Upload("a.png"), Upload("b.png"))})
    figure = updates[parts["Plot"]]
    assert np.allclose(figure.data[0].z, MADE[Matrix]()["scores"])
    assert [image.y for image in figure.layout.images] == [0, 1, 2]
    assert "<b>" not in figure.to_json()
    assert updates[parts["Gallery"]][1][1] == "2. blue 90%"
    assert updates[parts["Label"]]["value"] == pytest.approx(
        {"red": 0.7, "<b>red": 0.2, "blue": 0.1}
    )


def test_a_label_puts_those_pictures_first_that_it_suits() -> None:
    value = {**MADE[Matrix](), "names": ["a", "b", "c"]}
    assert matrix.ordered(value, "blue") == [1, 2, 0]
    assert matrix.ordered(value, "no label") == [0, 1, 2]
    assert matrix.ordered(value, matrix.GIVEN) == [0, 1, 2]
