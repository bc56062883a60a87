"""How much memory there is, how much of it models may take, and how much one will need."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from pipelines import device
from pipelines.device import RAM, Memory, budgets, memory_of
from pipelines.limits import GB
from pipelines.ram import ram
from pipelines.room import Room
from pipelines.weights import expected_bytes, footprint, most_stored
from settings import Settings, read_settings

MEMINFO = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n"
HEADER = {
    "__metadata__": {"format": "pt"},
    "embed_tokens.weight": {"dtype": "F32", "shape": [10, 8], "data_offsets": [0, 320]},
    "layer.weight": {"dtype": "F32", "shape": [8, 8], "data_offsets": [320, 576]},
    "layer.bias": {"dtype": "F32", "shape": [8], "data_offsets": [576, 608]},
    "places": {"dtype": "I64", "shape": [4], "data_offsets": [608, 640]},
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_machine_says_what_is_in_use(tmp_path: Path) -> None:
    proc = write(tmp_path, {"meminfo": MEMINFO})
    assert ram(proc, tmp_path / "none") == (400 * 1_024, 1_000 * 1_024)


def test_where_linux_does_not_say_the_system_is_asked_another_way(tmp_path: Path) -> None:
    """macOS and Windows have no /proc; all of them have a default budget."""
    used, total = ram(tmp_path, tmp_path)
    assert total == psutil.virtual_memory().total
    assert used == pytest.approx(total - psutil.virtual_memory().available, abs=0.1 * total)


@pytest.mark.parametrize(
    ("cgroup", "files"),
    [
        ("0::/", {"memory.max": "5000", "memory.current": "3000",
                  "memory.stat": "anon 7\ninactive_file 1000\n"}),
        ("0::/a/b", {"a/memory.max": "5000", "a/memory.current": "2000",
                     "a/b/memory.max": "max", "a/b/memory.current": "10"}),
        ("3:memory:/x", {"memory/x/memory.limit_in_bytes": "5000",
                         "memory/x/memory.usage_in_bytes": "2500",
                         "memory/x/memory.stat": "total_inactive_file 500\n"}),
    ],
    ids=["in a container", "a group around it", "version 1"],
)  # fmt: skip
def test_a_container_may_have_less_than_the_machine(
    tmp_path: Path, cgroup: str, files: dict[str, str]
) -> None:
    proc = write(tmp_path / "proc", {"meminfo": MEMINFO, "self/cgroup": f"{cgroup}\n"})
    assert ram(proc, write(tmp_path / "cgroups", files)) == (2_000, 5_000)


def test_by_default_the_budget_is_most_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (Memory(RAM, 10 * GB, 20 * GB), Memory("cuda:0", 5 * GB, 25 * GB))
    monkeypatch.setattr(device, "memory", lambda: found)
    assert budgets(None) == {RAM: 8 * GB, "cuda:0": 16 * GB}


def test_a_budget_that_was_asked_for_holds_for_each_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "devices", lambda: ("cuda:0", "cuda:1", "mps", "cpu"))
    assert budgets(3) == {"cuda:0": 3, "cuda:1": 3, RAM: 3}
    assert budgets(0) == {}


def test_the_flag_says_how_much() -> None:
    assert read_settings([], {}).memory_bytes is None
    assert read_settings(["--memory-budget", "1.5"], {}).memory_bytes == 1_500_000_000
    assert read_settings([], {"PLAYGROUND_MEMORY_BUDGET": "0"}).memory_bytes == 0
    assert Settings(memory_budget=2.0).memory_bytes == 2 * GB


def safetensors(folder: Path, header: dict[str, Any] = HEADER) -> Path:
    body = json.dumps(header).encode()
    content = len(body).to_bytes(8, "little") + body + bytes(640)
    (folder / "model.safetensors").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("dtype", "needed"),
    [
        ("float32", 4 * (80 + 64 + 8) + 32),
        ("bfloat16", 2 * (80 + 64 + 8) + 32),
        ("int8", 4 * (80 + 8) + 64 + 32),
        ("int4", 4 * (80 + 8) + 32 + 32),
    ],
)
def test_what_a_model_will_take_is_read_off_its_files(
    tmp_path: Path, dtype: str, needed: int
) -> None:
    assert expected_bytes(safetensors(tmp_path), dtype) == needed


def test_damaged_files_are_left_to_the_loader(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0{nope")
    (tmp_path / "model-2.safetensors").write_bytes(b"\xff" * 9)
    assert expected_bytes(tmp_path, "float32") == 0


def test_files_may_be_larger_than_the_memory_where_the_dtype_is_smaller() -> None:
    assert most_stored(100, "float32") == 100
    assert most_stored(100, "int4") == 800


def tensor(device: str, count: int) -> Any:
    return SimpleNamespace(device=device, nelement=lambda: count, element_size=lambda: 2)


def model(devices: dict[str, Any], **weights: Any) -> Any:
    return SimpleNamespace(
        hf_device_map=devices, named_parameters=lambda: weights.items(), named_buffers=list
    )


def test_a_model_is_counted_where_it_lies() -> None:
    spread = model(
        {"a": 0, "b": "cpu", "c": "disk"},
        **{"a.w": tensor("cuda:0", 5), "b.w": tensor("meta", 7), "c.w": tensor("meta", 100)},
    )
    assert footprint(spread) == {"cuda:0": 10, RAM: 14}
    assert footprint(model({}, w=tensor("cpu", 3))) == {RAM: 6}


def test_a_mapped_model_fills_the_devices_first_and_the_disk_last() -> None:
    room = Room(lambda: {RAM: 100, "cuda:0": 30})
    assert room.places("cuda:0", "auto", 50) == {"cuda:0": 30, RAM: 20}
    assert room.places("cuda:0", "auto", 500) == {"cuda:0": 30, RAM: 100}
    assert room.places("cpu", "none", 500) == {RAM: 500}
    assert Room(dict).places("cpu", "auto", 5) == {}


def test_every_device_has_a_memory() -> None:
    assert [memory_of(name) for name in ("cpu", "mps", "cuda:1")] == [RAM, RAM, "cuda:1"]
