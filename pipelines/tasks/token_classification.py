"""Token classification: the names, places and other entities in a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import ENGINE, Field
from pipelines.kinds import Choice, Integer, Strings, Text
from pipelines.outputs import Spans
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("TokenClassificationPipeline")
MAX_STRIDE = 4_096
NONE = "none"
STRATEGIES = (
    ("simple: neighbours of one label", "simple"),
    ("first: the word's first token decides", "first"),
    ("average: the word's tokens together", "average"),
    ("max: the word's surest token", "max"),
    ("none: every token alone", NONE),
)

Values = Mapping[str, Any]


def _text_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """The pipeline refuses windows together with tokens alone; then one window is read."""
    stride = params["stride"] or 0
    if facts.max_tokens and stride > facts.max_tokens // 2:
        raise InputError("stride", f"is more than half of the window of {facts.max_tokens} tokens.")
    return Invocation((inputs["text"],), {"stride": stride} if _splits(params) else {})


def _splits(params: Values) -> bool:
    return params["stride"] is not None and params["aggregation_strategy"] != NONE


def _spans(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    return {
        "spans": {
            "text": inputs["text"],
            "spans": [
                {
                    "label": found.get("entity_group") or found["entity"],
                    "score": float(found["score"]),
                    "word": found["word"],
                    "start": found["start"],
                    "end": found["end"],
                }
                for found in raw
            ],
        }
    }


ROW = TaskSpec(
    id="token-classification",
    aliases=("ner",),
    modality="Text",
    title="Named entities",
    help="Mark the names, places, dates and other entities in a text.",
    inputs=(
        Field(
            name="text",
            kind=Text(lines=6, placeholder="A paragraph with names in it", fit=True),
            label="Text",
            required=True,
        ),
    ),
    params=(
        Field(
            name="aggregation_strategy",
            kind=Choice(options=STRATEGIES),
            label="Join tokens",
            help="How the pieces of a word and the words of a name become one entity.",
            default="simple",
            docs=DOCS,
        ),
        Field(
            name="stride",
            kind=Integer(low=0, high=MAX_STRIDE, unit="tokens"),
            label="Overlap in long text",
            help="Long text is read in windows that share this many tokens; not for tokens alone.",
            default=16,
            route=ENGINE,
            needs="offsets",
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="ignore_labels",
            kind=Strings(),
            label="Leave out",
            help="Labels that are not shown, as the model writes them; O means no entity.",
            default=("O",),
            advanced=True,
            docs=DOCS,
        ),
    ),
    outputs=(Output(name="spans", kind=Spans, label="Entities in the text"),),
    models=(
        Model(
            id="dbmdz/bert-large-cased-finetuned-conll03-english",
            revision="4c53496",
            note="English, 334M",
        ),
        Model(id="dslim/bert-base-NER", note="English, 108M"),
        Model(id="Davlan/bert-base-multilingual-cased-ner-hrl", note="10 languages, 177M"),
        Model(id="Babelscape/wikineural-multilingual-ner", note="9 languages, 177M"),
        Model(id="d4data/biomedical-ner-all", note="English medical reports, 66M"),
        Model(id="vblagoje/bert-english-uncased-finetuned-pos", note="parts of speech, 109M"),
    ),
    starter=Starter(
        knows="people, places, organisations and dates; of names that it never saw, it gets one in "
        "five wrong",
    ),
    build_input=_text_input,
    read_output=_spans,
    to_json=lambda raw: list(raw),
    work=lambda raw, inputs, facts, forwards: len(inputs["text"].split()),
    unit="words/s",
    splits=_splits,
    examples=(
        Example(
            label="At work", values={"text": "Maria works for Siemens in Berlin."}, expect="Maria"
        ),
        Example(
            label="A birthday",
            values={"text": "Barack Obama was born in Hawaii on 4 August 1961."},
            expect="Barack Obama",
        ),
        Example(
            label="A meeting",
            values={"text": "Angela Merkel met Tim Cook in Cupertino last Tuesday."},
            expect="Angela Merkel",
        ),
    ),
    raw_example=[
        {"entity_group": "PER", "score": 0.99, "word": "Mia", "start": 0, "end": 3},
        {"entity_group": "LOC", "score": 0.87, "word": "Millbrook", "start": 13, "end": 22},
    ],
    withheld={
        "is_split_into_words": "a text comes as one string here",
        "delimiter": "only used with is_split_into_words",
        "offset_mapping": "made by the tokenizer",
    },
)
