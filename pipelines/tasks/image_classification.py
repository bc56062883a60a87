"""Image classification: what a picture shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import Field
from pipelines.kinds import Image, Integer
from pipelines.outputs import Scores
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import FUNCTION_TO_APPLY, docs

MAX_LABELS = 1_000


def _image_input(
    inputs: Mapping[str, Any], params: Mapping[str, Any], facts: ModelFacts
) -> Invocation:
    return Invocation((inputs["image"],))


ROW = TaskSpec(
    id="image-classification",
    modality="Vision",
    title="Image classification",
    help="Say what a picture shows.",
    inputs=(Field(name="image", kind=Image(sketch=True), label="Picture", required=True),),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_LABELS),
            label="Labels shown",
            help="How many of the likeliest labels to show.",
            default=5,
            docs=docs("ImageClassificationPipeline"),
        ),
        FUNCTION_TO_APPLY,
    ),
    outputs=(Output(name="scores", kind=Scores, label="Labels by score"),),
    models=(
        Model(
            id="google/vit-base-patch16-224", revision="3f49326", note="ImageNet, 87M", lent=True
        ),
        Model(id="microsoft/resnet-50", note="ImageNet, 26M, quick"),
        Model(id="facebook/convnextv2-tiny-22k-224", note="ImageNet-22k, 29M"),
        Model(id="facebook/deit-tiny-patch16-224", note="ImageNet, 6M, small"),
        Model(id="microsoft/beit-base-patch16-224-pt22k-ft22k", note="21,841 labels"),
    ),
    starter=Starter(
        knows="one handwritten digit, 0 to 9, anywhere on the picture",
    ),
    build_input=_image_input,
    read_output=lambda raw, inputs, params, facts: {"scores": raw},
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="images/s",
    examples=(
        Example(label="A three", values={"image": "digit_three.png"}, expect="3"),
        Example(label="A seven, coloured", values={"image": "digit_seven_colour.png"}, expect="7"),
        Example(
            label="An eight, light on dark", values={"image": "digit_eight_dark.png"}, expect="8"
        ),
        Example(label="A sketched five", values={"image": "digit_five_sketch.png"}, expect="5"),
    ),
    raw_example=[{"label": "7", "score": 0.98}, {"label": "1", "score": 0.02}],
    withheld={"timeout": "pictures are fetched by the playground itself"},
)
