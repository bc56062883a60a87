"""Memory as it is seen from outside: one real worker, real weights, its resident set in /proc."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.flight import DIED
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, Loading, Partial, RunnerSettings, Waiting
from pipelines.engine.worker import WorkerEngine
from pipelines.limits import MB, Limits
from pipelines.tasks import task
from tests.loopback_hub import Hub, serve
from tests.tiny_models import bpe_tokenizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc"),
]

WIDE = {"hidden_size": 1_024, "intermediate_size": 2_048, "num_attention_heads": 8}
LAYERS = {"acme/one": 2, "acme/two": 2, "acme/three": 2, "acme/large": 5, "acme/huge": 7}
"""Weights of about 42 MB a layer in float32."""
BUDGET = 240 * MB
"""Two of the first three, or the large one; never the huge one."""
SLACK = 50 * MB
PATIENCE = 120.0


@dataclass
class Outside:
    """A worker, the Hub that it asks, and what can be known without asking the worker."""

    engine: WorkerEngine
    hub: Hub

    def ask(self, model: str, words: int = 2, id: str = "text-generation") -> Iterator[Event]:
        values = {"model": model, "device": "cpu", "dtype": "float32", "text": "the quick"}
        values |= {"max_new_tokens": words, "do_sample": False}
        return self.engine.run(request_from(task(id), values, Limits()))

    def last(self, *given: Any) -> Event:
        return list(self.ask(*given))[-1]

    def resident(self) -> int:
        """Bytes of RAM that the worker takes."""
        pages = int(Path(f"/proc/{self.engine.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def models(self) -> set[str]:
        return {held.model for held in self.engine.status().held}

    def forget_all(self) -> None:
        wait_for(lambda: not any(held.users for held in self.engine.status().held))
        self.engine.unload("")
        wait_for(lambda: not self.models())

    def fetched(self, model: str) -> int:
        """How often the weights of a model went over the wire."""
        return self.hub.asked.count(f"GET /{model}/resolve/{self.commit}/model.safetensors")

    commit = "c0ffee" * 6 + "beef"


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    root = tmp_path_factory.mktemp("wide")
    for layers in set(LAYERS.values()):
        save(root / str(layers), layers)
    repos = {model: root / str(layers) for model, layers in LAYERS.items()}
    with serve(Hub(repos=repos)) as hub, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", hub.url)
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("OMP_NUM_THREADS", "1")
        settings = RunnerSettings(limits=Limits(), models="hub", memory_bytes=BUDGET)
        engine = WorkerEngine(settings)
        yield Outside(engine, hub)
        engine.close()


def save(folder: Path, layers: int) -> None:
    """A language model with weights of no meaning and a window that takes its time to fill."""
    import torch
    import transformers

    tokenizer = bpe_tokenizer(pad_token="<|endoftext|>", model_max_length=100_000)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), num_hidden_layers=layers, max_position_embeddings=100_000,
        eos_token_id=None, **WIDE,
    )  # fmt: skip
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(config)
    model.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.01)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_fifty_threads_that_ask_for_one_model_load_it_once(outside: Outside) -> None:
    with ThreadPoolExecutor(50) as pool:
        runs = list(pool.map(lambda _: list(outside.ask("acme/one", 1)), range(50)))
    assert {type(events[-1]) for events in runs} == {Done}
    loaded = [events for events in runs if any(isinstance(e, Loading) for e in events)]
    assert len(loaded) == 1
    assert outside.fetched("acme/one") == 1
    assert outside.models() == {"acme/one"}


def test_memory_after_unloading_is_as_before(outside: Outside) -> None:
    outside.last("acme/one")
    outside.forget_all()
    before = outside.resident()
    assert isinstance(outside.last("acme/large"), Done)
    during = outside.resident()
    assert during - before > 200 * MB
    outside.forget_all()
    after = outside.resident()
    print(f"RSS before {before / MB:.0f}, during {during / MB:.0f}, after {after / MB:.0f} MB")  # noqa: T201
    assert after - before < SLACK


def test_a_budget_of_two_with_three_in_use_answers_all_and_is_never_exceeded(
    outside: Outside,
) -> None:
    outside.forget_all()
    empty, over, most = outside.resident(), threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], outside.resident())
            held = outside.engine.status().held
            assert sum(each.bytes for each in held) <= BUDGET

    first, second = outside.ask("acme/one", 4_000), outside.ask("acme/two", 4_000)
    with ThreadPoolExecutor(2) as pool:
        watching = pool.submit(watch)
        for running in (first, second):
            while not isinstance(next(running), Partial):
                pass
        third = outside.ask("acme/three")
        notes = []
        while len(notes) < 1:
            event = next(third)
            notes += [event.note] if isinstance(event, Waiting) and "room" in event.note else []
        assert outside.models() == {"acme/one", "acme/two"}
        ending = pool.submit(lambda: list(third)[-1])
        first.close()
        assert isinstance(ending.result(PATIENCE), Done)
        wait_for(lambda: "acme/three" in outside.models())
        assert outside.models() == {"acme/two", "acme/three"}
        second.close()
        over.set()
        watching.result(PATIENCE)
    assert notes == ["Waiting for room in memory for acme/three: all models are in use"]
    assert most[0] - empty < BUDGET + SLACK


def test_many_who_want_three_models_in_room_for_two_are_all_answered(outside: Outside) -> None:
    names = ("acme/one", "acme/two", "acme/three")
    with ThreadPoolExecutor(12) as pool:
        ends = list(pool.map(lambda n: outside.last(names[n % 3]), range(24)))
    assert {type(event) for event in ends} == {Done}
    assert len(outside.models()) == 2


def test_what_alone_is_too_large_is_refused_before_it_is_fetched(outside: Outside) -> None:
    refused = outside.last("acme/huge")
    assert isinstance(refused, Failed)
    assert refused.hopeless
    assert "0.2 GB" in refused.message
    assert outside.fetched("acme/huge") == 0


def test_a_killed_worker_gives_all_back(outside: Outside) -> None:
    outside.last("acme/large")
    wait_for(lambda: outside.models() == {"acme/large"})
    running = outside.ask("acme/large", 4_000)
    while not isinstance(next(running), Partial):
        pass
    old, full = outside.engine.pid, outside.resident()
    os.kill(old, signal.SIGKILL)
    assert list(running)[-1] == Failed(DIED)
    wait_for(lambda: outside.engine.status().ready)
    assert not Path(f"/proc/{old}").exists()
    assert outside.engine.pid != old
    assert outside.models() == set()
    assert full - outside.resident() > 200 * MB
