"""One public endpoint per row, typed by the row, answering in the task format."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import jsonschema
import pytest
from gradio_client.exceptions import AppError

from pipelines.engine.request import Done, Failed, Partial, Request
from pipelines.errors import EngineError
from pipelines.kinds import FileKind, Images, Kind, Pictures, Texts
from pipelines.limits import Limits
from pipelines.outputs import Reply
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.tasks import BY_ID
from pipelines.uploads import Upload
from settings import Settings
from tests.answer_forms import ANSWERS
from tests.fakes import FakeEngine, meta
from tests.outputs_made import OBJECTS
from tests.served import API, PAUSE, Served, serve
from ui.api import TOKEN, add_endpoints, endpoint
from ui.schema import schema_of

every_task = pytest.mark.parametrize("spec", BY_ID.values(), ids=BY_ID)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("api")) as served:
        yield served


@pytest.fixture(autouse=True)
def _quiet_engine(app: Served) -> None:
    app.engine.fail = lambda request: None


def inputs_of(spec: TaskSpec, app: Served) -> dict[str, Any]:
    """Values of the required fields."""
    words = ["good", "bad"]
    return {
        f.name: app.upload()
        if isinstance(f.kind, FileKind)
        else [app.upload(), app.upload()] if isinstance(f.kind, Images)
        else OBJECTS[type(f.kind)]
        if type(f.kind) in OBJECTS
        else words if schema_of(f.kind).get("type") == "array" else "hello"
        for f in spec.fields
        if f.required
    }  # fmt: skip


@pytest.fixture(scope="module")
def described(app: Served) -> dict[str, Any]:
    """What the API says of its endpoints, by name."""
    return app.get(f"{API}/info").json()["named_endpoints"]


@every_task
def test_a_client_gets_the_answer_in_the_task_format(spec: TaskSpec, app: Served) -> None:
    answer = app.client.predict(**inputs_of(spec, app), api_name=f"/{spec.name}")
    jsonschema.validate(answer, ANSWERS[spec.id])
    assert app.engine.requests[-1].task == spec.id


def test_one_picture_comes_alone_or_in_a_list(app: Served) -> None:
    """The same endpoint takes both, and keeps them apart."""
    spec = next(s for s in BY_ID.values() if any(type(f.kind) is Pictures for f in s.inputs))
    for given, kind in ((app.upload(), Upload), ([app.upload()], tuple)):
        values = {**inputs_of(spec, app), spec.inputs[0].name: given}
        app.client.predict(**values, api_name=f"/{spec.name}")
        assert isinstance(app.engine.requests[-1].inputs[spec.inputs[0].name], kind)


def test_lines_stay_one_text_and_a_list_stays_a_list(
    app: Served, described: dict[str, Any]
) -> None:
    """A string is never cut into several; the description of the endpoint offers both."""
    spec = next(s for s in BY_ID.values() if any(type(f.kind) is Texts for f in s.inputs))
    told = described[f"/{spec.name}"]["parameters"][0]
    for given, taken in (("one\ntwo", "one\ntwo"), (["one\ntwo", "three"],) * 2, (["one"],) * 2):
        jsonschema.validate(given, told["type"])
        app.client.predict(**{**inputs_of(spec, app), "text": given}, api_name=f"/{spec.name}")
        found = app.engine.requests[-1].inputs["text"]
        assert found == (taken if isinstance(taken, str) else tuple(taken))
    with pytest.raises(AppError, match="has text 2, which is empty"):
        app.client.predict(
            **{**inputs_of(spec, app), "text": ["one", " "]}, api_name=f"/{spec.name}"
        )


def test_public_endpoints_are_the_tasks_and_nothing_else(described: dict[str, Any]) -> None:
    assert set(described) == {f"/{spec.name}" for spec in BY_ID.values()}


@every_task
def test_parameters_are_the_rows_fields(spec: TaskSpec, described: dict[str, Any]) -> None:
    told = described[f"/{spec.name}"]["parameters"]
    assert [p["parameter_name"] for p in told] == [f.name for f in spec.fields]
    for parameter, field in zip(told, spec.fields, strict=True):
        jsonschema.Draft202012Validator.check_schema(parameter["type"])
        assert parameter["parameter_has_default"] is not field.required
        default = to_json(field.default)
        assert parameter["parameter_default"] == default
        is_file = parameter["python_type"]["type"] == "filepath"
        assert is_file is isinstance(field.kind, FileKind)
        if not field.required and field.default is not None:
            jsonschema.validate(default, parameter["type"])


@every_task
def test_the_function_tells_its_row(spec: TaskSpec) -> None:
    function = endpoint(spec, FakeEngine(), Limits())
    assert function.__name__ == spec.name
    parameters = list(inspect.signature(function).parameters)
    assert parameters == [TOKEN, *(f.name for f in spec.fields)]
    text = inspect.getdoc(function) or ""
    assert spec.help in text
    assert all(f"{f.name}: {f.label}" in text for f in spec.fields)
    assert "Returns:" in text


REFUSED = [
    ("top_k", 5_000, "top_k: must be a whole number from 1 to 1000."),
    ("top_k", "many", "top_k: must be a whole number from 1 to 1000."),
    ("top_k", True, "top_k: must be a whole number from 1 to 1000."),
    ("function_to_apply", "relu", "function_to_apply: must be one of"),
    ("model", "../secret", "model: must be a model id such as owner/name."),
    ("device", "tpu", "device: must be auto, cpu, mps or cuda:0."),
    ("image", "/etc/passwd", "image: is not an uploaded file"),
    ("image", 7, "image: is missing"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_a_wrong_value_is_refused_by_name(name: str, value: Any, message: str, app: Served) -> None:
    values = {"image": "http://example.com/a.png", name: value}
    with pytest.raises(AppError, match=message):
        app.client.predict(**values, api_name="/image_classification")
    kind, data = app.call("image_classification", values, version="v2/")
    assert (kind, data["error"][: len(message)]) == ("error", message)
    names = [f.name for f in BY_ID["image-classification"].fields]
    kind, data = app.call("image_classification", {"data": [values.get(n) for n in names]})
    assert (kind, data["error"][: len(message)]) == ("error", message)


def test_missing_unknown_and_too_many_values_are_refused(app: Served) -> None:
    assert (
        app.call("image_classification", {"data": []})[1]["error"]
        == "image: is missing; add it and run again."
    )
    assert app.call("image_classification", {}, "v2/") == (
        "422",
        "image: is missing; add it and run again.",
    )
    unknown = app.call("image_classification", {"image": "http://a/b", "topk": 1}, "v2/")
    assert unknown == ("422", "topk: is not a parameter here. Did you mean top_k?")
    many = app.call("image_classification", {"data": ["http://a/b"] + [None] * 20})
    assert many[1]["error"].startswith("data: has 21 values; this takes ")
    with pytest.raises(TypeError, match="topk"):
        app.client.predict(image=app.upload(), topk=1, api_name="/image_classification")


@pytest.mark.parametrize("version", ["", "v2/"])
def test_an_unknown_endpoint_names_those_that_exist(version: str, app: Served) -> None:
    status, message = app.call("nothing", {"data": []}, version)
    assert status == "404"
    assert "/image_classification" in message


def test_values_left_out_are_the_rows_defaults(app: Served) -> None:
    assert app.call("text_generation", {"data": ["hello"]})[0] == "complete"
    short = app.engine.requests[-1]
    assert app.call("text_generation", {"text": "hello"}, "v2/")[0] == "complete"
    assert short.params == app.engine.requests[-1].params


def test_text_streams_and_ends_with_the_whole_answer(app: Served) -> None:
    spec = next(s for s in BY_ID.values() if any(o.kind is Reply for o in s.outputs))
    job = app.client.submit(text="hello", api_name=f"/{spec.name}")
    final = job.result(timeout=30)
    parts = [p["generated_text"] for p in job.outputs() if p]
    assert len(parts) > 3
    assert parts[1].startswith(parts[0])
    assert final == spec.to_json(spec.raw_example)


def test_a_failed_run_gives_its_sentence(app: Served) -> None:
    app.engine.fail = lambda request: Failed("Out of memory; use a smaller model.")
    assert app.call("text_generation", {"data": ["x"]})[1]["error"].startswith("Out of memory;")
    app.engine.fail = lambda request: EngineError("The engine stopped.")
    assert app.call("text_generation", {"data": ["x"]})[1]["error"] == "The engine stopped."


def test_a_bug_gives_an_id_that_is_in_the_log(
    app: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    app.engine.fail = lambda request: RuntimeError("/home/secret token=hf_x")
    message = app.call("text_generation", {"data": ["x"]})[1]["error"]
    assert "secret" not in message
    assert "hf_x" not in message
    mark = message.split("id ")[1].split(")")[0]
    assert any(mark in record.getMessage() for record in caplog.records)
    assert "Traceback" not in capfd.readouterr().err


def test_a_caller_who_leaves_stops_the_run(app: Served) -> None:
    app.engine.words, app.engine.pause = 600, 0.05
    try:
        started = app.post(f"{API}/call/text_generation", {"data": ["x"]}).json()["event_id"]
        address = f"{app.url}{API}/call/text_generation/{started}"
        with httpx.stream("GET", address) as stream:
            next(chunk for chunk in stream.iter_text() if "generated_text" in chunk)
        left = time.monotonic()
        run = app.engine.requests[-1].id
        while run not in app.engine.closed and time.monotonic() - left < 5:
            time.sleep(0.05)
        assert run in app.engine.closed
    finally:
        app.engine.words, app.engine.pause = 24, PAUSE


class NotANumber(FakeEngine):
    """Answers with numbers that JSON does not know."""

    def run(self, request: Request) -> Iterator[Any]:
        yield Partial({})
        answer = [{"label": "a", "score": math.nan}, {"label": "b", "score": math.inf}]
        yield Done({}, answer, meta(BY_ID[request.task]), "")


def test_numbers_that_are_not_finite_never_leave() -> None:
    function = endpoint(BY_ID["zero-shot-classification"], NotANumber(), Limits())
    answer = [*function(text="a", candidate_labels=["b"], oauth_token=None)][-1]
    assert answer == [{"label": "a", "score": None}, {"label": "b", "score": None}]


def test_all_endpoints_add_one_component(app: Served) -> None:
    config = app.get("config").json()
    assert [c["type"] for c in config["components"]].count("api") == 1


def test_endpoints_belong_on_a_guarded_page() -> None:
    with gr.Blocks(analytics_enabled=False), pytest.raises(TypeError, match="GuardedBlocks"):
        add_endpoints(FakeEngine(), Settings())


def test_a_kind_without_schema_is_named() -> None:
    class Novel(Kind):
        """A kind that nobody described."""

    with pytest.raises(TypeError, match="Novel has no schema; known kinds: Text"):
        schema_of(Novel())
