"""Depth estimation: how far away each pixel of a picture is."""

from __future__ import annotations

import io
import math
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from pipelines.field import ENGINE, Field
from pipelines.kinds import Image, Integer
from pipelines.outputs import Depth
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import Written, docs

DIGITS = 5
"""Of the largest number in the JSON answer; the others are rounded to the same place."""
LEAST_SIDE = 32
"""GLPN's processor rounds a side down to a multiple of this, and fails at 0 (5.23)."""

Values = Mapping[str, Any]


def _size(picture: Any, values: Values) -> tuple[int, int]:
    """Width and height of what the model is given: no side longer than asked for."""
    width, height = picture.size
    scale = min(1.0, values["longest_side"] / max(width, height))
    return max(LEAST_SIDE, round(width * scale)), max(LEAST_SIDE, round(height * scale))


def _picture_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """The picture no larger than asked for, so that neither the model nor the answer grows."""
    picture = inputs["image"]
    size = _size(picture, params)
    return Invocation((picture if picture.size == size else picture.resize(size),))


def _picture_code(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    picture = inputs["image"]
    size = _size(picture, params)
    return Invocation(
        (picture if tuple(picture.size) == size else Written(f"{picture!r}.resize({size})"),)
    )


def _depth(found: Values, values: Values) -> dict[str, Any]:
    """float32 (height, width); the pipeline's own picture of it is noise where all is equal."""
    return {"predicted_depth": found["predicted_depth"].float().cpu().numpy()}


def _shown(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """The depth with its picture at the same size, and what its numbers mean for this model."""
    import numpy as np

    depth = np.nan_to_num(np.asarray(raw["predicted_depth"], np.float32))
    metric, inverse = "metric" in facts.traits, "inverse" in facts.traits
    return {
        "depth": {
            "picture": inputs["image"].resize(depth.shape[::-1]),
            "depth": depth,
            "unit": "m" if metric else "",
            "larger": "farther" if metric else "nearer" if inverse else "",
        }
    }


def _json(raw: Any) -> dict[str, Any]:
    """The numbers, and an 8-bit PNG of them in base64: the least is black, the most white."""
    import numpy as np
    from PIL import Image as Pictures

    depth = np.asarray(raw["predicted_depth"], np.float64)
    most = float(np.abs(np.nan_to_num(depth)).max())
    depth = depth.round(DIGITS - math.ceil(math.log10(most)) if most else 0)
    finite = np.nan_to_num(depth)
    span = float(np.ptp(finite)) or 1.0
    file = io.BytesIO()
    Pictures.fromarray(((finite - finite.min()) / span * 255).astype(np.uint8)).save(file, "PNG")
    return {
        "predicted_depth": depth.tolist(),
        "depth": b64encode(file.getvalue()).decode(),
    }


ROW = TaskSpec(
    id="depth-estimation",
    modality="Vision",
    title="Depth estimation",
    help="See how far away everything in a picture is.",
    inputs=(Field(name="image", kind=Image(), label="Picture", required=True),),
    params=(
        Field(
            name="longest_side",
            kind=Integer(low=64, high=1_024, unit="pixels"),
            label="Longest side",
            help="A larger picture is made smaller first; the depth has as many pixels.",
            default=512,
            route=ENGINE,
            docs=docs("DepthEstimationPipeline"),
        ),
    ),
    outputs=(Output(name="depth", kind=Depth, label="Depth"),),
    models=(
        Model(id="Intel/dpt-large", revision="bc15f29", note="342M, nearer is larger"),
        Model(id="depth-anything/Depth-Anything-V2-Small-hf", note="25M, nearer is larger"),
        Model(
            id="depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf", note="25M, metres, rooms"
        ),
        Model(id="Intel/zoedepth-nyu-kitti", note="345M, metres, rooms and streets"),
        Model(id="vinvino02/glpn-nyu", note="61M, metres, rooms"),
        Model(id="apple/DepthPro-hf", note="952M, metres, sharp edges"),
    ),
    starter=Starter(
        knows="rendered rooms with a tiled floor, brick walls, balls and boxes",
    ),
    build_input=_picture_input,
    code_input=_picture_code,
    finish=_depth,
    code_finish=lambda values: '{"predicted_depth": found["predicted_depth"].tolist()}',
    widened=("predicted_depth",),
    read_output=_shown,
    to_json=_json,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="images/s",
    batches=False,
    examples=(
        Example(label="A box on the left", values={"image": "room_box.png"}, expect="left"),
        Example(label="A ball on the right", values={"image": "room_ball.png"}, expect="right"),
        Example(label="A tall picture", values={"image": "room_tall.png"}, expect="middle"),
    ),
    raw_example={"predicted_depth": [[2.5, 2.5, 4.0], [2.0, 2.0, 3.5]]},
    withheld={
        "timeout": "pictures are fetched by the playground itself",
        "parameters": "another way to give the timeout",
    },
)
