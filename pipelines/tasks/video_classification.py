"""Video classification: what happens in a clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.kinds import Integer, Video
from pipelines.outputs import Filmstrip, Scores
from pipelines.spec import (
    ENGINE,
    Example,
    Field,
    Invocation,
    Model,
    ModelFacts,
    Output,
    Starter,
    TaskSpec,
)
from pipelines.tasks.fields import FUNCTION_TO_APPLY, docs

DOCS = docs("VideoClassificationPipeline")
MAX_LABELS = 1_000
MAX_STEP = 1_000
SIDE = 192
"""Pixels, longest side of a frame in the result."""

Values = Mapping[str, Any]


def _frames_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["video"].frames,))


def _named_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["video"],))


def _scores_and_frames(
    raw: Any, inputs: Values, params: Values, facts: ModelFacts
) -> dict[str, Any]:
    """The labels, and the frames small enough to look at."""
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in inputs["video"].frames]
    for picture in pictures:
        picture.thumbnail((SIDE, SIDE))
    return {"scores": raw, "frames": {"pictures": pictures, "times": inputs["video"].times}}


ROW = TaskSpec(
    id="video-classification",
    modality="Vision",
    title="Video classification",
    help="Say what happens in a clip.",
    inputs=(Field(name="video", kind=Video(), label="Clip", required=True),),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_LABELS),
            label="Labels",
            help="How many of the likeliest labels to show.",
            default=5,
            docs=DOCS,
        ),
        Field(
            name="frame_sampling_rate",
            kind=Integer(low=1, high=MAX_STEP),
            label="Every so many frames",
            help="Empty: they are spread evenly over the clip. 2: about every second one from "
            "the start, and so on.",
            route=ENGINE,
            docs=DOCS,
        ),
        FUNCTION_TO_APPLY,
    ),
    outputs=(
        Output(name="scores", kind=Scores, label="Labels by score"),
        Output(name="frames", kind=Filmstrip, label="Frames that were read"),
    ),
    models=(
        Model(
            id="MCG-NJU/videomae-base-finetuned-kinetics",
            revision="488eb9a",
            note="400 actions, 86M, 16 frames",
        ),
        Model(id="facebook/timesformer-base-finetuned-k400", note="400 actions, 121M, 8 frames"),
        Model(
            id="MCG-NJU/videomae-base-finetuned-ssv2", note="174 doings with things, 86M, 16 frames"
        ),
        Model(id="google/vivit-b-16x2-kinetics400", note="400 actions, 89M, 32 frames"),
    ),
    starter=Starter(
        knows="how one coloured shape moves: left, right, up, down, growing, shrinking, spinning, "
        "circling or standing still (a small shape that spins may be said to stand still)",
    ),
    build_input=_frames_input,
    code_input=_named_input,
    read_output=_scores_and_frames,
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: len(inputs["video"].frames),
    unit="frames/s",
    examples=(
        Example(
            label="A circle to the right",
            values={"video": "motion_right.mp4"},
            expect="moving right",
        ),
        Example(label="A square grows", values={"video": "motion_growing.mp4"}, expect="growing"),
        Example(label="A star circles", values={"video": "motion_circling.mp4"}, expect="circling"),
        Example(
            label="A triangle spins", values={"video": "motion_spinning.mp4"}, expect="spinning"
        ),
    ),
    raw_example=[
        {"label": "moving left", "score": 0.97},
        {"label": "standing still", "score": 0.03},
    ],
    withheld={"num_frames": "a model reads the number of frames that it was made for"},
)
