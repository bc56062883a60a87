"""The engine of a ZeroGPU Space, over a stand-in for `spaces` that forks and pickles."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from gradio_client import Client

import app
from pipelines import ram
from pipelines.engine.inline import InlineEngine
from pipelines.engine.intake import request_from
from pipelines.engine.pace import FIRST_SECONDS, LEAST_SECONDS, Pace
from pipelines.engine.request import Done, Event, Failed, Partial, Request, RunnerSettings
from pipelines.engine.zero import Placed, ZeroEngine, read_placed
from pipelines.jobs.stream import run_rows
from pipelines.limits import GB, Limits
from pipelines.tasks import task
from pipelines.token import Token
from settings import Settings, read_settings
from tests.served import no_loop_left_open
from ui.api import add_endpoints
from ui.doors import GuardedBlocks

HERE = Path(__file__).parent
TEXT, CHAT, TOPIC = "text-classification", "text-generation", "zero-shot-classification"
LONG = {"text": "Tell me a story.", "max_new_tokens": 300, "min_new_tokens": 300}
slow = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def spaces() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE / "stand_in")
        yield importlib.import_module("spaces")
        sys.modules.pop("spaces")


@pytest.fixture(scope="module")
def engine(spaces: ModuleType) -> Iterator[ZeroEngine]:
    """Two starters are placed; the CPU stands for the GPU."""
    import torch

    torch.set_num_threads(1)
    settings = RunnerSettings(limits=Limits(), models="starter")
    engine = ZeroEngine(settings, (Placed(TEXT), Placed(CHAT)), spaces.GPU, device="cpu")
    yield engine
    engine.close()


def ask(id: str, owner: str = "me", token: str = "", **values: Any) -> Request:
    return request_from(task(id), {"text": "I love it", **values}, Limits(), owner, Token(token))


def last(engine: ZeroEngine, request: Request) -> Event:
    return list(engine.run(request))[-1]


def done(engine: ZeroEngine, request: Request) -> Done:
    event = last(engine, request)
    assert isinstance(event, Done), event
    return event


def said(engine: ZeroEngine, request: Request) -> str:
    event = last(engine, request)
    assert isinstance(event, Failed), event
    return event.message


class TestTheEngine:
    pytestmark = slow

    def test_a_placed_model_answers_in_a_process_that_stays(
        self, engine: ZeroEngine, spaces: ModuleType
    ) -> None:
        first, second = done(engine, ask(TEXT)), done(engine, ask(TEXT))
        assert first.answer == second.answer
        assert first.answer[0]["label"]
        assert len(set(spaces.pids[-2:])) == 1
        assert os.getpid() not in spaces.pids

    def test_the_time_asked_for_is_measured(self, engine: ZeroEngine, spaces: ModuleType) -> None:
        engine._pace = Pace()
        done(engine, ask(TEXT))
        before = engine._pace.seconds(replace(ask(TEXT), load=engine._keys[0]))
        assert LEAST_SECONDS <= before < FIRST_SECONDS

    def test_words_come_as_they_are_written(self, engine: ZeroEngine, spaces: ModuleType) -> None:
        count = len(spaces.asked)
        events = list(engine.run(ask(CHAT, text="Who is Anna?", max_new_tokens=30)))
        assert any(isinstance(event, Partial) for event in events)
        assert isinstance(events[-1], Done)
        assert len(spaces.asked) == count + 1

    def test_everything_else_answers_on_the_cpu_and_says_so(
        self, engine: ZeroEngine, spaces: ModuleType
    ) -> None:
        count = len(spaces.asked)
        labels = {"candidate_labels": ["sports", "weather"]}
        there = done(engine, ask(TOPIC, **labels))
        assert "ran on the CPU here; starter/text-classification" in there.notes[-1]
        assert not done(engine, ask(TEXT, device="cpu")).notes
        assert len(spaces.asked) == count

    def test_a_gpu_for_a_model_that_has_none_is_refused(self, engine: ZeroEngine) -> None:
        labels = {"candidate_labels": ["sports", "weather"]}
        assert "choose auto or cpu" in said(engine, ask(TOPIC, device="cuda:0", **labels))

    def test_jobs_leave_the_gpu_alone(self, engine: ZeroEngine, spaces: ModuleType) -> None:
        count = len(spaces.asked)
        rows = [{"text": "I love it"}, {"text": "I hate it"}]
        assert not any(result.error for result in run_rows(engine, TEXT, rows))
        assert len(spaces.asked) == count

    def test_too_little_quota_is_said_in_numbers(
        self, engine: ZeroEngine, spaces: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(spaces, "left", 4.0)
        told = said(engine, ask(TEXT))
        assert f"asks for {spaces.asked[-1]} s of GPU time and you have 4 s left" in told
        assert "try again in 3:21:05" in told

    def test_a_caller_who_leaves_frees_the_process_for_the_next(
        self, engine: ZeroEngine, spaces: ModuleType
    ) -> None:
        events = engine.run(ask(CHAT, **LONG))
        assert any(isinstance(event, Partial) for event in events)
        events.close()  # type: ignore[attr-defined]
        assert isinstance(done(engine, ask(CHAT, text="Who is Anna?")), Done)

    def test_stop_ends_the_run_of_its_owner(self, engine: ZeroEngine) -> None:
        ends = []
        for event in engine.run(ask(CHAT, "you", **LONG)):
            if isinstance(event, Partial):
                engine.cancel("me")
                engine.cancel("you")
            ends.append(event)
        assert ends[-1] == Failed("Stopped.")

    def test_a_gpu_that_is_taken_back_is_said_and_asked_for_longer(
        self, engine: ZeroEngine, spaces: ModuleType
    ) -> None:
        engine._pace = Pace()
        request = ask(CHAT, **LONG)
        ends: list[Event] = []
        for event in engine.run(request):
            if isinstance(event, Partial) and not any(isinstance(e, Partial) for e in ends):
                os.kill(spaces.pids[-1], signal.SIGKILL)
            ends.append(event)
        assert isinstance(ends[-1], Failed)
        assert f"taken back after {FIRST_SECONDS} s" in ends[-1].message
        key = next(key for key in engine._keys if key.task == CHAT)
        assert engine._pace.seconds(replace(request, load=key)) > FIRST_SECONDS
        assert isinstance(done(engine, ask(CHAT, text="Who is Anna?")), Done)

    def test_a_visitors_token_does_not_travel(
        self, engine: ZeroEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Request] = []
        lent = engine._lent
        monkeypatch.setattr(engine, "_lent", lambda asked: seen.append(asked) or lent(asked))
        done(engine, ask(TEXT, token="hf_MineMineMine42"))
        assert [bool(request.token) for request in seen] == [False]

    def test_what_is_placed_is_told_and_stays(self, engine: ZeroEngine) -> None:
        engine.unload("")
        placed = {held.model for held in engine.status().held}
        assert placed >= {"starter/text-classification", "starter/text-generation"}

    def test_a_model_that_cannot_be_placed_is_left_to_the_cpu(self, spaces: ModuleType) -> None:
        told = Settings(zero_gpu=True, models="starter", gpu_models=TEXT)
        built = app.build_engine(told)  # there is no CUDA here
        try:
            assert isinstance(built, ZeroEngine)
            assert not built._keys
            assert isinstance(last(built, ask(TEXT)), Done)
        finally:
            built.close()

    def test_over_the_api_the_visitor_is_known_whose_quota_it_is(
        self, engine: ZeroEngine, spaces: ModuleType
    ) -> None:
        with no_loop_left_open(), GuardedBlocks(analytics_enabled=False) as page:
            add_endpoints(engine, Settings())
            _, url, _ = page.queue().launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
            headers = {"x-ip-token": "me"}
            client = Client(url, verbose=False, headers=headers, analytics_enabled=False)
            try:
                answer = client.predict(text="I love it", api_name="/text_classification")
            finally:
                page.close(verbose=False)
        assert answer[0]["label"]
        assert spaces.visitors[-1].headers["x-ip-token"] == "me"

    def test_the_placed_model_is_the_default_one(self, spaces: ModuleType) -> None:
        told = RunnerSettings(limits=Limits(), models="starter")
        other = Placed(TEXT, f"starter/{TOPIC}")
        engine = ZeroEngine(told, (other,), spaces.GPU, device="cpu")
        try:
            assert done(engine, ask(TEXT)).meta.model == other.model
        finally:
            engine.close()

    def test_a_cpu_space_computes_on_the_cores_and_in_the_memory_that_it_has(self) -> None:
        import torch

        threads = torch.get_num_threads()
        told = RunnerSettings(limits=Limits(), models="starter", ram_bytes=2 * GB, cores=1)
        engine = InlineEngine(told)
        try:
            assert isinstance(list(engine.run(ask(TEXT)))[-1], Done)
            (memory,) = [m for m in engine.status().memory if m.name == "RAM"]
            assert (memory.total, torch.get_num_threads()) == (2 * GB, 1)
        finally:
            engine.close()
            ram.tell(0)
            torch.set_num_threads(threads)


def test_a_space_tells_its_cores_and_memory() -> None:
    read = read_settings([], {"CPU_CORES": "2", "MEMORY": "16Gi", "SPACE_ID": "me/app"})
    engine = app.build_engine(read)
    try:
        assert (engine._settings.cores, engine._settings.ram_bytes) == (2, 16 * 2**30)
        assert read.public
        assert not read.alone
    finally:
        engine.close()


def test_what_is_placed_is_a_task_with_or_without_a_model() -> None:
    assert read_placed(f"{TEXT}, {CHAT}=acme/gpt2,") == (Placed(TEXT), Placed(CHAT, "acme/gpt2"))
    with pytest.raises(ValueError, match="text-clasification is no task"):
        read_placed("text-clasification")


def test_by_default_a_few_of_the_suggested_models_are_placed() -> None:
    placed = read_placed(Settings().gpu_models)
    assert 1 < len(placed) < 6
    assert all(each.model for each in placed)


def test_without_the_package_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spaces", None)
    with pytest.raises(SystemExit, match="needs the package spaces"):
        app.build_engine(Settings(zero_gpu=True))


def test_a_wrong_placement_ends_with_the_name_of_the_flag(
    spaces: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="--gpu-models: chess is no task"):
        app.build_engine(Settings(zero_gpu=True, gpu_models="chess"))
