"""Short English texts to decide on: customers' messages, weather reports and orders.

A text tells some facts (topic, tone, urgency; sky, heat, wind; size, status, payment); questions
ask for one of them, as a choice, a score or yes/no. One phrasing in five of every fact, question
and option is held out by a hash, so no seed can bring it into training.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from starter.worlds.language import Split, in_split, typed

UNTOLD = ""
"""The value of a fact that a text is silent on."""
TOLD_RATES = {"urgency": 0.6, "refund": 0.4, "gift": 0.3, "tone": 0.65}
"""How often a text tells these facts; the others are always told."""
SILENT = {"refund": "no", "gift": "no", "tone": "plain"}
"""What a text means that is silent on a fact; UNTOLD where it then says nothing."""
PLAIN_CASE_RATE = 0.1
"""Of the texts, those without capitals or written as people type."""
TYPES = {"choice": 5, "slot": 2, "score": 3, "noul": 4, "slot_noul": 1}
"""Kinds of question and how often each is asked; a slot is a word of the text."""
DESCRIBED_RATE, CODED_RATE, CRITERIA_RATE = 0.55, 0.12, 0.15
"""Options with a description, of those the ones whose name says nothing, yes/no with criteria."""
MOST_OPTIONS = 5


@dataclass(frozen=True, kw_only=True)
class State:
    """A text, what it says (fact -> value) and the words in its slots.

    `told` has a fact and the place where its sentence ends, for every sentence; it is empty for
    texts that were changed as people type.
    """

    text: str
    told: tuple[tuple[str, int], ...]
    facts: Mapping[str, str]
    slots: Mapping[str, str]
    domain: int


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as a decision request holds it, and the right option, level or true/false.

    `means` has the meaning (see `meanings`) of every option, or of what is asked for yes or no.
    """

    question: dict[str, Any]
    answer: str
    kind: str
    means: tuple[str, ...] = ()


@cache
def world() -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_suffix(".json").read_text()))


def state(rng: random.Random, split: Split, domain: int | None = None) -> State:
    """A text of one of the domains, in phrasings of the split where there are any."""
    domain = rng.randrange(len(world()["domains"])) if domain is None else domain
    made = world()["domains"][domain]
    filled = {name: rng.choice(_parts(world()["pools"][name])) for name in made["slots"]}
    facts: dict[str, str] = {}
    told: list[tuple[str, str]] = []
    for fact, row in made["attributes"].items():
        silent = rng.random() >= TOLD_RATES.get(fact, 1)
        values = [v for v, said in row["values"].items() if said["say"]]
        facts[fact] = SILENT.get(fact, UNTOLD) if silent else rng.choice(values)
        if not silent:
            told.append((fact, rng.choice(_phrasings(row["values"][facts[fact]]["say"], split))))
    first, *more = told
    rng.shuffle(more)
    plain = " ".join(said for _, said in [first, *more])
    slots = {name: word for name, word in filled.items() if f"{{{name}}}" in plain}
    sentences = [(fact, said.format(**filled)) for fact, said in [first, *more]]
    ends = accumulate(len(said) + 1 for _, said in sentences)
    places = tuple((fact, end - 1) for (fact, _), end in zip(sentences, ends, strict=True))
    text = plain.format(**filled)
    if rng.random() < PLAIN_CASE_RATE:
        text, places = typed(text, rng), ()
    return State(text=text, told=places, facts=facts, slots=slots, domain=domain)


@cache
def meanings() -> tuple[str, ...]:
    """Every fact with every value, such as "tone=angry": what a phrasing can mean."""
    rows = (row for made in world()["domains"] for row in made["attributes"].items())
    return tuple(meaning(fact, value) for fact, row in rows for value in row["values"])


def meaning(fact: str, value: str) -> str:
    return f"{fact}={value}"


def questions(state: State, rng: random.Random, split: Split, count: int) -> Iterator[Asked]:
    """Up to `count` questions on a text, in phrasings of the split where there are any."""
    for kind in rng.choices(list(TYPES), weights=list(TYPES.values()), k=count):
        asked = ASK[kind](state, rng, split)
        if asked is not None:
            yield asked


def _parts(text: str) -> list[str]:
    return text.split("|")


def _phrasings(text: str, split: Split) -> list[str]:
    """Those of the split, or all of training where the split has none."""
    parts = _parts(text)
    return in_split(parts, split) or in_split(parts, "train")


def _facts(state: State, kind: str) -> list[str]:
    rows = world()["domains"][state.domain]["attributes"]
    return [
        fact
        for fact, row in rows.items()
        if kind in row and (state.facts[fact] != UNTOLD or kind == "noul")
    ]


def _row(state: State, fact: str) -> dict[str, Any]:
    return dict(world()["domains"][state.domain]["attributes"][fact])


def _choice(state: State, rng: random.Random, split: Split) -> Asked | None:
    """One of several values of a fact, by name, by description or both."""
    fact = rng.choice(_facts(state, "choice"))
    row = _row(state, fact)
    right = state.facts[fact]
    others = [value for value in row["values"] if value != right]
    values = [right, *rng.sample(others, rng.randint(1, min(MOST_OPTIONS - 1, len(others))))]
    rng.shuffle(values)
    described = rng.random() < DESCRIBED_RATE
    coded = described and rng.random() < CODED_RATE / DESCRIBED_RATE
    codes = rng.sample(_parts(world()["pools"]["code"]), len(values))
    criteria: dict[str, str | None] = {}
    answer = ""
    for value, code in zip(values, codes, strict=True):
        said = row["values"][value]
        name = code if coded else rng.choice(_phrasings(said["names"], split))
        criteria[name] = rng.choice(_phrasings(said["about"], split)) if described else None
        answer = name if value == right else answer
    if len(criteria) < len(values):
        return None
    said = rng.choice(_phrasings(row["choice"], split))
    return Asked(
        question={"type": "choice", "instructions": said, "criteria": criteria},
        answer=answer,
        kind="choice",
        means=tuple(meaning(fact, value) for value in values),
    )


def _slot(state: State, rng: random.Random, split: Split) -> Asked | None:
    """A word of the text among others that are not in it."""
    if not state.slots:
        return None
    name = rng.choice(sorted(state.slots))
    right = state.slots[name]
    others = [word for word in _parts(world()["pools"][name]) if word != right]
    words = [right, *rng.sample(others, rng.randint(1, MOST_OPTIONS - 1))]
    rng.shuffle(words)
    said = rng.choice(_phrasings(world()["slots"][name]["choice"], split))
    criteria = dict.fromkeys(words)
    return Asked(
        question={"type": "choice", "instructions": said, "criteria": criteria},
        answer=right,
        kind="choice",
    )


def _score(state: State, rng: random.Random, split: Split) -> Asked | None:
    """The level of a fact whose values have an order."""
    facts = _facts(state, "score")
    if not facts:
        return None
    fact = rng.choice(facts)
    row = _row(state, fact)
    levels = rng.choice([s.split("|") for s in in_split(row["levels"], split) or row["levels"]])
    return Asked(
        question={
            "type": "score",
            "instructions": rng.choice(_phrasings(row["score"], split)),
            "criteria": levels,
        },
        answer=str(row["order"].index(state.facts[fact])),
        kind="score",
        means=tuple(meaning(fact, value) for value in row["order"]),
    )


def _noul(state: State, rng: random.Random, split: Split) -> Asked | None:
    """Whether a fact has a value."""
    fact = rng.choice(_facts(state, "noul"))
    row = _row(state, fact)
    said = rng.choice(_phrasings(row["noul"], split))
    told = state.facts[fact]
    if "{n}" not in said:
        return _yes_no(said, told == "yes", rng, split, meaning(fact, "yes"))
    others = [value for value in row["values"] if value != told]
    value = told if told and rng.random() < 0.5 else rng.choice(others)
    name = rng.choice(_phrasings(row["values"][value]["names"], split))
    return _yes_no(said.format(n=name), value == told, rng, split, meaning(fact, value))


def _slot_noul(state: State, rng: random.Random, split: Split) -> Asked | None:
    """Whether a word is in the text."""
    if not state.slots:
        return None
    name = rng.choice(sorted(state.slots))
    right = state.slots[name]
    others = [word for word in _parts(world()["pools"][name]) if word != right]
    word = right if rng.random() < 0.5 else rng.choice(others)
    said = rng.choice(_phrasings(world()["slots"][name]["noul"], split))
    return _yes_no(said.format(v=word), word == right, rng, split)


def _yes_no(said: str, right: bool, rng: random.Random, split: Split, means: str = "") -> Asked:
    question: dict[str, Any] = {"type": "noul", "instructions": said}
    if rng.random() < CRITERIA_RATE:
        yes, no = (rng.choice(_phrasings(world()[word], split)) for word in ("yes", "no"))
        question["criteria"] = {"true": yes, "false": no}
    right_one = "true" if right else "false"
    return Asked(question=question, answer=right_one, kind="noul", means=(means,))


Ask = Callable[[State, random.Random, Split], Asked | None]
ASK: dict[str, Ask] = {
    "choice": _choice,
    "slot": _slot,
    "score": _score,
    "noul": _noul,
    "slot_noul": _slot_noul,
}
