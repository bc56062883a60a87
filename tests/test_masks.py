"""Masks: over tiny models of each family, packed, picked, cut out and written as files."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections import Counter
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pipelines.engine.intake import request_from
from pipelines.engine.request import Progress
from pipelines.errors import InputError
from pipelines.limits import Limits
from pipelines.outputs import Masks
from pipelines.spec import Output
from pipelines.tasks import TASKS
from pipelines.tasks.masks import box_of, from_runs, png, runs, to_mask
from settings import EXAMPLES
from tests.engine_room import Room
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from ui import masks as shown
from ui.panel import Display

slow = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
SEGMENTATION, GENERATION = "image-segmentation", "mask-generation"
ALL_THREE = ("maskformer", "mask2former", "detr-panoptic")


def decoded(mask: str) -> Any:
    """A mask of an answer, true inside."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(mask)))) > 0


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 1)])
@pytest.mark.parametrize("fill", [0.0, 0.5, 1.0])
def test_a_mask_comes_back_from_its_runs_and_from_its_png(
    shape: tuple[int, int], fill: float
) -> None:
    mask = np.random.default_rng(0).random(shape) < fill
    packed = runs(mask)
    assert sum(packed) == mask.size
    assert (from_runs(packed, shape[::-1]) == mask).all()
    assert (decoded(png(mask)) == mask).all()


def test_masks_of_every_make_are_read() -> None:
    inside = np.array([[True, False], [True, True]])
    grey = Image.fromarray(inside.astype(np.uint8) * 255)
    for value in (inside, grey, inside.tolist(), inside * 255):
        assert (to_mask(value) == inside).all()


def test_a_box_stands_around_its_mask() -> None:
    mask = np.zeros((6, 8), bool)
    assert set(box_of(mask).values()) == {0}
    mask[2:4, 3:7] = True
    assert box_of(mask) == {"xmin": 3, "ymin": 2, "xmax": 7, "ymax": 4}


@pytest.fixture
def display() -> Display:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return shown.masks(Output(name="masks", kind=Masks, label="Masks"))


def parts(display: Display, value: Any) -> dict[str, Any]:
    """What is drawn, by the label of its component."""
    return {str(getattr(c, "label", c)): update for c, update in display.draw(value, {}).items()}


def test_every_mask_has_a_chip_with_its_score_and_its_share(display: Display) -> None:
    made = parts(display, MADE[Masks]())
    names = made["Shown"]["choices"]
    assert names[0] == "1. car 97%, 8.4% of the area"
    assert names[2].startswith("3. street, ")
    assert made["Shown"]["value"] == names
    assert made["Least score"]["visible"]
    assert made["Cut out"]["visible"] is False


def test_masks_without_scores_have_no_slider_of_scores(display: Display) -> None:
    value = MADE[Masks]()
    value["masks"] = [{**mask, "score": None} for mask in value["masks"]]
    assert not parts(display, value)["Least score"]["visible"]


def test_no_mask_is_a_sentence(display: Display) -> None:
    updates = display.draw({**MADE[Masks](), "masks": []}, {})
    assert any(shown.NOTHING in str(update) for update in updates.values())


def test_a_click_picks_the_smallest_mask_at_that_point() -> None:
    kept = shown._kept(MADE[Masks]())
    at = {
        name: [m["label"] for m in kept["masks"] if shown._holds(kept, m, point)]
        for name, point in {"car": (100, 250), "nothing": (10, 10), "street": (300, 390)}.items()
    }
    assert at == {"car": ["car"], "nothing": [], "street": ["street"]}
    for outside in ((-1, 0), (640, 10), (10, 400)):
        assert not any(shown._holds(kept, mask, outside) for mask in kept["masks"])


def test_a_mask_is_cut_out_with_nothing_around_it() -> None:
    kept = shown._kept(MADE[Masks]())
    person = shown.cut_out(kept, kept["masks"][1])
    assert person.mode == "RGBA"
    assert person.size == (100, 240)
    assert person.getchannel("A").getextrema()[1] == 255
    assert person.getpixel((50, 100))[:3] == pytest.approx((233, 196, 106), abs=6)


def test_masks_are_drawn_over_the_picture_as_strong_as_asked() -> None:
    kept = shown._kept(MADE[Masks]())
    plain = np.asarray(shown.overlaid(kept, [], 0.5, None), int)
    weak, strong = (
        np.asarray(shown.overlaid(kept, kept["masks"], much, None), int) for much in (0.2, 0.9)
    )
    changed = [np.abs(made[250, 100] - plain[250, 100]).sum() for made in (weak, strong)]
    assert 0 < changed[0] < changed[1]
    assert (weak[5, 5] == plain[5, 5]).all()


def test_what_is_kept_for_the_sliders_is_small() -> None:
    value = MADE[Masks]()
    value["picture"] = value["picture"].resize((1_500, 1_000))
    value["size"] = (1_500, 1_000)
    noise = np.random.default_rng(0).random((1_000, 1_500)) < 0.5
    value["masks"] = [{"label": "noise", "score": 0.5, "rle": runs(noise)}]
    kept = shown._kept(value)
    assert max(kept["small"]) == shown.LONGEST_SIDE
    assert len(kept["masks"][0]["bits"]) < 100_000


def test_the_archive_has_every_mask_in_full_size() -> None:
    value = MADE[Masks]()
    value["masks"][0]["label"] = "../../<car>"
    found = re.search(r"base64,([^\"]+)", shown.zipped(value))
    assert found
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(found[1]))) as archive:
        assert archive.namelist() == ["001--------car-.png", "002-person.png", "003-street.png"]
        mask = Image.open(archive.open("002-person.png"))
        assert (mask.size, np.asarray(mask).sum()) == ((640, 400), 100 * 240)


class TestSegmentation:
    pytestmark = slow

    def test_a_semantic_model_gives_every_pixel_to_one_mask(self, room: Room) -> None:
        answer = room.run(SEGMENTATION, "segformer").answer
        assert all(set(part) == {"label", "mask"} for part in answer)
        assert (sum(decoded(part["mask"]).astype(int) for part in answer) == 1).all()
        assert decoded(answer[0]["mask"]).shape == (48, 48)

    @pytest.mark.parametrize("model", ALL_THREE)
    @pytest.mark.parametrize("subtask", [None, "panoptic", "instance", "semantic"])
    def test_each_family_cuts_out_in_three_ways(
        self, room: Room, model: str, subtask: str | None
    ) -> None:
        done = room.run(SEGMENTATION, model, subtask=subtask, threshold=0.0)
        for part in done.answer:
            assert ("score" in part) == (subtask != "semantic")
            assert decoded(part["mask"]).shape == (48, 48)
        assert bool(done.answer) or subtask != "semantic"
        assert len(done.outputs["masks"]["masks"]) == len(done.answer)

    @pytest.mark.parametrize("subtask", ["panoptic", "instance"])
    def test_a_kind_that_the_model_cannot_do_is_refused_with_those_it_can(
        self, room: Room, subtask: str
    ) -> None:
        refused = room.refusal(SEGMENTATION, "segformer", subtask=subtask)
        assert refused.field == "subtask"
        assert refused.message.endswith("it can do: semantic.")

    @pytest.mark.parametrize("model", ["segformer", "maskformer"])
    def test_a_batch_size_that_the_library_cannot_do_is_no_trouble(
        self, room: Room, model: str
    ) -> None:
        assert room.run(SEGMENTATION, model, batch_size=4, subtask="semantic").answer

    def test_a_large_picture_is_read_smaller_and_that_is_said(self, room: Room) -> None:
        done = room.run(SEGMENTATION, image=room.file("wide.png"))
        assert done.notes == ("The picture of 1,600 x 200 pixels was read at 1,536 x 192.",)
        assert done.outputs["masks"]["size"] == (1_536, 192)
        assert "image.thumbnail((1536, 1536))" in done.code

    def test_a_single_pixel_is_a_picture(self, room: Room) -> None:
        Image.new("RGB", (1, 1), "red").save(room.folder / "pixel.png")
        (only,) = room.run(SEGMENTATION, image=room.file("pixel.png")).answer
        assert decoded(only["mask"]).all()


@pytest.mark.parametrize("model", ["sam", "sam-hq"])
class TestMaskGeneration:
    pytestmark = slow

    def test_everything_is_cut_out_the_surest_first(self, room: Room, model: str) -> None:
        answer = room.run(GENERATION, model).answer
        scores = [part["score"] for part in answer]
        assert scores == sorted(scores, reverse=True)
        for part in answer:
            mask = decoded(part["mask"])
            assert mask.shape == (48, 48)
            assert part["area"] == mask.sum()
            assert part["box"] == box_of(mask)

    def test_points_may_come_in_any_batches(self, room: Room, model: str) -> None:
        many, few = (room.run(GENERATION, model, points_per_batch=n).answer for n in (64, 3))
        assert [part["box"] for part in many] == [part["box"] for part in few]

    def test_parts_of_the_picture_are_looked_at_again(self, room: Room, model: str) -> None:
        assert room.run(GENERATION, model, crops_n_layers=1, crop_overlap_ratio=0.2).answer

    def test_progress_counts_the_batches_of_points(self, room: Room, model: str) -> None:
        for layers, total in ((0, 4), (1, 20)):
            events = room.events(GENERATION, model, points_per_batch=5, crops_n_layers=layers)
            steps = [e for e in events if isinstance(e, Progress) and e.total]
            assert (steps[-1].done, steps[-1].total) == (total, total)

    def test_nothing_good_enough_is_an_empty_answer(self, room: Room, model: str) -> None:
        done = room.run(GENERATION, model, pred_iou_thresh=1.0)
        assert done.answer == done.outputs["masks"]["masks"] == []

    def test_a_single_pixel_is_a_picture(self, room: Room, model: str) -> None:
        Image.new("RGB", (1, 1), "red").save(room.folder / "dot.png")
        room.run(GENERATION, model, image=room.file("dot.png"))


def test_more_points_than_a_request_may_ask_for_are_refused() -> None:
    spec = TASKS[GENERATION]
    values = {"image": "https://example.com/a.png", "points_per_crop": 64, "crops_n_layers": 3}
    with pytest.raises(InputError, match="points_per_crop"):
        request_from(spec, {**values, "points_per_crop": 65}, Limits())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("shapes_three.png", {"triangle", "star", "circle"}),
        ("shapes_wide.png", {"star", "triangle", "square", "circle"}),
        ("shapes_drawing.png", {"circle", "square", "triangle"}),
    ],
)
def test_the_starter_names_the_kinds_of_the_examples(file: str, names: set[str]) -> None:
    from starter.ask import plain
    from starter.train import MODELS

    found = plain(SEGMENTATION, MODELS / SEGMENTATION)(image=EXAMPLES / file)
    areas = Counter({part["label"]: np.asarray(part["mask"]).mean() / 255 for part in found})
    assert {label for label, share in areas.items() if share > 0.01} == {"background", *names}
