"""Models on a GPU: loading, precision, maps, memory that runs out and memory that comes back.

`pytest -m gpu` runs it where CUDA is; elsewhere each test is skipped and says so. These tests were
written on a machine without a GPU and have not yet run on one: there, only their way through the
code was tried, with PLAYGROUND_TEST_DEVICE=cpu, which runs all but those about CUDA's own memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pipelines.device import memory_of, pick_dtype
from pipelines.engine.request import Done, Failed
from pipelines.limits import MB
from pipelines.loading import Loaded
from pipelines.release import give_memory_back
from pipelines.weights import footprint
from tests.engine_room import Room
from tests.loads import loaded
from tests.test_memory_outside import save

DEVICE = os.environ.get("PLAYGROUND_TEST_DEVICE", "cuda:0")
TEXT = "text-generation"
ASKED: dict[str, Any] = {"device": DEVICE, "text": "the quick", "max_new_tokens": 5}
SLACK = 50 * MB
"""Of what a GPU keeps for kernels once they have run."""


def has_device() -> bool:
    import torch

    return DEVICE == "cpu" or torch.cuda.is_available()


pytestmark = pytest.mark.gpu
needs_bitsandbytes = pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed"
)


@pytest.fixture(scope="module", autouse=True)
def a_device() -> None:
    """Before anything is built."""
    if not has_device():
        pytest.skip("there is no CUDA device on this machine")


@pytest.fixture
def cuda() -> Iterator[Any]:
    """torch.cuda, with all its memory allowed again afterwards."""
    import torch

    if not DEVICE.startswith("cuda"):
        pytest.skip("a CPU has no memory of its own")
    yield torch.cuda
    torch.cuda.set_per_process_memory_fraction(1.0, DEVICE)


@pytest.fixture(scope="module")
def wide(room: Room, checkpoints: dict[str, Path]) -> str:
    """A language model of 170 MB in float32, by its name as a starter."""
    save(checkpoints["gpt2"].parent / "wide", layers=4)
    return "wide"


@pytest.fixture(autouse=True)
def empty(room: Room) -> None:
    room.runner.cache.unload()


def load(model: str, **changes: Any) -> Loaded:
    return loaded(TEXT, f"starter/{model}", **{"device": DEVICE, **changes})


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_model_lies_on_the_device_in_the_dtype_that_was_asked_for(wide: str, dtype: str) -> None:
    found = load(wide, dtype=dtype)
    assert (found.facts.device, found.facts.dtype) == (DEVICE, dtype)
    assert footprint(found.pipe.model).keys() == {memory_of(DEVICE)}
    assert found.pipe("the quick", max_new_tokens=2)


def test_auto_is_bfloat16_where_the_device_computes_in_it(wide: str) -> None:
    assert load(wide, dtype="auto").facts.dtype == pick_dtype("auto", DEVICE)


def test_the_device_answers_as_the_cpu_does(room: Room) -> None:
    there, here = (
        room.run("text-classification", device=device).answer for device in (DEVICE, "cpu")
    )
    assert [each["label"] for each in there] == [each["label"] for each in here]
    for one, other in zip(there, here, strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=0.001)


@needs_bitsandbytes
@pytest.mark.parametrize(("dtype", "share"), [("int8", 0.35), ("int4", 0.25)])
def test_few_bits_take_less_memory_and_answer(
    room: Room, wide: str, dtype: str, share: float
) -> None:
    whole = sum(footprint(load(wide, dtype="float32").pipe.model).values())
    assert isinstance(room.run(TEXT, wide, **ASKED, dtype=dtype), Done)
    (held,) = room.runner.cache.held()
    assert held.dtype == dtype
    assert held.bytes < share * whole


def test_a_map_puts_a_model_on_the_devices_and_it_answers_the_same(room: Room, wide: str) -> None:
    plain = room.run(TEXT, wide, **ASKED, do_sample=False).answer
    mapped = room.run(TEXT, wide, **ASKED, do_sample=False, device_map="auto")
    assert mapped.answer == plain
    assert mapped.meta.device.startswith(DEVICE.split(":")[0])
    assert len({held.weights for held in room.runner.cache.held()}) == 2


def test_memory_comes_back_when_a_model_is_unloaded(room: Room, wide: str, cuda: Any) -> None:
    room.run(TEXT, wide, **ASKED)
    room.runner.cache.unload()
    before = cuda.mem_get_info(DEVICE)[0]
    room.run(TEXT, wide, **ASKED)
    assert before - cuda.mem_get_info(DEVICE)[0] > 150 * MB
    room.runner.cache.unload()
    assert before - cuda.mem_get_info(DEVICE)[0] < SLACK


def test_a_run_that_is_out_of_memory_is_a_sentence_and_the_next_one_works(
    room: Room, wide: str, cuda: Any
) -> None:
    """The allocator really refuses: it may take no more than the model has."""
    room.run(TEXT, wide, **ASKED)
    give_memory_back()
    total = cuda.mem_get_info(DEVICE)[1]
    cuda.set_per_process_memory_fraction(cuda.memory_reserved(DEVICE) / total, DEVICE)
    long = {**ASKED, "text": "the quick " * 4_000}
    refused = room.events(TEXT, wide, **long)[-1]
    assert isinstance(refused, Failed)
    assert refused.message.startswith("Out of memory;")
    cuda.set_per_process_memory_fraction(1.0, DEVICE)
    assert isinstance(room.run(TEXT, wide, **ASKED), Done)


def test_a_model_that_does_not_fit_is_a_sentence_and_leaves_nothing(
    room: Room, wide: str, cuda: Any
) -> None:
    give_memory_back()
    total = cuda.mem_get_info(DEVICE)[1]
    held = cuda.memory_reserved(DEVICE)
    cuda.set_per_process_memory_fraction((held + 20 * MB) / total, DEVICE)
    assert "does not fit in memory" in room.refusal(TEXT, wide, **ASKED).message
    assert room.runner.cache.held() == ()
    give_memory_back()
    assert cuda.memory_reserved(DEVICE) <= held + 20 * MB
