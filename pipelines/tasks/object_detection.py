"""Object detection: what is where on a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import Field
from pipelines.kinds import Image
from pipelines.outputs import Boxes
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks import boxes
from pipelines.tasks.fields import docs

DOCS = docs("ObjectDetectionPipeline")
Values = Mapping[str, Any]


def _asked(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["image"],), {"threshold": boxes.asked_threshold(params)})


def _shown(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["image"],), {"threshold": params["threshold"]})


ROW = TaskSpec(
    id="object-detection",
    modality="Vision",
    title="Object detection",
    help="Find the things on a picture, each with its name and a box.",
    inputs=(Field(name="image", kind=Image(), label="Picture", required=True),),
    params=(boxes.threshold_field(0.5, DOCS),),
    outputs=(Output(name="boxes", kind=Boxes, label="Boxes"),),
    models=(
        Model(
            id="PekingU/rtdetr_v2_r18vd", note="80 kinds of things (COCO), 20M, quick and strong"
        ),
        Model(id="facebook/detr-resnet-50", revision="no_timm", note="COCO, 42M"),
        Model(id="PekingU/rtdetr_r50vd", note="COCO, 43M, strong"),
        Model(id="ustc-community/dfine-small-coco", note="COCO, 10M, quick"),
        Model(id="hustvl/yolos-tiny", note="COCO, 6M, small"),
    ),
    starter=Starter(knows="circles, squares, triangles and stars in six colours"),
    build_input=_asked,
    code_input=_shown,
    finish=boxes.finish,
    code_finish=boxes.code_finish,
    read_output=boxes.read,
    to_json=boxes.to_json,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="images/s",
    batches=False,
    examples=(
        Example(
            label="Three shapes", values={"image": "shapes_three.png"}, expect="green triangle"
        ),
        Example(label="Five shapes, wide", values={"image": "shapes_wide.png"}, expect="star"),
        Example(
            label="A plain drawing", values={"image": "shapes_drawing.png"}, expect="blue square"
        ),
    ),
    raw_example=[
        {
            "score": 0.97,
            "label": "red circle",
            "box": {"xmin": 20, "ymin": 30, "xmax": 90, "ymax": 100},
        }
    ],
    withheld={"timeout": "pictures are fetched by the playground itself"},
)
