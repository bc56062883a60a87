"""Image segmentation: which pixels belong to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.kinds import Choice, Image, Number
from pipelines.outputs import Masks
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs
from pipelines.tasks.masks import png, runs, to_mask

DOCS = docs("ImageSegmentationPipeline")
INSTANCES = "Only where things are told apart (panoptic, instance)."
SUBTASKS = ("panoptic", "instance", "semantic")
LONGEST = 1_536
"""Pixels: the library holds a number for each kind and each pixel, 1 GB at this size and 150."""
Values = Mapping[str, Any]


def _picture(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    wanted = params["subtask"]
    if wanted and wanted not in facts.traits:
        offered = ", ".join(name for name in SUBTASKS if name in facts.traits)
        raise InputError("subtask", f"{facts.model} cannot do {wanted}; it can do: {offered}.")
    return Invocation((inputs["image"],))


def _masks(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    picture = inputs["image"]
    masks = [
        {"label": part["label"], "score": part["score"], "rle": runs(to_mask(part["mask"]))}
        for part in raw
    ]
    return {"masks": {"picture": picture, "masks": masks, "size": picture.size}}


def _json(raw: Any) -> list[dict[str, Any]]:
    """[{"label", "mask": base64 PNG, "score"}]; models that name every pixel give no score."""
    answer = []
    for part in raw:
        item = {"label": part["label"], "mask": png(to_mask(part["mask"]))}
        answer.append(item if part["score"] is None else {**item, "score": float(part["score"])})
    return answer


ROW = TaskSpec(
    id="image-segmentation",
    modality="Vision",
    title="Image segmentation",
    help="See which pixels belong to what: one mask for each thing or kind of thing.",
    inputs=(Field(name="image", kind=Image(longest=LONGEST), label="Picture", required=True),),
    params=(
        Field(
            name="subtask",
            kind=Choice(options=(("automatic", None), *((s, s) for s in SUBTASKS))),
            label="Kind",
            help="panoptic: things and grounds; instance: one mask a thing; semantic: one a kind.",
            docs=DOCS,
        ),
        Field(
            name="threshold",
            kind=Number(low=0.0, high=1.0),
            label="Least score",
            help=INSTANCES,
            default=0.9,
            docs=DOCS,
        ),
        Field(
            name="mask_threshold",
            kind=Number(low=0.0, high=1.0),
            label="Mask threshold",
            help=f"How sure a pixel must be to belong to a mask. {INSTANCES}",
            default=0.5,
            advanced=True,
        ),
        Field(
            name="overlap_mask_area_threshold",
            kind=Number(low=0.0, high=1.0),
            label="Overlap threshold",
            help=f"Masks that others cover more than this are dropped. {INSTANCES}",
            default=0.5,
            advanced=True,
        ),
    ),
    outputs=(Output(name="masks", kind=Masks, label="Masks"),),
    models=(
        Model(id="nvidia/segformer-b0-finetuned-ade-512-512", note="150 kinds of things, 4M"),
        Model(id="facebook/mask2former-swin-tiny-coco-panoptic", note="panoptic, 47M"),
        Model(id="facebook/maskformer-swin-tiny-coco", note="panoptic, 42M"),
        Model(id="facebook/mask2former-swin-tiny-coco-instance", note="things apart, 47M"),
        Model(id="mattmdjaga/segformer_b2_clothes", note="clothes, 27M"),
    ),
    starter=Starter(knows="circles, squares, triangles and stars, each kind as one mask"),
    extra_classes=(
        "MaskFormerForInstanceSegmentation",
        "Mask2FormerForUniversalSegmentation",
        "OneFormerForUniversalSegmentation",
        "EomtForUniversalSegmentation",
    ),
    build_input=_picture,
    read_output=_masks,
    to_json=_json,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="images/s",
    batches=False,
    examples=(
        Example(label="Three shapes", values={"image": "shapes_three.png"}, expect="circle"),
        Example(label="Five shapes, wide", values={"image": "shapes_wide.png"}, expect="star"),
        Example(label="A plain drawing", values={"image": "shapes_drawing.png"}, expect="square"),
    ),
    raw_example=[
        {"score": None, "label": "background", "mask": [[255, 0], [255, 255]]},
        {"score": None, "label": "circle", "mask": [[0, 255], [0, 0]]},
    ],
    withheld={"timeout": "pictures are fetched by the playground itself"},
)
