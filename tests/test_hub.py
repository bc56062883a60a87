"""Models from a Hub on loopback: fetched, kept, refused, and there when the Hub is not."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from pipelines import hub, loading
from pipelines.access import Access
from pipelines.errors import ModelError
from pipelines.limits import GB
from pipelines.loading import LoadSettings, load
from pipelines.tasks import task
from tests.loads import loaded, refusal
from tests.loopback_hub import COMMIT, Hub

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASR, IMAGE = "automatic-speech-recognition", "image-classification"
ZERO_SHOT, DOCUMENT = "zero-shot-classification", "document-question-answering"
TEXT = "text-generation"
OFFLINE_SECONDS = 3.0
PROBE_WAIT = 20.0


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
    seen: list[tuple[int, int, str]] = []
    settings = LoadSettings(task=TEXT, model="acme/gpt2", device="cpu", dtype="float32")
    repos.faults["acme/gpt2"], repos.block_seconds = "slow", 0.05
    load(task(TEXT), settings, lambda *told: seen.append(told))
    *arriving, loading = seen
    done = [d for d, _, _ in arriving]
    assert done == sorted(done)
    assert {total for _, total, _ in arriving} == {done[-1]}
    assert len({d for d, _, file in arriving if file.startswith("model.safetensors, file ")}) > 3
    assert loading == (0, 0, "")
    seen.clear()
    load(task(TEXT), settings, lambda *told: seen.append(told))
    assert seen == [loading]


def test_what_the_report_raises_ends_the_download(repos: Hub) -> None:
    def report(done: int, total: int, file: str) -> None:
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
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert "GB left; make room" in refusal(ZERO_SHOT, "acme/bert-nli")


@pytest.mark.parametrize(("login", "told"), [(False, False), (True, True)])
def test_the_hosts_token_is_shown_only_where_a_setting_says_so(
    repos: Hub, monkeypatch: pytest.MonkeyPatch, login: bool, told: bool
) -> None:
    """R14."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings = LoadSettings(task=ZERO_SHOT, model="acme/bert-nli", device="cpu")
    load(task(ZERO_SHOT), settings, lambda *_: None, Access(lent=login))
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
