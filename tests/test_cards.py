"""Examples on a model's card: read within bounds, checked by the row, or left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from pipelines import cards
from pipelines.cards import CARD_BYTES, MOST_EXAMPLES, card_examples, example_of
from pipelines.limits import Limits
from pipelines.tasks import BY_ID, task
from settings import Settings
from tests.loopback_hub import Hub
from tests.served import no_loop_left_open
from ui.components import control

LIMITS = Limits(fetch_urls=True)
CAT = "https://example.com/cat.jpg"
SAYS = {"text": "My name is Clara.", "example_title": "A name"}
GIVEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text-classification": (SAYS, {"text": SAYS["text"]}),
    "token-classification": (SAYS, {"text": SAYS["text"]}),
    "fill-mask": ({"text": "Paris is the <mask> of France."},) * 2,
    "summarization": (SAYS, {"text": SAYS["text"]}),
    "feature-extraction": (SAYS, {"text": [SAYS["text"]]}),
    "text-to-audio": (SAYS, {"text": SAYS["text"]}),
    "image-text-to-text": (SAYS, {"text": SAYS["text"]}),
    "question-answering": (
        {"text": "Who?", "context": "It was Clara."},
        {"question": "Who?", "context": "It was Clara."},
    ),
    "table-question-answering": (
        {"text": "How many?", "table": {"Name": ["a", "b"], "Stars": ["3", "5"]}},
        {"query": ["How many?"], "table": {"Name": ["a", "b"], "Stars": ["3", "5"]}},
    ),
    "zero-shot-classification": (
        {"text": "A goal!", "candidate_labels": "sports, rain", "multi_class": False},
        {"text": "A goal!", "candidate_labels": ["sports", "rain"]},
    ),
    "image-classification": ({"src": CAT}, {"image": CAT}),
    "zero-shot-image-classification": (
        {"src": CAT, "candidate_labels": "cat, dog"},
        {"image": CAT, "candidate_labels": ["cat", "dog"]},
    ),
    "document-question-answering": (
        {"src": CAT, "text": "How much?"},
        {"image": CAT, "question": "How much?"},
    ),
    "automatic-speech-recognition": (
        {"src": "https://example.com/1.flac"},
        {"audio": "https://example.com/1.flac"},
    ),
    "text-generation": (
        {"messages": [{"role": "user", "content": "Hello"}]},
        {"text": [{"role": "user", "content": "Hello"}]},
    ),
}


@pytest.mark.parametrize("id", GIVEN)
def test_an_entry_fills_the_fields_of_the_row(id: str) -> None:
    entry, values = GIVEN[id]
    example = example_of(task(id), entry, LIMITS)
    assert example is not None
    assert example.values == values
    task(id).parse(values, LIMITS)


@pytest.mark.parametrize("id", GIVEN)
def test_the_panel_is_filled_with_it_and_reads_the_same(id: str) -> None:
    row, values = task(id), GIVEN[id][1]
    fields = {f.name: f for f in row.fields if f.name in values}
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        controls = [control(f, Settings()) for f in fields.values()]
    filled: dict[str, Any] = {}
    for made, name in zip(controls, fields, strict=True):
        filled |= made.fill(values[name])
    read: dict[str, Any] = {}
    for made in controls:
        read |= made.read(filled)
    for name, f in fields.items():
        assert f.check(read[name], LIMITS) == f.check(values[name], LIMITS), name


def test_a_conversation_of_a_card_is_said_before_its_last_message() -> None:
    said = [
        {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "Who are you?"},
    ]  # fmt: skip
    row = task("text-generation")
    example = example_of(row, {"messages": said}, LIMITS)
    assert example is not None
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        made = control(row.inputs[0], Settings())
    read = made.read(made.fill(example.values["text"]))["text"]
    assert row.inputs[0].check(read, LIMITS) == said


def test_a_file_is_labelled_by_its_name() -> None:
    example = example_of(task("image-classification"), {"src": f"{CAT}?download=true"}, LIMITS)
    assert example is not None
    assert example.label == "cat.jpg"


def test_the_label_is_the_title_or_the_beginning() -> None:
    row = task("text-classification")
    labels = [
        example.label
        for entry in (SAYS, {"text": "word " * 50}, {"text": "a\n <b>b</b>", "example_title": 7})
        if (example := example_of(row, entry, LIMITS))
    ]
    assert labels == ["A name", "word word word word word word word word…", "a <b>b</b>"]


@pytest.mark.parametrize(
    "entry",
    [
        None, "text", 7, [], {}, {"text": None}, {"text": 7}, {"text": ["a"]}, {"text": {"a": 1}},
        {"text": "x" * 300_000}, {"text": ""}, {"src": CAT}, {"text": "a", "src": CAT},
    ],
)  # fmt: skip
def test_what_does_not_fit_a_text_is_left_out(entry: Any) -> None:
    assert example_of(task("text-classification"), entry, LIMITS) is None


@pytest.mark.parametrize(
    "src",
    [
        "/etc/passwd", "file:///etc/passwd", "http://example.com/cat.jpg", "cat.jpg", 7, [CAT],
        "data:image/png;base64,AAAA", {"path": "/etc/passwd"}, "starter/examples/cat.png",
    ],
)  # fmt: skip
def test_only_addresses_are_taken_for_files(src: Any) -> None:
    """R1: a string of a card is never a path."""
    assert example_of(task("image-classification"), {"src": src}, LIMITS) is None


def test_files_are_left_out_where_no_address_is_fetched() -> None:
    assert example_of(task("image-classification"), {"src": CAT}, Limits(fetch_urls=False)) is None


@pytest.mark.parametrize("id", BY_ID)
def test_nonsense_never_raises(id: str) -> None:
    for value in (None, 7, "a", [], [None], {"a": object()}, [["x"]] * 3, {"role": {}}):
        keys = ("text", "src", "context", "table", "candidate_labels", "messages", "questions")
        entry = dict.fromkeys(keys, value)
        example_of(task(id), entry, LIMITS)
        example_of(task(id), dict.fromkeys(keys[:2], value), LIMITS)


@pytest.fixture
def repos(loopback: Hub, tmp_path: Path) -> Hub:
    cards._kept.clear()
    loopback.repos["acme/x"] = tmp_path
    return loopback


def asked(revision: str = "") -> tuple[str, ...]:
    found = card_examples(task("text-classification"), "acme/x", revision, LIMITS)
    return tuple(example.label for example in found)


def test_the_card_is_asked_for_once_and_without_a_login(
    repos: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    repos.about["acme/x"] = {"widgetData": [SAYS, {"src": CAT}, *[{"text": "more"}] * 20]}
    assert asked() == asked() == ("A name", *["more"] * (MOST_EXAMPLES - 1))
    assert repos.asked == ["GET /api/models/acme/x"]
    assert asked("v1") == asked()
    assert asked("none") == ()


@pytest.mark.parametrize("widget", [None, 7, "x", {"text": "a"}, [[[]]], [None]])
def test_a_card_of_another_form_has_no_examples(repos: Hub, widget: Any) -> None:
    repos.about["acme/x"] = {"widgetData": widget}
    assert asked() == ()


def test_a_huge_card_is_not_read(repos: Hub) -> None:
    repos.about["acme/x"] = {"widgetData": [SAYS], "more": "x" * CARD_BYTES}
    assert asked() == ()


@pytest.mark.parametrize("fault", ["not found", "private", "broken"])
def test_a_no_of_the_hub_is_silent(repos: Hub, fault: str) -> None:
    repos.faults["acme/x"] = fault
    assert asked() == ()


def test_offline_there_are_none_at_once(repos: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "reachable", lambda: False)
    assert asked() == ()
    assert repos.asked == []
