"""Device maps: where the parts of a model went, the disk included, and what is left behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import loading, placement
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, RunnerSettings
from pipelines.engine.runner import Runner
from pipelines.errors import ModelError
from pipelines.limits import Limits
from pipelines.loading import Loaded, LoadSettings, load
from pipelines.placement import OFFLOADED, Place, devices_of, said
from pipelines.tasks import task

TEXT = "text-generation"
slow = pytest.mark.slow
pytestmark = pytest.mark.filterwarnings("default")


def test_what_went_where_is_said_in_runs_of_layers() -> None:
    layers = tuple(f"model.layers.{n}" for n in range(12))
    places = (
        Place(device="cuda:0", parts=("model.embed_tokens", *layers[:8]), bytes=2_500_000_000),
        Place(device="disk", parts=(*layers[8:], "lm_head"), bytes=400_000),
    )
    assert devices_of(places) == "cuda:0 + disk"
    assert said(places) == (
        "cuda:0 holds 2.5 GB: model.embed_tokens, model.layers.0 to model.layers.7.",
        "disk holds 0.40 MB: model.layers.8 to model.layers.11, lm_head.",
        "What lies on the disk is read for every pass, which is slow.",
    )
    assert said(()) == ()
    assert "a.0, b and 3 more" in said(
        (Place(device="cpu", parts=tuple("abcdefg") * 1 + ("a.0", "b", "c", "d"), bytes=1),)
    )[0].replace("a, b, c, d, e, f, g, a.0 and", "a.0, b and")


def folders() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{OFFLOADED}*"))


@pytest.fixture
def starters(checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Every tiny checkpoint is a starter, and temporary files have a folder of their own."""
    monkeypatch.setattr(loading, "STARTERS", checkpoints["bert-nli"].parent)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return checkpoints["bert-nli"].parent


def mapped(name: str, within: dict[str, int], device_map: str = "auto") -> Loaded:
    settings = LoadSettings(
        task=TEXT, model=f"starter/{name}", device="cpu", dtype="float32", device_map=device_map
    )
    return load(task(TEXT), settings, lambda *_: None, within=within)


def spoken(loaded: Loaded) -> str:
    (answer,) = loaded.pipe("the quick", max_new_tokens=8, do_sample=False)
    return str(answer["generated_text"])


@slow
def test_a_model_that_fits_is_all_in_one_place(starters: Path) -> None:
    facts = mapped("gpt2", {}).facts
    (place,) = facts.places
    assert (facts.device, facts.dtype, place.bytes) == ("cpu", "float32", facts.bytes)
    assert "the whole model" in said(facts.places)[0]
    assert folders() == []


@slow
def test_what_does_not_fit_is_on_the_disk_and_the_answer_is_the_same(starters: Path) -> None:
    whole = mapped("gpt2", {}, "none")
    part = mapped("gpt2", {"RAM": whole.facts.bytes * 2 // 3})
    model = part.pipe.model
    assert (part.facts.device, part.facts.dtype) == ("cpu + disk", "float32")
    cpu, disk = part.facts.places
    assert {place.device for place in part.facts.places} == set(model.hf_device_map.values())
    assert [*cpu.parts, *disk.parts] == list(model.hf_device_map)
    real = [p for p in model.parameters() if p.device.type == "cpu"]
    absent = [p for p in model.parameters() if p.device.type == "meta"]
    assert disk.bytes == sum(p.nelement() * p.element_size() for p in absent) > 0
    assert cpu.bytes == part.facts.bytes
    assert cpu.bytes >= sum(p.nelement() * p.element_size() for p in real) > 0
    assert spoken(part) == spoken(whole)


@slow
def test_experts_are_written_to_a_folder_that_goes_with_the_model(
    starters: Path, mixture: Callable[[], str]
) -> None:
    name = mixture()
    with pytest.raises(ModelError, match="Not one layer"):
        mapped(name, {"RAM": 1_000})
    assert folders() == []
    loaded = mapped(name, {"RAM": mapped(name, {}).facts.bytes * 3 // 4})
    assert loaded.facts.device == "cpu + disk"
    (folder,) = folders()
    assert list(folder.iterdir())
    assert spoken(loaded)
    del loaded
    gc.collect()
    assert folders() == []


@pytest.fixture
def mixture(starters: Path) -> Callable[[], str]:
    """Writes a tiny mixture of experts beside the starters; its name."""

    def make() -> str:
        import torch
        from transformers import AutoTokenizer, MixtralConfig, MixtralForCausalLM

        torch.manual_seed(0)
        tokenizer = AutoTokenizer.from_pretrained(starters / "llama")
        config = MixtralConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=4,
            num_attention_heads=2, num_key_value_heads=2, num_local_experts=2,
        )  # fmt: skip
        for part in (MixtralForCausalLM(config), tokenizer):
            part.save_pretrained(starters / "mixture")
        return "mixture"

    return make


@slow
def test_the_budget_of_memory_sends_layers_to_the_disk_and_the_run_says_so(
    starters: Path,
) -> None:
    budget = mapped("gpt2", {}).facts.bytes * 2 // 3
    runner = Runner(RunnerSettings(limits=Limits(), models="starter", memory_bytes=budget))
    values: dict[str, Any] = {
        "text": "the quick", "model": "starter/gpt2", "device": "cpu", "dtype": "float32",
        "device_map": "auto", "max_new_tokens": 4, "do_sample": False,
    }  # fmt: skip
    events: list[Event] = []
    runner.execute(request_from(task(TEXT), values, Limits()), events.append, threading.Event())
    done = events[-1]
    assert isinstance(done, Done), done
    assert done.meta.device == "cpu + disk"
    assert any(note.startswith("disk holds") for note in done.notes)
    assert runner.cache.held()[0].device == "cpu + disk"
    assert runner.cache.held()[0].bytes <= budget


def test_what_a_killed_process_left_is_swept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f"{OFFLOADED}{gone.pid}-x"
    left.mkdir()
    with placement.offloading("auto", {}) as (arguments, _):
        assert not left.exists()
        assert Path(arguments["offload_folder"]).is_dir()
    assert folders() == []
