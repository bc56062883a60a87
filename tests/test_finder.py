"""Finding a model on a loopback Hub, and whether it would fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import hub, search
from pipelines.device import Memory
from pipelines.engine import fit
from pipelines.engine.fit import Needs, needs, verdict
from pipelines.engine.request import Status
from pipelines.limits import GB
from pipelines.search import MOST_FOUND, find_models
from tests.fakes import FakeEngine
from tests.loopback_hub import COMMIT, Hub
from tests.test_models_tab import held
from ui import finder

TASK = "text-classification"
WEIGHTS = {"parameters": {"F16": 1_000_000, "F32": 500_000}, "total": 1_500_000}


@pytest.fixture
def repos(loopback: Hub, tmp_path: Path) -> Hub:
    search._kept.clear()
    loopback.repos |= {f"acme/bert-{n}": tmp_path for n in range(20)} | {"acme/gpt": tmp_path}
    loopback.about["acme/gpt"] = {
        "likes": 7, "downloads": 12_345, "gated": "manual", "safetensors": WEIGHTS,
        "tags": ["license:mit", "en"],
    }  # fmt: skip
    return loopback


def test_what_the_hub_lists_is_read(repos: Hub) -> None:
    (found,) = find_models(TASK, "gpt")
    assert (found.id, found.parameters, found.downloads) == ("acme/gpt", 1_500_000, 12_345)
    assert (found.license, found.gated, found.on_disk) == ("mit", True, False)
    assert finder.row(found) == ["acme/gpt", "1.5M", "gated", "mit", "12.3K", "7"]


def test_the_same_words_are_asked_for_once_and_without_a_login(repos: Hub) -> None:
    assert len(find_models(TASK, "Bert")) == MOST_FOUND
    assert find_models(TASK, "bert ") == find_models(TASK, "Bert")
    assert repos.asked.count("GET /api/models") == 1
    assert find_models(TASK, "nothing") == ()


def test_what_has_come_to_the_disk_since_is_marked(repos: Hub) -> None:
    from huggingface_hub import constants

    assert not find_models(TASK, "gpt")[0].on_disk
    folder = Path(constants.HF_HUB_CACHE) / "models--acme--gpt"
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    (snapshot / "config.json").write_text("{}")
    assert not find_models(TASK, "gpt")[0].on_disk  # half a download
    (snapshot / "model.safetensors").write_bytes(b"")
    assert find_models(TASK, "gpt")[0].on_disk
    assert repos.asked.count("GET /api/models") == 1


SLOW_FAULT = pytest.mark.slow  # the Hub's client tries again for 20 s
FAULTS = ["gated", *(pytest.param(f, marks=SLOW_FAULT) for f in ("busy", "broken"))]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_search_that_fails_is_silent_and_asked_again(repos: Hub, fault: str) -> None:
    repos.faults[""] = fault
    assert find_models(TASK, "gpt") == ()
    del repos.faults[""]
    assert len(find_models(TASK, "gpt")) == 1


def test_offline_finds_nothing_at_once(repos: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "reachable", lambda: False)
    monkeypatch.setattr(search, "reachable", lambda: False)
    assert find_models(TASK, "gpt") == ()
    assert repos.asked == []


def test_needs_come_from_the_safetensors_metadata(repos: Hub) -> None:
    assert needs("acme/gpt", "") == Needs(parameters=1_500_000, stored=4_000_000)
    assert needs("acme/bert-1", "") is None
    assert needs("acme/missing", "") is None


SEVEN = Needs(parameters=7_000_000_000, stored=14 * GB)


@pytest.mark.parametrize(
    ("dtype", "used", "disk", "fits", "words"),
    [
        ("bfloat16", 4, 100, True, "It fits: RAM has 20.0 GB free."),
        ("float32", 4, 100, False, "It does not fit: RAM has 20.0 GB free."),
        ("bfloat16", 10, 100, True, "It fits once these have left: owner/name."),
        ("bfloat16", 4, 10, False, "The disk has 10.0 GB free: too little."),
    ],
)
def test_the_verdict_is_in_numbers(
    dtype: str, used: int, disk: int, fits: bool, words: str
) -> None:
    memory = Memory("RAM", used * GB, 24 * GB)
    others = (held(bytes=4 * GB), held(bytes=9 * GB, users=1), held(bytes=9 * GB, pinned=True))
    found = verdict(SEVEN, dtype, memory, others, disk * GB)
    assert found.fits is fits
    assert words in found.words
    assert found.words.startswith("7B parameters: about")


def test_a_budget_is_room_too_and_shared_weights_leave_once() -> None:
    memory = Memory("RAM", 0, 100 * GB, models=10 * GB, budget=20 * GB)
    shared = [held(id=id, weights="w", bytes=10 * GB) for id in "ab"]
    found = verdict(SEVEN, "bfloat16", memory, shared, 100 * GB)
    assert "once these have left: owner/name." in found.words
    assert not verdict(SEVEN, "float32", memory, shared, 100 * GB).fits
    used = [shared[0], held(id="b", weights="w", bytes=10 * GB, users=1)]
    assert not verdict(SEVEN, "bfloat16", memory, used, 100 * GB).fits


def test_without_knowing_the_memory_only_the_size_is_told() -> None:
    assert verdict(SEVEN, "float16", None, (), 100 * GB).fits


def test_the_memory_is_that_of_the_chosen_device() -> None:
    ram, card = Memory("RAM", 1, 10), Memory("cuda:0", 2, 20)
    both = Status(ready=True, note="", devices=("cuda:0", "cpu"), memory=(ram, card))
    assert finder.memory_of(both, "auto") is card
    assert finder.memory_of(both, "cpu") is ram
    assert finder.memory_of(Status(ready=False, note=""), "cpu") is None


def test_a_starter_and_nonsense_are_not_judged(repos: Hub) -> None:
    judge = finder._judge(_row(), FakeEngine())
    assert judge("starter/x", "", "auto", "auto") == judge(None, [], {}, 5) == ""
    assert "1.5M parameters" in judge("acme/gpt", "", "auto", "auto")
    assert fit.disk_free() > 0


def _row() -> object:
    from pipelines.tasks import task

    return task(TASK)
