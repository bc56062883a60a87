"""Boxes: what the two detection rows share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.field import ENGINE, Field
from pipelines.kinds import Number
from pipelines.spec import ModelFacts

FLOOR = 0.05
"""The model is asked for boxes from this score on: the slider of the result goes down to it."""
MOST_BOXES = 300
EDGES = ("xmin", "ymin", "xmax", "ymax")
BELOW = "below"
"""Marks the boxes under the threshold: the page's slider shows them, no answer holds them."""
Values = Mapping[str, Any]
Box = dict[str, Any]


def threshold_field(default: float, docs: str) -> Field:
    return Field(
        name="threshold",
        kind=Number(low=0.0, high=1.0),
        label="Least score",
        help="Boxes below it are left out of the answer; the result has a slider of its own.",
        default=default,
        route=ENGINE,
        docs=docs,
    )


def asked_threshold(params: Values) -> float:
    """What the pipeline is called with."""
    return float(min(params["threshold"], FLOOR))


def finish(found: Sequence[Box], params: Values) -> list[Box]:
    """The surest first; those under the threshold are marked."""
    ranked = sorted(found, key=lambda box: -box["score"])[:MOST_BOXES]
    return [{**box, BELOW: True} if box["score"] <= params["threshold"] else box for box in ranked]


def code_finish(params: Values) -> str:
    return 'sorted(found, key=lambda box: -box["score"])'


def read(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """The outputs: every box, clipped to the picture, and where the slider stands."""
    picture = inputs["image"]
    asked = params.get("candidate_labels", ())
    names = [*asked, *(box["label"] for box in raw)]
    shown = {
        "picture": picture,
        "boxes": [{**_plain(box), "box": _clipped(box["box"], picture.size)} for box in raw],
        "labels": list(dict.fromkeys(names)),
        "asked": list(asked),
        "threshold": params["threshold"],
    }
    return {"boxes": shown}


def _clipped(box: Mapping[str, int], size: tuple[int, int]) -> dict[str, int]:
    """Models may say that a thing goes on beyond the rim."""
    ends = dict(zip(EDGES, (*size, *size), strict=True))
    return {edge: min(max(0, int(box[edge])), end) for edge, end in ends.items()}


def to_json(raw: Any) -> list[Box]:
    """The answer in the Hugging Face task format."""
    return [_plain(box) for box in raw if BELOW not in box]


def _plain(box: Box) -> Box:
    edges = {edge: int(box["box"][edge]) for edge in EDGES}
    return {"score": float(box["score"]), "label": str(box["label"]), "box": edges}
