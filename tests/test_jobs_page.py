"""What the page says of a job: its state, its pace, and what was measured of batch sizes."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import gradio as gr
import pytest

from pipelines.jobs.cells import ERROR
from pipelines.jobs.desk import Desk
from pipelines.jobs.job import PAUSED, RUNNING, Job
from pipelines.tasks import ROWS
from settings import Settings
from tests.fake_rows import texts
from tests.fakes import FakeEngine
from tests.served import no_loop_left_open
from tests.test_jobs import job_of, work
from ui.jobs import NONE, JobsPage, duration, head, speeds
from ui.language import speaking
from ui.many import MANY, ONE
from ui.place import Place
from ui.rows import table
from ui.task_tab import build_panel
from ui.tokens import Tokens


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


class Listed:
    """The jobs that a page lists."""

    def __init__(self) -> None:
        self.found: list[Job] = []

    def jobs(self) -> list[Job]:
        return self.found


def test_how_to_start_the_first_job_is_said_until_there_is_one(tmp_path: Path) -> None:
    desk = Listed()
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        page = JobsPage(desk, Settings(), Tokens())  # type: ignore[arg-type]
    assert NONE in page.look("", "not yet")[page.head]
    desk.found.append(job_of(tmp_path / "job", texts(3)))
    drawn = page.look("", "")
    assert drawn[page.listed]["visible"]
    assert drawn[page.head] == ""


def test_every_task_takes_many_rows(tmp_path: Path) -> None:
    engine, settings = FakeEngine(), Settings()
    desk = Desk(engine, settings.limits, tmp_path / "jobs")
    without = []
    for row in ROWS:
        with no_loop_left_open(), gr.Blocks(analytics_enabled=False) as page:
            with gr.Tabs() as tabs:
                pass
            build_panel(row, Place(engine, settings, desk, gr.State(""), tabs))
        switches = [b for b in page.blocks.values() if isinstance(b, gr.Radio)]
        if not any([value for _, value in s.choices] == [ONE, MANY] for s in switches):
            without.append(row.id)
    desk.close()
    engine.close()
    assert without == []


def test_a_reason_and_an_error_name_the_field_by_its_label(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", texts(3))
    (job.folder / "lines.txt").write_text("other")
    work(job)
    assert Job(job.folder).state.reason.startswith("input: ")
    assert "“Table, ZIP or files” has changed since the job began" in unescape(head(job))
    with speaking("es"):
        assert "“Tabla, ZIP o archivos” ha cambiado" in unescape(head(job))


def test_an_error_of_a_row_names_the_field_by_its_label_on_the_page_alone(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", f"{'x ' * 200_000}\nplain\n")
    work(job)
    (kept, plain), shown = job.results(), table(job, 2)
    assert kept.error.startswith("text: ")
    assert plain.error == ""
    errors = [row[shown["headers"].index(ERROR)] for row in shown["data"]]
    assert errors[0].startswith("“Text” ")
    assert errors[1] == ""
