"""Text classification: the mood, topic or tone of a text, or how two texts go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import ENGINE, Field
from pipelines.kinds import Integer, Text
from pipelines.outputs import Scores
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import FUNCTION_TO_APPLY, docs

DOCS = docs("TextClassificationPipeline")
MAX_LABELS = 1_000

Values = Mapping[str, Any]


def _text_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """top_k is always passed: None is every label, and left out is an older shape of answer."""
    text, pair = inputs["text"], params["text_pair"]
    call = {"text": text, "text_pair": pair} if pair else text
    return Invocation((call,), {"top_k": params["top_k"]})


ROW = TaskSpec(
    id="text-classification",
    aliases=("sentiment-analysis",),
    modality="Text",
    title="Text classification",
    help="Say which of a model's labels fits a text: its mood, its topic, its tone.",
    inputs=(
        Field(
            name="text",
            kind=Text(placeholder="A sentence or a paragraph", fit=True),
            label="Text",
            required=True,
        ),
    ),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_LABELS),
            label="Labels shown",
            help="How many of the likeliest labels to show; empty shows them all.",
            docs=DOCS,
        ),
        Field(
            name="text_pair",
            kind=Text(lines=2, placeholder="A second sentence"),
            label="Second text",
            help="For models that judge two texts together: entailment, similarity, relevance.",
            route=ENGINE,
            advanced=True,
            docs=DOCS,
        ),
        FUNCTION_TO_APPLY,
    ),
    outputs=(Output(name="scores", kind=Scores, label="Labels by score"),),
    models=(
        Model(
            id="distilbert/distilbert-base-uncased-finetuned-sst-2-english",
            revision="714eb0f",
            note="English, good or bad, 67M",
        ),
        Model(id="cardiffnlp/twitter-roberta-base-sentiment-latest", note="English, 3 moods, 125M"),
        Model(
            id="nlptown/bert-base-multilingual-uncased-sentiment",
            note="6 languages, 1 to 5 stars, 167M",
        ),
        Model(id="SamLowe/roberta-base-go_emotions", note="English, 28 emotions, 125M"),
        Model(id="ProsusAI/finbert", note="English financial news, 110M"),
        Model(id="papluca/xlm-roberta-base-language-detection", note="20 languages, 278M"),
    ),
    starter=Starter(
        knows="good, bad and neutral short English sentences about everyday things",
    ),
    build_input=_text_input,
    read_output=lambda raw, inputs, params, facts: {"scores": raw},
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="texts/s",
    window=lambda params: (params["text_pair"],) if params["text_pair"] else (),
    examples=(
        Example(
            label="A bad evening",
            values={"text": "The food was terrible and the waiter was rude."},
            expect="negative",
        ),
        Example(label="Not bad at all", values={"text": "Not bad at all!"}, expect="positive"),
        Example(label="A plain fact", values={"text": "The meeting is at nine."}, expect="neutral"),
        Example(label="Not good", values={"text": "The hotel was not good."}, expect="negative"),
    ),
    raw_example=[{"label": "POSITIVE", "score": 0.98}, {"label": "NEGATIVE", "score": 0.02}],
    withheld={
        "tokenizer_kwargs": "keywords of the tokenizer: the text is cut to the model's window, "
        "and reported",
    },
)
