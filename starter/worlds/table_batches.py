"""Batches of questions on plain tables, as TAPAS reads them."""

import random
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipelines.aggregation import number_in
from starter.small_bert import stack
from starter.worlds import plain_tables as world
from starter.worlds.table_questions import AGGREGATIONS, Question, questions

if TYPE_CHECKING:
    import torch
    from transformers import TapasTokenizer

QUESTIONS_PER_BATCH = 32
QUESTIONS_PER_TABLE = 8
QUESTIONS_SORTED_TOGETHER = 16 * QUESTIONS_PER_BATCH
ROWS, COLUMNS = 64, 16
"""Row and column numbers that the model has room for, from 1 on; 0 is the header's row."""
STRETCHED_RATE = 0.4
"""Of the questions, those whose rows and columns get larger numbers, as in a larger table."""
LABELS = ("labels", "said", "rows", "columns")
EQUAL, LESS, MORE = 1, 2, 4
"""Bits of TAPAS' seventh token type: how a cell's number stands to one in the question, which is
equal to it, larger than it or smaller than it as seen from the cell."""


def batches(tokenizer: "TapasTokenizer", rng: random.Random) -> Iterator[dict[str, "torch.Tensor"]]:
    """Endless batches of fresh questions; rows of like length go together, to save padding."""
    rows = encoded(tokenizer, rng)
    while True:
        drawn = sorted(
            islice(rows, QUESTIONS_SORTED_TOGETHER), key=lambda row: len(row["input_ids"])
        )
        starts = list(range(0, len(drawn), QUESTIONS_PER_BATCH))
        rng.shuffle(starts)
        yield from (tensors(drawn[start : start + QUESTIONS_PER_BATCH]) for start in starts)


def encoded(tokenizer: "TapasTokenizer", rng: random.Random) -> Iterator[dict[str, Any]]:
    """Ids, token types and labels of one question after another, without end."""

    @cache
    def ids(text: str) -> tuple[int, ...]:
        found = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text) or ["[EMPTY]"])
        return tuple(found)

    start, end = tokenizer.convert_tokens_to_ids(["[CLS]", "[SEP]"])
    while True:
        table = world.table(rng)
        for question in questions(table, rng, "train", QUESTIONS_PER_TABLE):
            yield encode(table, question, ids, start, end, rng)


def encode(
    table: world.Table,
    question: Question,
    ids: Any,
    start: int,
    end: int,
    rng: random.Random | None = None,
) -> dict[str, Any]:
    """What `TapasTokenizer` makes of it, several hundred times faster, with labels.

    With `rng` some rows and columns get larger numbers than their place.
    """
    asked = [start, *ids(question.text), end]
    stretched = rng is not None and rng.random() < STRETCHED_RATE
    rows = len(table.names.cells)
    row_ids, column_ids = [*range(rows + 1)], [*range(len(table.columns) + 1)]
    if stretched and rng is not None:
        row_ids = [0, *sorted(rng.sample(range(1, ROWS), rows))]
        column_ids = [0, *sorted(rng.sample(range(1, COLUMNS), len(table.columns)))]
    answer = set(question.cells)
    tokens, types, labels = [*asked], [[0] * 7 for _ in asked], [0] * len(asked)
    said, words = [0] * len(asked), f" {' '.join(map(str, asked))} "
    orders = [_orders(column, _said(question.text)) for column in table.columns]
    for row in range(-1, rows):
        for place, column in enumerate(table.columns):
            pieces = ids(column.head if row < 0 else column.cells[row])
            numbers = (0, 0, 0) if row < 0 else orders[place][row]
            tokens += pieces
            kind = [1, column_ids[place + 1], row_ids[row + 1], 0, *numbers]
            types += [kind] * len(pieces)
            labels += [int((row, place) in answer)] * len(pieces)
            said += [int(f" {' '.join(map(str, pieces))} " in words)] * len(pieces)
    how = AGGREGATIONS.index(question.aggregation)
    spoken = {tuple(kind[1:3]) for kind, word in zip(types, said, strict=True) if word}
    rows_said = {row for _, row in spoken if row}
    columns_said = {column for column, row in spoken if not row}
    return {
        "input_ids": tokens,
        "types": types,
        "labels": labels,
        "aggregation": how,
        "said": said,
        "rows": [int(kind[2] in rows_said) for kind in types],
        "columns": [int(kind[1] in columns_said) for kind in types],
    }


def _said(text: str) -> list[float]:
    """The numbers in a question."""
    words = (word.strip("?.") for word in text.split())
    return [n for word in words if (n := number_in(word)) is not None]


def _orders(column: world.Column, said: list[float]) -> list[tuple[int, int, int]]:
    """Of every cell: its rank from below and from above, and how it stands to what was said."""
    if column.values is None:
        return [(0, 0, 0)] * len(column.cells)
    unique = sorted(set(column.values))
    ranks = {value: place + 1 for place, value in enumerate(unique)}
    return [
        (ranks[v], len(unique) + 1 - ranks[v], sum({_relation(s, v) for s in said}))
        for v in column.values
    ]


def _relation(said: float, value: float) -> int:
    return EQUAL if said == value else LESS if said < value else MORE


def tensors(batch: list[dict[str, Any]]) -> dict[str, "torch.Tensor"]:
    """What some questions are to the model and its losses, padded on the right."""
    import torch

    longest = max(len(row["input_ids"]) for row in batch)
    types = [row["types"] + [[0] * 7] * (longest - len(row["types"])) for row in batch]
    return {
        "input_ids": stack([row["input_ids"] for row in batch], 0),
        "attention_mask": stack([[1] * len(row["input_ids"]) for row in batch], 0),
        "token_type_ids": torch.tensor(types),
        **{name: stack([row[name] for row in batch], 0) for name in LABELS},
        "aggregation": torch.tensor([row["aggregation"] for row in batch]),
    }
