"""Willowbrook, a made-up village: its facts, the questions about them, talks, texts and stories.

Everything is generated from village.json. A question (phrasing x fact) is either in the train or
in the held-out split, decided by its hash; the first phrasing of a fact always is in train.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from starter.worlds.language import Split, capital, in_split, with_article

WORLD_FILE = Path(__file__).with_name("village.json")
PERSON_FIELDS = (
    "n", "they", "job", "workplace", "home", "pet", "petname", "colour", "food", "hobby", "friend",
)  # fmt: skip
PRONOUNS = {
    "she": {"they": "she", "their": "her", "them": "her", "They": "She", "Their": "Her"},
    "he": {"they": "he", "their": "his", "them": "him", "They": "He", "Their": "His"},
}
ABOUT_RELATIONS = ("job", "home", "pet", "colour")
LARGEST_NUMBER = 20
CUT = "|"
"""Marks where a statement gives away its fact; a prompt ends there."""

FACT_GROUPS = {
    "person": 8, "reverse": 4, "yes": 3, "no": 3, "thing": 3, "village": 3, "sum": 7,
    "about": 1,
}  # fmt: skip
"""How often a question is drawn from each group of facts (weights)."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact: the questions that ask for it, its answer, and statements that tell it."""

    key: str
    group: str
    questions: tuple[str, ...]
    answer: str
    statements: tuple[str, ...] = ()
    person: str = ""
    follow: tuple[str, ...] = field(default=())

    def asked(self, split: Split) -> list[str]:
        """Questions of one split."""
        return in_split(self.questions, split)

    def told(self, split: Split) -> list[str]:
        """Statements of one split, with the CUT mark."""
        return in_split(self.statements, split)


@cache
def world() -> dict[str, Any]:
    """The tables of village.json."""
    return json.loads(WORLD_FILE.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def people() -> dict[str, dict[str, str]]:
    """Slots for each person by name: the fields of the table and the pronouns."""
    rows = (dict(zip(PERSON_FIELDS, row.split("|"), strict=True)) for row in world()["people"])
    return {row["n"]: row | PRONOUNS[row["they"]] for row in rows}


@cache
def facts() -> tuple[Fact, ...]:
    """Every fact of the world."""
    makers = (_relations, _reverse, _yes_no, _fans, _about, _village, _animals, _things, _sums)
    return tuple(fact for maker in makers for fact in maker())


@cache
def facts_by_group() -> dict[str, tuple[Fact, ...]]:
    """Facts of each group of FACT_GROUPS."""
    return {group: tuple(f for f in facts() if f.group == group) for group in FACT_GROUPS}


@cache
def relation_facts() -> dict[tuple[str, str], Fact]:
    """The direct facts by (relation, name)."""
    rows = facts_by_group()["person"]
    return {(fact.key.split(":")[0], fact.person): fact for fact in rows}


def fill(template: str, slots: dict[str, Any]) -> str:
    """Fill the slots of a template and mend capitals and articles."""
    return with_article(capital(template.format(**slots)))


def _filled(templates: list[str], slots: dict[str, Any]) -> tuple[str, ...]:
    return tuple(fill(template, slots) for template in templates)


def named(slots: dict[str, str]) -> dict[str, str]:
    """Slots whose subject is the name."""
    return slots | {"S": slots["n"], "P": f"{slots['n']}'s"}


def pronominal(slots: dict[str, str]) -> dict[str, str]:
    """Slots whose subject is the pronoun."""
    return slots | {"S": slots["They"], "P": slots["Their"]}


def _relations() -> Iterator[Fact]:
    for name, slots in people().items():
        for relation, row in world()["relations"].items():
            statements = _filled(row["statements"], named(slots))
            yield Fact(
                key=f"{relation}:{name}",
                group="person",
                person=name,
                questions=_filled(row["questions"], slots),
                follow=_filled(row["follow"], slots),
                statements=statements,
                answer=statements[0].replace(CUT, ""),
            )


def _reverse() -> Iterator[Fact]:
    for name, slots in people().items():
        for relation, (questions, answer, statements) in world()["reverse"].items():
            yield Fact(
                key=f"who {relation}:{name}",
                group="reverse",
                person=name,
                questions=_filled(questions, slots),
                answer=fill(answer, slots),
                statements=_filled(statements, named(slots)),
            )


def _yes_no() -> Iterator[Fact]:
    for relation, row in world()["relations"].items():
        values = dict.fromkeys(slots[relation] for slots in people().values())
        for name, slots in people().items():
            truth = fill(row["statements"][0].replace(CUT, ""), named(slots))
            for value in (value for value in values if value != name):
                group = "yes" if value == slots[relation] else "no"
                yield Fact(
                    key=f"{group} {relation}:{name}:{value}",
                    group=group,
                    person=name,
                    questions=_filled(row["yesno"], slots | {relation: value}),
                    answer=f"{group.capitalize()}, {truth}",
                )


def _fans() -> Iterator[Fact]:
    questions, answer = world()["colour_fans"]
    for colour in dict.fromkeys(slots["colour"] for slots in people().values()):
        names = " and ".join(n for n, slots in people().items() if slots["colour"] == colour)
        slots = {"colour": colour, "names": names}
        yield Fact(
            key=f"fans:{colour}",
            group="reverse",
            questions=_filled(questions, slots),
            answer=fill(answer, slots),
        )


def _about() -> Iterator[Fact]:
    for name, slots in people().items():
        rows = [world()["relations"][relation]["statements"][0] for relation in ABOUT_RELATIONS]
        forms = [named(slots)] + [pronominal(slots)] * (len(rows) - 1)
        answer = " ".join(fill(row, form) for row, form in zip(rows, forms, strict=True))
        yield Fact(
            key=f"about:{name}",
            group="about",
            person=name,
            questions=_filled(world()["about"], slots),
            answer=answer.replace(CUT, ""),
        )


def _village() -> Iterator[Fact]:
    for questions, answer, statements in world()["fixed"]:
        yield Fact(
            key=answer,
            group="village",
            questions=tuple(questions),
            answer=answer,
            statements=tuple(statements),
        )


def _thing(key: str, row: list[Any], subject: str, value: str) -> Fact:
    slots = {"a": subject, "v": value}
    return Fact(
        key=f"{key}:{subject}",
        group="thing",
        questions=_filled(row[0], slots),
        answer=fill(row[1], slots),
        statements=_filled(row[2], slots),
    )


def _animals() -> Iterator[Fact]:
    for line in world()["animals"]:
        animal, *values = line.split("|")
        relations = world()["animal_relations"]
        for (key, row), value in zip(relations.items(), values, strict=True):
            if value:
                yield _thing(key, row, animal, value)


def _things() -> Iterator[Fact]:
    for key, row in world()["things"].items():
        for line in row[3]:
            yield _thing(key, row, *line.split("|"))


def _sums() -> Iterator[Fact]:
    numbers = range(LARGEST_NUMBER + 1)
    results: dict[str, Callable[[int, int], int]] = {
        "plus": lambda a, b: a + b,
        "minus": lambda a, b: a - b,
        "times": lambda a, b: a * b,
    }
    for name, result in results.items():
        for a, b in ((a, b) for a in numbers for b in numbers if result(a, b) in numbers):
            yield _sum(name, {"a": a, "b": b, "v": result(a, b)})
    for a in numbers[:-1]:
        yield _sum("after", {"a": a, "b": "", "v": a + 1})


def _sum(name: str, slots: dict[str, Any]) -> Fact:
    questions, answer = world()["sums"][name]
    told = answer.replace(" {v}", "| {v}")
    return Fact(
        key=f"{name}:{slots['a']}:{slots['b']}",
        group="sum",
        questions=_filled(questions, slots),
        answer=fill(answer, slots),
        statements=(fill(told, slots),),
    )


def first_named(text: str) -> str:
    """The villager that a text names first, "" when it names none."""
    names = [name for name in people() if name in text]
    return min(names, key=text.index, default="")


def subject_named(sentence: str, name: str) -> str:
    """The sentence with a leading "She", "His" ... replaced by the name, for looking it up."""
    sentence = re.sub(r"^(She|He)\b", name, sentence)
    return re.sub(r"^(Her|His)\b", f"{name}'s", sentence)


@cache
def truths() -> frozenset[str]:
    """Every true sentence the world can say (stories apart), subjects by name."""
    told = {told.replace(CUT, "") for fact in facts() for told in fact.statements}
    answers = {part for fact in facts() for part in sentences(fact.answer)}
    return frozenset(told | answers)


def sentences(text: str) -> list[str]:
    """Split a text at its end marks; a rest without one is kept as it is."""
    return [part for part in re.split(r"(?<=[.!?]) +", text.strip()) if part]


def is_whole(text: str) -> bool:
    """Whether a text begins like a sentence and ends like one."""
    return bool(re.match(r"[A-Z0-9]", text)) and text.endswith((".", "!", "?"))
