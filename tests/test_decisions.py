"""Typed questions as an input: the form, the JSON, what is refused, and how answers are drawn."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.errors import InputError
from pipelines.kinds import Questions
from pipelines.limits import Limits
from pipelines.outputs import Decisions
from tests.outputs_made import MADE, QUESTIONS
from ui import decide, verdicts

LIMITS = Limits()
NOUL = {"type": "noul", "instructions": "Is it so?"}


def check(value: Any) -> dict[str, Any]:
    return Questions().check("questions", value, LIMITS)


def choice(criteria: Any) -> dict[str, Any]:
    return {"q": {"type": "choice", "instructions": "Which?", "criteria": criteria}}


def test_every_form_gives_the_same_questions() -> None:
    listed = [{"name": name, **question} for name, question in QUESTIONS.items()]
    for value in (QUESTIONS, listed, json.dumps(QUESTIONS), json.dumps(listed)):
        assert check(value) == QUESTIONS


def test_a_list_of_options_will_do() -> None:
    assert check(choice(["a", "b"]))["q"]["criteria"] == {"a": None, "b": None}
    assert check(json.dumps(choice(["a", "b"])))["q"]["criteria"] == {"a": None, "b": None}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({}, "is empty"),
        ("[]", "is empty"),
        (3, "takes questions"),
        ("{", "no valid JSON"),
        ("[" * 90_000, "no valid JSON"),
        ({"q": "is it?"}, "no question with a type"),
        ({"q": {"type": "maybe"}}, "types are choice, score, noul"),
        ({"q": {"type": "noul"}}, "no text for the question"),
        ({"": NOUL}, "no text for the name"),
        ({"n" * 61: NOUL}, "more than 60 characters for the name"),
        ({"q": {**NOUL, "assets": {"x": "/etc/passwd"}}}, "'assets'"),
        ({"q": {**NOUL, "instructions": {"image": "http://127.0.0.1/"}}}, "no text"),
        ({"q": {**NOUL, "criteria": {"maybe": "x"}}}, "other than true and false"),
        (choice(None), "without options"),
        (choice({"a": None}), "needs 2 to 26 options for “q”, not 1."),
        (choice({str(n): None for n in range(27)}), "not 27."),
        (choice({"a": {"path": "/etc/passwd"}, "b": None}), "no text for the description"),
        (choice(["a", "a"]), "“a” twice"),
        ({"q": {"type": "score", "instructions": "?", "criteria": {"a": "b"}}}, "a list of them"),
        ({"q": {"type": "score", "instructions": "?", "criteria": ["a"]}}, "2 to 26 levels"),
        ('{"q": {"type": "noul", "instructions": "?"}, "q": {}}', "two questions called “q”"),
        ('{"q": {"type": "choice", "instructions": "?", "criteria": {"a": "", "a": ""}}}', "twice"),
        ({f"q{n}": NOUL for n in range(21)}, "has 21 questions"),
        ([NOUL], "no text for the name"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_in_one_sentence(value: Any, said: str) -> None:
    with pytest.raises(InputError) as refused:
        check(value)
    assert said in str(refused.value)
    assert refused.value.field == "questions"


def test_what_leaves_the_check_is_made_of_strings_only() -> None:
    def strings(value: Any) -> bool:
        if isinstance(value, dict):
            return all(map(strings, [*value, *value.values()]))
        return (
            all(map(strings, value))
            if isinstance(value, list)
            else value is None or (type(value) is str)
        )

    given = {"state": "x", "questions": QUESTIONS, "assets": {"x": "/etc/passwd"}}
    with pytest.raises(InputError):
        check(given)
    assert strings(check(json.dumps(QUESTIONS)))


def form(**values: str) -> dict[str, Any]:
    """The parts of an empty form with some of them filled: n0_says stands for "q:0:says"."""
    parts = decide.filled("q", None)
    return parts | {f"q:{k[1]}:{k[3:]}": v for k, v in values.items()}


def test_the_form_and_its_questions_are_the_same() -> None:
    parts = decide.filled("q", QUESTIONS)
    assert check(decide.asked("q", parts)) == QUESTIONS
    assert parts["q:count"] == 3
    assert decide.asked("q", decide.filled("q", None)) is None
    written = parts | {"q:source": decide.JSON}
    assert check(decide.asked("q", written)) == QUESTIONS


def test_a_question_without_a_name_is_called_after_itself() -> None:
    asked = decide.asked("q", form(n0_says="Is it so?", n0_type="yes/no"))
    assert check(asked) == {"Is it so?": NOUL}


def test_an_option_that_comes_twice_in_the_form_is_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        check(decide.asked("q", form(n0_says="Which?", n0_options="a: one\na: two")))


def test_yes_and_no_may_be_explained() -> None:
    asked = decide.asked(
        "q", form(n0_says="Is it so?", n0_type="yes/no", n0_options="yes: it is\nno: it is not")
    )
    assert check(asked)["Is it so?"]["criteria"] == {"true": "it is", "false": "it is not"}


@pytest.mark.parametrize("hostile", [3, [], {"a": 1}, None, "x" * 100_000])
def test_hostile_parts_of_the_form_are_refused_or_nothing(hostile: Any) -> None:
    parts = dict.fromkeys(decide.filled("q", None), hostile)
    asked = decide.asked("q", parts)
    if asked is not None:
        with pytest.raises(InputError):
            check(asked)


def test_json_that_the_form_has_no_room_for_stays_json() -> None:
    many = {f"q{n}": NOUL for n in range(decide.ROWS + 1)}
    assert decide._form("q", json.dumps(many)) is None
    assert decide._form("q", "{") is None


def test_cards_show_every_option_and_escape_all_text() -> None:
    found = MADE[Decisions]()["decisions"]
    html = "".join(verdicts.card(one, 0.5) for one in found)
    assert html.count("<li>") == 3 + 3 + 2
    assert "<mark>delivery</mark>" in html
    assert 'style="left:88.00%"' in html
    wild = {**found[0], "name": "<b>", "question": "<i>", "value": "<u>"}
    wild["options"] = [{"option": "<u>", "description": "<s>", "share": 1.0}]
    drawn = verdicts.card(wild, 0.5)
    assert not any(tag in drawn for tag in ("<b>&", "<i>", "<u>", "<s>"))


@pytest.mark.parametrize(("least", "answer"), [(0.5, "yes"), (0.95, "no")])
def test_the_slider_says_from_where_on_it_is_yes(least: float, answer: str) -> None:
    found = MADE[Decisions]()["decisions"][2]
    assert verdicts.answered(found, least) == answer
    assert f"<mark>{answer}</mark>" in verdicts.card(found, least)
