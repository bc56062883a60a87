"""Text to text: whatever a model was taught to make of a text."""

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

GAME = (
    "There was a chess game in the library on Friday. Nora the teacher and Felix the cook took "
    "part. Felix was tired and lost. The sky was grey. Nora won a silver clock."
)
STORY = (
    "On Monday Mia lost her red umbrella by the river. For hours she looked everywhere. In the "
    "evening Tom the postman came by. Tom saw it under the bridge."
)


def _prompt(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """The text as it is: what to do with it stands in it."""
    if facts.way == CONTINUES:
        return instruct(inputs, "", "", facts)
    return read(inputs, lambda text: text)


ROW = rewriter(
    "generated_text",
    id="text2text-generation",
    title="Text to text",
    place=3,
    help="Give T5 or a similar model a text, with what to do written in front of it.",
    became="transformers 5 took it out and offers text-generation with a chat model; T5, BART and "
    "their kin still run here.",
    inputs=(text_field("Text with its task", "translate English to German: The house is old."),),
    params=writing_fields(256),
    outputs=(Output(name="written", kind=Writing, label="Answer"),),
    models=(
        Model(id="google/flan-t5-base", note="0.25B, follows instructions"),
        Model(id="google-t5/t5-base", revision="a9723ea", note="0.2B, translate, summarize, cola"),
        Model(id="google/flan-t5-small", note="0.08B, follows instructions, quick"),
        Model(id="MBZUAI/LaMini-Flan-T5-248M", note="0.25B, follows instructions"),
        *CHAT_MODELS,
    ),
    starter=Starter(
        knows="three tasks by their prefix: translate English to Spanish, summarize, and question "
        "with context, in the words of its own small world",
    ),
    build_input=_prompt,
    examples=(
        Example(
            label="Translate a sentence",
            values={"text": "translate English to Spanish: The boy buys a red hat."},
            expect="El niño compra un sombrero rojo.",
        ),
        Example(
            label="Sum up a story",
            values={"text": f"summarize: {GAME}"},
            expect="Nora won a silver clock in the chess game in the library.",
        ),
        Example(
            label="Ask about a story",
            values={"text": f"question: When did Mia lose her umbrella? context: {STORY}"},
            expect="Monday",
        ),
    ),
    raw_example=[{"generated_text": "La niña compra un sombrero rojo."}],
    withheld={**WITHHELD, **NO_LANGUAGES},
)
