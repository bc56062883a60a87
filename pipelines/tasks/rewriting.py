"""What the rows share that read one text and write another: fields, prompts, answers.

A model for it either reads all of the text and then writes (T5, BART, Marian ...), or goes on after
a prompt (chat models); ModelFacts.way tells which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pipelines.field import CALL, ENGINE, Field
from pipelines.kinds import Flag, Text
from pipelines.spec import Invocation, Model, ModelFacts, TaskSpec
from pipelines.tasks.generation import generation_field

DOCS = "https://huggingface.co/docs/transformers/main/en/model_doc/auto"
READS_THEN_WRITES, CONTINUES = "text2text-generation", "text-generation"
WAYS = (READS_THEN_WRITES, CONTINUES)
PARTS = "split_long"

THOUGHT = re.compile(r"^\s*<think>.*?(?:</think>|$)", re.DOTALL)
"""What a model says to itself before it answers."""

Values = Mapping[str, Any]
Prompt = Callable[[str], Any]

CHAT_MODELS = (
    Model(id="Qwen/Qwen3-0.6B", note="0.6B, chat, runs on a CPU"),
    Model(id="HuggingFaceTB/SmolLM2-360M-Instruct", note="0.4B, chat, quick"),
)
"""Further models of every row that a chat model can do."""


def rewriter(key: str, **own: Any) -> TaskSpec:
    """A row that makes a text of a text, {key: text} in its JSON; `own` is what it says itself."""
    return TaskSpec(
        modality="Text",
        ways=WAYS,
        read_output=writing,
        to_json=as_json(key),
        work=tokens,
        unit="tokens/s",
        streams=CALL,
        steps=parts_of,
        **own,
    )


def text_field(label: str, placeholder: str) -> Field:
    """The text that is read; a longer one than the window is cut, in two or in many."""
    return Field(
        name="text",
        kind=Text(lines=8, placeholder=placeholder, fit=True, parts=PARTS),
        label=label,
        required=True,
    )


def writing_fields(max_new_tokens: int) -> tuple[Field, ...]:
    """How the answer is written; with the model's likeliest words unless sampling is asked for."""
    return (
        generation_field("max_new_tokens", default=max_new_tokens),
        generation_field("min_new_tokens", advanced=False),
        generation_field("num_beams", default=None, help="Keeps this many candidates; empty is the "
                         "model's own number, and more than 1 turns streaming off."),
        generation_field("length_penalty"),
        generation_field("no_repeat_ngram_size"),
        generation_field("repetition_penalty"),
        generation_field("do_sample", default=False, advanced=True),
        generation_field("temperature", default=None, advanced=True),
        generation_field("top_p"),
        generation_field("top_k"),
        generation_field("seed"),
        generation_field("num_return_sequences"),
        Field(
            name=PARTS,
            kind=Flag(),
            label="Long text in parts",
            help="On: a text that is too long is answered part by part. Off: its beginning is.",
            default=False,
            route=ENGINE,
        ),
    )  # fmt: skip


WITHHELD = {
    "skip_special_tokens": "marks such as </s> are no part of an answer",
    "clean_up_tokenization_spaces": "decided by the tokenizer",
}
NO_LANGUAGES = {
    "src_lang": "languages are for the row Translation",
    "tgt_lang": "languages are for the row Translation",
}


def read(inputs: Values, prompt: Prompt, **more: Any) -> Invocation:
    """The call with the prompt of the text, or of each of its parts."""
    text = inputs["text"]
    return Invocation(
        ([prompt(t) for t in text] if isinstance(text, tuple) else prompt(text),), more
    )


def instruct(inputs: Values, instruction: str, lead: str, facts: ModelFacts) -> Invocation:
    """The call of a model that goes on after a prompt: an instruction, the text, what is wanted.

    A chat model gets a message; another one the same as plain text that ends where it begins.
    """

    def prompt(text: str) -> Any:
        asked = f"{instruction}\n\n{text}" if instruction else text
        if "chat" in facts.traits:
            return [{"role": "user", "content": asked}]
        return f"{asked}\n\n{lead}" if lead else asked

    return read(inputs, prompt, **answering(facts))


def answering(facts: ModelFacts) -> dict[str, Any]:
    """Keywords with which the text-generation pipeline gives the answer alone."""
    at_once = {"tokenizer_encode_kwargs": {"enable_thinking": False}}
    return {"return_full_text": False, **(at_once if "thinks" in facts.traits else {})}


def written(raw: Any) -> list[str]:
    """Each answer as one text, the parts of a long one in a row."""
    parts = raw if raw and isinstance(raw[0], list) else [raw]
    answers = range(len(parts[0]))
    return [" ".join(said(part[n]["generated_text"]) for part in parts) for n in answers]


def said(text: str) -> str:
    """An answer without what the model said to itself."""
    return THOUGHT.sub("", text).strip()


def writing(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    """The answers beside the text that was read."""
    text = inputs["text"]
    whole = " ".join(text) if isinstance(text, tuple) else text
    return {"written": {"texts": written(raw), "read": whole}}


def as_json(key: str) -> Callable[[Any], Any]:
    """{key: text}, or a list of them when several answers were asked for."""

    def to_json(raw: Any) -> Any:
        answers = [{key: text} for text in written(raw)]
        return answers[0] if len(answers) == 1 else answers

    return to_json


def parts_of(inputs: Values, params: Values, facts: ModelFacts) -> int:
    """How many texts the model gets."""
    return len(inputs["text"]) if isinstance(inputs["text"], tuple) else 1


def tokens(raw: Any, inputs: Values, facts: ModelFacts, forwards: int) -> float:
    return forwards
