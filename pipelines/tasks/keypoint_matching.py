"""Keypoint matching: which points of two pictures are the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import Field
from pipelines.kinds import Image, Number
from pipelines.outputs import Matches
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import Written, docs

SIDE = 1_024
"""Pixels of the squares that both pictures are squeezed to before the model squeezes them to its
own size: the pipeline mixes up width and height when it scales points back (transformers 5.23), and
in a square they are the same. Its points are whole pixels, so the square is a large one."""
INPUTS = ("image_0", "image_1")
POINTS = ("keypoint_image_0", "keypoint_image_1")
PAIRS = tuple(zip(POINTS, INPUTS, strict=True))

Values = Mapping[str, Any]


def _pair_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation(([inputs[name].resize((SIDE, SIDE)) for name in INPUTS],))


def _pair_code(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation(([Written(f"{name}.resize(({SIDE}, {SIDE}))") for name in INPUTS],))


def _scaled(found: list[Any], values: Values) -> list[dict[str, Any]]:
    """Points of the squares as points of the pictures."""
    return [
        {
            **{name: _there(match[name], values[given]) for name, given in PAIRS},
            "score": match["score"],
        }
        for match in found
    ]


def _there(point: Values, picture: Any) -> dict[str, float]:
    """A point of the square that was `picture`, in pixels of the picture."""
    return {"x": point["x"] * picture.width / SIDE, "y": point["y"] * picture.height / SIDE}


def _scaled_code(values: Values) -> str:
    """The same as Python."""
    points = [
        f'        "{name}": {{\n'
        f'            "x": m["{name}"]["x"] * {given}.width / {SIDE},\n'
        f'            "y": m["{name}"]["y"] * {given}.height / {SIDE},\n'
        "        },\n"
        for name, given in PAIRS
    ]
    whole = f'{"".join(points)}        "score": m["score"],\n'
    return f"matches = [\n    {{\n{whole}    }}\n    for m in found\n]\nmatches"


def _drawn(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    matches = [
        {"points": [(m[point]["x"], m[point]["y"]) for point in POINTS], "score": m["score"]}
        for m in raw
    ]
    return {"matches": {"pictures": [inputs[name] for name in INPUTS], "matches": matches}}


ROW = TaskSpec(
    id="keypoint-matching",
    modality="Vision",
    title="Keypoint matching",
    help="Find the same points in two pictures of one thing.",
    inputs=(
        Field(name="image_0", kind=Image(), label="First picture", required=True),
        Field(name="image_1", kind=Image(), label="Second picture", required=True),
    ),
    params=(
        Field(
            name="threshold",
            kind=Number(low=0, high=1),
            label="Least score",
            help="Leaves out matches that are less certain; 0 keeps all that the model gives.",
            default=0.0,
            docs=docs("KeypointMatchingPipeline"),
        ),
    ),
    outputs=(Output(name="matches", kind=Matches, label="Matches"),),
    models=(
        Model(id="magic-leap-community/superglue_outdoor", revision="f4041f8", note="outdoors"),
        Model(id="magic-leap-community/superglue_indoor", note="rooms"),
        Model(id="ETH-CVG/lightglue_superpoint", note="quicker than SuperGlue"),
        Model(id="zju-community/efficientloftr", note="dense: also where there are no corners"),
    ),
    starter=Starter(
        knows="flat, drawn surfaces seen twice: moved, turned a little, nearer or farther",
    ),
    build_input=_pair_input,
    code_input=_pair_code,
    finish=_scaled,
    code_finish=_scaled_code,
    read_output=_drawn,
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="pairs/s",
    batches=False,
    examples=(
        Example(
            label="Moved",
            values={"image_0": "surface_moved_0.jpg", "image_1": "surface_moved_1.jpg"},
            expect="moved",
        ),
        Example(
            label="Turned",
            values={"image_0": "surface_turned_0.jpg", "image_1": "surface_turned_1.jpg"},
            expect="turned",
        ),
        Example(
            label="Nearer, and a smaller picture",
            values={"image_0": "surface_nearer_0.jpg", "image_1": "surface_nearer_1.jpg"},
            expect="nearer",
        ),
    ),
    raw_example=[
        {
            "keypoint_image_0": {"x": 40.0, "y": 30.0},
            "keypoint_image_1": {"x": 52.5, "y": 33.0},
            "score": 0.93,
        },
        {
            "keypoint_image_0": {"x": 90.0, "y": 61.0},
            "keypoint_image_1": {"x": 102.0, "y": 64.0},
            "score": 0.41,
        },
    ],
    withheld={"timeout": "pictures are fetched by the playground itself"},
)
