"""Downloads over real HTTP: broken off, gone on with, damaged, silent, shared, and left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import arrivals, hub
from pipelines.access import Access
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, Loading, RunnerSettings, Waiting
from pipelines.engine.runner import Runner
from pipelines.errors import Cancelled
from pipelines.limits import Limits
from pipelines.loading import LoadSettings, load
from pipelines.tasks import task
from tests.loads import loaded, refusal
from tests.loopback_hub import COMMIT, Hub

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ZERO_SHOT, LABELS = "zero-shot-classification", "text-classification"
MODEL = "acme/bert-nli"
WEIGHTS = f"GET /{MODEL}/resolve/{COMMIT}/model.safetensors"
STOP_SECONDS = 5.0
PATIENCE = 30.0


@pytest.fixture
def repos(loopback: Hub, checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Hub:
    loopback.repos[MODEL] = checkpoints["bert-nli"]
    monkeypatch.setattr(arrivals, "PAUSE_SECONDS", 0.05)
    return loopback


def parts() -> list[Path]:
    """What is half there."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    return [p for p in cache.rglob("blobs/*") if p.suffix in (arrivals.PART, ".incomplete")]


def weights(hub: Hub) -> int:
    return (hub.repos[MODEL] / "model.safetensors").stat().st_size


@pytest.mark.parametrize("fault", ["breaking", "rangeless"])
def test_a_connection_that_breaks_is_no_end(repos: Hub, fault: str) -> None:
    repos.faults[MODEL] = fault
    assert loaded(ZERO_SHOT, MODEL).facts.revision == COMMIT
    assert repos.ranges == [f"bytes={weights(repos) // 2}-"]
    assert parts() == []


def test_the_next_download_goes_on_where_the_last_one_broke_off(repos: Hub) -> None:
    repos.faults[MODEL] = "truncated"
    assert "did not deliver" in refusal(ZERO_SHOT, MODEL)
    (part,) = parts()
    assert part.stat().st_size == weights(repos) // 2
    del repos.faults[MODEL]
    repos.ranges.clear()
    seen: list[int] = []
    load(
        task(ZERO_SHOT), LoadSettings(task=ZERO_SHOT, model=MODEL, device="cpu"),
        lambda done, total, file: seen.append(done),
    )  # fmt: skip
    assert repos.ranges == [f"bytes={weights(repos) // 2}-"]
    assert seen[0] >= weights(repos) // 2
    assert parts() == []


@pytest.mark.parametrize(
    ("fault", "said"), [("damaged", "arrived damaged"), ("failing", "HTTP 503")]
)
def test_what_did_not_arrive_well_is_not_used_and_can_be_had_later(
    repos: Hub, fault: str, said: str
) -> None:
    repos.faults[MODEL] = fault
    assert said in refusal(ZERO_SHOT, MODEL)
    assert all(part.stat().st_size == 0 for part in parts())
    del repos.faults[MODEL]
    assert loaded(ZERO_SHOT, MODEL).facts.revision == COMMIT


def test_a_damaged_half_is_thrown_away(repos: Hub) -> None:
    repos.faults[MODEL] = "truncated"
    refusal(ZERO_SHOT, MODEL)
    (part,) = parts()
    part.write_bytes(bytes(part.stat().st_size))
    del repos.faults[MODEL]
    assert loaded(ZERO_SHOT, MODEL).facts.revision == COMMIT


def test_half_a_model_says_so_offline(repos: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    repos.faults[MODEL] = "truncated"
    refusal(ZERO_SHOT, MODEL)
    monkeypatch.setattr(hub, "reachable", lambda: False)
    assert "is not on this machine" in refusal(ZERO_SHOT, MODEL)


def test_a_full_disk_is_named_and_nothing_is_left_on_it(repos: Hub) -> None:
    """/dev/full is a device without room."""
    repos.faults[MODEL] = "truncated"
    refusal(ZERO_SHOT, MODEL)
    (part,) = parts()
    part.unlink()
    part.symlink_to("/dev/full")
    del repos.faults[MODEL]
    assert "The disk filled up" in refusal(ZERO_SHOT, MODEL)
    assert parts() == []
    assert loaded(ZERO_SHOT, MODEL).facts.revision == COMMIT


def test_the_token_does_not_travel_to_another_host(
    repos: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R14."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    repos.elsewhere = True
    settings = LoadSettings(task=ZERO_SHOT, model=MODEL, device="cpu")
    load(task(ZERO_SHOT), settings, lambda *_: None, Access(lent=True))
    assert f"{WEIGHTS} auth" in repos.asked
    assert WEIGHTS.replace("GET ", "GET /elsewhere") in repos.asked


class Visitor:
    """Somebody who asks for a model in a thread of a runner, and may leave."""

    def __init__(self, runner: Runner, id: str, **values: object) -> None:
        self.events: list[Event] = []
        self.stop = threading.Event()
        given = {"text": "a goal", "model": MODEL, "device": "cpu", "dtype": "float32", **values}
        request = request_from(task(id), given, Limits())
        self.thread = threading.Thread(
            target=runner.execute, args=(request, self.events.append, self.stop)
        )
        self.thread.start()

    def sees(self, kind: type[Event]) -> bool:
        """Whether an event of this kind has come that tells the bytes of the weights."""
        return any(
            isinstance(event, Loading | Waiting)
            and isinstance(event, kind)
            and event.done_bytes
            and "model.safetensors, file" in event.note
            for event in self.events
        )

    def end(self) -> Event:
        self.thread.join(PATIENCE)
        return self.events[-1]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def runner() -> Runner:
    return Runner(RunnerSettings(limits=Limits(), models="hub"))


def test_stop_ends_a_silent_download_at_once_and_the_next_one_goes_on(
    repos: Hub, runner: Runner
) -> None:
    repos.faults[MODEL] = "silent"
    visitor = Visitor(runner, LABELS)
    until(lambda: visitor.sees(Loading))
    began = time.monotonic()
    visitor.stop.set()
    assert visitor.end() == Failed(str(Cancelled()))
    assert time.monotonic() - began < STOP_SECONDS
    del repos.faults[MODEL]
    repos.awake.set()
    assert isinstance(Visitor(runner, LABELS).end(), Done)


def test_two_tasks_share_a_download_and_it_goes_on_when_one_leaves(
    repos: Hub, runner: Runner
) -> None:
    repos.faults[MODEL], repos.block_seconds = "slow", 0.1
    labels = {"candidate_labels": ["sports", "rain"]}
    first, second = Visitor(runner, LABELS), Visitor(runner, ZERO_SHOT, **labels)
    until(lambda: first.sees(Loading) and second.sees(Loading))
    first.stop.set()
    assert first.end() == Failed(str(Cancelled()))
    assert isinstance(second.end(), Done)
    assert repos.asked.count(WEIGHTS) == 1


def test_who_waits_for_the_same_model_sees_the_bytes_and_takes_over(
    repos: Hub, runner: Runner
) -> None:
    repos.faults[MODEL], repos.block_seconds = "slow", 0.1
    first = Visitor(runner, LABELS)
    until(lambda: first.sees(Loading))
    second = Visitor(runner, LABELS)
    until(lambda: second.sees(Waiting))
    first.stop.set()
    assert first.end() == Failed(str(Cancelled()))
    assert isinstance(second.end(), Done)
    assert repos.asked.count(WEIGHTS) + len(repos.ranges) <= 3
