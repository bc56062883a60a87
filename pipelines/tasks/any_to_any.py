"""Any-to-any: a conversation with pictures and recordings, answered in words."""

from __future__ import annotations

from pipelines.kinds import MediaChat
from pipelines.outputs import Reply
from pipelines.spec import GENERATE, Example, Field, Model, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs
from pipelines.tasks.talks import (
    PRESETS,
    WITHHELD,
    answer_fields,
    answers,
    answers_json,
    generation_fields,
    plain,
    plain_code,
    talk_input,
)

DOCS = docs("AnyToAnyPipeline")


def _example(question: str, picture: str, answer: str) -> Example:
    return Example(
        label=question, values={"text": {"text": question, "files": [picture]}}, expect=answer
    )


ROW = TaskSpec(
    id="any-to-any",
    modality="Multimodal",
    title="Any to any",
    help="Talk with a model that takes pictures and recordings with your words.",
    inputs=(
        Field(
            name="text",
            kind=MediaChat(
                placeholder="Write, add pictures or recordings",
                media=("image", "audio"),
                presets=PRESETS,
            ),
            label="Message",
            help="Words with files, or chat messages as a list of role and content.",
            required=True,
        ),
    ),
    params=(*generation_fields(), *answer_fields(DOCS)),
    outputs=(Output(name="reply", kind=Reply, label="Answer"),),
    models=(
        Model(id="google/gemma-3n-E4B-it", revision="c1221e9", note="8B, pictures and sound"),
        Model(id="Qwen/Qwen2-Audio-7B-Instruct", note="8B, sound"),
        Model(id="Qwen/Qwen2-VL-2B-Instruct", note="2B, pictures"),
        Model(id="HuggingFaceTB/SmolVLM-256M-Instruct", note="0.3B, pictures, runs on a CPU"),
    ),
    starter=Starter(
        knows="what the starter for chat about pictures knows: coloured shapes; it hears nothing",
        shares="image-text-to-text",
    ),
    build_input=talk_input,
    read_output=lambda raw, inputs, params, facts: {"reply": answers(raw)},
    to_json=answers_json,
    work=lambda raw, inputs, facts, forwards: forwards * len(raw),
    unit="tokens/s",
    finish=plain,
    code_finish=plain_code,
    streams=GENERATE,
    batches=False,
    examples=(
        _example("What is in the picture?", "talk_three.png", "A red circle"),
        _example("How many shapes are there?", "talk_stars.png", "Three shapes."),
        _example("Is there a green square?", "talk_three.png", "Yes."),
    ),
    raw_example=[{"generated_text": "A red circle and two blue stars."}],
    withheld={
        **WITHHELD,
        "generation_mode": "answers come in words: the voices of Qwen2.5-Omni are a pickled file, "
        "which is never fetched, and the pictures of Janus fail in the library (5.23)",
    },
)
