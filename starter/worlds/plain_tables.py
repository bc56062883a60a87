"""Plain tables of a small world, whose columns know how they are asked about.

Sellers, people, products, cities, teams and animals, with a column of names, one or two of
categories and up to three of numbers.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROWS, COLUMNS = (3, 9), (1, 3)
"""Fewest and most rows, and columns of numbers, of a table."""
TWO_CATEGORIES_RATE = 0.5
NAMES_FIRST_RATE = 0.75
STRANGE_NAMES_RATE = 0.25
"""Of the tables, those whose names are made up of syllables."""
STRANGE_HEADS_RATE = 0.15
"""Of the columns, those with a heading that no theme has; only general phrasings fit them."""
SYLLABLES = (
    "ba be bi bo da de do fa fi ga go ka ke ki la le li lo ma mi mo na ni no pa pe po ra re \
ri ro sa se so ta te ti to va ve vi za zo".split()
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its cells as they are written, and what may be asked of it.

    `values` are the numbers behind the cells, None in a column of words.
    """

    head: str
    cells: tuple[str, ...]
    forms: dict[str, list[str]]
    values: tuple[float, ...] | None = None
    with_names: tuple[str, ...] = ()
    """How a group of rows is named by a value of this column."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: the column of names is `names`, the others are asked about."""

    columns: tuple[Column, ...]
    names: Column
    noun: str
    nouns: str

    @property
    def data(self) -> dict[str, list[str]]:
        """Column -> cells, as pipelines take a table."""
        return {column.head: list(column.cells) for column in self.columns}

    def place(self, column: Column) -> int:
        return self.columns.index(column)


@cache
def world() -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_suffix(".json").read_text()))


def table(rng: random.Random) -> Table:
    """A table of one of the themes."""
    theme = rng.choice(world()["themes"])
    count = rng.randint(*ROWS)
    strange = rng.random() < STRANGE_NAMES_RATE
    pool = [strange_name(rng) for _ in range(4 * count)] if strange else _pool(theme["pool"])
    rows = tuple(rng.sample(sorted(set(pool)), count))
    names = Column(
        head=rng.choice(_parts(theme["heads"])), cells=rows, forms=_forms({}, world()["all"])
    )
    taken = [names.head]
    columns = [
        _words(kind, count, rng, taken)
        for kind in rng.sample(
            theme["categories"],
            min(len(theme["categories"]), 1 + (rng.random() < TWO_CATEGORIES_RATE)),
        )
    ]
    columns += _number_columns(theme["numbers"], count, rng, taken)
    rng.shuffle(columns)
    first = 0 if rng.random() < NAMES_FIRST_RATE else rng.randint(0, len(columns))
    columns.insert(first, names)
    return Table(columns=tuple(columns), names=names, noun=theme["noun"], nouns=theme["nouns"])


def strange_name(rng: random.Random) -> str:
    """A name that no list has, such as Zomiba."""
    return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 3))).capitalize()


def written(value: float, style: str) -> str:
    """A number as a cell shows it."""
    return STYLES[style](value)


def _parts(text: str) -> list[str]:
    return text.split("|")


def _pool(name: str) -> list[str]:
    return _parts(world()["pools"][name])


def _other(kind: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The kind, or one like it whose heading is new and that only general phrasings fit."""
    if rng.random() >= STRANGE_HEADS_RATE:
        return kind
    known = world()["other_numbers" if "style" in kind else "other_categories"]
    head = rng.choice([*_parts(known), strange_name(rng)])
    kept = {name: kind[name] for name in ("style", "low", "high", "pool") if name in kind}
    return {**kept, "heads": head, "with": world()["other_with"]}


def _head(kind: dict[str, Any], rng: random.Random, taken: list[str]) -> str | None:
    heads = kind["heads"]
    named = _pool(heads[1:]) if heads.startswith("@") else _parts(heads)
    free = [head for head in named if head not in taken]
    if not free:
        return None
    taken.append(rng.choice(free))
    return taken[-1]


def _forms(kind: dict[str, Any], general: dict[str, str]) -> dict[str, list[str]]:
    """Phrasings by kind of question: the column's own, and those that fit any."""
    own = {name: _parts(text) for name, text in kind.items() if isinstance(text, str)}
    return {
        name: own.get(name, []) + _parts(general[name]) if name in general else own[name]
        for name in {*own, *general}
    }


def _words(kind: dict[str, Any], count: int, rng: random.Random, taken: list[str]) -> Column:
    """A column of categories, in which some values come again."""
    kind = _other(kind, rng)
    few = rng.sample(_pool(kind["pool"]), rng.randint(2, 5))
    return Column(
        head=_head(kind, rng, taken) or "Kind",
        cells=tuple(rng.choices(few, k=count)),
        forms=_forms(kind, world()["any_category"]),
        with_names=tuple(_parts(kind["with"])),
    )


def _number_columns(
    kinds: list[dict[str, Any]], count: int, rng: random.Random, taken: list[str]
) -> list[Column]:
    """Some columns of numbers; only of things that are counted there are several of a kind."""
    drawn: list[dict[str, Any]] = []
    for kind in rng.choices(kinds, k=rng.randint(*COLUMNS)):
        if kind not in drawn or kind.get("many"):
            drawn.append(kind)
    return [column for kind in drawn if (column := _numbers(kind, count, rng, taken))]


def _numbers(
    kind: dict[str, Any], count: int, rng: random.Random, taken: list[str]
) -> Column | None:
    kind = _other(kind, rng)
    head = _head(kind, rng, taken)
    if head is None:
        return None
    low, high = kind["low"], kind["high"]
    if rng.random() < 0.5:
        high = max(low + 9, high // 4)
    drawn = [_drawn(kind["style"], rng.uniform(low, high)) for _ in range(count)]
    return Column(
        head=head,
        cells=tuple(written(value, kind["style"]) for value in drawn),
        values=tuple(drawn),
        forms=_forms(kind, world()["any_number"]),
    )


def _drawn(style: str, value: float) -> float:
    return round(value, {"cents": 2, "tenths": 1}.get(style, 0))


STYLES: dict[str, Callable[[float], str]] = {
    "whole": lambda value: f"{value:,.0f}",
    "money": lambda value: f"${value:,.0f}",
    "cents": lambda value: f"{value:,.2f}",
    "tenths": lambda value: f"{value:.1f}",
}
