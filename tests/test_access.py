"""Access: whose token the Hub sees, and who is answered by a model that a token fetched."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import access
from pipelines.access import Access, guarded
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, RunnerSettings
from pipelines.engine.runner import Runner
from pipelines.errors import ModelError
from pipelines.jobs.desk import Desk
from pipelines.jobs.order import Order
from pipelines.limits import Limits
from pipelines.loading import LoadSettings, load
from pipelines.tasks import task
from pipelines.token import Token
from tests.loads import refusal
from tests.loopback_hub import ELSEWHERE, Hub
from tests.test_hub import go_offline

ZERO_SHOT, CLOSED = "zero-shot-classification", "acme/bert-nli"
MINE, OTHER, STRANGER = "hf_MineMineMine42", "hf_OtherOther43", "hf_NobodyKnows44"
slow = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
LINES = "a goal\nrain\n"
GIVEN = {
    "text": "the team scored a goal", "candidate_labels": ["sports", "rain"], "model": CLOSED,
    "device": "cpu", "dtype": "float32",
}  # fmt: skip


@pytest.fixture
def repos(loopback: Hub, checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A Hub that knows two tokens, and one model that only the first may read."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(access, "_grants", {})
    monkeypatch.setattr(access, "_guarded", set())
    loopback.repos |= {f"acme/{name}": folder for name, folder in checkpoints.items()}
    loopback.tokens |= {MINE, OTHER}
    loopback.closed[CLOSED] = ("private", frozenset({MINE}))
    return loopback


@pytest.fixture
def runner() -> Runner:
    return Runner(RunnerSettings(limits=Limits(), models="hub"))


def ask(runner: Runner, token: str = "") -> Event:
    request = request_from(task(ZERO_SHOT), GIVEN, Limits(), "me", Token.checked(token))
    events: list[Event] = []
    runner.execute(request, events.append, threading.Event())
    return events[-1]


def said(event: Event) -> str:
    assert isinstance(event, Failed), event
    assert event.expected
    return event.message


def fetch(token: str = "", lent: bool = False) -> None:
    settings = LoadSettings(task=ZERO_SHOT, model=CLOSED, device="cpu", dtype="float32")
    load(task(ZERO_SHOT), settings, lambda *_: None, Access(token=Token(token), lent=lent))


class TestOverTheHub:
    pytestmark = slow

    @pytest.mark.parametrize("kind", ["private", "gated"])
    def test_a_token_opens_what_it_may_read(self, repos: Hub, kind: str) -> None:
        repos.closed[CLOSED] = (kind, frozenset({MINE}))
        fetch(MINE)
        assert guarded(CLOSED)

    @pytest.mark.parametrize(
        ("kind", "token", "words"),
        [
            ("private", "", "is private; check the spelling, or give your own token"),
            ("private", OTHER, "not open to your token"),
            ("private", STRANGER, "The Hub does not know this token"),
            ("gated", "", "is gated: accept its terms on the Hub, then give your own token"),
            ("gated", OTHER, "is gated, and not open to your token"),
            ("gated", STRANGER, "The Hub does not know this token"),
        ],
    )
    def test_a_no_says_the_next_step(self, repos: Hub, kind: str, token: str, words: str) -> None:
        repos.closed[CLOSED] = (kind, frozenset({MINE}))
        with pytest.raises(ModelError) as refused:
            fetch(token)
        assert words in str(refused.value)
        assert not guarded(CLOSED)
        assert not any(".safetensors" in line for line in repos.asked)

    def test_the_token_does_not_go_to_another_host_that_has_the_files(self, repos: Hub) -> None:
        repos.elsewhere = True
        fetch(MINE)
        there = [line for line in repos.asked if ELSEWHERE in line]
        assert there
        assert not any(line.endswith(" auth") for line in there)

    @pytest.mark.parametrize(
        ("fault", "token", "words"),
        [
            ("disabled", "", "is switched off on the Hub; choose another model"),
            ("forbidden", "", "or is private"),
            ("forbidden", MINE, "not open to your token"),
        ],
    )
    def test_a_closed_door_is_told_from_a_bad_moment(
        self, repos: Hub, fault: str, token: str, words: str
    ) -> None:
        repos.closed.clear()
        repos.faults[CLOSED] = fault
        with pytest.raises(ModelError) as refused:
            fetch(token)
        assert words in str(refused.value)
        assert "minute" not in str(refused.value)

    def test_told_to_stay_offline_it_says_so(
        self, repos: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        told = refusal("image-classification", "acme/vit")
        assert "HF_HUB_OFFLINE is set; use the starter model, or try again without it" in told
        assert repos.asked == []

    def test_a_hub_that_is_asked_too_often_says_when_to_come_back(self, repos: Hub) -> None:
        repos.faults["acme/vit"] = "busy"
        told = refusal("image-classification", "acme/vit")
        assert "try again in 37 s, or give your own token" in told

    def test_the_hosts_token_is_lent_only_where_a_setting_says_so(
        self, repos: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_TOKEN", MINE)
        with pytest.raises(ModelError):
            fetch()
        assert not any(line.endswith(" auth") for line in repos.asked)
        fetch(lent=True)

    def test_a_visitors_own_token_goes_before_the_hosts(
        self, repos: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HF_TOKEN", MINE)
        with pytest.raises(ModelError, match="not open to your token"):
            fetch(OTHER, lent=True)

    @pytest.mark.parametrize("kind", ["private", "gated"])
    @pytest.mark.parametrize("token", ["", OTHER, STRANGER])
    def test_a_model_in_memory_answers_only_who_may_read_it(
        self, repos: Hub, runner: Runner, kind: str, token: str
    ) -> None:
        repos.closed[CLOSED] = (kind, frozenset({MINE}))
        assert isinstance(ask(runner, MINE), Done)
        assert said(ask(runner, token))
        assert isinstance(ask(runner, MINE), Done)

    def test_files_on_disk_answer_only_who_may_read_them(self, repos: Hub, runner: Runner) -> None:
        assert isinstance(ask(runner, MINE), Done)
        other = Runner(runner.settings)  # the process began anew: nothing is in memory
        access._guarded.clear()
        assert "is private" in said(ask(other))
        assert isinstance(ask(other, MINE), Done)

    def test_a_second_token_that_may_read_it_is_answered_too(
        self, repos: Hub, runner: Runner
    ) -> None:
        assert isinstance(ask(runner, MINE), Done)
        repos.closed[CLOSED] = ("private", frozenset({MINE, OTHER}))
        assert isinstance(ask(runner, OTHER), Done)

    def test_one_who_waits_for_another_ones_load_is_asked_for_as_well(
        self, repos: Hub, runner: Runner
    ) -> None:
        repos.block_seconds = 0.02
        repos.faults[CLOSED] = "slow"
        ends: dict[str, Event] = {}

        def visit(token: str) -> None:
            ends[token] = ask(runner, token)

        visits = [threading.Thread(target=visit, args=(token,)) for token in (MINE, "")]
        for each in visits:
            each.start()
        for each in visits:
            each.join()
        assert isinstance(ends[MINE], Done)
        assert said(ends[""])

    def test_offline_what_a_token_fetched_stays_closed(
        self, repos: Hub, runner: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert isinstance(ask(runner, MINE), Done)
        go_offline(monkeypatch)
        assert isinstance(ask(runner, MINE), Done)
        assert "was fetched with somebody's token" in said(ask(runner))
        monkeypatch.setattr(access, "GRANT_SECONDS", 0.0)
        assert "cannot be reached to ask" in said(ask(runner, MINE))

    def test_a_permission_that_was_taken_back_ends(
        self, repos: Hub, runner: Runner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert isinstance(ask(runner, MINE), Done)
        repos.closed[CLOSED] = ("private", frozenset())
        monkeypatch.setattr(access, "GRANT_SECONDS", 0.0)
        assert "not open to your token" in said(ask(runner, MINE))

    def test_the_token_is_in_no_log_no_answer_and_no_file(
        self, repos: Hub, runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        done = ask(runner, MINE)
        said(ask(runner, OTHER))
        assert isinstance(done, Done)
        assert MINE not in repr(done) + done.code + caplog.text
        assert OTHER not in caplog.text
        assert not list(holding(tmp_path, MINE, OTHER))

    def test_a_job_runs_with_the_token_and_does_not_write_it_down(
        self, repos: Hub, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        from pipelines.engine.inline import InlineEngine

        caplog.set_level(logging.DEBUG)
        engine = InlineEngine(RunnerSettings(limits=Limits(), models="hub"))
        desk = Desk(engine, Limits(), tmp_path / "jobs")
        same = {k: v for k, v in GIVEN.items() if k != "text"}
        try:
            mine = desk.start(Order(task=ZERO_SHOT, lines=LINES, values=same, token=Token(MINE)))
            nobodys = desk.start(Order(task=ZERO_SHOT, lines=LINES, values=same))
            for job in (mine, nobodys):
                ended(desk, job.id)
            assert (desk.job(mine.id).state.status, desk.job(mine.id).state.errors) == ("done", 0)
            assert "give your own token" in desk.job(nobodys.id).state.reason
            desk.resume(nobodys.id, Token(MINE))
            ended(desk, nobodys.id)
            assert desk.job(nobodys.id).state.status == "done"
        finally:
            desk.close()
            engine.close()
        assert not list(holding(tmp_path, MINE))
        assert MINE not in caplog.text


def ended(desk: Desk, id: str, seconds: float = 30.0) -> None:
    """Wait until nobody works on a job."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if id not in desk._active:
            return
        pause.wait(0.05)
    raise AssertionError(f"job {id} does not end")


def holding(folder: Path, *words: str) -> Iterator[Path]:
    """The files in which one of the words stands, or that have it in their name."""
    for file in folder.rglob("*"):
        text = file.read_bytes() if file.is_file() else b""
        if any(word.encode() in text or word in file.name for word in words):
            yield file
