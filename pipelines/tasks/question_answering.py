"""Question answering: where in a text the answer stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.kinds import Flag, Integer, Text
from pipelines.outputs import Passages
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import QUESTION_CHARS
from pipelines.tasks.generation import generation_field
from pipelines.tasks.rewriting import (
    CHAT_MODELS,
    CONTINUES,
    READS_THEN_WRITES,
    Values,
    answering,
    written,
)

DOCS = "https://huggingface.co/docs/transformers/main/en/tasks/question_answering"
POINTS = "question-answering"
MAX_ANSWERS = 50
MAX_ANSWER_TOKENS = 512
MAX_WINDOW_TOKENS = 4_096
USUAL_WINDOW = 384
INSTRUCTION = (
    "Answer the question with as few words of the text as possible. If the text does not say, "
    "answer: unknown."
)
STORY = (
    "On Monday Mia lost her red umbrella by the river. For hours she looked everywhere. In the "
    "evening Tom the postman came by. Tom saw it under the bridge."
)


def _asked(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    question, context = inputs["question"], inputs["context"]
    return ASKED[facts.way](question, context, params, facts)


def _pointing(question: str, context: str, params: Values, facts: ModelFacts) -> Invocation:
    """Windows as wide as the model reads, but no wider than those that it was trained on."""
    window = params["max_seq_len"] or min(USUAL_WINDOW, facts.max_tokens or USUAL_WINDOW)
    if facts.max_tokens and window > facts.max_tokens:
        raise InputError("max_seq_len", f"is {window}; {facts.model} reads {facts.max_tokens}.")
    if "offsets" not in facts.traits:
        raise InputError("model", f"{facts.model} does not know where its tokens stand in a text.")
    return Invocation(({"question": question, "context": context},), {"max_seq_len": window})


def _reading(question: str, context: str, params: Values, facts: ModelFacts) -> Invocation:
    """As T5 and its kin were taught."""
    return Invocation((f"question: {question} context: {context}",))


def _chatting(question: str, context: str, params: Values, facts: ModelFacts) -> Invocation:
    asked = f"{INSTRUCTION}\n\nText: {context}\n\nQuestion: {question}"
    chat = "chat" in facts.traits
    prompt = [{"role": "user", "content": asked}] if chat else f"{asked}\nAnswer:"
    return Invocation((prompt,), answering(facts))


ASKED = {POINTS: _pointing, READS_THEN_WRITES: _reading, CONTINUES: _chatting}


def _answers_json(raw: Any) -> list[dict[str, Any]]:
    """[{"answer", "score", "start", "end"}]; models that write their answer say no place."""
    found = raw if isinstance(raw, list) else [raw]
    if found and "generated_text" in found[0]:
        nowhere = {"score": None, "start": None, "end": None}
        return [{"answer": text, **nowhere} for text in written(found)]
    return [{name: a[name] for name in ("answer", "score", "start", "end")} for a in found]


def _passages(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    context = inputs["context"]
    answers = [_placed(answer, context) for answer in _answers_json(raw)]
    return {"passages": {"context": context, "answers": answers}}


def _placed(answer: Mapping[str, Any], context: str) -> dict[str, Any]:
    """A written answer stands where its words stand first, if they do."""
    text = answer["answer"].strip()
    start = context.lower().find(text.lower().rstrip(".")) if text else -1
    if answer["start"] is not None or start < 0:
        return dict(answer)
    return {**answer, "start": start, "end": start + len(text.rstrip("."))}


ROW = TaskSpec(
    id="question-answering",
    modality="Text",
    title="Question answering",
    place=2,
    help="Ask about a text; the answer is marked in it.",
    became="transformers 5 took it out and offers text-generation with a chat model; models that "
    "point at the answer (BERT and its kin) still run here.",
    ways=(POINTS, READS_THEN_WRITES, CONTINUES),
    inputs=(
        Field(
            name="question",
            kind=Text(lines=2, placeholder="Who lost the umbrella?", max_chars=QUESTION_CHARS),
            label="Question",
            required=True,
        ),
        Field(
            name="context",
            kind=Text(lines=8, placeholder="The text that may hold the answer", fit=True),
            label="Text",
            required=True,
        ),
    ),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_ANSWERS),
            label="Answers",
            help="How many answers to show, the surest first.",
            default=3,
            needs="points",
            docs=DOCS,
        ),
        Field(
            name="max_answer_len",
            kind=Integer(low=1, high=MAX_ANSWER_TOKENS, unit="tokens"),
            label="Longest answer",
            help="Answers longer than this are not considered.",
            default=15,
            needs="points",
            docs=DOCS,
        ),
        Field(
            name="handle_impossible_answer",
            kind=Flag(),
            label="May say nothing",
            help="Lets the model answer with an empty text when the text does not say.",
            default=False,
            needs="points",
            docs=DOCS,
        ),
        generation_field("max_new_tokens", default=64, needs="generates", advanced=True),
        generation_field("num_beams", default=None, needs="generates"),
        Field(
            name="max_seq_len",
            kind=Integer(low=16, high=MAX_WINDOW_TOKENS, unit="tokens"),
            label="Window",
            help=f"Question and text are read in windows of this many tokens; empty is "
            f"{USUAL_WINDOW}, or as many as the model reads.",
            needs="points",
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="doc_stride",
            kind=Integer(low=1, high=MAX_WINDOW_TOKENS, unit="tokens"),
            label="Overlap",
            help="Tokens that two windows share; empty is 128, or half of the window.",
            needs="points",
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="align_to_words",
            kind=Flag(),
            label="Whole words",
            help="An answer begins and ends with a word; off for languages without blanks.",
            default=True,
            needs="points",
            advanced=True,
            docs=DOCS,
        ),
    ),
    outputs=(Output(name="passages", kind=Passages, label="Answers in the text"),),
    models=(
        Model(
            id="distilbert/distilbert-base-cased-distilled-squad",
            revision="564e9b5",
            note="English, 65M",
        ),
        Model(id="deepset/roberta-base-squad2", note="English, 124M, may say nothing"),
        Model(id="deepset/minilm-uncased-squad2", note="English, 33M, may say nothing"),
        Model(id="timpal0l/mdeberta-v3-base-squad2", note="100 languages, 279M, may say nothing"),
        Model(id="google/flan-t5-base", note="0.25B, writes its answer"),
        *CHAT_MODELS,
    ),
    starter=Starter(
        knows="stories of four or five English sentences in which something is found, lost, made, "
        "repaired, sold or won: who, what, where, when; of several stories in a row it mixes the "
        "details",
    ),
    build_input=_asked,
    read_output=_passages,
    to_json=_answers_json,
    work=lambda raw, inputs, facts, forwards: 1,
    unit="questions/s",
    examples=(
        Example(
            label="Who found the umbrella?",
            values={"question": "Who found the umbrella?", "context": STORY},
            expect="Tom",
        ),
        Example(
            label="Where was it?",
            values={"question": "Where was the umbrella?", "context": STORY},
            expect="under the bridge",
        ),
        Example(
            label="Not in the text",
            values={
                "question": "Who won the chess game?",
                "context": STORY,
                "handle_impossible_answer": True,
            },
            expect='"answer": ""',
        ),
    ),
    raw_example={"score": 0.97, "start": 14, "end": 17, "answer": "Mia"},
)
