"""Many rows in the real app: a job that outlives its tab and its server, and what it tells."""

from __future__ import annotations

import csv
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pipelines.jobs.job import DONE, Job
from pipelines.tasks import task
from tests.browser.conftest import PHONE, WIDE, Visit, visit
from tests.started import StartedApp

pytestmark = pytest.mark.browser

JOB_SECONDS = 180.0
ROW = task("text-classification")
KNOWN = (
    ("The food was terrible and the waiter was rude.", "negative"),
    ("The meeting is at nine.", "neutral"),
    ("The service was wonderful.", "positive"),
)
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Server(StartedApp):
    """The app with a folder for its jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__("--models", "starter", "--jobs-folder", str(folder))

    def only_job(self) -> Job:
        (folder,) = self.folder.iterdir()
        return Job(folder)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "jobs")
    yield made
    made.end()


@pytest.fixture
def see(chromium: Browser, server: Server) -> Iterator[Callable[..., Visit]]:
    visits: list[Visit] = []

    def opened(path: str = "", **options: object) -> Visit:
        visits.append(visit(chromium, server.url + path, **options))  # type: ignore[arg-type]
        return visits[-1]

    yield opened
    for made in visits:
        made.page.context.close()
    assert [fault for made in visits for fault in made.faults] == []


def table(path: Path, rows: int) -> Path:
    """Sentences with their right labels, and an id; the last one has a wrong label."""
    dice = random.Random(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "text", "label"))
        for n in range(rows - 1):
            text, label = dice.choice(KNOWN)
            writer.writerow((f"row-{n}", text, label))
        writer.writerow((f"row-{rows - 1}", KNOWN[0][0], "positive"))
    return path


def begin(made: Visit, file: Path) -> None:
    """Choose Many, give the table, say which column is right, and start."""
    made.open(ROW.modality, ROW.title)
    made.page.get_by_role("radio", name="Many").check()
    made.page.get_by_role("button", name="Start the job").click()
    assert made.alert() == "“Table, ZIP or files” is missing; paste lines or give files."
    made.page.locator(".ask input[type=file] >> nth=-1").set_input_files(file)
    made.seen("text=row-0").wait_for()
    made.page.get_by_label("Right answers in column").click()
    made.page.get_by_role("option", name="label", exact=True).click()
    made.page.get_by_role("button", name="Try 5 rows").click()
    made.page.get_by_text(re.compile("All [0-9,]+ rows: about")).first.wait_for()
    assert not made.page.locator(".alert >> visible=true").count(), "it is not missing now"
    made.page.get_by_role("button", name="Start the job").click()
    made.page.get_by_text(re.compile("This job has a link")).wait_for()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + JOB_SECONDS
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_a_job_outlives_its_tab_and_its_server(
    server: Server, see: Callable[..., Visit], tmp_path: Path
) -> None:
    rows = 12_000
    made = see()
    begin(made, table(tmp_path / "rows.csv", rows))
    made.page.context.close()
    until(lambda: server.only_job().state.done > 200)
    server.end(signal.SIGKILL)
    half = server.only_job()
    assert half.state.status != DONE, "done before the server could be killed"
    server.start()
    until(lambda: server.only_job().state.status == DONE)
    job = server.only_job()
    assert [result.index for result in job.results()] == list(range(rows))
    again = see(f"?job={job.id}", ready=".progress")
    again.page.get_by_text(f"{rows:,} of {rows:,} rows").first.wait_for()
    again.page.get_by_text("accuracy").first.wait_for()
    with again.page.expect_download() as download:
        again.page.get_by_role("button", name="Download CSV", exact=True).click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["id"] for row in found] == [f"row-{n}" for n in range(rows)]
    assert not any(row["error"] for row in found)
    truth = dict(KNOWN)
    assert all(row["label"] == truth[row["text"]] for row in found)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_short_job_shows_its_report(
    size: tuple[int, int], server: Server, see: Callable[..., Visit], tmp_path: Path
) -> None:
    made = see(size=size)
    begin(made, table(tmp_path / "rows.csv", 40))
    made.page.get_by_text("40 of 40 rows").first.wait_for()
    made.page.get_by_text("97.5%").first.wait_for()  # 39 of 40
    assert made.page.evaluate(SIDEWAYS) <= 0
    cell = made.page.locator(".table").filter(has_text="Worst rows first")
    assert "negative" in cell.inner_text()
    assert "40" in cell.inner_text()
