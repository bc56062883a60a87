"""The pipeline tutorial's own examples (transformers, pipeline_tutorial), with its figures.

`stand_in` is the tiny checkpoint that takes the model's place where there is no Hub, and `file` the
made one that takes the address's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

HUB = "https://huggingface.co"
SPEECH = f"{HUB}/datasets/Narsil/asr_dummy/resolve/main"
CAT = f"{HUB}/datasets/huggingface/documentation-images/resolve/main/pipeline-cat-chonk.jpeg"
INVOICE = (
    f"{HUB}/spaces/impira/docquery/resolve/2359223c1837a7587402bda0f2643382a6eefeab/invoice.png"
)
DREAM = "I HAVE A DREAM BUT ONE DAY THIS NATION WILL RISE UP LIVE UP THE TRUE MEANING OF ITS TREES"
CREED = (
    "I have a dream that one day this nation will rise up and live out the true meaning of its "
    "creed."
)
STEW = (
    "He hoped there would be stew for dinner, turnips and carrots and bruised potatoes and fat "
    "mutton pieces to be ladled out in thick, peppered flour-fatten"
)
"""As far as versions of the tutorial agree: its last words are "flour-fattened sauce." or not."""
SCORE_DIGITS = {"abs": 0.005}
"""The tutorial rounds, and other versions of a library or a processor differ in the last digits."""
COUNT = 1_000


@dataclass(frozen=True, kw_only=True)
class Published:
    """One example. `holds` asserts on the answer in the task's format."""

    name: str
    task: str
    model: str
    values: Mapping[str, Any]
    holds: Callable[[Any], None]
    stand_in: str
    file: Mapping[str, str] = field(default_factory=dict)
    dtype: str = "float32"
    figures: bool = True
    """Whether `holds` would refuse another model's answer."""


def _speech(name: str, model: str, stand_in: str, file: str, words: str) -> Published:
    def holds(answer: Any) -> None:
        assert answer["text"].strip().startswith(words)

    return Published(
        name=name, task="automatic-speech-recognition", model=model, stand_in=stand_in,
        values={"audio": f"{SPEECH}/{file}"}, file={"audio": "noise.wav"}, holds=holds,
    )  # fmt: skip


def _lynx(answer: Any) -> None:
    assert [each["label"] for each in answer[:2]] == [
        "lynx, catamount",
        "cougar, puma, catamount, mountain lion, painter, panther, Felis concolor",
    ]
    scores = [each["score"] for each in answer]
    assert scores == pytest.approx([0.4335, 0.0348, 0.0324, 0.0239, 0.0229], **SCORE_DIGITS)


def _urgent(answer: Any) -> None:
    scores = {each["label"]: each["score"] for each in answer}
    assert scores == pytest.approx(
        {"urgent": 0.504, "phone": 0.479, "computer": 0.013, "not urgent": 0.003, "tablet": 0.002},
        **SCORE_DIGITS,
    )


def _invoice(answer: Any) -> None:
    assert answer[0]["answer"] == "us-001"
    assert answer[0]["score"] == pytest.approx(0.425, **SCORE_DIGITS)


def _written(answer: Any) -> None:
    assert answer["generated_text"].strip()


WHISPER = "openai/whisper-large-v2"
EXAMPLES = (
    _speech("wav2vec2 hears the dream", "facebook/wav2vec2-base-960h", "wav2vec2", "mlk.flac",
            DREAM),
    _speech("whisper hears the dream", WHISPER, "whisper", "mlk.flac", CREED),
    _speech("whisper hears of stew", WHISPER, "whisper", "1.flac", STEW),
    Published(
        name="ViT sees a lynx", task="image-classification", model="google/vit-base-patch16-224",
        values={"image": CAT, "top_k": 5}, file={"image": "picture.png"}, holds=_lynx,
        stand_in="vit",
    ),
    Published(
        name="BART finds it urgent", task="zero-shot-classification",
        model="facebook/bart-large-mnli", holds=_urgent, stand_in="bert-nli",
        values={
            "text": "I have a problem with my iphone that needs to be resolved asap!!",
            "candidate_labels": ["urgent", "not urgent", "phone", "tablet", "computer"],
        },
    ),
    Published(
        name="LayoutLM reads an invoice", task="document-question-answering",
        model="impira/layoutlm-document-qa", holds=_invoice, stand_in="layoutlm",
        values={"image": INVOICE, "question": "What is the invoice number?"},
        file={"image": "page.png"},
    ),
    Published(
        name="OPT-1.3B in bfloat16, placed by accelerate", task="text-generation",
        model="facebook/opt-1.3b", holds=_written, stand_in="gpt2", dtype="bfloat16", figures=False,
        values={
            "text": "This is a cool example!", "do_sample": True, "top_p": 0.95, "seed": 1,
            "max_new_tokens": 20, "dtype": "bfloat16", "device_map": "auto",
        },
    ),
)  # fmt: skip
GPT2 = "openai-community/gpt2"


def prompts(count: int) -> list[dict[str, str]]:
    """The tutorial's data set: "My example 0", "My example 1", …"""
    return [{"text": f"My example {i}"} for i in range(count)]
