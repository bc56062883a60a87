"""Pace: how long a run of a ZeroGPU Space asks for."""

from __future__ import annotations

from pipelines.engine import pace
from pipelines.engine.pace import FIRST_SECONDS, LEAST_SECONDS, MOST_SECONDS, Pace
from tests.test_zero import CHAT, TEXT, ask


def test_at_first_it_asks_for_a_guess() -> None:
    assert Pace().seconds(ask(CHAT)) == FIRST_SECONDS


def test_more_words_ask_for_more_time_and_fewer_for_no_less() -> None:
    timed = Pace()
    timed.took(ask(CHAT, max_new_tokens=100), 10.0)
    asked = [timed.seconds(ask(CHAT, max_new_tokens=n)) for n in (10, 100, 300, 8_000)]
    assert asked == [20, 20, 50, MOST_SECONDS]


def test_the_run_most_like_it_counts() -> None:
    timed = Pace()
    timed.took(ask(CHAT, max_new_tokens=10), 1.0)
    timed.took(ask(CHAT, max_new_tokens=1_000), 20.0)
    assert timed.seconds(ask(CHAT, max_new_tokens=900)) == 35
    assert timed.seconds(ask(TEXT)) == FIRST_SECONDS


def test_only_the_latest_runs_are_remembered() -> None:
    timed = Pace()
    for _ in range(pace.REMEMBERED):
        timed.took(ask(TEXT), 40.0)
    for _ in range(pace.REMEMBERED):
        timed.took(ask(TEXT), 1.0)
    assert timed.seconds(ask(TEXT)) == LEAST_SECONDS


def test_a_run_that_was_cut_off_asks_for_more() -> None:
    timed = Pace()
    timed.took(ask(TEXT), 1.0)
    timed.cut_off(ask(TEXT), 10.0)
    assert timed.seconds(ask(TEXT)) > 20
