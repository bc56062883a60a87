"""Zero-shot classification: labels that the user makes up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.field import Field
from pipelines.kinds import Flag, Labels, Texts
from pipelines.outputs import Scores, TextMatrix
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs, template_field

DOCS = docs("ZeroShotClassificationPipeline")
DEFAULT_TEMPLATE = "This example is {}."

Values = Mapping[str, Any]


def _text_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((list(inputs["text"]) if _several(inputs) else inputs["text"],))


def _several(inputs: Values) -> bool:
    return isinstance(inputs["text"], tuple)


def _count(inputs: Values) -> int:
    return len(inputs["text"]) if _several(inputs) else 1


def _first(raw: Any) -> Any:
    return raw[0] if isinstance(raw, list) else raw


def _label_pairs(raw: Any) -> list[Any]:
    """[{"label", "score"}] of {"sequence", "labels", "scores"}; of a list, a list of them."""
    if isinstance(raw, list):
        return [_label_pairs(one) for one in raw]
    return [
        {"label": label, "score": score}
        for label, score in zip(raw["labels"], raw["scores"], strict=True)
    ]


def _drawn(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """Bars for one text; for several, their scores in the order of the labels."""
    if not _several(inputs):
        return {"scores": _label_pairs(raw)}
    labels = params["candidate_labels"]
    found = [dict(zip(one["labels"], one["scores"], strict=True)) for one in raw]
    scores = np.asarray([[one[label] for label in labels] for one in found], np.float32)
    return {"matrix": {"texts": list(inputs["text"]), "labels": labels, "scores": scores}}


def _hypotheses(params: Values) -> tuple[str, ...]:
    template = params["hypothesis_template"]
    return tuple(template.replace("{}", label) for label in params["candidate_labels"])


ROW = TaskSpec(
    id="zero-shot-classification",
    modality="Text",
    title="Zero-shot classification",
    help="Sort texts into labels that you make up, without training.",
    inputs=(
        Field(
            name="text",
            kind=Texts(placeholder="A sentence or a paragraph", fit=True),
            label="Text",
            required=True,
        ),
    ),
    params=(
        Field(
            name="candidate_labels",
            kind=Labels(),
            label="Labels",
            help="What a text may be about; type one and press Enter.",
            required=True,
        ),
        Field(
            name="multi_label",
            kind=Flag(),
            label="Several may be true",
            help="On: each label is judged alone. Off: the labels share one hundred percent.",
            default=False,
            docs=DOCS,
        ),
        template_field(DEFAULT_TEMPLATE, DOCS),
    ),
    outputs=(
        Output(name="scores", kind=Scores, label="Labels by score"),
        Output(name="matrix", kind=TextMatrix, label="Texts and labels"),
    ),
    models=(
        Model(id="facebook/bart-large-mnli", revision="d7645e1", note="English, 407M", lent=True),
        Model(id="MoritzLaurer/deberta-v3-base-zeroshot-v2.0", note="English, 184M, strong"),
        Model(id="MoritzLaurer/mDeBERTa-v3-base-mnli-xnli", note="100 languages, 279M"),
        Model(id="typeform/distilbert-base-uncased-mnli", note="English, 67M, quick"),
        Model(id="cross-encoder/nli-deberta-v3-small", note="English, 142M"),
    ),
    starter=Starter(knows="twenty everyday topics in short English sentences"),
    build_input=_text_input,
    read_output=_drawn,
    to_json=_label_pairs,
    work=lambda raw, inputs, facts, forwards: _count(inputs) * len(_first(raw)["labels"]),
    unit="labels/s",
    steps=lambda inputs, params, facts: _count(inputs) * len(params["candidate_labels"]),
    window=_hypotheses,
    label_trait="entail",
    examples=(
        Example(
            label="Match report",
            values={
                "text": "The team scored twice in the last ten minutes of the match.",
                "candidate_labels": ["sports", "cooking", "weather", "travel"],
            },
            expect="sports",
        ),
        Example(
            label="In the kitchen",
            values={
                "text": "Stir the onions in hot oil and add the garlic.",
                "candidate_labels": ["cooking", "music", "animals", "money"],
            },
            expect="cooking",
        ),
        Example(
            label="Two topics at once",
            values={
                "text": "We flew to the beach and listened to the band all night.",
                "candidate_labels": ["travel", "music", "school", "health"],
                "multi_label": True,
            },
            expect="travel",
        ),
        Example(
            label="Four texts, four labels",
            values={
                "text": [
                    "The striker scored a goal in the stadium.",
                    "Stir the onions in hot oil and add the garlic.",
                    "Heavy rain and strong wind are coming tonight.",
                    "We booked a hotel and a flight for the holidays.",
                ],
                "candidate_labels": ["weather", "sports", "travel", "cooking"],
            },
            expect="sports",
        ),
    ),
    raw_example={
        "sequence": "The team scored twice.",
        "labels": ["sports", "cooking"],
        "scores": [0.94, 0.06],
    },
)
