"""What fits into the window of a model that reads a table, or typed questions on a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipelines.engine.refusal import reason_of
from pipelines.engine.windows import beginning, count
from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.kinds import Questions, Table
from pipelines.loading import Loaded
from pipelines.spec import TaskSpec

if TYPE_CHECKING:
    from pipelines.engine.call import Prepared

SPECIAL_IN_TABLE = 2
"""Tokens that TAPAS sets around a question."""
BESIDE_ROW, BESIDE_CELL = 5, 1
"""Tokens of "row 123 :" and of the bar behind a cell, where a table is written as a text."""


def fit_table(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Keep the first rows that fit with the longest question, and say how many they are.

    Left to itself the tokenizer cuts cells first, "12,400" to "12" (transformers 5.23), and takes
    hours over long ones.
    """
    assert isinstance(f.kind, Table)
    grid, facts = prepared.inputs[f.name], loaded.facts
    if facts.max_columns and len(grid.columns) > facts.max_columns:
        raise InputError(
            f.name,
            f"has {len(grid.columns)} columns; {facts.model} reads {facts.max_columns} at most.",
        )
    rows = min(len(grid.rows), facts.max_rows or len(grid.rows))
    tokenize = loaded.pipe.tokenizer.tokenize
    asked = max(len(tokenize(text)) for text in prepared.inputs[f.kind.asks])
    as_text = "reads-then-writes" in facts.traits
    more = BESIDE_ROW + BESIDE_CELL * len(grid.columns) if as_text else 0
    left = facts.max_tokens - asked - SPECIAL_IN_TABLE - _row_tokens(grid.columns, tokenize) - more
    fitting = 0
    while fitting < rows and facts.max_tokens:
        left -= _row_tokens(grid.rows[fitting], tokenize) + more
        if left < 0:
            break
        fitting += 1
    if not fitting:
        raise InputError(
            f.name,
            f"has a header and first row that do not fit into the {facts.max_tokens} tokens that "
            f"{facts.model} reads, with the question; shorten them.",
        )
    prepared.inputs[f.name] = grid.first(fitting)
    if fitting < len(grid.rows):
        prepared.notes.append(f"{fitting:,} of {len(grid.rows):,} rows were read.")


def _row_tokens(cells: Sequence[str], tokenize: Callable[[str], list[str]]) -> int:
    return sum(max(1, len(tokenize(cell))) for cell in cells)


def fit_questions(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Cut the text that is asked about to what the longest question leaves of the window."""
    assert isinstance(f.kind, Questions)
    pipe, facts = loaded.pipe, loaded.facts
    request = {f.kind.about: "", "questions": prepared.inputs[f.name]}
    try:
        prompts = pipe.decision_config.prepare_inputs(request, pipe.tokenizer)
    except ValueError as error:  # more options than the model has labels for, and the like
        raise InputError(f.name, f"does not suit the model: {reason_of(error)}") from error
    if not facts.max_tokens:
        return
    text = prepared.inputs[f.kind.about]
    room = facts.max_tokens - max(inputs["input_ids"].shape[-1] for inputs, _ in prompts)
    if room < 1:
        raise InputError(
            f.name, f"has a question that fills the {facts.max_tokens:,} tokens of {facts.model}."
        )
    if (whole := count(pipe.tokenizer, text)) > room:
        prepared.inputs[f.kind.about] = beginning(pipe.tokenizer, text, room)
        prepared.notes.append(f"{room:,} of {whole:,} tokens of the text were read.")
