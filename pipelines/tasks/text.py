"""The text rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.kinds import Chat, Flag, Labels, Reply, Scores, Strings, Template, Text
from pipelines.spec import (
    Example,
    Field,
    Invocation,
    Model,
    ModelFacts,
    Output,
    Starter,
    TaskSpec,
)
from pipelines.tasks.generation import DOCS as GENERATION_DOCS
from pipelines.tasks.generation import FIELDS, generation_field

PIPELINES_DOCS = "https://huggingface.co/docs/transformers/main/main_classes/pipelines"
DEFAULT_TEMPLATE = "This example is {}."

Values = Mapping[str, Any]


def _text_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((inputs["text"],))


def _label_pairs(raw: Any) -> list[dict[str, Any]]:
    """[{"label", "score"}] of {"sequence", "labels", "scores"}."""
    return [
        {"label": label, "score": score}
        for label, score in zip(raw["labels"], raw["scores"], strict=True)
    ]


def _hypotheses(params: Values) -> tuple[str, ...]:
    template = params["hypothesis_template"]
    return tuple(template.replace("{}", label) for label in params["candidate_labels"])


ZERO_SHOT_CLASSIFICATION = TaskSpec(
    id="zero-shot-classification",
    modality="Text",
    title="Zero-shot classification",
    help="Sort a text into labels that you make up, without training.",
    inputs=(
        Field(
            name="text",
            kind=Text(placeholder="A sentence or a paragraph", fit=True),
            label="Text",
            required=True,
        ),
    ),
    params=(
        Field(
            name="candidate_labels",
            kind=Labels(),
            label="Labels",
            help="What the text may be about; type one and press Enter.",
            required=True,
        ),
        Field(
            name="multi_label",
            kind=Flag(),
            label="Several may be true",
            help="On: each label is judged alone. Off: the labels share one hundred percent.",
            default=False,
            docs=PIPELINES_DOCS,
        ),
        Field(
            name="hypothesis_template",
            kind=Template(),
            label="Template",
            help="The sentence that each label completes; {} stands for the label.",
            default=DEFAULT_TEMPLATE,
            docs=PIPELINES_DOCS,
        ),
    ),
    outputs=(Output(name="scores", kind=Scores, label="Labels by score"),),
    models=(
        Model(id="facebook/bart-large-mnli", revision="d7645e1", note="English, 407M"),
        Model(id="MoritzLaurer/deberta-v3-base-zeroshot-v2.0", note="English, 184M, strong"),
        Model(id="MoritzLaurer/mDeBERTa-v3-base-mnli-xnli", note="100 languages, 279M"),
        Model(id="typeform/distilbert-base-uncased-mnli", note="English, 67M, quick"),
        Model(id="cross-encoder/nli-deberta-v3-small", note="English, 142M"),
    ),
    starter=Starter(knows="everyday topics in short English sentences"),
    build_input=_text_input,
    read_output=lambda raw, inputs, params, facts: {"scores": _label_pairs(raw)},
    to_json=_label_pairs,
    work=lambda raw, inputs, facts, forwards: len(raw["labels"]),
    unit="labels/s",
    steps=lambda inputs, params, facts: len(params["candidate_labels"]),
    window=_hypotheses,
    label_trait="entail",
    examples=(
        Example(
            label="Match report",
            values={
                "text": "The team scored twice in the last ten minutes of the match.",
                "candidate_labels": ["sports", "cooking", "weather", "travel"],
            },
            expect="sports",
        ),
    ),
    raw_example={
        "sequence": "The team scored twice.",
        "labels": ["sports", "cooking"],
        "scores": [0.94, 0.06],
    },
)


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


TEXT_GENERATION = TaskSpec(
    id="text-generation",
    modality="Text",
    title="Text generation",
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
        Field(
            name="stop_sequence",
            kind=Strings(),
            label="Stop strings",
            help="The answer ends after one of these; it is kept in the answer.",
            advanced=True,
            docs=GENERATION_DOCS,
        ),
        Field(
            name="return_full_text",
            kind=Flag(),
            label="Return full text",
            help="On: the prompt comes back in front of the answer.",
            default=False,
            advanced=True,
            docs=PIPELINES_DOCS,
        ),
        Field(
            name="continue_final_message",
            kind=Flag(),
            label="Continue the last message",
            help="Chat only: the model goes on with the assistant's last message.",
            advanced=True,
            docs=PIPELINES_DOCS,
        ),
        Field(
            name="skip_special_tokens",
            kind=Flag(),
            label="Skip special tokens",
            help="Off shows markers such as end of text.",
            advanced=True,
            docs=PIPELINES_DOCS,
        ),
        Field(
            name="clean_up_tokenization_spaces",
            kind=Flag(),
            label="Clean up spaces",
            help="Removes the blanks that some tokenizers leave before punctuation.",
            advanced=True,
            docs=PIPELINES_DOCS,
        ),
    ),
    outputs=(Output(name="reply", kind=Reply, label="Answer"),),
    models=(
        Model(id="HuggingFaceTB/SmolLM3-3B", revision="a07cc9a", note="3B, chat, 6 languages"),
        Model(id="Qwen/Qwen3-0.6B", note="0.6B, chat, runs on a CPU"),
        Model(id="HuggingFaceTB/SmolLM2-360M-Instruct", note="0.4B, chat, quick"),
        Model(id="Qwen/Qwen2.5-1.5B-Instruct", note="1.5B, chat"),
        Model(id="openai-community/gpt2", note="0.1B, continues text, no chat"),
        Model(id="facebook/opt-1.3b", note="1.3B, continues text, no chat"),
    ),
    starter=Starter(knows="a small village: its people, their work, pets and homes"),
    build_input=_text_input,
    read_output=_reply,
    to_json=_reply_json,
    work=lambda raw, inputs, facts, forwards: forwards * len(raw),
    unit="tokens/s",
    streams="call",
    examples=(),
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

ROWS = (TEXT_GENERATION, ZERO_SHOT_CLASSIFICATION)
