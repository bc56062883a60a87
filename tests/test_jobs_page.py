"""What the page says of a job: its state, its pace, and what was measured of batch sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.jobs.job import PAUSED, RUNNING
from tests.fake_rows import texts
from tests.test_jobs import job_of
from ui.jobs import duration, head, speeds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (59, "59 s"), (89, "89 s"), (100, "1.7 minutes"), (3_000, "50 minutes"),
     (9_000, "2.5 hours"), (400_000, "4.6 days")],
)  # fmt: skip
def test_a_time_is_said_as_a_person_says_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_rows_per_second_are_drawn_by_batch_size(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", texts(3))
    assert speeds(job) == ""
    job.change(speeds={"1": 10.0, "2": 20.0, "4": 5.0})
    assert speeds(job).count("<li>") == 3
    assert 'width:100%"></i><b>20</b>' in speeds(job)
    assert speeds(job) in head(job)


def test_what_is_loaded_or_why_it_stopped_is_said_beside_the_state(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", texts(3))
    job.change(status=RUNNING, note="Loading the model 3 of 40 MB", total=3, done=1, rate=2.0)
    assert "Running: Loading the model 3 of 40 MB" in head(job)
    assert "about 1 s left" in head(job)
    assert f"?job={job.id}" in head(job)
    job.change(status=PAUSED, reason="The <disk> is full.")
    assert "Paused: The &lt;disk&gt; is full." in head(job)
