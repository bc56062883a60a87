"""Boxes: over tiny models of each family, thinned out and drawn, written as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from pipelines.engine.request import Progress
from pipelines.errors import InputError
from pipelines.outputs import Boxes
from pipelines.overlaps import iou
from pipelines.spec import ModelFacts, Output
from pipelines.tasks import boxes as rules
from settings import EXAMPLES
from tests.engine_room import Room
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from ui import annotations
from ui import boxes as shown
from ui.panel import Display

slow = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
DETECTION, ASKED = "object-detection", "zero-shot-object-detection"
EDGES = rules.EDGES


def box(label: str, score: float, *edges: int) -> dict[str, Any]:
    return {"label": label, "score": score, "box": dict(zip(EDGES, edges, strict=True))}


FOUND = [box("cat", 0.9, 0, 0, 10, 10), box("dog", 0.6, 5, 5, 9, 9), box("cat", 0.2, 1, 0, 11, 10)]


def test_boxes_below_the_threshold_are_kept_for_the_slider_and_answered_by_none() -> None:
    params = {"threshold": 0.6}
    raw = rules.finish(list(reversed(FOUND)), params)
    assert [b["score"] for b in raw] == [0.9, 0.6, 0.2]
    assert rules.to_json(raw) == [FOUND[0]]
    assert rules.asked_threshold(params) == rules.FLOOR
    assert rules.asked_threshold({"threshold": 0.01}) == 0.01
    picture = Image.new("RGB", (8, 8))
    drawn = rules.read(raw, {"image": picture}, params, ModelFacts(model="a/b", revision=""))
    assert [b["label"] for b in drawn["boxes"]["boxes"]] == ["cat", "dog", "cat"]
    assert drawn["boxes"]["boxes"][0]["box"] == dict(zip(EDGES, (0, 0, 8, 8), strict=True))


def test_what_pipelines_give_besides_is_plain_json() -> None:
    import numpy as np

    raw = [{**FOUND[0], "score": np.float32(0.5), "label": 3}]
    (answer,) = rules.to_json(rules.finish(raw, {"threshold": 0.1}))
    assert json.loads(json.dumps(answer)) == {**FOUND[0], "score": 0.5, "label": "3"}


def test_of_overlapping_boxes_of_one_label_the_surest_stays() -> None:
    assert shown.surest(FOUND, 0.5) == FOUND[:2]
    assert shown.surest(FOUND, 1.0) == FOUND
    assert iou(shown.corners(FOUND[0]), shown.corners(FOUND[2])) == pytest.approx(9 / 11)
    assert iou(shown.corners(FOUND[0]), shown.corners(box("", 0, 20, 20, 30, 30))) == 0
    nothing = shown.corners(box("", 0, 3, 3, 3, 3))
    assert iou(nothing, nothing) == 0


@pytest.fixture
def display() -> Display:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return shown.boxes(Output(name="boxes", kind=Boxes, label="Boxes"))


def parts(display: Display, value: Any) -> dict[str, Any]:
    """What is drawn, by the label or class of its component."""
    updates = display.draw(value, {})
    return {
        str(getattr(c, "label", None) or (c.elem_classes or [type(c).__name__])[0]): update
        for c, update in updates.items()
    }


def test_the_drawing_has_a_box_for_each_found_and_a_chip_for_each_label(display: Display) -> None:
    made = parts(display, MADE[Boxes]())
    assert made["boxes"].count("<rect") == 3
    assert "car 97%" in made["boxes"]
    assert made["Boxes"]["choices"] == [("car (2)", "car"), ("person (1)", "person")]
    assert made["Boxes"]["value"] == ["car", "person"]
    assert len(made["Found"]["value"]) == len(made["Crops"]["value"]) == 3
    assert made["Least score"] == 0.5


def test_a_label_that_was_asked_for_has_a_chip_though_nothing_is_found(display: Display) -> None:
    value = {**MADE[Boxes](), "boxes": [], "labels": ["a cat"], "asked": ["a cat"]}
    made = parts(display, value)
    assert made["Boxes"]["choices"] == [("a cat (0)", "a cat")]
    assert "<rect" not in made["boxes"]


def test_labels_are_escaped_wherever_they_are_drawn(display: Display) -> None:
    evil = "</title><img src=x onerror=alert(1)>\n&"
    value = {**MADE[Boxes](), "labels": [evil], "boxes": [box(evil, 0.9, 1, 1, 50, 50)]}
    made = parts(display, value)
    assert "<img" not in made["boxes"]
    assert "&lt;img" in made["boxes"]
    links = annotations.files((64, 64), value["boxes"])
    assert "<img" not in links
    assert len(annotations.yolo((64, 64), value["boxes"]).splitlines()) == 2


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (3_000, 40)])
def test_a_picture_of_any_size_is_drawn(display: Display, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size)
    whole = box("all", 0.9, 0, 0, *size)
    empty = box("none", 0.8, 0, 0, 0, 0)
    value = {"picture": picture, "boxes": [whole, empty], "labels": ["all", "none"], "asked": [],
             "threshold": 0.5}  # fmt: skip
    made = parts(display, value)
    assert f'viewBox="0 0 {size[0]} {size[1]}"' in made["boxes"]
    assert len(made["Crops"]["value"]) == 1


def test_sliders_and_chips_act_on_what_is_kept(display: Display) -> None:
    kept = shown._kept(MADE[Boxes]())
    assert kept["labels"] == ["car", "person", "dog"]
    assert shown.counted(kept["boxes"], kept) == {"car": 2, "person": 1, "dog": 1}
    sure = [b for b in kept["boxes"] if b["score"] > 0.5]
    assert shown.counted(shown.surest(sure, 0.5), kept) == {"car": 1, "person": 1}


def test_the_chips_have_the_colours_of_the_boxes() -> None:
    css = (Path(shown.__file__).parent / "page.css").read_text()
    for place, colour in enumerate(shown.COLOURS, start=1):
        nth = "8n" if place == 8 else f"8n + {place}"
        assert f".chips label:nth-of-type({nth}) {{ --chip: {colour}; }}" in css


def test_files_say_the_same_in_three_forms() -> None:
    found = FOUND[:2]
    coco = annotations.coco((20, 40), found)
    assert coco["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    assert coco["annotations"][1]["bbox"] == [5, 5, 4, 4]
    assert coco["annotations"][1]["category_id"] == 2
    assert annotations.yolo((20, 40), found).splitlines() == [
        "# 0 cat",
        "# 1 dog",
        "0 0.250000 0.125000 0.500000 0.250000",
        "1 0.350000 0.175000 0.200000 0.100000",
    ]


@pytest.mark.parametrize("model", ["rt-detr", "detr", "yolos"])
class TestDetectors:
    pytestmark = slow

    def test_each_family_answers_in_pixels_of_the_picture(self, room: Room, model: str) -> None:
        done = room.run(DETECTION, model, threshold=0.0)
        assert len(done.answer) == 10
        scores = [b["score"] for b in done.answer]
        assert scores == sorted(scores, reverse=True)
        for found in done.outputs["boxes"]["boxes"]:
            assert 0 <= found["box"]["xmin"] <= found["box"]["xmax"] <= 48

    def test_the_threshold_cuts_the_answer_and_not_what_is_kept(
        self, room: Room, model: str
    ) -> None:
        every = room.run(DETECTION, model, threshold=0.0).answer
        done = room.run(DETECTION, model, threshold=0.9)
        assert done.answer == []
        kept = [b["score"] for b in done.outputs["boxes"]["boxes"]]
        assert kept == pytest.approx([b["score"] for b in every if b["score"] > rules.FLOOR])

    def test_a_batch_size_that_the_library_cannot_do_is_no_trouble(
        self, room: Room, model: str
    ) -> None:
        one, four = (room.run(DETECTION, model, threshold=0.0, batch_size=n) for n in (1, 4))
        assert one.answer == four.answer

    def test_a_single_pixel_and_a_stripe_are_pictures(self, room: Room, model: str) -> None:
        for name, size in (("pixel.png", (1, 1)), ("stripe.png", (300, 4))):
            Image.new("RGB", size, "red").save(room.folder / name)
            assert room.run(DETECTION, model, image=room.file(name), threshold=0.0).answer


@pytest.mark.parametrize("model", ["owlvit", "owlv2", "grounding-dino"])
class TestDetectorsOfWhatIsAsked:
    pytestmark = slow

    def test_each_family_answers_with_the_labels_that_were_asked(
        self, room: Room, model: str
    ) -> None:
        done = room.run(ASKED, model)
        assert {b["label"] for b in done.answer} == {"a red circle", "cat"}
        assert done.outputs["boxes"]["asked"] == ["a red circle", "cat"]
        scores = [b["score"] for b in done.answer]
        assert scores == sorted(scores, reverse=True)

    def test_labels_in_one_batch_are_answered_as_one_by_one(self, room: Room, model: str) -> None:
        one, two = (room.run(ASKED, model, batch_size=n).answer for n in (1, 2))
        for a, b in zip(one, two, strict=True):
            assert a["score"] == pytest.approx(b["score"], abs=1e-4)

    def test_progress_counts_the_labels(self, room: Room, model: str) -> None:
        steps = [e for e in room.events(ASKED, model) if isinstance(e, Progress) and e.total]
        assert steps[-1].total == 2

    def test_a_label_that_the_text_encoder_cannot_read_is_refused_by_name(
        self, room: Room, model: str
    ) -> None:
        if model == "grounding-dino":
            return  # its window is wider than any label may be
        refused = room.refusal(ASKED, model, candidate_labels=["cat", "a big red circle " * 5])
        assert refused.field == "candidate_labels"
        assert "reads 14" in refused.message


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_labels_may_come_as_one_string_with_commas(room: Room) -> None:
    answer = room.run(ASKED, candidate_labels="cat, a red circle").answer
    assert {b["label"] for b in answer} == {"a red circle", "cat"}
    for nothing in ([], "", " , "):
        with pytest.raises(InputError, match="candidate_labels"):
            room.events(ASKED, candidate_labels=nothing)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_model_that_needs_timm_says_so(room: Room, checkpoints: dict[str, Path]) -> None:
    from importlib.util import find_spec

    if find_spec("timm"):
        pytest.skip("timm is installed here")
    folder = checkpoints["needs-timm"]
    message = room.refusal(DETECTION, "needs-timm").message
    assert message == f"starter/{folder.name} needs the package timm, which is not installed here."


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("shapes_three.png", {"green triangle", "yellow star", "blue circle"}),
        ("shapes_wide.png", {"purple star", "orange triangle", "orange square", "green circle",
                             "blue triangle"}),
        ("shapes_drawing.png", {"red circle", "blue square", "green triangle"}),
    ],
)  # fmt: skip
def test_the_starter_finds_every_shape_of_the_examples(file: str, names: set[str]) -> None:
    from starter.ask import plain
    from starter.train import MODELS

    found = plain(DETECTION, MODELS / DETECTION)(image=EXAMPLES / file)
    assert sorted(b["label"] for b in found) == sorted(names)
