"""Pictures judged by words that the user makes up: on tiny models, through the engine."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from pipelines.errors import InputError
from tests.engine_room import Room
from tests.tiny_pictures import LABEL_TOKENS

ZERO_SHOT = "zero-shot-image-classification"
slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


def seen(answer: Any) -> list[str]:
    return [part["label"] for part in answer]


@slow
@default
@pytest.mark.parametrize("model", ["clip", "siglip"])
def test_labels_are_ranked_and_a_string_is_cut_at_its_commas(room: Room, model: str) -> None:
    done = room.run(ZERO_SHOT, model, candidate_labels="dog, rain ,train")
    assert sorted(seen(done.answer)) == ["dog", "rain", "train"]
    scores = [part["score"] for part in done.answer]
    assert scores == sorted(scores, reverse=True)
    alone = model == "siglip"
    assert (abs(sum(scores) - 1) < 1e-4) is not alone
    assert any("do not add up" in note for note in done.notes) is alone


@slow
@default
def test_one_label_scores_all_there_is_and_that_is_said(room: Room) -> None:
    done = room.run(ZERO_SHOT, candidate_labels=["dog"])
    assert done.answer == [{"label": "dog", "score": 1.0}]
    assert "A label alone always scores 100 %" in done.notes[0]
    assert not room.run(ZERO_SHOT).notes


@slow
@default
def test_the_template_is_used(room: Room) -> None:
    one = room.run(ZERO_SHOT, hypothesis_template="{}").answer
    other = room.run(ZERO_SHOT, hypothesis_template="rain . {} . cloud").answer
    assert one != other


@slow
@default
def test_a_label_that_the_text_encoder_cannot_read_is_refused(room: Room) -> None:
    fits = " ".join(["dog"] * (LABEL_TOKENS - 2))
    assert room.run(ZERO_SHOT, candidate_labels=[fits], hypothesis_template="{}").answer
    failed = room.refusal(ZERO_SHOT, candidate_labels=[fits], hypothesis_template="a {}")
    assert failed.field == "candidate_labels"
    assert f"clip reads {LABEL_TOKENS - 2}" in failed.message


@slow
@default
@pytest.mark.parametrize("template", ["no hole", "{} and {}", "{0}", "{:>200000}", "{0.__class__}"])
def test_a_template_is_a_sentence_with_one_hole(room: Room, template: str) -> None:
    with pytest.raises(InputError, match=r"hypothesis_template: must contain \{\} once"):
        room.events(ZERO_SHOT, hypothesis_template=template)


@slow
@default
def test_a_picture_of_one_pixel_is_answered(room: Room) -> None:
    Image.new("RGB", (1, 1), "red").save(room.folder / "dot.png")
    assert room.run(ZERO_SHOT, image=room.file("dot.png")).answer
