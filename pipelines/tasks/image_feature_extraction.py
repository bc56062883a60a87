"""Image feature extraction: pictures as vectors, and how alike they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import ENGINE, Field
from pipelines.images import small
from pipelines.kinds import Choice, Flag, Images
from pipelines.maps import patches
from pipelines.outputs import Likeness, Patches
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("ImageFeatureExtractionPipeline")
POOLED = "pooled"
EVERY_PATCH = "none"
MAX_NUMBERS = 1_000_000
"""Numbers in one answer: about 20 MB of JSON."""
SIDE = 192
"""Pixels, longest side of a picture in the result."""
ROWS = "v[0].flatten(1).T if v.ndim == 4 else v[0]"
"""As Python: (rows, width) of what a model gives for one picture, a row for each of its patches.
Convolutions give (1, width, height, width of the map)."""
POOLING: dict[str, str] = {
    POOLED: "v.float().flatten().tolist()",
    "first": f"({ROWS})[0].float().tolist()",
    "mean": f"({ROWS}).float().mean(0).tolist()",
    "max": f"({ROWS}).float().amax(0).tolist()",
    EVERY_PATCH: f"({ROWS}).float().tolist()",
}
"""As Python, of the tensor of one picture."""
POOL: dict[str, Callable[[Any], Any]] = {
    POOLED: lambda v: v.float().flatten().tolist(),
    "first": lambda v: _rows(v)[0].float().tolist(),
    "mean": lambda v: _rows(v).float().mean(0).tolist(),
    "max": lambda v: _rows(v).float().amax(0).tolist(),
    EVERY_PATCH: lambda v: _rows(v).float().tolist(),
}
"""The same as functions; a test compares the two."""

Values = Mapping[str, Any]


def _images_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((list(inputs["image"]),), {"return_tensors": True})


def _named_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["image"],), {"return_tensors": True})


def _rows(v: Any) -> Any:
    return v[0].flatten(1).T if v.ndim == 4 else v[0]


def _pooling(params: Values) -> str:
    """How one vector is made: by the model's pooler where that is on, else as was chosen."""
    return POOLED if params["pool"] else str(params["pooling"])


def _pooled(found: Any, params: Values) -> dict[str, Any]:
    """One vector for each picture, or with pooling none, one for each of its patches.

    {"vectors", "patches": of a picture alone, as maps.patches gives them, else None}.
    """
    pooling = _pooling(params)
    numbers = sum(one.given.numel() for one in found) if pooling == EVERY_PATCH else 0
    if numbers > MAX_NUMBERS:
        raise InputError(
            "pooling",
            f"none would give {numbers:,} numbers; at most {MAX_NUMBERS:,}. Take fewer pictures.",
        )
    return {
        "vectors": [POOL[pooling](one.given) for one in found],
        "patches": patches(found[0]) if len(found) == 1 else None,
    }


def _vectors(raw: Any) -> Any:
    """The answer; the Python that is shown gives the vectors alone."""
    return raw["vectors"] if isinstance(raw, Mapping) else raw


def _alike(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """What is compared; pictures whose patches stay apart are compared by their mean."""
    from PIL import Image

    vectors = raw["vectors"]
    if _pooling(params) == EVERY_PATCH:
        vectors = [_mean(rows) for rows in vectors]
    pictures = [small(picture, SIDE) for picture in inputs["image"]]
    drawn: dict[str, Any] = {"likeness": {"pictures": pictures, "vectors": vectors}}
    if found := raw["patches"]:
        drawn["patches"] = {**found, "picture": Image.fromarray(found["picture"])}
    return drawn


def _mean(rows: list[list[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def _notes(inputs: Values, params: Values, facts: ModelFacts) -> tuple[str, ...]:
    if "pooler" in facts.traits:
        return ()
    return (f"{facts.model} has no trained pooler; the vectors are made as Pooling says.",)


ROW = TaskSpec(
    id="image-feature-extraction",
    modality="Vision",
    title="Image similarity",
    help="Turn pictures into vectors and see which of them are alike.",
    inputs=(Field(name="image", kind=Images(), label="Pictures", required=True),),
    params=(
        Field(
            name="pool",
            kind=Flag(),
            label="The model's own vector",
            help="What its pooler makes of a picture; off, or without one, see Pooling.",
            default=True,
            needs="pooler",
            docs=DOCS,
        ),
        Field(
            name="pooling",
            kind=Choice(
                options=(
                    ("first patch (CLS)", "first"),
                    ("mean of all patches", "mean"),
                    ("largest of all patches", "max"),
                    ("none: a vector for each patch", EVERY_PATCH),
                )
            ),
            label="Pooling",
            help="How the vectors of a picture's patches become one where no pooler does it.",
            default="mean",
            route=ENGINE,
            docs=DOCS,
        ),
    ),
    outputs=(
        Output(name="likeness", kind=Likeness, label="Similarity (cosine)"),
        Output(name="patches", kind=Patches, label="Patches alike (cosine)"),
    ),
    models=(
        Model(id="google/vit-base-patch16-224", revision="3f49326", note="ImageNet, 86M"),
        Model(id="facebook/dinov2-small", note="without labels, 22M, good for comparing"),
        Model(id="facebook/dinov2-base", note="without labels, 87M, strong"),
        Model(id="microsoft/resnet-50", note="ImageNet, 24M, quick"),
        Model(id="microsoft/swin-tiny-patch4-window7-224", note="ImageNet, 28M"),
    ),
    starter=Starter(knows="which of the ten handwritten digits a picture shows"),
    build_input=_images_input,
    code_input=_named_input,
    read_output=_alike,
    to_json=_vectors,
    work=lambda raw, inputs, facts, forwards: len(inputs["image"]),
    unit="images/s",
    headless=True,
    maps=True,
    steps=lambda inputs, params, facts: len(inputs["image"]),
    finish=_pooled,
    code_finish=lambda params: f"[{POOLING[_pooling(params)]} for v in found]",
    notes=_notes,
    examples=(
        Example(
            label="Six digits, three of them twice",
            values={
                "image": [f"alike_{name}.png" for name in ("3a", "7a", "3b", "0a", "7b", "0b")]
            },
            expect="3",
        ),
        Example(
            label="A four, and where is the other?",
            values={"image": [f"alike_{name}.png" for name in ("4a", "9a", "1a", "4b", "7a")]},
            expect="4",
        ),
    ),
    raw_example={
        "vectors": [[0.8, 0.1, -0.3, 0.2], [0.7, 0.2, -0.2, 0.3], [-0.5, 0.9, 0.4, 0.1]],
        "patches": None,
    },
    withheld={
        "image_processor_kwargs": "keywords of the image processor, which knows the model's own",
        "return_tensors": "always on inside; the answer is JSON",
        "timeout": "pictures are fetched by the playground itself",
    },
)
