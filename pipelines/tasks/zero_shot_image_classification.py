"""Zero-shot image classification: labels that the user makes up for a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.kinds import Image, Labels, Template
from pipelines.outputs import Scores
from pipelines.spec import Example, Field, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("ZeroShotImageClassificationPipeline")
DEFAULT_TEMPLATE = "This is a photo of {}."
SHAPES = ("a red circle", "a blue square", "a green triangle", "a yellow star", "a cat")

Values = Mapping[str, Any]


def _image_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["image"],))


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
    help="Sort a picture into labels that you make up, without training.",
    inputs=(Field(name="image", kind=Image(), label="Picture", required=True),),
    params=(
        Field(
            name="candidate_labels",
            kind=Labels(),
            label="Labels",
            help="What the picture may show; type one and press Enter.",
            required=True,
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
    read_output=lambda raw, inputs, params, facts: {"scores": raw},
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="images/s",
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
    ),
    raw_example=[{"score": 0.97, "label": "a red circle"}, {"score": 0.03, "label": "a cat"}],
    withheld={
        "tokenizer_kwargs": "the pipeline takes it and drops it (transformers 5.23)",
        "timeout": "pictures are fetched by the playground itself",
    },
)
