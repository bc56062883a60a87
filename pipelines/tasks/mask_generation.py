"""Mask generation: cut out everything on a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import Field
from pipelines.kinds import Image, Integer, Number
from pipelines.outputs import Masks
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs
from pipelines.tasks.masks import box_of, png, runs, to_mask

DOCS = docs("MaskGenerationPipeline")
DEFAULT_POINTS = 8
"""Points a side. The pipeline's own 32 are 1,024 points: 15 times the time."""
MOST_POINTS = 64
MOST_LAYERS = 2
MOST_PER_BATCH = 128
LONGEST = 1_024
"""Pixels, as SAM sees them: three masks of this size are held for each point of a batch."""
Values = Mapping[str, Any]


def _picture(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["image"],))


def _found(raw: Any) -> list[tuple[Any, float]]:
    """Masks with their scores, the surest first; scores are a tensor, masks arrays or tensors."""
    scores = [float(score) for score in raw["scores"]]
    pairs = zip(map(to_mask, raw["masks"]), scores, strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])


def _masks(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    picture = inputs["image"]
    masks = [
        {"label": f"mask {n}", "score": score, "rle": runs(mask)}
        for n, (mask, score) in enumerate(_found(raw), start=1)
    ]
    return {"masks": {"picture": picture, "masks": masks, "size": picture.size}}


def _json(raw: Any) -> list[dict[str, Any]]:
    """[{"mask": base64 PNG, "score", "box", "area"}], the surest first; box and area in pixels."""
    return [
        {"mask": png(mask), "score": score, "box": box_of(mask), "area": int(mask.sum())}
        for mask, score in _found(raw)
    ]


def _batches(inputs: Values, params: Values, facts: ModelFacts) -> int:
    """Forward passes: the points of the picture, and of 4 parts, 16 parts and so on."""
    pictures: int = sum(4**layer for layer in range(params["crops_n_layers"] + 1))
    points = int(params["points_per_crop"]) ** 2
    return pictures * -(-points // int(params["points_per_batch"]))


def _share(name: str, label: str, help: str, default: float) -> Field:
    kind = Number(low=0.0, high=1.0)
    return Field(name=name, kind=kind, label=label, help=help, default=default, docs=DOCS)


ROW = TaskSpec(
    id="mask-generation",
    modality="Vision",
    title="Mask generation",
    help="Cut out everything on a picture: a mask for each thing, without names.",
    inputs=(Field(name="image", kind=Image(longest=LONGEST), label="Picture", required=True),),
    params=(
        Field(
            name="points_per_crop",
            kind=Integer(low=1, high=MOST_POINTS),
            label="Points a side",
            help="A grid of this many times this many points is asked; more find smaller things.",
            default=DEFAULT_POINTS,
            docs=DOCS,
        ),
        _share("pred_iou_thresh", "Least score", "How good a mask must think it is.", 0.88),
        _share(
            "stability_score_thresh",
            "Least stability",
            "How little a mask may change when its cut-off moves.",
            0.95,
        ),
        Field(
            name="points_per_batch",
            kind=Integer(low=1, high=MOST_PER_BATCH),
            label="Points a batch",
            help="Points in one forward pass; fewer need less memory.",
            default=64,
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="crops_n_layers",
            kind=Integer(low=0, high=MOST_LAYERS),
            label="Crop layers",
            help="Looks again at ever smaller parts of the picture: 4 parts, then 16.",
            default=0,
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="crop_overlap_ratio",
            kind=Number(low=0.0, high=0.9),
            label="Crop overlap",
            help="How much the parts overlap.",
            default=0.341,
            advanced=True,
        ),
        Field(
            name="crops_nms_thresh",
            kind=Number(low=0.0, high=1.0),
            label="Most overlap",
            help="Of two masks whose boxes overlap more, the better one stays.",
            default=0.7,
            advanced=True,
        ),
        Field(
            name="mask_threshold",
            kind=Number(low=-20.0, high=20.0, step=0.1),
            label="Mask cut-off",
            help="The logit from which a pixel belongs to a mask.",
            default=0.0,
            advanced=True,
        ),
        Field(
            name="stability_score_offset",
            kind=Number(low=0.0, high=10.0, step=0.1),
            label="Stability offset",
            help="How far the cut-off moves when stability is measured.",
            default=1.0,
            advanced=True,
        ),
    ),
    outputs=(Output(name="masks", kind=Masks, label="Masks"),),
    models=(
        Model(id="facebook/sam-vit-base", note="94M"),
        Model(id="facebook/sam-vit-large", note="312M"),
        Model(id="facebook/sam-vit-huge", revision="87aecf0", note="641M, strong, slow"),
        Model(id="Zigeng/SlimSAM-uniform-77", note="10M, small"),
    ),
    starter=Starter(
        knows="circles, squares, triangles and stars, one mask each; it misses one in seven"
    ),
    build_input=_picture,
    read_output=_masks,
    to_json=_json,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="images/s",
    steps=_batches,
    batches=False,
    examples=(
        Example(label="A plain drawing", values={"image": "shapes_drawing.png"}, expect="mask 3"),
        Example(
            label="Five shapes, asked less strictly",
            values={
                "image": "shapes_wide.png",
                "pred_iou_thresh": 0.8,
                "stability_score_thresh": 0.8,
            },
            expect="mask 5",
        ),
        Example(
            label="A finer grid",
            values={"image": "shapes_drawing.png", "points_per_crop": 12},
            expect="mask 3",
        ),
    ),
    raw_example={"masks": [[[True, False], [True, True]]], "scores": [0.96]},
    withheld={
        "timeout": "pictures are fetched by the playground itself",
        "output_rle_mask": "the answer holds every mask as a PNG",
        "output_bboxes_mask": "the answer holds the box of every mask",
        "crop_n_points_downscale_factor": "any but 1 fails: crops of unlike many points (5.23)",
        "max_hole_area": "SAM's image processor does not take it (5.23)",
        "max_sprinkle_area": "SAM's image processor does not take it (5.23)",
    },
)
