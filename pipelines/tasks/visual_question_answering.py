"""Visual question answering: questions on a picture, answered in a word or two."""

from __future__ import annotations

from typing import Any

from pipelines.field import GENERATE, Field
from pipelines.kinds import Image, Integer
from pipelines.outputs import Asked
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import questions_field
from pipelines.tasks.generation import generation_field
from pipelines.tasks.looking import (
    ANSWERS,
    CAPTIONS,
    CHAT_MODELS,
    CHATS,
    WITHHELD,
    bare,
    bare_code,
    call_of,
    per_picture,
    prompt_of,
    texts,
)
from pipelines.tasks.rewriting import Values

DOCS = "https://huggingface.co/docs/transformers/main/en/tasks/visual_question_answering"
MAX_ANSWERS = 50
PROMPTS = {"blip-2": "Question: {} Answer:"}
"""How families that go on after a prompt were taught to be asked; the others get the question."""


def _pairs(inputs: Values, facts: ModelFacts) -> list[tuple[Any, str]]:
    prompt = PROMPTS.get(facts.model_type, "{}")
    return [(inputs["image"], prompt.format(question)) for question in inputs["question"]]


def _asked(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    own = {} if "ranks" in facts.traits else {"return_full_text": False}
    return call_of("question", _pairs(inputs, facts), facts, **own)


def _prompts(inputs: Values, params: Values, facts: ModelFacts) -> tuple[tuple[str, Any], ...]:
    return tuple(("question", prompt_of(pair, facts)) for pair in _pairs(inputs, facts))


def _answers(raw: Any) -> list[list[dict[str, Any]]]:
    """Of each question its answers, the likeliest first; those that were written have no score."""
    return [
        [{"answer": a["answer"], "score": a["score"]} for a in answers]
        if answers and "answer" in answers[0]
        else [{"answer": text, "score": None} for text in texts(answers)]
        for answers in per_picture(raw)
    ]


def _answers_json(raw: Any) -> Any:
    """[{"answer", "score"}] of one question, a list of such lists of several."""
    found = _answers(raw)
    return found[0] if len(found) == 1 else found


def _drawn(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    asked = zip(inputs["question"], _answers(raw), strict=False)  # fewer while they are written
    return {"asked": [{"question": question, "answers": found} for question, found in asked]}


def _notes(inputs: Values, params: Values, facts: ModelFacts) -> tuple[str, ...]:
    if "ranks" not in facts.traits:
        return ()
    return ("Each score is of its answer alone; together they are not one hundred percent.",)


def _example(label: str, picture: str, answer: str, *questions: str) -> Example:
    return Example(
        label=label, values={"image": picture, "question": list(questions)}, expect=answer
    )


ROW = TaskSpec(
    id="visual-question-answering",
    modality="Multimodal",
    title="Visual questions",
    place=2,
    aliases=("vqa",),
    help="Ask a picture one or several questions, and get short answers.",
    became="transformers 5 took it out and offers image-text-to-text with a chat model; ViLT, "
    "which ranks the answers that it knows, BLIP and GIT still run here.",
    ways=(ANSWERS, CAPTIONS, CHATS),
    inputs=(
        Field(name="image", kind=Image(), label="Picture", required=True),
        questions_field("question", "What colour is the circle?"),
    ),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_ANSWERS),
            label="Answers",
            help="How many answers to show, the likeliest first.",
            default=5,
            needs="ranks",
            docs=DOCS,
        ),
        generation_field("max_new_tokens", default=64, needs="generates", advanced=True),
        generation_field("num_beams", route=GENERATE, default=None, needs="generates"),
    ),
    outputs=(Output(name="asked", kind=Asked, label="Answers"),),
    models=(
        Model(id="dandelin/vilt-b32-finetuned-vqa", note="0.1B, ranks 3,129 answers, quick"),
        Model(id="Salesforce/blip-vqa-base", note="0.4B, writes a word or two"),
        Model(id="microsoft/git-base-vqav2", note="0.2B, writes a word or two"),
        Model(id="Salesforce/blip2-opt-2.7b", note="4B, goes on after the question"),
        *CHAT_MODELS,
    ),
    starter=Starter(
        knows="what the starter for chat about pictures knows: coloured shapes, which and how many",
        shares="image-text-to-text",
    ),
    build_input=_asked,
    read_output=_drawn,
    to_json=_answers_json,
    prompts=_prompts,
    work=lambda raw, inputs, facts, forwards: len(inputs["question"]),
    unit="questions/s",
    finish=bare,
    code_finish=bare_code("question"),
    steps=lambda inputs, params, facts: len(inputs["question"]),
    notes=_notes,
    streams=GENERATE,
    batches=False,
    refused={
        "BlipForConditionalGeneration": "it writes captions and was not taught to answer; choose "
        "Salesforce/blip-vqa-base, or the tab for captions.",
        "VisionEncoderDecoderModel": "it writes captions or reads pages and cannot be asked "
        "here; choose the tab for captions, or for document questions.",
        "Pix2StructForConditionalGeneration": "it reads its question in the picture, drawn with "
        "a font that the library fetches at every start; choose a chat model.",
    },
    examples=(
        _example("What colour is the circle?", "talk_three.png", "Red",
                 "What colour is the circle?"),
        _example("How many shapes are there?", "talk_stars.png", "Three",
                 "How many shapes are there?"),
        _example("Three questions at once", "talk_three.png", "Yes",
                 "Is there a green square?", "What colour is the star?",
                 "How many shapes are there?"),
    ),
    raw_example=[{"answer": "red", "score": 0.93}, {"answer": "blue", "score": 0.04}],
    withheld={
        **WITHHELD,
        "stop_sequence": "an answer ends by itself",
        "return_full_text": "the question is no part of an answer",
    },
)  # fmt: skip
