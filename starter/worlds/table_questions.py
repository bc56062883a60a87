"""Questions on plain tables, whose answer cells are known.

One phrasing in five of every kind of question is held out by a hash, so no seed can bring it into
training.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from starter.worlds.language import Split, in_split
from starter.worlds.plain_tables import Column, Table

NONE, SUM, AVERAGE, COUNT = AGGREGATIONS = ("NONE", "SUM", "AVERAGE", "COUNT")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, the (row, column) of its answer cells, and what is to be made of them."""

    text: str
    cells: tuple[tuple[int, int], ...]
    aggregation: str = NONE
    form: str = ""


def questions(table: Table, rng: random.Random, split: Split, count: int) -> Iterator[Question]:
    """Up to `count` questions whose phrasings are of the split, each kind as often as another."""
    kinds = list(KINDS.items())
    for form, ask in rng.choices(
        kinds, weights=[WEIGHTS.get(name, 1) for name, _ in kinds], k=count
    ):
        asked = ask(table, rng, split, form)
        if asked is not None:
            yield asked


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
