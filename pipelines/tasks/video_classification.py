"""Video classification: what happens in a clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import ENGINE, Field
from pipelines.images import small
from pipelines.kinds import Integer, Video
from pipelines.outputs import Filmstrip, Scores
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks import timelines
from pipelines.tasks.fields import FUNCTION_TO_APPLY, docs

DOCS = docs("VideoClassificationPipeline")
MAX_LABELS = 1_000
MAX_STEP = 1_000
EVERY_LABEL = 1_000_000
"""Labels to ask for where all are needed; the pipeline gives as many as there are."""
SIDE = 192
"""Pixels, longest side of a frame in the result."""
MOST_SHOWN = 24
"""Frames in the result of a clip that was read in windows."""

Values = Mapping[str, Any]


def _frames_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    footage = inputs["video"]
    return Invocation((footage.clips if footage.windows else footage.frames,), _labels(params))


def _named_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["video"],), _labels(params))


def _labels(params: Values) -> dict[str, int]:
    """Of windows every label: only then can they be put together."""
    return {"top_k": params["top_k"] if params["window_s"] is None else EVERY_LABEL}


def _window_count(inputs: Values, params: Values, facts: ModelFacts) -> int:
    return max(1, len(inputs["video"].windows))


def _scores_and_frames(
    raw: Any, inputs: Values, params: Values, facts: ModelFacts
) -> dict[str, Any]:
    """The labels, over time where there are windows, and frames small enough to look at."""
    from PIL import Image

    footage = inputs["video"]
    places = _shown(footage)
    frames: dict[str, Any] = {
        "pictures": [small(Image.fromarray(footage.frames[n]), SIDE) for n in places],
        "times": tuple(footage.times[n] for n in places),
    }
    if footage.windows:
        frames["over_time"] = timelines.over_time(raw, list(footage.spans.windows))
    return {"scores": [{"label": x["label"], "score": x["score"]} for x in raw], "frames": frames}


def _shown(footage: Any) -> list[int]:
    """Places of the frames to show: each once, or of many windows one from the middle of each."""
    if not footage.windows:
        return sorted({number: place for place, number in enumerate(footage.chosen)}.values())
    middles = [window[len(window) // 2] for window in footage.windows]
    return sorted(set(middles[:: -(-len(middles) // MOST_SHOWN)]))


ROW = TaskSpec(
    id="video-classification",
    modality="Vision",
    title="Video classification",
    help="Say what happens in a clip, and when.",
    inputs=(
        Field(
            name="video", kind=Video(window="window_s", step="step_s"), label="Clip", required=True
        ),
    ),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_LABELS),
            label="Labels shown",
            help="How many of the likeliest labels to show.",
            default=5,
            route=ENGINE,
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
        *timelines.fields("A longer clip is seen in windows. Empty: 10 seconds."),
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
    finish=timelines.together,
    code_finish=timelines.written_together,
    pieces=True,
    steps=_window_count,
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
        Example(
            label="Three scenes in windows of 2.5 s",
            values={"video": "motions_three.mp4", "window_s": 2.5},
            expect="moving right",
        ),
    ),
    raw_example=[
        {"label": "moving left", "score": 0.97},
        {"label": "standing still", "score": 0.03},
    ],
    withheld={"num_frames": "a model reads the number of frames that it was made for"},
)
