"""Summarization: a long text in a few sentences."""

from __future__ import annotations

from pipelines.outputs import Writing
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter
from pipelines.tasks.rewriting import (
    CHAT_MODELS,
    CONTINUES,
    NO_LANGUAGES,
    WITHHELD,
    Values,
    instruct,
    read,
    rewriter,
    text_field,
    writing_fields,
)

INSTRUCTION = (
    "Summarize the following text in a few sentences. Answer with the summary only, in the "
    "language of the text."
)


def _summed_up(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """T5 wants its prefix in front of the text, BART and Pegasus the text alone."""
    if facts.way == CONTINUES:
        return instruct(inputs, INSTRUCTION, "Summary:", facts)
    prefix = facts.prefixes.get("summarization", "")
    return read(inputs, lambda text: f"{prefix}{text}")


ROW = rewriter(
    "summary_text",
    id="summarization",
    title="Summarization",
    place=2,
    help="Make a long text short.",
    became="transformers 5 took it out and offers text-generation with a chat model; BART, "
    "Pegasus and T5 still run here.",
    inputs=(text_field("Text", "An article, a report, a story"),),
    params=writing_fields(142),
    outputs=(Output(name="written", kind=Writing, label="Summary"),),
    models=(
        Model(id="facebook/bart-large-cnn", note="English news, 0.4B"),
        Model(id="sshleifer/distilbart-cnn-12-6", revision="a4f8f3e", note="English news, 0.3B"),
        Model(id="google/pegasus-xsum", note="English, one sentence, 0.6B"),
        Model(id="google-t5/t5-small", note="English, 0.06B, quick"),
        *CHAT_MODELS,
    ),
    starter=Starter(
        knows="stories of four or five English sentences in which something is found, lost, made, "
        "repaired, sold or won, which it puts in one sentence; half of them with a wrong detail",
        shares="text2text-generation",
    ),
    build_input=_summed_up,
    examples=(
        Example(
            label="A chess game",
            values={
                "text": "There was a chess game in the library on Friday. Nora the teacher and "
                "Felix the cook took part. Felix was tired and lost. The sky was grey. Nora won a "
                "silver clock."
            },
            expect="Nora won a silver clock in the chess game in the library.",
        ),
        Example(
            label="A broken bicycle",
            values={
                "text": "The blue bicycle of Anna broke on Sunday. Anna was sad and went to Hugo "
                "the carpenter. Hugo repaired it in the barn. Anna paid with six apples."
            },
            expect="Hugo repaired the blue bicycle of Anna for six apples.",
        ),
    ),
    raw_example=[{"generated_text": "Tom found the red umbrella of Mia."}],
    withheld={**WITHHELD, **NO_LANGUAGES},
)
