"""What the rows share whose model answers in a conversation with files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import GENERATE, Field
from pipelines.kinds import Flag, MediaChat
from pipelines.kinds.talks import files, texts
from pipelines.outputs import Reply
from pipelines.spec import Example, Invocation, ModelFacts, Output, TaskSpec
from pipelines.tasks.generation import (
    FIELDS,
    STOP_SEQUENCE,
    generation_field,
    spelling_fields,
)

Values = Mapping[str, Any]

PRESETS = (
    ("Describe", "Describe the picture."),
    ("Read the text", "Read the text in the picture."),
    ("Count", "Count what is in the picture."),
)
NAMED = {"image": "images", "audio": "audio"}
"""Medium -> the pipeline's own parameter, where there is no chat."""
PROMPT = "input_text"
WITHHELD = {
    "return_full_text": "the prompt holds files; only the answer comes back",
    "return_tensors": "token ids are of no use in a browser",
    "return_type": "set by return_full_text",
    "generate_kwargs": "its entries are the parameters above",
    "timeout": "files are fetched by the playground itself",
    "processor_kwargs": "reaches the chat template (security)",
}


def talk_row(kind: MediaChat, docs: str, **own: Any) -> TaskSpec:
    """A row that is a conversation; `own` is what it says for itself."""
    return TaskSpec(
        modality="Multimodal",
        inputs=(
            Field(
                name="text",
                kind=kind,
                label="Message",
                help="Words with files, or chat messages as a list of role and content.",
                required=True,
            ),
        ),
        params=(*generation_fields(), *answer_fields(docs)),
        outputs=(Output(name="reply", kind=Reply, label="Answer"),),
        build_input=talk_input,
        read_output=lambda raw, inputs, params, facts: {"reply": answers(raw)},
        to_json=answers_json,
        work=lambda raw, inputs, facts, forwards: forwards * len(raw),
        unit="tokens/s",
        finish=plain,
        code_finish=plain_code,
        streams=GENERATE,
        batches=False,
        raw_example=[{"generated_text": "A red circle and two blue stars."}],
        **own,
    )


def asking(question: str, picture: str, answer: str) -> Example:
    """A click that asks a question on a picture."""
    return Example(
        label=question, values={"text": {"text": question, "files": [picture]}}, expect=answer
    )


def generation_fields(max_new_tokens: int = 256) -> tuple[Field, ...]:
    """The shared fields; most go into generate_kwargs, elsewhere they are dropped without a word.

    The pipelines read only max_new_tokens and stop_sequence by themselves (transformers 5.23).
    """
    made = {name: generation_field(name, route=GENERATE) for name in FIELDS}
    made["max_new_tokens"] = generation_field("max_new_tokens", default=max_new_tokens)
    made["do_sample"] = generation_field("do_sample", route=GENERATE, default=False)
    return tuple(made.values())


def answer_fields(docs: str) -> tuple[Field, ...]:
    """Where the answer ends, and how it is written."""
    return (
        STOP_SEQUENCE,
        Field(
            name="continue_final_message",
            kind=Flag(),
            label="Continue the last message",
            help="The model goes on with the assistant's last message.",
            advanced=True,
            docs=docs,
        ),
        *spelling_fields(docs),
    )


def talk_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """The conversation; where there is no chat template, the words and the files of a message.

    Captioning models want a text too, be it empty. Only the answer comes back: asked for the
    whole, the pipeline would give the files as well.
    """
    messages, mode = inputs["text"], {"return_full_text": False}
    if "chat" in facts.traits:
        return Invocation((), {"text": messages, **mode})
    given: dict[str, list[Any]] = {}
    for medium, file in files(messages):
        given.setdefault(NAMED[medium], []).append(file)
    alone = {name: found[0] if len(found) == 1 else found for name, found in given.items()}
    return Invocation((), {"text": " ".join(texts(messages)), **alone, **mode})


def plain(raw: Any, params: Values) -> Any:
    """Without the prompt, which the pipeline gives back with its files."""
    return [{key: value for key, value in item.items() if key != PROMPT} for item in raw]


def plain_code(params: Values) -> str:
    return f"[{{k: v for k, v in item.items() if k != {PROMPT!r}}} for item in found]"


def answers(raw: Any) -> list[str]:
    """The text of each answer."""
    return [str(item["generated_text"]) for item in raw]


def answers_json(raw: Any) -> Any:
    """{"generated_text"}, or a list of them when several answers were asked for."""
    found = [{"generated_text": text} for text in answers(raw)]
    return found[0] if len(found) == 1 else found
