"""What is too large is refused at the door of every route, over a real socket."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import pytest

from pipelines import quota
from pipelines.limits import Limits
from settings import Settings
from tests.served import API, Served, serve
from ui.full_queue import full

SMALL = Limits(
    body_bytes=20_000, upload_bytes=30_000, uploads_bytes=50_000, upload_seconds=0.1, free_bytes=0
)
ROUTES = (
    f"/{API}/queue/join",
    f"/{API}/call/text_generation",
    f"/{API}/call/v2/text_generation",
    f"/{API}/run/text_generation",
    f"/{API}/component_server",
    f"/{API}/cancel",
    f"/{API}/mcp/",
    "/login",
    "/nowhere",
)
SPANISH = {"Accept-Language": "es-ES"}
every_route = pytest.mark.parametrize("route", ROUTES)


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bodies") / "uploads"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def app(uploads: Path) -> Iterator[Served]:
    """An app with small limits and, from before its start, an orphan among its uploads."""
    orphan = uploads / "orphan.png"
    orphan.write_bytes(b"x")
    time.sleep(0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "limits", SMALL)
        with serve(uploads.parent, mcp=True) as served:
            yield served


def ask(
    app: Served, path: str, body: bytes | Iterator[bytes], headers: dict[str, str]
) -> tuple[int, str]:
    """Status and text; an iterator is sent without saying its size."""
    with closing(http.client.HTTPConnection(urlsplit(app.url).netloc, timeout=30)) as connection:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def send(app: Served, path: str, size: int, **headers: str) -> tuple[int, str]:
    body = json.dumps({"data": ["x" * (size - 13)]}).encode()
    return ask(app, path, body, {"Content-Type": "application/json", **headers})


def upload(app: Served, size: int, **headers: str) -> tuple[int, str]:
    head = '--edge\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
    body = head.encode() + os.urandom(size) + b"\r\n--edge--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    return ask(app, f"/{API}/upload", body, kind | headers)


@every_route
def test_a_body_over_the_limit_is_refused_on_every_route(route: str, app: Served) -> None:
    status, text = send(app, route, SMALL.body_bytes + 1)
    assert status == 413
    assert json.loads(text)["detail"].startswith("The request has more than 0 MB")


def test_a_body_that_does_not_say_its_size_is_counted(app: Served) -> None:
    chunks = (b'{"data": ["', *[b"x" * 1_000] * 25, b'"]}')
    kind = {"Content-Type": "application/json"}
    status, text = ask(app, f"/{API}/call/text_generation", iter(chunks), kind)
    assert status == 413
    assert "send less" in text


def test_a_body_within_the_limit_is_answered(app: Served) -> None:
    status, text = send(app, f"/{API}/call/text_generation", 19_000)
    assert status == 200, text


def test_an_upload_has_a_limit_of_its_own_and_says_its_size(app: Served) -> None:
    assert upload(app, 25_000)[0] == 200
    assert upload(app, 30_001)[0] == 413
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    assert ask(app, f"/{API}/upload", iter([b"--edge--\r\n"]), kind)[0] == 411


def test_a_page_is_refused_in_its_language_and_the_api_in_english(app: Served) -> None:
    for status, text in (upload(app, 30_001, **SPANISH), send(app, ROUTES[0], 20_001, **SPANISH)):
        assert status == 413
        assert json.loads(text)["detail"].startswith("La petición tiene más de 0 MB")
    assert "send less" in send(app, ROUTES[1], 20_001, **SPANISH)[1]


def test_a_refused_body_of_many_megabytes_still_gets_its_sentence(app: Served) -> None:
    status, text = send(app, f"/{API}/queue/join", 20_000_000)
    assert (status, "send less" in text) == (413, True)


def test_a_full_upload_folder_refuses_and_recovers(
    app: Served, uploads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "COUNTED_SECONDS", 0.2)
    big = uploads / "big.bin"
    upload(app, 10)  # the folder is counted anew after an upload
    big.write_bytes(b"x" * 50_000)
    status, text = upload(app, 5_000)
    assert status == 507
    assert "try again later" in json.loads(text)["detail"]
    assert upload(app, 5_000, **SPANISH)[1].startswith('{"detail":"Los 5e-05 GB para archivos')
    big.unlink()
    for _ in range(100):
        if upload(app, 20)[0] == 200:
            return
        time.sleep(0.1)
    raise AssertionError("uploads are refused although there is room")


def test_orphans_are_swept_when_the_server_starts(app: Served, uploads: Path) -> None:
    end = time.monotonic() + 10
    while (uploads / "orphan.png").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not (uploads / "orphan.png").exists()


def test_the_wait_is_that_of_all_who_wait(app: Served) -> None:
    from gradio.queueing import Event, Queue

    fn = next(iter(app.page.fns.values()))
    queue = Queue(True, 1, 1, None, app.page, default_concurrency_limit=2)
    queue.create_event_queue_for_fn(fn)
    queue.process_time_per_fn[fn].add(8.0)
    waiting = queue.event_queue_per_concurrency_id[fn.concurrency_id]
    waiting.concurrency_limit = 2
    waiting.queue += [Event("me", fn, gr.Request(), None) for _ in range(5)]
    assert full(queue).startswith("The queue is full: 5 requests wait, the most that may. At the")
    assert "about 20 s" in full(queue)
