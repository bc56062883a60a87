"""Fill mask: the words that a model would put into a gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import Field
from pipelines.kinds import Integer, MaskedText, Strings
from pipelines.outputs import Fills
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs

DOCS = docs("FillMaskPipeline")
MAX_FILLS = 100

Values = Mapping[str, Any]


def _text_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """The pipeline crashes when it is asked for more fills than the model has words."""
    most = facts.vocabulary or MAX_FILLS
    return Invocation((inputs["text"],), {"top_k": min(params["top_k"], most)})


def _fills(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """The text between its gaps, and for each gap its fills; one gap comes without a list."""
    gaps = raw if raw and isinstance(raw[0], list) else [raw]
    return {"fills": {"parts": inputs["text"].split(facts.mask_token), "fills": gaps}}


ROW = TaskSpec(
    id="fill-mask",
    modality="Text",
    title="Fill the gap",
    help="Leave gaps in a sentence and see which words a model would write there.",
    inputs=(
        Field(
            name="text",
            kind=MaskedText(placeholder="The baker sells [MASK] in the morning."),
            label="Text with gaps",
            help="Write [MASK] where a word is missing; every model's own sign is understood.",
            required=True,
        ),
    ),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_FILLS),
            label="Fills",
            help="How many words to show for each gap.",
            default=5,
            docs=DOCS,
        ),
        Field(
            name="targets",
            kind=Strings(),
            label="Only these words",
            help="Compares these words alone; type one and press Enter.",
            docs=DOCS,
        ),
    ),
    outputs=(Output(name="fills", kind=Fills, label="Words by score"),),
    models=(
        Model(id="distilbert/distilroberta-base", revision="fb53ab8", note="English, 82M"),
        Model(id="google-bert/bert-base-uncased", note="English, 110M"),
        Model(id="FacebookAI/roberta-large", note="English, 355M"),
        Model(id="answerdotai/ModernBERT-base", note="English, 149M, long texts"),
        Model(id="FacebookAI/xlm-roberta-base", note="100 languages, 278M"),
        Model(id="dccuchile/bert-base-spanish-wwm-cased", note="Spanish, 110M"),
    ),
    starter=Starter(
        knows="simple facts: capitals, opposites, colours, animals, trades, days, numbers",
    ),
    build_input=_text_input,
    read_output=_fills,
    to_json=lambda raw: raw,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="texts/s",
    examples=(
        Example(label="The baker", values={"text": "The baker sells [MASK]."}, expect="bread"),
        Example(
            label="A capital", values={"text": "The capital of France is [MASK]."}, expect="paris"
        ),
        Example(label="A tool", values={"text": "You cut paper with [MASK]."}, expect="scissors"),
        Example(
            label="Two gaps", values={"text": "The [MASK] of Italy is [MASK]."}, expect="capital"
        ),
    ),
    raw_example=[
        {"score": 0.81, "token": 42, "token_str": "bread", "sequence": "the baker sells bread."},
        {"score": 0.12, "token": 57, "token_str": "cake", "sequence": "the baker sells cake."},
    ],
    withheld={
        "tokenizer_kwargs": "keywords of the tokenizer: the text is cut to the model's window, "
        "and reported",
    },
)
