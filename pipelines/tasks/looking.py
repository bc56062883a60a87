"""What the rows share that look at a picture and say something of it, by three ways.

A model for it either was made for just that (ViLT, BLIP, GIT, Pix2Struct, an encoder with a
decoder), or chats about pictures, or goes on after a prompt; ModelFacts.way tells the first from
the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds.talks import Message
from pipelines.spec import Invocation, Model, ModelFacts
from pipelines.tasks.rewriting import Values, said

ANSWERS, CAPTIONS, CHATS = "visual-question-answering", "image-to-text", "image-text-to-text"
"""The ways: a pipeline of our own for questions, one for captions, and the library's."""

CHAT_MODELS = (
    Model(id="HuggingFaceTB/SmolVLM-256M-Instruct", note="0.3B, chat, runs on a CPU"),
    Model(id="Qwen/Qwen3-VL-2B-Instruct", revision="8964489", note="2B, chat, reads text"),
)
"""Further models of every row that a model for chat about pictures can do."""
WITHHELD = {
    "generate_kwargs": "its entries are the parameters above",
    "skip_special_tokens": "marks such as [SEP] are no part of an answer",
}

Pair = tuple[Any, str]
"""A picture and the words with it."""


def call_of(name: str, pairs: Sequence[Pair], facts: ModelFacts, **own: Any) -> Invocation:
    """One call with all pairs, as many as the field `name` says; `own` are keywords of our own
    pipeline.

    The library's takes a list of pictures with words for a chat (transformers 5.23).
    """
    if facts.way != CHATS:
        items = [{"image": picture, "text": words} for picture, words in pairs]
        return Invocation((_alone(items),), own)
    if "chat" not in facts.traits and len(pairs) > 1:
        raise InputError(
            name, f"has {len(pairs)} of them; {facts.model} has no chat template and takes one."
        )
    if "chat" not in facts.traits:
        ((picture, words),) = pairs
        return Invocation((), {"images": picture, "text": words, "return_full_text": False})
    at_once = {"enable_thinking": False} if "thinks" in facts.traits else {}
    talks = [message(picture, words) for picture, words in pairs]
    return Invocation((), {"text": _alone(talks), "return_full_text": False, **at_once})


def message(picture: Any, words: str) -> list[Message]:
    """A conversation that begins with a picture and words."""
    content = [{"type": "image", "image": picture}, {"type": "text", "text": words}]
    return [{"role": "user", "content": content}]


def _alone(found: list[Any]) -> Any:
    return found[0] if len(found) == 1 else found


def prompt_of(pair: Pair, facts: ModelFacts) -> Any:
    """What the model's window has to hold beside the answer."""
    return message(*pair) if facts.way == CHATS and "chat" in facts.traits else pair[1]


def per_picture(raw: Any) -> list[Any]:
    """What was said of each pair: a pipeline gives no list of lists of a pair alone."""
    return list(raw) if raw and isinstance(raw[0], list) else [raw]


def texts(answers: Sequence[Values]) -> list[str]:
    """The texts of the answers to one pair."""
    return [said(str(answer["generated_text"])) for answer in answers]


def bare(raw: Any, values: Values) -> Any:
    """Without the prompts, which the library gives back with their pictures."""
    if isinstance(raw, list):
        return [bare(part, values) for part in raw]
    return {key: value for key, value in raw.items() if key != "input_text"}


def bare_code(key: str) -> Any:
    """The same as Python, for as many pairs as the field `key` says."""

    def code(values: Values) -> str:
        one = "{k: v for k, v in item.items() if k != 'input_text'}"
        if isinstance(values[key], str) or len(values[key]) == 1:
            return f"[{one} for item in found]"
        return f"[[{one} for item in answers] for answers in found]"

    return code
