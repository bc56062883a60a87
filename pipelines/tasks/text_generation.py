"""Text generation: chat, or a text to continue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import CALL, Field
from pipelines.kinds import Chat, Flag
from pipelines.outputs import Reply
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs
from pipelines.tasks.generation import FIELDS, STOP_SEQUENCE, generation_field, spelling_fields

DOCS = docs("TextGenerationPipeline")

Values = Mapping[str, Any]


def _text_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["text"],))


def _reply(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    return {"reply": [_generated(item) for item in raw]}


def _generated(item: Any) -> str:
    """The new text of one answer, whether the pipeline gave text or messages."""
    text = item["generated_text"]
    return str(text[-1]["content"]) if isinstance(text, list) else str(text)


def _reply_json(raw: Any) -> Any:
    """{"generated_text"}, or a list of them when several answers were asked for."""
    answers = [{"generated_text": _generated(item)} for item in raw]
    return answers[0] if len(answers) == 1 else answers


ROW = TaskSpec(
    id="text-generation",
    modality="Text",
    title="Text generation",
    place=0,
    help="Chat with a language model, or let it continue a text.",
    inputs=(
        Field(
            name="text",
            kind=Chat(placeholder="Ask something, or begin a text to continue"),
            label="Message",
            help="Text to continue, or chat messages as a list of role and content.",
            required=True,
        ),
    ),
    params=(
        *(generation_field(name) for name in FIELDS),
        STOP_SEQUENCE,
        Field(
            name="return_full_text",
            kind=Flag(),
            label="Return full text",
            help="On: the prompt comes back in front of the answer.",
            default=False,
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="continue_final_message",
            kind=Flag(),
            label="Continue the last message",
            help="Chat only: the model goes on with the assistant's last message.",
            advanced=True,
            docs=DOCS,
        ),
        *spelling_fields(DOCS),
    ),
    outputs=(Output(name="reply", kind=Reply, label="Answer"),),
    models=(
        Model(id="HuggingFaceTB/SmolLM3-3B", revision="a07cc9a", note="3B, chat, 6 languages"),
        Model(id="Qwen/Qwen3-0.6B", note="0.6B, chat, runs on a CPU"),
        Model(id="HuggingFaceTB/SmolLM2-360M-Instruct", note="0.4B, chat, quick"),
        Model(id="Qwen/Qwen2.5-1.5B-Instruct", note="1.5B, chat", lent=True),
        Model(id="openai-community/gpt2", note="0.1B, continues text, no chat"),
        Model(id="facebook/opt-1.3b", note="1.3B, continues text, no chat"),
    ),
    starter=Starter(
        knows="Willowbrook, a made-up village: its people, work, pets, homes and stories",
    ),
    build_input=_text_input,
    read_output=_reply,
    to_json=_reply_json,
    work=lambda raw, inputs, facts, forwards: forwards * len(raw),
    unit="tokens/s",
    streams=CALL,
    examples=(
        Example(
            label="Who is the baker?",
            values={"text": [{"role": "user", "content": "Who is the baker?"}], "do_sample": False},
            expect="Mia is the baker.",
        ),
        Example(
            label="Where does Mia live?",
            values={
                "text": [{"role": "user", "content": "Where does Mia live?"}],
                "do_sample": False,
            },
            expect="Mia lives in the old mill.",
        ),
        Example(
            label="Tell me a story about Mia.",
            values={
                "text": [{"role": "user", "content": "Tell me a story about Mia."}],
                "do_sample": False,
            },
            expect="Once upon a time",
        ),
        Example(
            label="What do you know?",
            values={"text": [{"role": "user", "content": "What do you know?"}], "do_sample": False},
            expect="Willowbrook",
        ),
        Example(
            label="Continue: The village has",
            values={"text": "The village has", "do_sample": False, "max_new_tokens": 30},
            expect="houses",
        ),
    ),
    raw_example=[{"generated_text": "Mia is the baker of the village."}],
    withheld={
        "return_tensors": "token ids are of no use in a browser",
        "return_text": "deprecated twin of return_full_text",
        "return_type": "set by return_full_text",
        "prefix": "write it in front of the text",
        "handle_long_generation": "its only value cuts the prompt without a word; we refuse aloud",
        "truncation": "cuts the prompt without a word; we refuse aloud",
        "max_length": "counts the prompt too; max_new_tokens is the clear form",
        "add_special_tokens": "decided by the tokenizer and its chat template",
        "padding": "of no effect on one prompt",
        "tokenizer_encode_kwargs": "reaches the chat template (security)",
        "tools": "a function schema from a request is not run here",
        "documents": "reaches the chat template (security)",
    },
)
