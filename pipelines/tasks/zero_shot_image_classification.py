"""Zero-shot image classification: labels that the user makes up for a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipelines.field import Field
from pipelines.images import small
from pipelines.kinds import Labels, Pictures
from pipelines.outputs import Matrix, Scores
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs, template_field

DOCS = docs("ZeroShotImageClassificationPipeline")
DEFAULT_TEMPLATE = "This is a photo of {}."
SIDE = 96
"""Pixels, longest side of a picture in the result."""
SHAPES = ("a red circle", "a blue square", "a green triangle", "a yellow star", "a cat")

Values = Mapping[str, Any]


def _image_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((list(inputs["image"]) if _several(inputs) else inputs["image"],))


def _named_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["image"],))


def _several(inputs: Values) -> bool:
    return isinstance(inputs["image"], tuple)


def _count(inputs: Values) -> int:
    return len(inputs["image"]) if _several(inputs) else 1


def _drawn(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """Bars for one picture; for several, their scores in the order of the labels."""
    if not _several(inputs):
        return {"scores": raw}
    labels = params["candidate_labels"]
    found = [{one["label"]: one["score"] for one in picture} for picture in raw]
    rows = [[scores[label] for label in labels] for scores in found]
    pictures = [small(picture, SIDE) for picture in inputs["image"]]
    scores = np.asarray(rows, np.float32)
    return {"matrix": {"pictures": pictures, "labels": labels, "scores": scores}}


def _notes(inputs: Values, params: Values, facts: ModelFacts) -> tuple[str, ...]:
    """What the scores mean, where that is not plain."""
    if "siglip" in facts.model_type:
        return ("This model judges each label alone, so the scores do not add up to 100 %.",)
    if len(params["candidate_labels"]) == 1:
        return ("A label alone always scores 100 %; add others for it to compete with.",)
    return ()


ROW = TaskSpec(
    id="zero-shot-image-classification",
    modality="Vision",
    title="Zero-shot image classification",
    help="Sort pictures into labels that you make up, without training.",
    inputs=(Field(name="image", kind=Pictures(), label="Pictures", required=True),),
    params=(
        Field(
            name="candidate_labels",
            kind=Labels(),
            label="Labels",
            help="What a picture may show; type one and press Enter.",
            required=True,
        ),
        template_field(DEFAULT_TEMPLATE, DOCS),
    ),
    outputs=(
        Output(name="scores", kind=Scores, label="Labels by score"),
        Output(name="matrix", kind=Matrix, label="Pictures and labels"),
    ),
    models=(
        Model(id="openai/clip-vit-base-patch32", revision="3d74acf", note="English, 151M"),
        Model(id="google/siglip-base-patch16-224", note="English, 203M, each label alone"),
        Model(id="google/siglip2-base-patch16-224", note="many languages, 375M"),
        Model(id="openai/clip-vit-large-patch14", note="English, 428M, strong"),
        Model(id="laion/CLIP-ViT-B-32-laion2B-s34B-b79K", note="English, 151M"),
    ),
    starter=Starter(
        knows="circles, squares, triangles and stars in red, green, blue, yellow, purple and "
        "orange by what they are called",
    ),
    build_input=_image_input,
    code_input=_named_input,
    read_output=_drawn,
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: _count(inputs),
    unit="images/s",
    steps=lambda inputs, params, facts: _count(inputs),
    notes=_notes,
    examples=(
        Example(
            label="A red circle",
            values={"image": "shape_red_circle.png", "candidate_labels": list(SHAPES)},
            expect="a red circle",
        ),
        Example(
            label="A star by its kind",
            values={
                "image": "shape_yellow_star.png",
                "candidate_labels": ["a star", "a circle", "a square", "a triangle", "a tree"],
            },
            expect="a star",
        ),
        Example(
            label="What colour is it?",
            values={
                "image": "shape_purple_triangle.png",
                "candidate_labels": ["red", "green", "blue", "yellow", "purple", "orange"],
                "hypothesis_template": "a {} thing",
            },
            expect="purple",
        ),
        Example(
            label="Three pictures, four labels",
            values={
                "image": [
                    "shape_red_circle.png",
                    "shape_yellow_star.png",
                    "shape_purple_triangle.png",
                ],
                "candidate_labels": [
                    "a yellow star",
                    "a red circle",
                    "a purple triangle",
                    "a blue square",
                ],
            },
            expect="a red circle",
        ),
    ),
    raw_example=[{"score": 0.97, "label": "a red circle"}, {"score": 0.03, "label": "a cat"}],
    withheld={
        "tokenizer_kwargs": "the pipeline takes it and drops it (transformers 5.23)",
        "timeout": "pictures are fetched by the playground itself",
    },
)
