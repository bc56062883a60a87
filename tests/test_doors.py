"""What never gets past the door: files elsewhere, ways around the queue, kept sessions, MCP."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import gradio as gr
import pytest
from gradio_client import handle_file

from pipelines.errors import InputError
from pipelines.tasks import BY_ID
from pipelines.uploads import Upload
from settings import Settings
from tests.served import API, Served, no_loop_left_open, serve, web_site
from ui.doors import (
    QUEUE_SIZE,
    GuardedBlocks,
    launch_options,
    names_remote_file,
    queue_options,
    without_meta,
)
from ui.messages import MESSAGE_CHARS, message_of, refusal

META = {"_type": "gradio.FileData"}
PASSWORDS = {"path": "/etc/passwd", "meta": META}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("doors"), mcp=True) as served:
        yield served


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[str, list[str]]]:
    with web_site() as found:
        yield found


def uploads() -> set[Path]:
    from gradio.utils import get_upload_folder

    return {path for path in Path(get_upload_folder()).rglob("*") if path.is_file()}


def payloads(url: str) -> list[Any]:
    """An address in each shape that Gradio knows as a file."""
    return [
        url,
        handle_file(url),
        {"path": url},
        {"path": url, "meta": META, "is_stream": True},
        {"path": url.replace("http", "HTTP"), "meta": META},
    ]


def test_an_address_reaches_the_engine_unopened(app: Served, site: tuple[str, list[str]]) -> None:
    address, asked = site
    for value in payloads(f"{address}/seven.png"):
        assert app.call("image_classification", {"image": value}, "v2/")[0] == "complete"
        given = app.engine.requests[-1].inputs["image"]
        assert (given.name, given.path) == ("seven.png", None)
        assert given.url.lower() == f"{address}/seven.png"
    app.client.predict(image=handle_file(f"{address}/c.png"), api_name="/image_classification")
    assert app.engine.requests[-1].inputs["image"].url == f"{address}/c.png"
    assert asked == []


def test_an_address_is_refused_in_the_page(app: Served, site: tuple[str, list[str]]) -> None:
    address, asked = site
    image = handle_file(f"{address}/seven.png")
    for value in (image, {"background": image, "layers": [image]}, [[image]], {"text": [image]}):
        ended = app.page_event(value, "x")
        assert not ended["success"]
        assert ended["output"]["error"].startswith("file: is an address; only uploaded files")
    assert asked == []
    assert app.seen == []


def test_hidden_files_in_other_parameters_are_not_fetched(
    app: Served, site: tuple[str, list[str]]
) -> None:
    address, asked = site
    chat = [{"role": "user", "content": handle_file(f"{address}/x.png")}]
    kind, data = app.call("text_generation", {"text": chat}, "v2/")
    assert (kind, data["error"]) == ("error", "text: must be text.")
    assert asked == []


@pytest.mark.parametrize(
    "value", ["/etc/passwd", PASSWORDS, {"path": "/etc/passwd", "meta": 7}, {"path": "../x"}]
)
def test_a_file_of_the_server_is_refused(value: Any, app: Served) -> None:
    kind, data = app.call("image_classification", {"image": value}, "v2/")
    assert kind == "error"
    assert data["error"] == "image: is not an uploaded file; upload it again."


def test_a_file_of_the_server_is_refused_in_the_page(app: Served) -> None:
    ended = app.page_event(PASSWORDS, "x")
    assert ended["output"]["error"] == "file: is not an uploaded file; upload it again."


def test_a_broken_page_payload_gives_an_id_and_no_path(
    app: Served, caplog: pytest.LogCaptureFixture
) -> None:
    ended = app.page_event({"path": "x", "meta": 7}, "x")
    assert "(id " in ended["output"]["error"]
    assert any("unexpected error" in record.getMessage() for record in caplog.records)
    short = app.page_event()
    assert short["output"]["error"] == "data: has 0 values; this takes 2."


def test_an_uploaded_file_reaches_page_and_api(app: Served) -> None:
    app.client.predict(image=app.upload(), api_name="/image_classification")
    given = app.engine.requests[-1].inputs["image"]
    assert isinstance(given, Upload)
    assert given.name == "seven.png"
    assert given.path in uploads()
    ended = app.page_event({"path": str(given.path), "meta": META}, "hello")
    assert ended["success"], ended
    assert app.seen[-1] == (str(given.path), "hello")


def test_direct_calls_and_monitoring_are_closed(app: Served) -> None:
    for route in ("run", "api"):
        assert app.post(f"{API}/{route}/text_generation", {"data": ["x"]}).status_code == 404
    assert app.get("monitoring").status_code == 403
    assert app.get("monitoring/summary").status_code == 403


def test_a_full_queue_says_so(app: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.page._queue, "max_size", 0)
    status, message = app.call("text_generation", {"data": ["x"]})
    assert status == "503"
    full = "The queue is full: 0 requests wait, the most that may. Try again in a moment."
    assert message == full


def test_the_queue_is_bounded_and_shorter_in_public() -> None:
    assert queue_options(Settings())["max_size"] == QUEUE_SIZE
    assert queue_options(Settings(public=True))["max_size"] < QUEUE_SIZE
    assert launch_options(Settings())["max_file_size"] == Settings().limits.video_bytes


def test_a_caller_without_session_leaves_nothing_behind(app: Served) -> None:
    kept = set(app.page.state_holder.session_data)
    for body in ({"data": ["x"]}, {"data": []}):
        app.call("text_generation", body)
    assert set(app.page.state_holder.session_data) == kept


def test_a_session_keeps_only_the_components_it_used(app: Served) -> None:
    app.client.predict(text="hello", api_name="/text_generation")
    session = app.page.state_holder.session_data[app.client.session_hash]
    assert len(session.config_values) == 1
    assert len(app.page.blocks) > len(session.config_values)


def through_mcp(
    app: Served, *calls: tuple[str, dict[str, Any]]
) -> tuple[dict[str, Any], list[Any]]:
    """The tools by name, and the result of each call."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk() -> tuple[dict[str, Any], list[Any]]:
        async with (
            streamablehttp_client(f"{app.url}{API}/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            return tools, [await session.call_tool(*call) for call in calls]

    return anyio.run(talk)


@pytest.mark.filterwarnings("ignore:Use `streamable_http_client`:DeprecationWarning")
def test_every_task_is_a_tool_and_answers(app: Served, site: tuple[str, list[str]]) -> None:
    image, pair = f"{site[0]}/seven.png", {"text": "x", "candidate_labels": ["a", "b"]}
    tools, results = through_mcp(
        app,
        ("zero_shot_classification", pair),
        ("image_classification", {"image": image, "top_k": 2}),
        ("zero_shot_classification", pair | {"labels": []}),
        ("text_generation", {"text": "x", "model": "../x"}),
    )
    assert set(tools) == {spec.name for spec in BY_ID.values()}
    spec = BY_ID["image-classification"]
    assert spec.help in tools[spec.name].description
    assert tools[spec.name].inputSchema["required"] == ["image"]
    assert not any("token" in name for name in tools[spec.name].inputSchema["properties"])
    assert tools[spec.name].inputSchema["properties"]["top_k"]["maximum"] == 1_000
    assert [r.isError for r in results] == [False, False, True, True]
    asked = BY_ID["zero-shot-classification"]
    assert json.loads(results[0].content[0].text) == asked.to_json(asked.raw_example)
    assert app.engine.requests[-1].inputs["image"].url == image
    assert "labels" in results[2].content[0].text
    assert "model: must be a model id" in results[3].content[0].text
    assert site[1] == []


@pytest.mark.filterwarnings("ignore:Use `streamable_http_client`:DeprecationWarning")
def test_mcp_reads_no_file_of_the_server(app: Served) -> None:
    before = uploads()
    spec = BY_ID["text-generation"]
    calls = [(spec.name, {"text": "x", field.name: PASSWORDS}) for field in spec.fields]
    chat = [{"role": "user", "content": PASSWORDS}]
    calls += [(spec.name, {"text": chat}), (spec.name, {"text": [PASSWORDS]})]
    calls += [("image_classification", {"image": v}) for v in (PASSWORDS, "/etc/passwd")]
    _, results = through_mcp(app, *calls)
    assert all(result.isError for result in results)
    assert uploads() == before


def test_files_are_found_at_any_depth() -> None:
    remote = {"path": "https://a/b", "meta": META}
    assert names_remote_file({"a": [{"b": remote}]})
    assert not names_remote_file({"a": [{"path": "https://a/b"}, {"path": "/tmp/x", "meta": META}]})
    assert without_meta([{"c": remote, "meta": 1}]) == [{"c": {"path": "https://a/b"}, "meta": 1}]


def test_messages_are_one_short_line() -> None:
    assert message_of(InputError("text", "is\nbad.")) == "text: is bad."
    labelled = message_of(InputError("text", "is bad."), {"text": "Text to read"})
    assert labelled == "“Text to read” is bad."
    assert message_of(gr.Error("As it is.")) == "As it is."
    assert len(message_of(InputError("text", "x" * 5_000))) == MESSAGE_CHARS + 1
    assert not refusal(InputError("text", "is bad.")).print_exception


def test_an_unexpected_error_is_logged_under_its_id(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        message = message_of(ValueError("/home/secret"))
    mark = message.split("id ")[1].split(")")[0]
    assert "secret" not in message
    assert mark in caplog.records[-1].getMessage()
    assert caplog.records[-1].exc_info


def test_a_handler_without_updates_changes_nothing() -> None:
    """Gradio takes {} for one value: too few for two outputs, and a value for one (6.31)."""
    with no_loop_left_open(), GuardedBlocks(analytics_enabled=False) as page:
        one, two = gr.Textbox("a"), gr.Textbox("b")
        page.load(dict, None, [one, two])
        page.load(dict, None, one)
    for fn, count in zip(page.fns.values(), (2, 1), strict=True):
        assert anyio.run(page.postprocess_data, fn, {}, None) == [gr.skip()] * count
