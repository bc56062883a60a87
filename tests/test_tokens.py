"""A visitor's token: from the page's box or an API call into their own requests, and no further."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client

from pipelines.tasks import BY_ID
from pipelines.token import NO_TOKEN, Token
from settings import Settings
from tests.fakes import FakeEngine
from tests.served import Served, no_loop_left_open, serve
from ui import handlers, tokens
from ui.place import Place
from ui.task_tab import build_panel
from ui.tokens import Tokens

MINE, OTHER = "hf_MineMineMine42", "hf_OtherOther43"
NAME = "/text_classification"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("tokens")) as served:
        yield served


def visit(name: str) -> Any:
    return SimpleNamespace(session_hash=name)


def test_a_client_gives_its_token_beside_the_parameters(
    app: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = Client(
        app.url, verbose=False, oauth_token=MINE, download_files=False, analytics_enabled=False
    )
    client.predict(text="fine", api_name=NAME)
    assert app.engine.requests[-1].token.reveal() == MINE
    app.client.predict(text="fine", api_name=NAME)
    assert app.engine.requests[-1].token is not None
    assert not app.engine.requests[-1].token
    assert MINE not in caplog.text


@pytest.mark.parametrize("version", ["", "v2/"])
def test_over_plain_http_it_is_a_field_of_its_own(app: Served, version: str) -> None:
    body = {"text": "fine"} if version else {"data": ["fine"]}
    kind, _ = app.call("text_classification", {**body, "oauth_token": OTHER}, version)
    assert kind == "complete"
    assert app.engine.requests[-1].token.reveal() == OTHER


def test_what_is_no_token_is_refused_over_the_api(app: Served) -> None:
    kind, data = app.call("text_classification", {"data": ["fine"], "oauth_token": "sesame"})
    assert (kind, "no access token of the Hub" in str(data)) == ("error", True)
    assert "sesame" not in str(data)


def test_the_token_is_no_parameter_and_stands_in_no_example(app: Served) -> None:
    described = app.get("gradio_api/info").json()["named_endpoints"][NAME]
    assert "token" not in [p["parameter_name"] for p in described["parameters"]]
    assert MINE not in str(described)
    assert OTHER not in str(described)


def test_a_token_serves_its_own_visit_only() -> None:
    kept = Tokens()
    kept.keep("me", Token(MINE))
    assert kept.of("me").reveal() == MINE
    assert not kept.of("you")
    assert not kept.of(None)
    kept.keep("me", NO_TOKEN)
    assert not kept.of("me")


def test_the_oldest_tokens_go_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_KEPT", 2)
    kept = Tokens()
    for name in ("a", "b", "c"):
        kept.keep(name, Token(MINE))
    assert [bool(kept.of(name)) for name in ("a", "b", "c")] == [False, True, True]


def test_closing_the_page_forgets_it() -> None:
    kept = Tokens()
    kept.keep("me", Token(MINE))
    handlers.on_leave((), FakeEngine(), kept)(visit("me"))  # type: ignore[arg-type]
    assert not kept.of("me")


def test_the_box_is_emptied_and_a_wrong_token_is_told_once() -> None:
    kept = Tokens()
    keep = tokens._keep(kept)
    assert keep(f" {MINE} ", visit("me"))[0] == ""
    assert kept.of("me").reveal() == MINE
    left, told = keep("sesame", visit("me"))
    assert "This is no access token" in told
    assert "sesame" not in told
    assert left != ""
    assert kept.of("me").reveal() == MINE


def test_a_run_brings_the_token_of_its_visit() -> None:
    spec, engine = BY_ID["text-classification"], FakeEngine()
    with no_loop_left_open(), gr.Blocks():
        place = Place(engine, Settings())  # type: ignore[arg-type]
        panel = build_panel(spec, place)
    place.tokens.keep("me", Token(MINE))
    values = {name: getattr(part, "value", None) for name, part in panel.parts.items()}
    values |= dict(panel.fill({"text": "fine"}))
    run = handlers.on_run(panel, engine, Settings(), place.tokens)
    for name in ("me", "you"):
        list(run(visit(name), **values))
    assert [request.token.reveal() for request in engine.requests] == [MINE, ""]


@pytest.mark.parametrize(("models", "there"), [("starter", False), ("auto", True)])
def test_where_only_starters_answer_no_token_is_asked_for(models: str, there: bool) -> None:
    with no_loop_left_open(), gr.Blocks() as page:
        build_panel(BY_ID["text-classification"], Place(FakeEngine(), Settings(models=models)))  # type: ignore[arg-type]
    boxes = [b for b in page.blocks.values() if getattr(b, "type", "") == "password"]
    assert bool(boxes) is there
    assert all(not box.value for box in boxes)
