"""The jobs' endpoints over a loopback server: start, look, read, stop, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from pipelines.jobs.desk import Desk
from pipelines.jobs.order import Order
from pipelines.limits import Limits
from settings import Settings
from tests.fake_rows import POISON, TASK, RowsEngine, texts
from tests.served import API, no_authority_read, no_loop_left_open
from ui.doors import GuardedBlocks, launch_options, queue_options
from ui.jobs_api import MOST_ROWS, add_job_endpoints

PATIENCE = 60.0
TOKEN = "hf_MineMineMine42"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Desk]]:
    folder = tmp_path_factory.mktemp("jobs-api")
    told, uploads = Settings(), folder / "uploads"
    uploads.mkdir()
    with pytest.MonkeyPatch.context() as patch, no_loop_left_open(), no_authority_read():
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        desk = Desk(RowsEngine(), Limits(upload_roots=(uploads,)), folder / "jobs")  # type: ignore[arg-type]
        with GuardedBlocks(analytics_enabled=False) as page:
            add_job_endpoints(desk)
        page.queue(**queue_options(told))
        _, url, _ = page.launch(
            prevent_thread_lock=True, server_name="127.0.0.1", quiet=True, ssr_mode=False,
            **launch_options(told),
        )  # fmt: skip
        try:
            yield Client(url, verbose=False, analytics_enabled=False), desk
        finally:
            page.close(verbose=False)
            desk.close()


def finished(client: Client, id: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while (told := client.predict(id, api_name="/job_status"))["status"] != "done":
        assert time.monotonic() < end, told
        time.sleep(0.05)
    return told


def test_a_table_becomes_a_job_whose_rows_can_be_read(
    served: tuple[Client, Desk], tmp_path: Path
) -> None:
    client, _ = served
    table = tmp_path / "rows.csv"
    table.write_text(f"id,text,label\na,it is good,good\nb,so bad,good\nc,{POISON},good\n")
    told = client.predict(
        TASK, [handle_file(table)], truth="label", batch_size=4, api_name="/job_start"
    )
    assert told["task"] == TASK
    done = finished(client, told["id"])
    assert (done["done"], done["total"], done["errors"]) == (3, 3, 1)
    assert done["scores"]["accuracy"] == 0.5
    rows = client.predict(told["id"], api_name="/job_results")["rows"]
    assert [(row["id"], row["label"], bool(row["error"])) for row in rows] == [
        ("a", "good", False), ("b", "bad", False), ("c", None, True),
    ]  # fmt: skip
    short = client.predict(TASK, None, "a\nb\nc", most_rows=2, api_name="/job_start")
    assert finished(client, short["id"])["total"] == 2
    page = client.predict(told["id"], 1, 1, api_name="/job_results")["rows"]
    assert [row["id"] for row in page] == ["b"]


def test_lines_can_be_sent_and_a_job_be_cancelled(served: tuple[Client, Desk]) -> None:
    client, desk = served
    desk._engine.seconds = 0.05  # type: ignore[attr-defined]
    told = client.predict(TASK, None, texts(500), batch_size=1, api_name="/job_start")
    client.predict(told["id"], api_name="/job_cancel")
    end = time.monotonic() + PATIENCE
    while client.predict(told["id"], api_name="/job_status")["status"] != "cancelled":
        assert time.monotonic() < end
    desk._engine.seconds = 0.0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("endpoint", "values", "sentence"),
    [
        ("/job_start", {"task": "no-such-task", "lines": "a"}, "task"),
        ("/job_start", {"task": TASK}, "missing"),
        ("/job_start", {"task": TASK, "dataset": {"id": "../x"}}, "owner/name"),
        ("/job_start", {"task": TASK, "folder": "/tmp"}, "--allow-folders"),
        ("/job_start", {"task": TASK, "lines": "a", "batch_size": 1_000}, "batch_size"),
        ("/job_start", {"task": TASK, "lines": "a", "values": {"top_k": 0}}, "top_k"),
        ("/job_start", {"task": TASK, "lines": "a", "values": {"nonsense": 1}}, "nonsense"),
        ("/job_start", {"task": TASK, "lines": "a", "values": "top_k"}, "values"),
        ("/job_start", {"task": TASK, "lines": "a", "columns": {"text": "no"}}, "no column"),
        ("/job_start", {"task": TASK, "lines": "a", "truth": "label"}, "truth"),
        ("/job_start", {"task": TASK, "lines": 5}, "lines"),
        ("/job_status", {"id": "../../etc"}, "no such job"),
        ("/job_status", {"id": None}, "id"),
        ("/job_start", {"task": TASK, "lines": "a", "most_rows": 10**30}, "most_rows"),
        ("/job_results", {"id": "20260101-0000000000000000", "start": -1}, "start"),
        ("/job_results", {"id": "20260101-0000000000000000", "start": 10**30}, "start"),
        ("/job_results", {"id": "20260101-0000000000000000", "count": MOST_ROWS + 1}, "count"),
        ("/job_cancel", {"id": "20260101-0000000000000000"}, "no job"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    served: tuple[Client, Desk], endpoint: str, values: dict[str, Any], sentence: str
) -> None:
    client, _ = served
    with pytest.raises(AppError) as refused:
        client.predict(**values, api_name=endpoint)
    assert sentence in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_a_file_of_the_server_is_no_upload(served: tuple[Client, Desk]) -> None:
    client, _ = served
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    base = f"{client.src.rstrip('/')}/{API}/call/job_start"
    started = httpx.post(
        base, json={"data": [TASK, [file], "", {}, {}, 0, "", 0, "", None]}, timeout=30
    )
    events = httpx.get(f"{base}/{started.json()['event_id']}", timeout=30).text
    assert "event: error" in events
    assert "not an uploaded file" in events


def test_the_description_names_every_parameter(served: tuple[Client, Desk]) -> None:
    client, _ = served
    named = httpx.get(f"{client.src.rstrip('/')}/{API}/info").json()["named_endpoints"]
    assert set(named) == {"/job_start", "/job_status", "/job_results", "/job_cancel"}
    told = [p["parameter_name"] for p in named["/job_start"]["parameters"]]
    assert told == [
        "task", "files", "lines", "columns", "values", "batch_size", "truth", "most_rows",
        "folder", "dataset",
    ]  # fmt: skip


def test_a_caller_gives_its_token_beside_the_parameters(
    served: tuple[Client, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, desk = served
    orders: list[Order] = []
    start = desk.start
    monkeypatch.setattr(desk, "start", lambda order: orders.append(order) or start(order))
    mine = Client(client.src, verbose=False, oauth_token=TOKEN, analytics_enabled=False)
    for each in (mine, client):
        finished(each, each.predict(task=TASK, lines=texts(2), api_name="/job_start")["id"])
    assert [order.token.reveal() for order in orders] == [TOKEN, ""]
    assert TOKEN not in repr(orders)
    written = b"".join(f.read_bytes() for f in desk.folder.rglob("*") if f.is_file())
    assert TOKEN.encode() not in written
