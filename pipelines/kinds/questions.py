"""The kind of typed questions: a choice, a score or yes/no, each with its options in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.errors import InputError
from pipelines.kinds.base import Kind, clean_text
from pipelines.limits import Limits

CHOICE, SCORE, YES_NO = QUESTION_TYPES = ("choice", "score", "noul")
TYPE, SAYS, CRITERIA, NAME = "type", "instructions", "criteria", "name"
MOST_QUESTIONS = 20
MOST_OPTIONS = 26
"""Their labels are the letters from A to Z."""
NAME_CHARS, SAYS_CHARS, OPTION_CHARS = 60, 500, 300

Question = dict[str, Any]
"""{"type", "instructions", "criteria"} of strings, dicts and lists of them only."""


@dataclass(frozen=True, kw_only=True)
class Questions(Kind):
    """Questions by name, as a mapping, a list of questions with a "name", or the JSON of either.

    What leaves the check is made anew of strings: nothing else of the JSON goes on, so it can name
    no file and no address. `about` names the field whose text the questions are asked about.
    """

    shared: ClassVar[bool] = True
    about: str = "state"

    def check(self, name: str, value: Any, limits: Limits) -> dict[str, Question]:
        named = list(_named(name, value, limits))
        if not named:
            raise InputError(name, "is empty; ask at least one question.")
        if len(named) > MOST_QUESTIONS:
            raise InputError(name, f"has {len(named):,} questions; at most {MOST_QUESTIONS}.")
        questions: dict[str, Question] = {}
        for number, (key, question) in enumerate(named, start=1):
            called = _words(name, f"name of question {number}", key, NAME_CHARS, limits)
            if called in questions:
                raise InputError(name, f"has two questions called “{called}”.")
            questions[called] = _question(name, called, question, limits)
        return questions


def _named(field: str, value: Any, limits: Limits) -> Iterable[tuple[Any, Any]]:
    """(name, question) of any of the forms; a name that comes twice comes twice here."""
    if isinstance(value, str):
        try:
            value = json.loads(clean_text(field, value, limits), object_pairs_hook=_pairs)
        except (ValueError, RecursionError):
            raise InputError(field, "is no valid JSON.") from None
    if isinstance(value, _Pairs):
        return list(value)
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple):
        found = [dict(q) if isinstance(q, Mapping | _Pairs) else {} for q in value]
        return [(q.pop(NAME, None), q) for q in found]
    raise InputError(field, "takes questions by name, or a list of questions.")


class _Pairs(list[tuple[str, Any]]):
    """A JSON object whose keys may come twice."""


def _pairs(found: list[tuple[str, Any]]) -> _Pairs:
    return _Pairs(found)


def _plain(value: Any) -> Any:
    """A JSON object as a dict; for those whose keys have been looked at."""
    return dict(value) if isinstance(value, _Pairs) else value


def _question(field: str, called: str, given: Any, limits: Limits) -> Question:
    question = _plain(given)
    if not isinstance(question, Mapping):
        raise InputError(field, f"has “{called}”, which is no question with a type.")
    kind = question.get(TYPE)
    if kind not in QUESTION_TYPES:
        known = ", ".join(QUESTION_TYPES)
        raise InputError(field, f"has “{called}” without a type; types are {known}.")
    unknown = [key for key in question if key not in (TYPE, SAYS, CRITERIA)]
    if unknown:
        wrong = str(unknown[0])[:NAME_CHARS]
        raise InputError(
            field, f"has “{called}” with {wrong!r}; it takes {TYPE}, {SAYS} and {CRITERIA} only."
        )
    says = _words(field, f"question of “{called}”", question.get(SAYS), SAYS_CHARS, limits)
    criteria = READ[kind](field, called, question.get(CRITERIA), limits)
    return {TYPE: kind, SAYS: says, **({CRITERIA: criteria} if criteria else {})}


def _choice(field: str, called: str, given: Any, limits: Limits) -> dict[str, str | None]:
    """Options with a description or None; a list of names will do."""
    pairs = given if isinstance(given, _Pairs) else None
    if isinstance(given, Mapping):
        pairs = _Pairs(given.items())
    elif isinstance(given, list | tuple) and pairs is None:
        pairs = _Pairs((option, None) for option in given)
    if not pairs:
        raise InputError(field, f"has “{called}” without options; a choice needs two or more.")
    _check_count(field, called, len(pairs), "options")
    options: dict[str, str | None] = {}
    for option, description in pairs:
        name = _words(field, f"option of “{called}”", option, NAME_CHARS, limits)
        if name in options:
            raise InputError(field, f"has “{called}” with the option “{name}” twice.")
        options[name] = _maybe(field, f"description of “{name}”", description, limits)
    return options


def _score(field: str, called: str, given: Any, limits: Limits) -> list[str]:
    """Levels, the lowest first."""
    if not isinstance(given, list | tuple) or isinstance(given, _Pairs) or not given:
        raise InputError(field, f"has “{called}” without levels; a score needs a list of them.")
    _check_count(field, called, len(given), "levels")
    return [_words(field, f"level of “{called}”", level, OPTION_CHARS, limits) for level in given]


def _yes_no(field: str, called: str, given: Any, limits: Limits) -> dict[str, str | None]:
    """What yes and no mean, where that is said."""
    criteria = _plain(given) or {}
    if not isinstance(criteria, Mapping) or set(criteria) - {"true", "false"}:
        raise InputError(field, f"has “{called}” with criteria other than true and false.")
    said = {
        key: _maybe(field, f"“{key}” of “{called}”", criteria.get(key), limits)
        for key in ("true", "false")
    }
    return said if any(said.values()) else {}


def _check_count(field: str, called: str, count: int, things: str) -> None:
    if not 2 <= count <= MOST_OPTIONS:
        raise InputError(
            field, f"needs 2 to {MOST_OPTIONS} {things} for “{called}”, not {count:,}."
        )


def _words(field: str, what: str, value: Any, most: int, limits: Limits) -> str:
    """A short text that is there."""
    text = clean_text(field, value, limits).strip() if isinstance(value, str) else ""
    if not text:
        raise InputError(field, f"has no text for the {what}.")
    if len(text) > most:
        raise InputError(field, f"has more than {most} characters for the {what}.")
    return text


def _maybe(field: str, what: str, value: Any, limits: Limits) -> str | None:
    return None if value in (None, "") else _words(field, what, value, OPTION_CHARS, limits)


READ: dict[str, Callable[[str, str, Any, Limits], Any]] = {
    CHOICE: _choice,
    SCORE: _score,
    YES_NO: _yes_no,
}
