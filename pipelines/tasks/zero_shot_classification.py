"""Zero-shot classification: labels that the user makes up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.kinds import Flag, Labels, Template, Text
from pipelines.outputs import Scores
from pipelines.spec import Example, Field, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("ZeroShotClassificationPipeline")
DEFAULT_TEMPLATE = "This example is {}."

Values = Mapping[str, Any]


def _text_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["text"],))


def _label_pairs(raw: Any) -> list[dict[str, Any]]:
    """[{"label", "score"}] of {"sequence", "labels", "scores"}."""
    return [
        {"label": label, "score": score}
        for label, score in zip(raw["labels"], raw["scores"], strict=True)
    ]


def _hypotheses(params: Values) -> tuple[str, ...]:
    template = params["hypothesis_template"]
    return tuple(template.replace("{}", label) for label in params["candidate_labels"])


ROW = TaskSpec(
    id="zero-shot-classification",
    modality="Text",
    title="Zero-shot classification",
    help="Sort a text into labels that you make up, without training.",
    inputs=(
        Field(
            name="text",
            kind=Text(placeholder="A sentence or a paragraph", fit=True),
            label="Text",
            required=True,
        ),
    ),
    params=(
        Field(
            name="candidate_labels",
            kind=Labels(),
            label="Labels",
            help="What the text may be about; type one and press Enter.",
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
        Field(
            name="hypothesis_template",
            kind=Template(),
            label="Template",
            help="The sentence that each label completes; {} stands for the label.",
            default=DEFAULT_TEMPLATE,
            docs=DOCS,
        ),
    ),
    outputs=(Output(name="scores", kind=Scores, label="Labels by score"),),
    models=(
        Model(id="facebook/bart-large-mnli", revision="d7645e1", note="English, 407M", lent=True),
        Model(id="MoritzLaurer/deberta-v3-base-zeroshot-v2.0", note="English, 184M, strong"),
        Model(id="MoritzLaurer/mDeBERTa-v3-base-mnli-xnli", note="100 languages, 279M"),
        Model(id="typeform/distilbert-base-uncased-mnli", note="English, 67M, quick"),
        Model(id="cross-encoder/nli-deberta-v3-small", note="English, 142M"),
    ),
    starter=Starter(knows="twenty everyday topics in short English sentences"),
    build_input=_text_input,
    read_output=lambda raw, inputs, params, facts: {"scores": _label_pairs(raw)},
    to_json=_label_pairs,
    work=lambda raw, inputs, facts, forwards: len(raw["labels"]),
    unit="labels/s",
    steps=lambda inputs, params, facts: len(params["candidate_labels"]),
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
    ),
    raw_example={
        "sequence": "The team scored twice.",
        "labels": ["sports", "cooking"],
        "scores": [0.94, 0.06],
    },
)
