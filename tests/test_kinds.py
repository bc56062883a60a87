"""The kinds: a hostile value gives a checked value or InputError on its field, nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import InputError
from pipelines.kinds import (
    DEVICE,
    MODEL_ID,
    REVISION,
    Audio,
    Chat,
    Choice,
    Document,
    Flag,
    Image,
    Integer,
    Kind,
    Labels,
    Lines,
    MaskedText,
    MediaChat,
    Number,
    Pattern,
    Strings,
    Template,
    Text,
    Texts,
)
from pipelines.limits import Limits

LIMITS = Limits()
KINDS: tuple[Kind, ...] = (
    Text(),
    Texts(),
    MaskedText(),
    Lines(),
    Chat(),
    MediaChat(media=("image", "audio")),
    Image(),
    Audio(),
    Document(),
    Labels(),
    Template(),
    Number(low=0, high=1),
    Integer(low=1, high=256),
    Flag(),
    Choice(options=(("mean", "mean"), ("none", None), ("one", 1), ("yes", True))),
    Strings(),
    Pattern(regex=MODEL_ID, form="a model id"),
    Pattern(regex=REVISION, form="a revision"),
    Pattern(regex=DEVICE, form="a device"),
)
KIND_NAMES = [type(kind).__name__ for kind in KINDS]

TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(categories=("Cs", "Cc", "Nd", "Po"))),
    st.sampled_from(
        ["http://x", "HTTPS://x/?y", "file:///etc/passwd", "/etc/passwd", "..", "{}", "[{", "\0"]
    ),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.binary())
KEYS = st.sampled_from(
    [
        "path",
        "url",
        "composite",
        "role",
        "content",
        "text",
        "orig_name",
        "meta",
        "files",
        "file",
        "type",
        "image",
    ]
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, TEXTS), inner, max_size=4)
    ),
    max_leaves=8,
)


def nested(depth: int, key: str) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = {key: value}
    return value


HOSTILE: list[Any] = [
    None,
    "",
    [],
    {},
    float("nan"),
    float("inf"),
    -float("inf"),
    10**400,
    -(10**5_000),
    1e308,
    True,
    "\0" * 100,
    "\ud800" * 100,
    "a" * 10_000_000,
    "," * 10_000_000,
    ["a"] * 100_000,
    [[]],
    [None],
    "[" * 100_000,
    "[{" + "[" * 100_000,
    '[{"a":' * 30_000,
    '[{"role": "user", "content": ' + "9" * 5_000 + "}]",
    nested(5_000, "composite"),
    nested(5_000, "path"),
    {"composite": {"composite": {"path": "/etc/passwd"}}},
    {"path": ["/etc/passwd"]},
    {"path": {"path": "/etc/passwd"}},
    {"path": "/etc/passwd", "url": "http://example.com"},
    {"url": "file:///etc/passwd"},
    {"path": "a" * 100_000},
    {"path": "\0"},
    {"path": "\ud800"},
    [{"role": "user", "content": {"type": "image", "url": "http://x"}}],
    [{"role": "user", "content": [{"type": "image", "url": "http://x"}]}],
    [{"role": ["user"], "content": "x"}],
    [{"role": "tool", "content": "x"}],
    [{"role": "user"}] * 1_000,
    b"bytes",
    object(),
]


def checked(kind: Kind, value: Any, limits: Limits = LIMITS) -> Any:
    """The checked value, or the InputError; any other exception fails the test."""
    try:
        return kind.check("field", value, limits)
    except InputError as error:
        refused = error
    assert refused.field == "field"
    assert str(refused).startswith("field: ")
    assert len(str(refused)) < 300
    assert not re.search(r"Traceback|/etc|/tmp|/home|/work", str(refused))
    return refused


@pytest.mark.parametrize("kind", KINDS, ids=KIND_NAMES)
def test_r19_hostile_values_are_answered_with_one_sentence(kind: Kind) -> None:
    for value in HOSTILE:
        json.dumps(repr(checked(kind, value)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=VALUES)
def test_r19_no_value_raises_anything_but_input_error(value: Any) -> None:
    for kind in KINDS:
        checked(kind, value)


@settings(max_examples=100, deadline=None)
@given(value=TEXTS)
def test_r8_checked_text_can_always_be_written_as_utf_8(value: str) -> None:
    for kind in (Text(), MaskedText(), Lines(), Labels(), Strings(), Chat(), Template()):
        found = checked(kind, value)
        if not isinstance(found, InputError):
            json.dumps(found, ensure_ascii=False).encode("utf-8")
            assert "\0" not in str(found)


def test_r8_text_is_limited_in_bytes_and_not_in_characters() -> None:
    limits = Limits(text_bytes=10)
    assert Text().check("field", "é" * 5, limits) == "é" * 5
    for long in ("é" * 6, "a" * 11):
        with pytest.raises(InputError, match="at most 10 bytes"):
            Text().check("field", long, limits)


@pytest.mark.parametrize("blank", ["", "  ", "\n\t", "\0"])
def test_r8_empty_text_is_refused(blank: str) -> None:
    with pytest.raises(InputError, match="is empty"):
        Text().check("field", blank, LIMITS)


def test_r8_lines_are_a_list_or_one_string_and_few() -> None:
    limits = Limits(texts=2, text_bytes=10)
    for value in ("a\n\n b \n", ["a", "", "b"], ("a", "b")):
        assert Lines().check("field", value, limits) == ("a", "b")
    for wrong, reason in (("a\nb\nc", "has 3 texts; at most 2"), (["a"] * 3, "has 3 texts"),
                          (["a" * 6, "b" * 6], "at most 10 bytes"), (" \n", "is empty"),
                          ([], "is empty"), (["a", 1], "takes a string or a list")):  # fmt: skip
        with pytest.raises(InputError, match=reason):
            Lines().check("field", wrong, limits)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.001, 1.001, 10**400, True, "1"])
def test_r15_a_number_is_finite_and_in_its_range(number: Any) -> None:
    with pytest.raises(InputError, match="must be a number from 0 to 1"):
        Number(low=0, high=1).check("field", number, LIMITS)


@pytest.mark.parametrize("number", [0, 257, 1.5, float("inf"), 10**400, True, "1", None])
def test_r15_a_whole_number_is_whole_and_in_its_range(number: Any) -> None:
    with pytest.raises(InputError, match="must be a whole number from 1 to 256"):
        Integer(low=1, high=256).check("field", number, LIMITS)


def test_r15_a_choice_takes_its_label_or_its_value_and_not_a_lookalike() -> None:
    choice = Choice(options=(("one", 1), ("yes", True), ("nothing", "none")))
    assert [choice.check("field", v, LIMITS) for v in ("one", 1, True, "none")] == [
        1,
        1,
        True,
        "none",
    ]
    for wrong in (1.0, "1", "True", None, "NONE"):
        with pytest.raises(InputError, match="must be one of: one, yes, nothing"):
            choice.check("field", wrong, LIMITS)


@pytest.mark.parametrize(
    "template",
    ["", "no braces", "{} and {}", "{0}", "{x}", "{:>30000000}", "{{}}", "{}{", "}{", "{!r}"],
)
def test_r16_a_template_has_one_bare_pair_of_braces(template: str) -> None:
    with pytest.raises(InputError, match=r"must contain \{\} once"):
        Template().check("field", template, LIMITS)


def test_r16_labels_are_few_short_and_told_apart() -> None:
    assert Labels().check("field", " red, green ,red,\0red,,", LIMITS) == ("red", "green")
    with pytest.raises(InputError, match="has 501 labels; at most 500"):
        Labels().check("field", [str(number) for number in range(501)], LIMITS)
    with pytest.raises(InputError, match="longer than 100 characters"):
        Labels().check("field", ["a" * 101], LIMITS)


NO_MODELS = r"../x a/../b a..b /etc/passwd a/b/c a\b ~/x .hidden a/.b é http://x/y a/ /a ١/x"


@pytest.mark.parametrize("model", [*NO_MODELS.split(" "), "a b", "", "a\nb", "a\0", "a" * 97])
def test_r13_a_model_id_is_never_a_path(model: str) -> None:
    with pytest.raises(InputError, match="must be a model id"):
        Pattern(regex=MODEL_ID, form="a model id").check("field", model, LIMITS)


def test_the_address_of_a_models_page_is_taken_as_its_id() -> None:
    kind = Pattern(regex=MODEL_ID, form="a model id", lead="https://hub/")
    assert kind.check("field", " https://hub/openai/whisper-tiny", LIMITS) == "openai/whisper-tiny"
    for wrong in (
        "https://hub/",
        "https://hub/../x",
        "https://hub/https://hub/a/b",
        "http://hub/a",
    ):
        with pytest.raises(InputError, match="must be a model id"):
            kind.check("field", wrong, LIMITS)


@pytest.mark.parametrize(
    "model", ["gpt2", "openai/whisper-tiny", "starter/any-task", "a.b/c_d-e.f"]
)
def test_r13_a_model_id_of_the_hub_is_taken(model: str) -> None:
    assert MODEL_ID.fullmatch(model)


@pytest.mark.parametrize("revision", ["../../x", "a/../../b", "/main", "-main", "a b", "", "a\0"])
def test_r13_a_revision_cannot_climb_out_of_the_cache(revision: str) -> None:
    assert not REVISION.fullmatch(revision)
