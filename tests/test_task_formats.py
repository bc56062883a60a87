"""Answers have the format of Hugging Face's task specifications, but where a reason is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jsonschema
import pytest

from pipelines.strict_json import to_json
from pipelines.tasks import BY_ID
from tests.engine_room import Room
from tests.task_formats import FORMATS

slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


@dataclass(frozen=True)
class Case:
    """A request to a tiny model; the least that the task takes, and these values."""

    task: str
    model: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    """Why the answer is of another format."""

    @property
    def name(self) -> str:
        return "-".join(filter(None, (self.task, self.model, *self.values)))


FORMATTED = (
    *map(Case, FORMATS),
    Case("audio-classification", "ast", {"window_s": 0.5}),
    Case("automatic-speech-recognition", "wav2vec2", {"return_timestamps": "char"}),
    Case("automatic-speech-recognition", "whisper"),
    Case("document-question-answering", "layoutlm", {"top_k": 3}),
    Case("feature-extraction", values={"text": ["one text"]}),
    Case("image-segmentation", "segformer"),
    Case("table-question-answering", values={"query": ["what is the total?", "and the name?"]}),
    Case("text-generation", "llama", {"text": [{"role": "user", "content": "hello"}]}),
    Case("text-to-audio", "musicgen", {"max_new_tokens": 8}),
    Case("token-classification", "bert-ner", {"aggregation_strategy": "none"}),
    Case("video-classification", values={"window_s": 0.5}),
    Case("zero-shot-classification", values={"multi_label": True}),
    Case("zero-shot-image-classification", "siglip"),
)
OTHERWISE = (
    Case("document-question-answering", "donut", {},
         "models that write their answer give neither a score nor places"),
    Case("feature-extraction", "", {"pooling": "none"},
         "without pooling there is a vector for each token, as the pipeline gives it"),
    Case("fill-mask", "", {"text": "the [MASK] scored a [MASK]"},
         "for each of several gaps a list, as the pipeline gives it"),
    Case("text-generation", "", {"num_return_sequences": 2, "do_sample": True},
         "several answers are a list of what one is"),
    Case("zero-shot-image-classification", "", {"image": ["picture.png", "page.png"]},
         "for each of several pictures a list, as the pipeline gives it"),
)  # fmt: skip


@pytest.mark.parametrize("id", FORMATS)
def test_the_example_answer_has_the_format(id: str) -> None:
    spec = BY_ID[id]
    jsonschema.validate(to_json(spec.to_json(spec.raw_example)), FORMATS[id])


def answer(room: Room, case: Case) -> Any:
    values = dict(case.values)
    if isinstance(values.get("image"), list):
        values["image"] = [room.file(name) for name in values["image"]]
    return to_json(room.run(case.task, case.model, **values).answer)


@slow
@default
@pytest.mark.parametrize("case", FORMATTED, ids=lambda case: case.name)
def test_the_answer_of_a_model_has_the_format(room: Room, case: Case) -> None:
    jsonschema.validate(answer(room, case), FORMATS[case.task])


@slow
@default
@pytest.mark.parametrize("case", OTHERWISE, ids=lambda case: case.name)
def test_an_answer_that_is_otherwise_has_a_reason(room: Room, case: Case) -> None:
    """A deviation that is none any more leaves the list."""
    assert case.reason
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer(room, case), FORMATS[case.task])


@pytest.mark.parametrize("id", FORMATS)
def test_a_format_refuses_something(id: str) -> None:
    jsonschema.Draft202012Validator.check_schema(FORMATS[id])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate("no answer", FORMATS[id])
