"""Image-text-to-text: chat about pictures, questions on them, captions."""

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

DOCS = docs("ImageTextToTextPipeline")


def _example(question: str, picture: str, answer: str) -> Example:
    return Example(
        label=question, values={"text": {"text": question, "files": [picture]}}, expect=answer
    )


ROW = TaskSpec(
    id="image-text-to-text",
    modality="Multimodal",
    title="Chat about pictures",
    place=0,
    aliases=("image-to-text",),
    help="Ask about one or several pictures, or have them described.",
    inputs=(
        Field(
            name="text",
            kind=MediaChat(placeholder="Add a picture and ask about it", presets=PRESETS),
            label="Message",
            help="Words with pictures, or chat messages as a list of role and content.",
            required=True,
        ),
    ),
    params=(*generation_fields(), *answer_fields(DOCS)),
    outputs=(Output(name="reply", kind=Reply, label="Answer"),),
    models=(
        Model(id="Qwen/Qwen3-VL-2B-Instruct", revision="8964489", note="2B, chat, reads text"),
        Model(id="HuggingFaceTB/SmolVLM-256M-Instruct", note="0.3B, chat, runs on a CPU"),
        Model(id="llava-hf/llava-interleave-qwen-0.5b-hf", note="0.9B, chat, several pictures"),
        Model(id="Qwen/Qwen2.5-VL-3B-Instruct", note="4B, chat, documents and places"),
        Model(id="Salesforce/blip-image-captioning-base", note="0.2B, captions, no chat"),
        Model(id="microsoft/git-base-coco", note="0.2B, captions, no chat"),
    ),
    starter=Starter(
        knows="up to three circles, squares, triangles and stars in six colours: which and how "
        "many; of where they are it mostly guesses",
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
        _example("Describe the picture.", "talk_three.png", "A red circle"),
        _example("How many shapes are there?", "talk_stars.png", "Three"),
        _example("What colour is the circle?", "talk_three.png", "Red"),
        _example("What shape is it?", "talk_triangle.png", "A triangle."),
    ),
    raw_example=[{"generated_text": "A red circle and two blue stars."}],
    withheld=WITHHELD,
)
