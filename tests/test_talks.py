"""Conversations with files: what is taken for one, how it is drawn, and which columns feed it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import jsonschema
import pytest

from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.jobs import mapping
from pipelines.kinds import MediaChat
from pipelines.kinds.talks import files, texts
from pipelines.limits import Limits
from pipelines.spec import Output
from pipelines.tasks import TASKS
from pipelines.uploads import Upload
from settings import Settings
from tests.made import png
from tests.outputs_made import FACTS
from tests.served import no_loop_left_open
from ui.chat import conversation, said_so_far
from ui.panel import Display
from ui.schema import schema_of
from ui.talk import message

KIND = MediaChat(presets=(("Describe", "Describe it."),))
HEARS = MediaChat(media=("image", "audio"))
SPEC = TASKS["image-text-to-text"]


@pytest.fixture(autouse=True, scope="module")
def _closed_loops() -> Iterator[None]:
    with no_loop_left_open():
        yield


@pytest.fixture
def limits(tmp_path: Path) -> Limits:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(png(8, 8))
    (tmp_path / "c.wav").write_bytes(b"RIFF")
    return Limits(upload_roots=(tmp_path.resolve(),), chat_files=3, fetch_urls=False)


def file_in(limits: Limits, name: str = "a.png") -> str:
    return str(limits.upload_roots[0] / name)


def said(value: Any, limits: Limits, kind: MediaChat = KIND) -> list[tuple[str, list[Any]]]:
    """Role and parts of each message; a file as its name."""
    return [
        (m["role"], [p["text"] if p["type"] == "text" else p[p["type"]].name for p in m["content"]])
        for m in kind.check("text", value, limits)
    ]


def test_a_message_may_be_written_in_several_ways(limits: Limits) -> None:
    path = file_in(limits)
    upload = {"path": path, "orig_name": "mine.png", "meta": {"_type": "gradio.FileData"}}
    assert said("hello", limits) == [("user", ["hello"])]
    assert said({"text": "look", "files": [path]}, limits) == [("user", ["a.png", "look"])]
    assert said({"text": "look", "files": [upload]}, limits) == [("user", ["mine.png", "look"])]
    for part in (
        {"type": "image", "image": path},
        {"type": "image", "image": upload},
        {"type": "image", "path": path},
        {"type": "image", "url": path},
        {"type": "file", "file": upload, "alt_text": "x"},
        upload,
    ):
        talk = [{"role": "user", "content": [{"type": "text", "text": "look"}, part]}]
        ((role, (words, name)),) = said(talk, limits)
        assert (role, words) == ("user", "look")
        assert name in ("a.png", "mine.png")


def test_a_conversation_keeps_its_turns(limits: Limits) -> None:
    talk = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": {"text": "look", "files": [file_in(limits)]}},
        {"role": "assistant", "content": [{"type": "text", "text": "a star", "metadata": None}]},
        {"role": "user", "content": "and now?"},
    ]
    assert [role for role, _ in said(talk, limits)] == ["system", "user", "assistant", "user"]
    assert said(talk, limits)[1] == ("user", ["a.png", "look"])


def test_a_file_is_known_by_its_ending(limits: Limits) -> None:
    paths = [file_in(limits), file_in(limits, "c.wav")]
    (only,) = HEARS.check("text", {"text": "", "files": paths}, limits)
    assert [part["type"] for part in only["content"]] == ["image", "audio"]


@pytest.mark.parametrize("place", ["/etc/passwd", "../a.png", "file:///etc/passwd", "a.png", "\0"])
@pytest.mark.parametrize(
    "written",
    [
        lambda place: {"text": "x", "files": [place]},
        lambda place: {"text": "x", "files": [{"path": place}]},
        lambda place: [{"role": "user", "content": [{"type": "image", "url": place}]}],
        lambda place: [{"role": "user", "content": [{"type": "image", "image": place}]}],
        lambda place: [{"role": "user", "content": [{"type": "file", "file": {"path": place}}]}],
        lambda place: [{"role": "user", "content": [{"path": place}]}],
        lambda place: [{"role": "user", "content": {"path": place}}],
    ],
)
def test_r1_only_uploads_are_files(limits: Limits, written: Any, place: str) -> None:
    with pytest.raises(InputError, match="not an uploaded file"):
        KIND.check("text", written(place), limits)


def test_r11_addresses_are_taken_only_where_that_is_allowed(limits: Limits) -> None:
    talk = [{"role": "user", "content": [{"type": "image", "url": "http://10.0.0.1/a.png"}]}]
    with pytest.raises(InputError, match="fetching URLs is switched off"):
        KIND.check("text", talk, limits)
    (only,) = KIND.check("text", talk, Limits())
    assert only["content"][0]["image"] == Upload(name="a.png", url="http://10.0.0.1/a.png")


WRONG: list[tuple[Any, str]] = [
    ({"text": "", "files": []}, "is empty"),
    ({"text": " \n ", "files": []}, "is empty"),
    ("   ", "is empty"),
    ({"text": "  ", "files": "a.png"}, "takes files as a list"),
    ([], "takes a message, or a list of 1 to"),
    (7, "takes a message, or a list"),
    ([{"role": "tool", "content": "x"}], "with a role of system, user, assistant"),
    ([{"role": "user", "content": [{"type": "video", "video": "x"}]}], "takes parts of type text"),
    ([{"role": "user", "content": [{"type": "component", "component": "html"}]}], "takes parts of"),
    ([{"role": "user", "content": [7]}], "texts and files only"),
    ([{"role": "user", "content": [{"type": "text", "text": 7}]}], "must be text"),
    ([{"role": "user", "content": [{"type": "image"}]}], "give a file"),
    ([{"role": "user", "content": "hello"}, {"role": "user", "content": ""}], "is empty"),
]


@pytest.mark.parametrize(("value", "reason"), WRONG)
def test_anything_else_is_refused_with_its_reason(value: Any, reason: str, limits: Limits) -> None:
    with pytest.raises(InputError, match=reason):
        KIND.check("text", value, limits)


def test_files_are_few_and_of_the_kinds_that_are_taken(limits: Limits) -> None:
    with pytest.raises(InputError, match="has 4 files; at most 3"):
        KIND.check("text", {"text": "x", "files": [file_in(limits)] * 4}, limits)
    with pytest.raises(InputError, match="takes files of type image only"):
        KIND.check("text", {"text": "x", "files": [file_in(limits, "c.wav")]}, limits)


def test_the_schema_takes_what_clients_send_and_no_other_key() -> None:
    upload = {"path": "a.png", "meta": {"_type": "gradio.FileData"}}
    schema = schema_of(HEARS)
    for value in (
        "hello",
        {"text": "look", "files": [upload]},
        [{"role": "user", "content": "hello"}],
        [{"role": "user", "content": [{"type": "image", "image": upload}]}],
        [{"role": "user", "content": [{"type": "audio", "audio": upload}]}],
    ):
        jsonschema.validate(value, schema)
    for value in (upload, {"text": "x", "path": "/etc/passwd"}, [{"role": "user", "path": "x"}]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value, schema)


@pytest.fixture
def display() -> Display:
    with gr.Blocks(analytics_enabled=False):
        return conversation(Output(name="reply", kind=SPEC.outputs[0].kind, label="Answer"))


def test_the_conversation_shows_the_files(display: Display, limits: Limits) -> None:
    talk = KIND.check("text", {"text": "look", "files": [file_in(limits)]}, limits)
    said = display.held["history"]
    drawn = said.postprocess(display.draw(["a star"], {"text": talk})[said]).model_dump()
    assert [m["role"] for m in drawn] == ["user", "assistant"]
    shown, words = drawn[0]["content"]
    assert (shown["type"], shown["alt_text"], words["text"]) == ("file", "a.png", "look")
    assert shown["file"]["path"] == file_in(limits)
    assert shown["file"]["mime_type"] == "image/png"
    assert drawn[1]["content"][0]["text"] == "a star"
    again = KIND.check("text", [*drawn, {"role": "user", "content": "and now?"}], limits)
    assert [upload.name for _, upload in files(again)] == ["a.png"]
    assert list(texts(again)) == ["look", "a star", "and now?"]


def test_an_address_is_shown_as_text_and_not_fetched(display: Display) -> None:
    url = "https://example.com/<b>.png"
    talk = [{"role": "user", "content": [{"type": "image", "image": Upload(name="x", url=url)}]}]
    said = display.held["history"]
    drawn = said.postprocess(display.draw(["a star"], {"text": talk})[said]).model_dump()
    assert drawn[0]["content"][0] == {"type": "text", "text": f"`{url}`"}


def test_a_continued_answer_grows_its_last_message(limits: Limits) -> None:
    talk = KIND.check("text", [{"role": "user", "content": "hello"},
                               {"role": "assistant", "content": "a red"}], limits)  # fmt: skip
    grown = said_so_far(talk, " star")
    assert grown[-1] == {"role": "assistant", "content": "a red star"}
    assert len(grown) == 2


def test_the_box_is_read_with_what_was_said_before() -> None:
    with gr.Blocks(analytics_enabled=False):
        field = Field(name="text", kind=KIND, label="Message")
        control = message(field, Settings())
    written = {"text": "look", "files": []}
    assert control.read({"text": written}) == {"text": written}
    before = [{"role": "user", "content": []}]
    asked = control.read({"text": written, "history": before})["text"]
    assert asked == [*before, {"role": "user", "content": written}]
    resumed = control.read({"text": written, "history": before, "resume": True})
    assert resumed == {"text": before, "continue_final_message": True}
    filled = control.fill({"text": "look", "files": ["talk_three.png"]})
    assert Path(filled["text"]["files"][0]).is_file()
    assert filled["history"] == []
    assert control.sent is not None
    assert control.sent({"text": written}) == {"text": {"text": "", "files": []}}


def test_a_table_feeds_the_message_from_two_columns(limits: Limits) -> None:
    folder = limits.upload_roots[0]
    columns = mapping.guess(SPEC, ["picture", "prompt", "truth"])
    assert columns == {"file": "picture", "text": "prompt"}
    cells = {"picture": "a.png", "prompt": "look"}
    values = mapping.values_of(SPEC, cells, columns, folder, folder / "scratch")
    assert said(values["text"], limits) == [("user", ["a.png", "look"])]
    alone = mapping.values_of(SPEC, {"prompt": "hello"}, columns, folder, folder / "scratch")
    assert said(alone["text"], limits) == [("user", ["hello"])]


def test_files_alone_are_asked_what_every_row_is(limits: Limits) -> None:
    folder = limits.upload_roots[0]
    columns = mapping.guess(SPEC, ["file"])
    assert columns == {"file": "file"}
    assert mapping.fed(SPEC, columns) == {"file", "text"}
    values = mapping.values_of(SPEC, {"file": "b.png"}, columns, folder, folder / "scratch")
    row = mapping.row_of(SPEC, {"text": "How many?"}, values)
    assert said(row["text"], limits) == [("user", ["b.png", "How many?"])]


def test_the_answer_leaves_the_prompt_and_its_files_behind() -> None:
    assert SPEC.finish is not None
    raw = [{"input_text": [{"image": object()}], "generated_text": "a star"}]
    plain = SPEC.finish(raw, {})
    assert SPEC.to_json(plain) == {"generated_text": "a star"}
    assert SPEC.read_output(plain, {}, {}, FACTS) == {"reply": ["a star"]}
