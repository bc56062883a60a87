"""Plain tables of a small world, and questions on them whose answer cells are known.

Sellers, people, products, cities, teams and animals, with a column of names, one or two of
categories and up to three of numbers. One phrasing in five of every kind of question is held out
by a hash, so no seed can bring it into training.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starter.worlds.language import Split, in_split

NONE, SUM, AVERAGE, COUNT = AGGREGATIONS = ("NONE", "SUM", "AVERAGE", "COUNT")
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


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, the (row, column) of its answer cells, and what is to be made of them."""

    text: str
    cells: tuple[tuple[int, int], ...]
    aggregation: str = NONE
    form: str = ""


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


def questions(table: Table, rng: random.Random, split: Split, count: int) -> Iterator[Question]:
    """Up to `count` questions whose phrasings are of the split, each kind as often as another."""
    kinds = list(KINDS.items())
    for form, ask in rng.choices(
        kinds, weights=[WEIGHTS.get(name, 1) for name, _ in kinds], k=count
    ):
        asked = ask(table, rng, split, form)
        if asked is not None:
            yield asked


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

Ask = Callable[[Table, random.Random, Split, str], Question | None]


def _said(
    table: Table, forms: list[str], rng: random.Random, split: Split, **slots: str
) -> str | None:
    """One of the phrasings of the split, filled; None where it has none."""
    some = in_split(forms, split)
    if not some:
        return None
    slots = {"noun": table.noun, "nouns": table.nouns, **slots}
    text = rng.choice(some)
    if "{with}" in text:
        text = text.replace("{with}", slots.pop("with"))
    return text.format(**slots)


def _wordy(table: Table) -> list[Column]:
    return [c for c in table.columns if c.values is None and c is not table.names]


def _numeric(table: Table) -> list[Column]:
    return [c for c in table.columns if c.values is not None]


def _asked(
    text: str | None, rows: list[int], table: Table, column: Column, form: str, how: str = NONE
) -> Question | None:
    if text is None or not rows:
        return None
    cells = tuple((row, table.place(column)) for row in sorted(rows))
    return Question(text=text, cells=cells, aggregation=how, form=form)


def _find(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    """A cell by its row and its column."""
    some = _numeric(table) if form == "find_number" else _wordy(table)
    column = rng.choice(some)
    row = rng.randrange(len(column.cells))
    said = _said(
        table, column.forms["find"], rng, split, e=table.names.cells[row], h=column.head.lower()
    )
    return _asked(said, [row], table, column, form)


def _who(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    """The names whose row has a value."""
    column = rng.choice([c for c in table.columns if c is not table.names])
    value = rng.choice(column.cells)
    rows = [row for row, cell in enumerate(column.cells) if cell == value]
    said = _said(table, column.forms["who"], rng, split, v=value, h=column.head.lower())
    return _asked(said, rows, table, table.names, form)


def _count(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    column = rng.choice(_wordy(table))
    value = rng.choice(column.cells)
    rows = [row for row, cell in enumerate(column.cells) if cell == value]
    said = _said(table, column.forms["count"], rng, split, v=value, h=column.head.lower())
    return _asked(said, rows, table, table.names, form, COUNT)


def _all(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    """All names, counted or listed."""
    how = COUNT if form == "count_all" else NONE
    said = _said(table, table.names.forms["count" if how == COUNT else "list"], rng, split)
    return _asked(said, [*range(len(table.names.cells))], table, table.names, form, how)


def _whole(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    """The sum or the mean of a column."""
    column = rng.choice(_numeric(table))
    how = SUM if form == "total" else AVERAGE
    said = _said(table, column.forms[form], rng, split, h=column.head.lower())
    return _asked(said, [*range(len(column.cells))], table, column, form, how)


def _part(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    """The sum or the mean of the rows that have a value in another column."""
    column, group = rng.choice(_numeric(table)), rng.choice(_wordy(table))
    value = rng.choice(group.cells)
    rows = [row for row, cell in enumerate(group.cells) if cell == value]
    named = rng.choice(group.with_names).format(
        v=value, h=group.head.lower(), noun=table.noun, nouns=table.nouns
    )
    how = SUM if form == "total_with" else AVERAGE
    said = _said(table, column.forms[form], rng, split, h=column.head.lower(), **{"with": named})
    return _asked(said, rows, table, column, form, how)


def _extreme(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    """The names with the largest or smallest number, or that number itself."""
    column = rng.choice(_numeric(table))
    values = column.values or ()
    best = max(values) if form in ("most", "highest") else min(values)
    rows = [row for row, value in enumerate(values) if value == best]
    said = _said(table, column.forms[form], rng, split, h=column.head.lower())
    of_names = form in ("most", "least")
    if not of_names and len(rows) > 1:
        return None
    return _asked(said, rows, table, table.names if of_names else column, form)


def _compared(table: Table, rng: random.Random, split: Split, form: str) -> Question | None:
    """The names whose number is above or below one that is said, listed or counted."""
    column = rng.choice(_numeric(table))
    values = column.values or ()
    place = rng.randrange(len(values))
    limit = values[place]
    rows = [
        row
        for row, value in enumerate(values)
        if (value < limit if form == "less" else value > limit)
    ]
    said = _said(
        table, column.forms[form], rng, split, v=column.cells[place], h=column.head.lower()
    )
    how = COUNT if form == "count_more" else NONE
    return _asked(said, rows, table, table.names, form, how)


KINDS: dict[str, Ask] = {
    "find_number": _find,
    "find_word": _find,
    "who": _who,
    "count": _count,
    "count_all": _all,
    "list": _all,
    "total": _whole,
    "mean": _whole,
    "total_with": _part,
    "mean_with": _part,
    "most": _extreme,
    "least": _extreme,
    "highest": _extreme,
    "lowest": _extreme,
    "more": _compared,
    "less": _compared,
    "count_more": _compared,
}
WEIGHTS = {"find_number": 3, "find_word": 2, "who": 3, "count": 2, "list": 0.4, "count_all": 0.7}
"""How often a kind is asked, where not once."""
