"""Zero-shot object detection: find what the user names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import ENGINE, Field
from pipelines.kinds import Image, Labels
from pipelines.outputs import Boxes
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks import boxes
from pipelines.tasks.fields import docs

DOCS = docs("ZeroShotObjectDetectionPipeline")
DEFAULT_THRESHOLD = 0.3
"""The pipeline's own 0.1 lets doubtful boxes through; the result's slider goes down to 0.05."""
Values = Mapping[str, Any]


def _asked(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    labels = list(params["candidate_labels"])
    kwargs = {"candidate_labels": labels, "threshold": boxes.asked_threshold(params)}
    return Invocation((inputs["image"],), kwargs)


def _shown(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    kwargs = {"candidate_labels": list(params["candidate_labels"])}
    return Invocation((inputs["image"],), {**kwargs, "threshold": params["threshold"]})


ROW = TaskSpec(
    id="zero-shot-object-detection",
    modality="Vision",
    title="Zero-shot object detection",
    help="Name what you look for, and see where it is on the picture.",
    inputs=(Field(name="image", kind=Image(), label="Picture", required=True),),
    params=(
        Field(
            name="candidate_labels",
            kind=Labels(),
            label="Look for",
            help="What to find; type a name and press Enter.",
            required=True,
            route=ENGINE,
        ),
        boxes.threshold_field(DEFAULT_THRESHOLD, DOCS),
    ),
    outputs=(Output(name="boxes", kind=Boxes, label="Boxes"),),
    models=(
        Model(id="google/owlvit-base-patch32", revision="cbc355f", note="153M, quick"),
        Model(id="google/owlv2-base-patch16-ensemble", note="155M, stronger"),
        Model(id="google/owlv2-large-patch14-ensemble", note="438M, strong"),
        Model(id="IDEA-Research/grounding-dino-tiny", note="172M, phrases; end them with a dot"),
    ),
    starter=Starter(
        knows="circles, squares, triangles and stars in six colours, by name, kind or colour"
    ),
    build_input=_asked,
    code_input=_shown,
    finish=boxes.finish,
    code_finish=boxes.code_finish,
    read_output=boxes.read,
    to_json=boxes.to_json,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="images/s",
    steps=lambda inputs, params, facts: len(params["candidate_labels"]),
    examples=(
        Example(
            label="Two of three",
            values={
                "image": "shapes_three.png",
                "candidate_labels": ["a green triangle", "a yellow star", "a cat"],
            },
            expect="a green triangle",
        ),
        Example(
            label="By kind",
            values={"image": "shapes_wide.png", "candidate_labels": ["triangle", "square"]},
            expect="square",
        ),
        Example(
            label="By colour",
            values={"image": "shapes_wide.png", "candidate_labels": ["orange shape"]},
            expect="orange shape",
        ),
        Example(
            label="A plain drawing",
            values={
                "image": "shapes_drawing.png",
                "candidate_labels": ["a red circle", "a black circle"],
            },
            expect="a red circle",
        ),
    ),
    raw_example=[
        {
            "score": 0.71,
            "label": "a red circle",
            "box": {"xmin": 20, "ymin": 30, "xmax": 90, "ymax": 100},
        }
    ],
    withheld={
        "timeout": "pictures are fetched by the playground itself",
        "top_k": "the result shows the surest boxes first and its slider thins them out",
    },
)
