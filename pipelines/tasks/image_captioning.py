"""Image captioning: what is in a picture, in a sentence; or the line that is written in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.field import ENGINE, GENERATE, Field
from pipelines.images import small
from pipelines.kinds import Images, Text
from pipelines.outputs import Captions
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import Written
from pipelines.tasks.generation import STOP_SEQUENCE
from pipelines.tasks.looking import (
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
from pipelines.tasks.talks import generation_fields

MAX_NEW_TOKENS = 128
PROMPT_CHARS = 500
SIDE = 320
"""Pixels, longest side of a picture in the result."""
INSTRUCTION = "Describe the picture."
"""What a chat model is told where nothing else is said."""


def _pairs(pictures: Sequence[Any], params: Values, facts: ModelFacts) -> list[tuple[Any, str]]:
    usual = INSTRUCTION if "chat" in facts.traits else ""
    return [(picture, params["prompt"] or usual) for picture in pictures]


def _looked(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return _called(inputs["image"], params, facts)


def _looked_code(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    names = [Written(f"image[{number}]") for number in range(len(inputs["image"]))]
    return _called(names, params, facts)


def _called(pictures: Sequence[Any], params: Values, facts: ModelFacts) -> Invocation:
    """Models made for captions begin with the words; what the others are told is not repeated."""
    call = call_of("image", _pairs(pictures, params, facts), facts)
    begun = params["prompt"] if facts.way == CAPTIONS else ""
    return Invocation(call.args, call.kwargs, f"{begun} " if begun else "")


def _prompts(inputs: Values, params: Values, facts: ModelFacts) -> tuple[tuple[str, Any], ...]:
    """Of the largest picture, which has the most tokens."""
    pairs = _pairs(inputs["image"], params, facts)
    largest = max(pairs, key=lambda pair: pair[0].width * pair[0].height)
    return (("prompt", prompt_of(largest, facts)),)


def _captions(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    found = [texts(answers) for answers in per_picture(raw)]
    pictures = [small(picture, SIDE) for picture in inputs["image"][: len(found)]]
    return {"captions": {"pictures": pictures, "texts": found}}


def _captions_json(raw: Any) -> Any:
    """{"generated_text"}, or a list where there are several answers; one of these a picture."""
    found = []
    for answers in per_picture(raw):
        captions = [{"generated_text": text} for text in texts(answers)]
        found.append(captions[0] if len(captions) == 1 else captions)
    return found[0] if len(found) == 1 else found


def _example(label: str, expect: str, *pictures: str, **values: Any) -> Example:
    return Example(label=label, values={"image": list(pictures), **values}, expect=expect)


ROW = TaskSpec(
    id="image-captioning",
    modality="Multimodal",
    title="Captions",
    place=2,
    help="Have pictures described in a sentence, one or many; or a line of writing read.",
    was="image-to-text",
    became="transformers 5 took it out and offers image-text-to-text with a chat model; BLIP, GIT, "
    "Pix2Struct, TrOCR and ViT with GPT-2 still run here.",
    ways=(CAPTIONS, CHATS),
    inputs=(Field(name="image", kind=Images(), label="Pictures", required=True),),
    params=(
        Field(
            name="prompt",
            kind=Text(lines=2, placeholder="a photograph of", max_chars=PROMPT_CHARS),
            label="Begin with, or ask for",
            help="Models made for captions begin with these words; chat models do what they say.",
            route=ENGINE,
        ),
        *generation_fields(MAX_NEW_TOKENS),
        STOP_SEQUENCE,
    ),
    outputs=(Output(name="captions", kind=Captions, label="Caption"),),
    models=(
        Model(id="Salesforce/blip-image-captioning-base", note="0.2B, English, a sentence"),
        Model(id="Salesforce/blip-image-captioning-large", note="0.5B, English, a sentence"),
        Model(id="microsoft/git-base-coco", note="0.2B, English, a sentence"),
        Model(id="nlpconnect/vit-gpt2-image-captioning", note="0.2B, English, quick"),
        Model(id="google/pix2struct-textcaps-base", note="0.3B, sees the words in a picture"),
        Model(id="microsoft/trocr-base-handwritten", note="0.3B, reads a line of handwriting"),
        Model(id="microsoft/trocr-base-printed", note="0.3B, reads a line of print"),
        *CHAT_MODELS,
    ),
    starter=Starter(
        knows="what the starter for chat about pictures knows: up to three coloured shapes",
        shares="image-text-to-text",
    ),
    build_input=_looked,
    code_input=_looked_code,
    read_output=_captions,
    to_json=_captions_json,
    prompts=_prompts,
    work=lambda raw, inputs, facts, forwards: len(inputs["image"]),
    unit="pictures/s",
    finish=bare,
    code_finish=bare_code("image"),
    steps=lambda inputs, params, facts: len(inputs["image"]),
    streams=GENERATE,
    batches=False,
    examples=(
        _example("A circle, a star, a square", "A red circle, a blue star and a green square.",
                 "talk_three.png"),
        _example("One shape", "An orange triangle.", "talk_triangle.png"),
        _example("Two pictures at once", "An orange triangle.",
                 "talk_triangle.png", "talk_three.png"),
    ),
    raw_example=[{"generated_text": "a red circle next to a blue star"}],
    withheld={
        **WITHHELD,
        "return_full_text": "a caption that was begun is given as a whole",
    },
)  # fmt: skip
