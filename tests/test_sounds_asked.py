"""Recordings are sorted into labels of the user's own."""

from __future__ import annotations

import pytest

from pipelines.errors import InputError
from tests.engine_room import Room

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASKED = "zero-shot-audio-classification"


def test_labels_are_split_and_stripped_and_the_template_completed(room: Room) -> None:
    kwargs = room.call(ASKED, candidate_labels=" a dog , rain,, a dog", hypothesis_template="{}!")
    assert kwargs == {"candidate_labels": ["a dog", "rain"], "hypothesis_template": "{}!"}


@pytest.mark.parametrize("template", ["no gap", "{} and {}", "{:>200000}", "{0.__class__}"])
def test_a_template_that_could_do_harm_is_refused(room: Room, template: str) -> None:
    with pytest.raises(InputError, match=r"^hypothesis_template: must contain \{\} once"):
        room.events(ASKED, hypothesis_template=template)


def test_a_sentence_that_the_text_encoder_cannot_read_is_refused(room: Room) -> None:
    long = room.refusal(ASKED, candidate_labels=["xyz " * 24, "a dog"])
    assert "tokens; starter/clap reads" in long.message
    template = "xyz " * 20 + "{}"
    by_template = room.refusal(ASKED, hypothesis_template=template, candidate_labels=["rain"])
    assert by_template.message.startswith("candidate_labels: has “rain” of ")


@pytest.mark.parametrize("model", ["vit-backbone", "bert-nli", "wav2vec2"])
def test_a_model_that_is_no_clap_is_refused(room: Room, model: str) -> None:
    assert "choose a model made for zero-shot-audio-classification" in (
        room.refusal(ASKED, model).message
    )
