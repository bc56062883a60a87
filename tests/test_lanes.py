"""Lanes: so many calls at once, the others in order, and no thread or slot left behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from pipelines.engine.lanes import Lanes

SECONDS = 10.0


def lanes_alive() -> int:
    return sum(thread.name == "lane" for thread in threading.enumerate())


def wait_until(true, seconds: float = SECONDS) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return true()


def test_as_many_at_once_as_it_says_and_the_others_in_order():
    lanes, go, made, lock = Lanes(2), threading.Event(), [], threading.Lock()
    began = []

    def call(number):
        with lock:
            began.append(number)
        assert go.wait(SECONDS)
        with lock:
            made.append(number)

    for number in range(6):
        lanes.submit(lambda number=number: call(number))
    assert wait_until(lambda: len(began) == 2)
    time.sleep(0.05)
    assert sorted(began) == [0, 1], "a third one began while two were at work"
    go.set()
    assert wait_until(lambda: len(made) == 6)
    assert began[2:] == [2, 3, 4, 5]


def test_a_thread_ends_with_its_work_and_another_one_takes_the_next_call():
    before, lanes = lanes_alive(), Lanes(4)
    for _ in range(3):
        done = threading.Event()
        lanes.submit(done.set)
        assert done.wait(SECONDS)
        assert wait_until(lambda: lanes_alive() == before)


def test_no_call_is_left_lying_between_the_end_of_one_and_the_start_of_another():
    lanes, made = Lanes(1), []
    for number in range(500):
        lanes.submit(lambda number=number: made.append(number))
    assert wait_until(lambda: len(made) == 500)
    assert made == list(range(500))


def test_a_call_that_raises_does_not_take_its_lane_along(caplog):
    lanes, done = Lanes(1), threading.Event()
    lanes.submit(lambda: 1 / 0)
    lanes.submit(done.set)
    assert done.wait(SECONDS)
    assert "ZeroDivisionError" in caplog.text


def test_what_waits_is_forgotten_when_it_closes():
    lanes, go, made = Lanes(1), threading.Event(), []
    lanes.submit(lambda: go.wait(SECONDS))
    lanes.submit(lambda: made.append(1))
    lanes.close()
    go.set()
    time.sleep(0.1)
    assert made == []


COUNT = """
import os, threading, time, torch
from pipelines.engine.lanes import Lanes
torch.set_num_threads(3)
def threads(): return len(os.listdir("/proc/self/task"))
def compute(done):
    torch.rand(512, 512).sin().sum()
    counts.append(threads())
    done.set()
lanes, before, counts = Lanes(4), threads(), []
for _ in range(3):
    done = threading.Event()
    lanes.submit(lambda: compute(done))
    assert done.wait(30)
    end = time.monotonic() + 10
    while threads() > before and time.monotonic() < end: time.sleep(0.01)
print(before, *counts, threads())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_threads_of_openmp_end_with_the_call_that_they_computed():
    """They would keep those of all later calls asleep otherwise."""
    run = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, timeout=60, check=True
    )
    before, *during, after = map(int, run.stdout.split())
    assert during == [before + 3] * 3, "a lane and two of OpenMP, or this test counts nothing"
    assert after == before
