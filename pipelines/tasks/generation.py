"""Fields for text generation, shared by every row whose model generates tokens."""

from __future__ import annotations

from dataclasses import replace

from pipelines.field import CALL, ENGINE, Field
from pipelines.kinds import Flag, Integer, Number, Strings

DOCS = "https://huggingface.co/docs/transformers/main/main_classes/text_generation"
MAX_NEW_TOKENS = 8_192
MAX_BEAMS = 16
MAX_SEQUENCES = 8
MAX_TOP_K = 1_000
MAX_NGRAM = 20
MAX_SEED = 2**32 - 1

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field(
            name="max_new_tokens",
            kind=Integer(low=1, high=MAX_NEW_TOKENS, unit="tokens"),
            label="Max new tokens",
            help="The answer ends here at the latest.",
            default=256,
        ),
        Field(
            name="do_sample",
            kind=Flag(),
            label="Sample",
            help="On: draws each word by chance. Off: always the likeliest word.",
            default=True,
        ),
        Field(
            name="temperature",
            kind=Number(low=0.01, high=5.0, step=0.05),
            label="Temperature",
            help="Lower is more predictable; only used when sampling.",
            default=0.7,
        ),
        Field(
            name="seed",
            kind=Integer(low=0, high=MAX_SEED),
            label="Seed",
            help="The same seed gives the same answer when sampling; empty is random.",
            route=ENGINE,
            advanced=True,
        ),
        Field(
            name="top_p",
            kind=Number(low=0.01, high=1.0, step=0.01),
            label="Top p",
            help="Samples from the likeliest words that add up to this probability.",
            advanced=True,
        ),
        Field(
            name="top_k",
            kind=Integer(low=0, high=MAX_TOP_K),
            label="Top k",
            help="Samples from this many likeliest words; 0 is all, empty is the model's own.",
            advanced=True,
        ),
        Field(
            name="min_p",
            kind=Number(low=0.0, high=1.0, step=0.01),
            label="Min p",
            help="Drops words less likely than this share of the likeliest one.",
            advanced=True,
        ),
        Field(
            name="typical_p",
            kind=Number(low=0.01, high=1.0, step=0.01),
            label="Typical p",
            help="Prefers words of typical surprise; 1 is off.",
            advanced=True,
        ),
        Field(
            name="repetition_penalty",
            kind=Number(low=0.1, high=5.0, step=0.05),
            label="Repetition penalty",
            help="Above 1 discourages words that were already used.",
            advanced=True,
        ),
        Field(
            name="no_repeat_ngram_size",
            kind=Integer(low=0, high=MAX_NGRAM, unit="tokens"),
            label="No repeat n-gram",
            help="Never repeats a run of this many tokens; 0 is off.",
            advanced=True,
        ),
        Field(
            name="num_beams",
            kind=Integer(low=1, high=MAX_BEAMS),
            label="Beams",
            help="Keeps this many candidates; more is slower and turns streaming off.",
            default=1,
            advanced=True,
        ),
        Field(
            name="length_penalty",
            kind=Number(low=-5.0, high=5.0, step=0.1),
            label="Length penalty",
            help="Above 0 prefers longer answers; only used with beams.",
            advanced=True,
        ),
        Field(
            name="min_new_tokens",
            kind=Integer(low=0, high=MAX_NEW_TOKENS, unit="tokens"),
            label="Min new tokens",
            help="The answer does not end before this.",
            advanced=True,
        ),
        Field(
            name="num_return_sequences",
            kind=Integer(low=1, high=MAX_SEQUENCES),
            label="Answers",
            help="How many answers to draw; more than one turns streaming off.",
            default=1,
            advanced=True,
        ),
    )
}


STOP_SEQUENCE = Field(
    name="stop_sequence",
    kind=Strings(),
    label="Stop strings",
    help="The answer ends after one of these; it is kept in the answer.",
    advanced=True,
    docs=DOCS,
)


def generation_field(name: str, *, route: str = CALL, **changes: object) -> Field:
    """The shared field with its route, and what the row says differently."""
    field = FIELDS[name]
    chosen = field.route if field.route == ENGINE else route
    return replace(field, route=chosen, docs=DOCS, **changes)  # type: ignore[arg-type]


def spelling_fields(docs: str) -> tuple[Field, ...]:
    """How the tokens of an answer become its text."""
    return (
        Field(
            name="skip_special_tokens",
            kind=Flag(),
            label="Skip special tokens",
            help="Off shows markers such as end of text.",
            advanced=True,
            docs=docs,
        ),
        Field(
            name="clean_up_tokenization_spaces",
            kind=Flag(),
            label="Clean up spaces",
            help="Removes the blanks that some tokenizers leave before punctuation.",
            advanced=True,
            docs=docs,
        ),
    )
