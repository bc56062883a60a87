"""Loading: the right model with every weight, or one sentence (R13, R14, R17)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines import loading
from pipelines.errors import InputError
from tests.loads import loaded, refusal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASR, IMAGE = "automatic-speech-recognition", "image-classification"
ZERO_SHOT, DOCUMENT = "zero-shot-classification", "document-question-answering"
TEXT = "text-generation"


@pytest.fixture(autouse=True)
def starters(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tiny checkpoint is a starter."""
    monkeypatch.setattr(loading, "STARTERS", checkpoints["bert-nli"].parent)


@pytest.mark.parametrize(
    ("id", "name", "kind", "traits"),
    [
        (ASR, "wav2vec2", "Wav2Vec2ForCTC", "ctc hears pads words"),
        (ASR, "wav2vec2-bert", "Wav2Vec2BertForCTC", "ctc hears pads words"),
        (
            ASR,
            "whisper",
            "WhisperForConditionalGeneration",
            "generates hears multilingual pads whisper words",
        ),
        (IMAGE, "resnet", "ResNetForImageClassification", "pads pixels sees words"),
        (IMAGE, "vit", "ViTForImageClassification", "pads pixels sees words"),
        (ZERO_SHOT, "bert-nli", "BertForSequenceClassification", "pads words"),
        (ZERO_SHOT, "bart-nli", "BartForSequenceClassification", "pads words"),
        (ZERO_SHOT, "gpt2-nli", "GPT2ForSequenceClassification", "words"),
        (DOCUMENT, "layoutlm", "LayoutLMForQuestionAnswering", "pads words"),
        (DOCUMENT, "layoutlmv3", "LayoutLMv3ForQuestionAnswering", "pads pixels sees words"),
        (DOCUMENT, "donut", "VisionEncoderDecoderModel", "generates pads pixels sees"),
        (TEXT, "llama", "LlamaForCausalLM", "chat generates pads words"),
        (TEXT, "gpt2", "GPT2LMHeadModel", "generates words"),
    ],
)
def test_the_right_class_loads_and_its_traits_are_seen(
    id: str, name: str, kind: str, traits: str
) -> None:
    found = loaded(id, f"starter/{name}")
    assert type(found.pipe.model).__name__ == kind
    assert found.facts.traits - {"offsets"} == set(traits.split())
    assert (found.facts.device, found.facts.dtype) == ("cpu", "float32")
    assert found.facts.bytes > 0
    assert not found.pipe.model.training


def test_the_window_is_the_smaller_of_the_two_limits() -> None:
    assert loaded(ZERO_SHOT, "starter/bert-nli").facts.max_tokens == 128
    assert loaded(ZERO_SHOT, "starter/roberta-nli").facts.max_tokens == 127


def test_the_sampling_rate_comes_from_the_model() -> None:
    assert loaded(ASR, "starter/whisper").facts.sampling_rate == 16_000
    assert loaded(IMAGE, "starter/vit").facts.sampling_rate == 0


@pytest.mark.parametrize(
    ("id", "name", "said"),
    [
        (ZERO_SHOT, "bert-fill-mask", "is a BertForMaskedLM and cannot do"),
        (TEXT, "bert-fill-mask", "is a BertForMaskedLM and cannot do"),
        (TEXT, "bart-nli", "is a BartForSequenceClassification"),
        (IMAGE, "vit-backbone", "is a ViTModel"),
        (IMAGE, "bert-nli", "cannot do image classification"),
        (DOCUMENT, "bert-nli", "cannot do document questions"),
        (ASR, "vit", "cannot do speech recognition"),
        (ZERO_SHOT, "bert-sentiment", "has no entail… label"),
        (ZERO_SHOT, "headless-nli", "its answers would be random"),
        (ASR, "headless-ctc", "its answers would be random"),
        (ZERO_SHOT, "pickled", "could not be loaded"),
        (ZERO_SHOT, "corrupt", "could not be loaded"),
        (ZERO_SHOT, "mismatched", "do not fit its config"),
        (ZERO_SHOT, "absurd-layers", "num_hidden_layers = 1,000,000; at most 512"),
        (ZERO_SHOT, "absurd-vocabulary", "vocab_size = 1,000,000,000; at most"),
        (ZERO_SHOT, "unknown-type", "running its own code"),
        (ZERO_SHOT, "broken-config", "is no model that"),
        (ZERO_SHOT, "tokenizerless", "lacks a tokenizer"),
        (ZERO_SHOT, "broken-tokenizer", "lacks a tokenizer"),
        (ZERO_SHOT, "custom-code", "running its own code"),
        (TEXT, "../text-generation", "does not exist"),
        (TEXT, "..", "does not exist"),
        (TEXT, "poetry", "does not exist"),
    ],
)
def test_a_wrong_checkpoint_is_one_sentence(id: str, name: str, said: str) -> None:
    """R13, R14, R17."""
    assert said in refusal(id, f"starter/{name}")


def test_code_of_a_repository_is_never_run(checkpoints: dict[str, Path]) -> None:
    """R14: a model type of its own is refused; for a tokenizer the library's own class serves."""
    refusal(ZERO_SHOT, "starter/custom-code")
    loaded(ZERO_SHOT, "starter/custom-tokenizer")
    for name in ("custom-code", "custom-tokenizer"):
        assert (checkpoints[name] / "evil.py").is_file()
        assert not (checkpoints[name] / "was-run").exists()


def test_a_checkpoint_without_weights_that_no_answer_needs_loads() -> None:
    """facebook/wav2vec2-base-960h, the default, lacks masked_spec_embed."""
    assert loaded(ASR, "starter/no-mask-embedding").facts.model_type == "wav2vec2"


def test_a_config_that_does_not_say_what_it_was_made_as_is_tried() -> None:
    assert loaded(ZERO_SHOT, "starter/no-architecture").facts.model_type == "bert"


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_dtype_is_the_one_that_was_chosen(dtype: str) -> None:
    assert loaded(IMAGE, "starter/vit", dtype=dtype).facts.dtype == dtype


def test_auto_decides_on_a_dtype_and_device_that_exist() -> None:
    facts = loaded(IMAGE, "starter/vit", device="auto", dtype="auto").facts
    assert facts.dtype in ("float32", "bfloat16")
    assert facts.device.split(":")[0] in ("cpu", "cuda", "mps")


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    """R18."""
    with pytest.raises(InputError, match=r"^device: cuda:99 is not on this machine; choose .*cpu"):
        loaded(IMAGE, "starter/vit", device="cuda:99")


def test_device_map_auto_loads() -> None:
    assert loaded(TEXT, "starter/gpt2", device_map="auto").pipe.model is not None


def test_models_of_two_dtypes_that_load_at_once_keep_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both are as far as they can be made together when either begins."""
    real, meeting = loading.reader, threading.Barrier(2)
    inside, most = 0, 0

    def slow(auto: Any, folder: Path) -> Any:
        make = real(auto, folder)

        def made(*args: Any, **options: Any) -> Any:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            time.sleep(0.05)
            try:
                return make(*args, **options)
            finally:
                inside -= 1

        return made

    def load(dtype: str) -> set[str]:
        meeting.wait()
        model = loaded(ZERO_SHOT, "starter/bert-nli", dtype=dtype).pipe.model
        return {str(weight.dtype) for weight in model.parameters()}

    monkeypatch.setattr(loading, "reader", slow)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(load, ("bfloat16", "float32")))
    assert found == [{"torch.bfloat16"}, {"torch.float32"}]
    assert most == 1
