"""Loading: the right model or one sentence, from folders and from a Hub on loopback."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines import hub, loading
from pipelines.errors import InputError, ModelError
from pipelines.limits import GB
from pipelines.loading import Loaded, LoadSettings, load
from pipelines.tasks import task
from tests.loopback_hub import COMMIT, Hub

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASR, IMAGE = "automatic-speech-recognition", "image-classification"
ZERO_SHOT, DOCUMENT = "zero-shot-classification", "document-question-answering"
TEXT = "text-generation"
OFFLINE_SECONDS = 3.0
PROBE_WAIT = 20.0


@pytest.fixture(autouse=True)
def starters(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tiny checkpoint is a starter."""
    monkeypatch.setattr(loading, "STARTERS", checkpoints["bert-nli"].parent)


def loaded(id: str, model: str, **changes: Any) -> Loaded:
    settings = {"device": "cpu", "dtype": "float32", **changes}
    return load(task(id), LoadSettings(task=id, model=model, **settings), lambda *_: None)


def refusal(id: str, model: str, **changes: Any) -> str:
    """The one sentence; it names no path of this machine."""
    with pytest.raises(ModelError) as refused:
        loaded(id, model, **changes)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert "/tmp" not in sentence
    assert len(sentence) < 300
    return sentence


@pytest.mark.parametrize(
    ("id", "name", "kind", "traits"),
    [
        (ASR, "wav2vec2", "Wav2Vec2ForCTC", {"ctc", "words"}),
        (ASR, "wav2vec2-bert", "Wav2Vec2BertForCTC", {"ctc", "words"}),
        (
            ASR,
            "whisper",
            "WhisperForConditionalGeneration",
            {"whisper", "multilingual", "generates", "words"},
        ),
        (IMAGE, "resnet", "ResNetForImageClassification", {"words"}),
        (IMAGE, "vit", "ViTForImageClassification", {"words"}),
        (ZERO_SHOT, "bert-nli", "BertForSequenceClassification", {"words"}),
        (ZERO_SHOT, "bart-nli", "BartForSequenceClassification", {"words"}),
        (DOCUMENT, "layoutlm", "LayoutLMForQuestionAnswering", {"words"}),
        (DOCUMENT, "donut", "VisionEncoderDecoderModel", {"generates"}),
        (TEXT, "llama", "LlamaForCausalLM", {"chat", "generates", "words"}),
        (TEXT, "gpt2", "GPT2LMHeadModel", {"generates", "words"}),
    ],
)
def test_the_right_class_loads_and_its_traits_are_seen(
    id: str, name: str, kind: str, traits: set[str]
) -> None:
    found = loaded(id, f"starter/{name}")
    assert type(found.pipe.model).__name__ == kind
    assert found.facts.traits == traits
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


# From here on: a Hub on loopback.


@pytest.fixture
def repos(loopback: Hub, checkpoints: dict[str, Path]) -> Hub:
    loopback.repos |= {f"acme/{name}": folder for name, folder in checkpoints.items()}
    return loopback


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub, "_probe", (float("-inf"), False))


@pytest.mark.parametrize(
    ("id", "name"),
    [
        (ASR, "whisper"),
        (IMAGE, "vit"),
        (ZERO_SHOT, "bert-nli"),
        (DOCUMENT, "donut"),
        (TEXT, "llama"),
    ],
)
def test_a_model_of_the_hub_loads_at_a_commit(repos: Hub, id: str, name: str) -> None:
    found = loaded(id, f"acme/{name}")
    assert (found.facts.model, found.facts.revision) == (f"acme/{name}", COMMIT)


def test_bytes_are_reported_within_a_file(repos: Hub) -> None:
    seen: list[tuple[int, int]] = []
    settings = LoadSettings(task=TEXT, model="acme/gpt2", device="cpu", dtype="float32")
    repos.faults["acme/gpt2"] = "slow"
    load(task(TEXT), settings, lambda done, total: seen.append((done, total)))
    done = [d for d, _ in seen]
    assert done == sorted(done)
    assert {total for _, total in seen} == {seen[-1][0]}
    assert (done[0], len(set(done)) > 3) == (0, True)


def test_what_the_report_raises_ends_the_download(repos: Hub) -> None:
    def report(done: int, total: int) -> None:
        if done:
            raise ModelError("enough")

    settings = LoadSettings(task=TEXT, model="acme/gpt2")
    with pytest.raises(ModelError, match=r"^enough$"):
        load(task(TEXT), settings, report)
    assert not any("GET" in line and "model.safetensors" in line for line in repos.asked)


@pytest.mark.parametrize(
    ("name", "fault", "said"),
    [
        ("nothing", "", "is not on the Hub, or is private"),
        ("bert-nli", "private", "is not on the Hub, or is private"),
        ("bert-nli", "gated", "is gated: accept its terms"),
        ("bert-nli", "busy", "HTTP 429"),
        ("bert-nli", "broken", "HTTP 500"),
        ("bert-nli", "truncated", "did not deliver"),
        ("pickled", "", "has no safetensors weights"),
    ],
)
def test_a_no_of_the_hub_is_one_sentence(repos: Hub, name: str, fault: str, said: str) -> None:
    repos.faults[f"acme/{name}"] = fault
    assert said in refusal(ZERO_SHOT, f"acme/{name}")


def test_an_unknown_revision_is_one_sentence(repos: Hub) -> None:
    assert "has no revision v9" in refusal(ZERO_SHOT, "acme/bert-nli", revision="v9")


def test_pickled_weights_are_not_even_fetched(repos: Hub) -> None:
    """R14."""
    refusal(ZERO_SHOT, "acme/pickled")
    assert not any(".bin" in line for line in repos.asked)


@pytest.mark.parametrize("name", ["bert-fill-mask", "absurd-layers", "custom-code"])
def test_a_model_of_the_wrong_kind_costs_no_download_of_weights(repos: Hub, name: str) -> None:
    refusal(ZERO_SHOT, f"acme/{name}")
    assert any("config.json" in line for line in repos.asked)
    assert not any("safetensors" in line or "evil" in line for line in repos.asked)


def test_weights_larger_than_the_memory_are_not_fetched(
    repos: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R14."""
    monkeypatch.setattr(loading.devices, "memory_bytes", lambda device: 1_000)
    assert "0.0 GB of memory" in refusal(ZERO_SHOT, "acme/bert-nli")
    assert not any("resolve" in line for line in repos.asked)


def test_weights_larger_than_the_disk_are_not_fetched(
    repos: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R14."""
    usage = shutil.disk_usage("/")._replace(free=GB // 2)
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda path: usage)
    assert "GB left; make room" in refusal(ZERO_SHOT, "acme/bert-nli")


@pytest.mark.parametrize(("login", "told"), [(False, False), (True, True)])
def test_the_hosts_token_is_shown_only_where_a_setting_says_so(
    repos: Hub, monkeypatch: pytest.MonkeyPatch, login: bool, told: bool
) -> None:
    """R14."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings = LoadSettings(task=ZERO_SHOT, model="acme/bert-nli", device="cpu")
    load(task(ZERO_SHOT), settings, lambda *_: None, login=login)
    asked = [line for line in repos.asked if "acme" in line]
    assert {line.endswith(" auth") for line in asked} == {told}


def test_an_id_is_never_a_folder_of_the_server(
    repos: Hub, checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """R13."""
    shutil.copytree(checkpoints["bert-nli"], tmp_path / "local" / "model")
    monkeypatch.chdir(tmp_path)
    assert "is not on the Hub" in refusal(ZERO_SHOT, "local/model")
    shutil.copytree(checkpoints["vit"], tmp_path / "acme" / "bert-nli")
    assert loaded(ZERO_SHOT, "acme/bert-nli").facts.model_type == "bert"


@pytest.mark.parametrize("revision", ["", "v1"])
def test_a_model_on_disk_loads_without_the_hub(
    repos: Hub, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    loaded(ZERO_SHOT, "acme/bert-nli", revision=revision)
    go_offline(monkeypatch)
    repos.asked.clear()
    found = loaded(ZERO_SHOT, "acme/bert-nli", revision=revision)
    assert (found.facts.revision, repos.asked) == (COMMIT, [])


@pytest.mark.parametrize("fault", ["broken", "busy"])
def test_a_model_on_disk_loads_while_the_hub_has_a_bad_moment(repos: Hub, fault: str) -> None:
    loaded(ZERO_SHOT, "acme/bert-nli")
    repos.faults["acme/bert-nli"] = fault
    assert loaded(ZERO_SHOT, "acme/bert-nli").facts.revision == COMMIT


def test_offline_the_answer_comes_at_once(repos: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    assert transformers.pipelines
    go_offline(monkeypatch)
    began = time.monotonic()
    assert "the Hub cannot be reached" in refusal(ZERO_SHOT, "acme/bert-nli")
    assert time.monotonic() - began < OFFLINE_SECONDS


def test_a_hub_that_went_away_after_the_probe_is_not_retried_for_long(
    repos: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_offline(monkeypatch)
    monkeypatch.setattr(hub, "_probe", (time.monotonic(), True))
    began = time.monotonic()
    assert "did not deliver" in refusal(ZERO_SHOT, "acme/bert-nli")
    assert time.monotonic() - began < OFFLINE_SECONDS


def test_a_name_that_does_not_resolve_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = threading.Event()

    def resolver(*_: object) -> None:
        asked.wait(PROBE_WAIT)
        raise OSError

    monkeypatch.setattr(hub, "_probe", (float("-inf"), False))
    monkeypatch.setattr(hub.socket, "create_connection", resolver)
    began = time.monotonic()
    assert not hub.reachable()
    assert time.monotonic() - began < OFFLINE_SECONDS
    asked.set()
