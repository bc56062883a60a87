"""Calls that no client of ours would send: a sentence for each, and no traceback in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pipelines.errors import InputError
from tests.served import API, Served, serve
from ui.doors import MOST_DEPTH, deeper
from ui.jobs_api import MOST, _numbers

CALL = f"{API}/call"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("odd")) as served:
        yield served


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


ODD = [
    (f"{CALL}/text_classification", b"", 422, "body: is missing;"),
    (f"{CALL}/text_classification", b"{", 422, "body: is no valid JSON;"),
    (f"{CALL}/text_classification", b'{"data": "x"}', 422, "data: is of the wrong type;"),
    (f"{CALL}/v2/text_classification", b"[]", 422, "body: is of the wrong type;"),
    (f"{CALL}/v2/text_classification", b'{"": 1}', 422, "is not a parameter here. Known: text,"),
    (f"{CALL}/v2/text_classification", b'{"a\\n`b": 1}', 422, "is not a parameter here."),
    (f"{CALL}/v2/text_classification", b'{"texts": 1}', 422, "Did you mean text?"),
    (f"{CALL}/v2/page_event", b"{}", 404, "There is no endpoint of this name;"),
    (f"{API}/queue/join", b'{"data": [], "fn_index": 9999, "session_hash": "a"}', 404, "reload"),
    (f"{API}/queue/join", b'{"data": [], "fn_index": "x"}', 422, "fn_index: is of the wrong type"),
]


@pytest.mark.parametrize(("path", "body", "status", "sentence"), ODD)
def test_a_body_of_any_shape_gets_a_sentence(
    path: str, body: bytes, status: int, sentence: str, app: Served, caplog: Any
) -> None:
    with caplog.at_level(logging.WARNING):
        headers = {"Content-Type": "application/json"}
        answer = httpx.post(f"{app.url}{path}", content=body, headers=headers, timeout=30)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
    assert not caplog.records


def test_a_long_name_is_not_said_in_full(app: Served) -> None:
    status, message = app.call("text_classification", {"k" * 5_000: 1}, "v2/")
    assert status == "422"
    assert len(message) < 1_100


def test_a_value_nested_too_deep_is_refused(app: Served) -> None:
    kind, data = app.call("text_classification", {"data": [nested(900)]})
    assert (kind, data["error"][:20]) == ("error", "data: is nested deep")
    assert app.page_event(None, nested(900))["output"]["error"].startswith("data: is nested")
    assert not deeper([nested(MOST_DEPTH)], MOST_DEPTH)
    assert deeper([nested(MOST_DEPTH + 2)], MOST_DEPTH)


def test_an_uploaded_part_without_a_name_is_refused(app: Served) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nhi\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{app.url}{API}/upload", content=part, headers=kind, timeout=30)
    assert (answer.status_code, answer.json()["detail"][:30]) == (
        422,
        "An uploaded part has no file n",
    )


@pytest.mark.parametrize("path", ["call/text_classification/none", "queue/data?session_hash=none"])
def test_a_stream_of_unknown_events_ends_and_leaves_no_traceback(
    path: str, app: Served, caplog: Any
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = app.get(f"{API}/{path}")  # a stream that breaks off raises RemoteProtocolError
    assert answer.status_code == 200
    assert "Not Found" in answer.text
    assert not caplog.records


@pytest.mark.parametrize("value", [True, 10**30, -1, float("nan"), "1", None, 1.5])
def test_a_number_of_a_job_is_whole_and_in_range(value: Any) -> None:
    with pytest.raises(InputError, match="most_rows: must be a whole number from 0 to"):
        _numbers(most_rows=(value, 0, MOST))
    assert _numbers(most_rows=(5, 0, MOST)) == {"most_rows": 5}
