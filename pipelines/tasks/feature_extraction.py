"""Feature extraction: texts as vectors, and how alike they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import ENGINE, Field
from pipelines.kinds import Choice, Lines
from pipelines.outputs import Vectors
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("FeatureExtractionPipeline")
EVERY_TOKEN = "none"
MAX_NUMBERS = 1_000_000
"""Numbers in one answer: about 20 MB of JSON."""
POOLING: dict[str, str] = {
    "mean": "v[0].float().mean(0).tolist()",
    "first": "v[0, 0].float().tolist()",
    "last": "v[0, -1].float().tolist()",
    "max": "v[0].float().amax(0).tolist()",
    EVERY_TOKEN: "v[0].float().tolist()",
}
"""As Python, of the tensor (1, tokens, width) of one text."""
POOL: dict[str, Callable[[Any], Any]] = {
    "mean": lambda v: v[0].float().mean(0).tolist(),
    "first": lambda v: v[0, 0].float().tolist(),
    "last": lambda v: v[0, -1].float().tolist(),
    "max": lambda v: v[0].float().amax(0).tolist(),
    EVERY_TOKEN: lambda v: v[0].float().tolist(),
}
"""The same as functions; a test compares the two."""

Values = Mapping[str, Any]


def _texts_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((list(inputs["text"]),), {"return_tensors": True})


def _pooled(found: Any, params: Values) -> list[Any]:
    """One vector for each text, or with pooling none, one for each of its tokens."""
    pooling = params["pooling"]
    numbers = sum(v.numel() for v in found) if pooling == EVERY_TOKEN else 0
    if numbers > MAX_NUMBERS:
        raise InputError(
            "pooling",
            f"none would give {numbers:,} numbers; at most {MAX_NUMBERS:,}. Take fewer texts.",
        )
    return [POOL[pooling](v) for v in found]


def _vectors(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """What is compared; texts whose tokens stay apart are compared by their mean."""
    vectors = raw if params["pooling"] != EVERY_TOKEN else [_mean(tokens) for tokens in raw]
    return {"vectors": {"texts": list(inputs["text"]), "vectors": vectors}}


def _mean(tokens: list[list[float]]) -> list[float]:
    return [sum(column) / len(tokens) for column in zip(*tokens, strict=True)]


ROW = TaskSpec(
    id="feature-extraction",
    modality="Text",
    title="Text similarity",
    help="Turn texts into vectors and see which of them mean the same.",
    inputs=(
        Field(
            name="text",
            kind=Lines(placeholder="The cat sleeps.\nA kitten naps.\nStocks fell today."),
            label="Texts, one on each line",
            required=True,
        ),
    ),
    params=(
        Field(
            name="pooling",
            kind=Choice(
                options=(
                    ("mean of all tokens", "mean"),
                    ("first token", "first"),
                    ("last token", "last"),
                    ("largest of all tokens", "max"),
                    ("none: a vector for each token", EVERY_TOKEN),
                )
            ),
            label="Pooling",
            help="How the vectors of a text's tokens become one; the model's card says which.",
            default="mean",
            route=ENGINE,
            docs=DOCS,
        ),
    ),
    outputs=(Output(name="vectors", kind=Vectors, label="Similarity (cosine)"),),
    models=(
        Model(
            id="distilbert/distilbert-base-cased",
            revision="6ea8117",
            note="English, 65M, not made for comparing",
        ),
        Model(id="sentence-transformers/all-MiniLM-L6-v2", note="English, 23M, mean"),
        Model(id="BAAI/bge-small-en-v1.5", note="English, 33M, first token"),
        Model(id="intfloat/multilingual-e5-small", note="100 languages, 118M, mean"),
        Model(id="Qwen/Qwen3-Embedding-0.6B", note="100 languages, 0.6B, last token"),
    ),
    starter=Starter(
        knows="which of twenty everyday topics a short English sentence is about",
    ),
    build_input=_texts_input,
    read_output=_vectors,
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: len(inputs["text"]),
    unit="texts/s",
    batches=False,
    headless=True,
    steps=lambda inputs, params, facts: len(inputs["text"]),
    finish=_pooled,
    code_finish=lambda params: f"[{POOLING[params['pooling']]} for v in found]",
    examples=(
        Example(
            label="Four everyday sentences",
            values={
                "text": [
                    "The chef baked fresh bread in the kitchen.",
                    "My laptop crashed after the software update.",
                    "We ordered a pizza and some soup.",
                    "The doctor prescribed pills for my cough.",
                ]
            },
            expect="We ordered a pizza and some soup.",
        ),
        Example(
            label="Two about sport",
            values={
                "text": [
                    "The striker scored a goal in the stadium.",
                    "The chef baked fresh bread in the kitchen.",
                    "Our team won the football match.",
                ]
            },
            expect="Our team won the football match.",
        ),
    ),
    raw_example=[[0.8, 0.1, -0.3, 0.2], [0.7, 0.2, -0.2, 0.3], [-0.5, 0.9, 0.4, 0.1]],
    withheld={
        "truncation": "every text is cut to the model's window, and reported",
        "tokenize_kwargs": "keywords of the tokenizer: see truncation",
        "return_tensors": "always on inside; the answer is JSON",
    },
)
