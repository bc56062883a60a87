"""The worlds of plain tables and of decisions: answers that are true, and phrasings kept apart."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipelines.kinds import Questions, Table
from pipelines.limits import Limits
from starter.worlds import decisions, plain_tables, table_questions

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_question_has_cells_of_its_table(seed: int) -> None:
    rng = random.Random(seed)
    table = plain_tables.table(rng)
    grid = Table().check("table", table.data, Limits())
    assert grid.columns == tuple(column.head for column in table.columns)
    for asked in table_questions.questions(table, rng, "train", 20):
        assert asked.cells
        assert len({place for _, place in asked.cells}) == 1
        assert all(row < len(grid.rows) for row, _ in asked.cells)
        assert "{" not in asked.text
        if asked.form == "find_number":
            ((row, _),) = asked.cells
            assert table.names.cells[row].lower() in asked.text.lower()
        if asked.form in ("total", "mean", "count_all", "list"):
            assert len(asked.cells) == len(grid.rows)
        if asked.form == "most":
            assert asked.aggregation == table_questions.NONE


def test_the_same_seed_makes_the_same_world() -> None:
    one, other = (plain_tables.table(random.Random(3)) for _ in range(2))
    assert one == other
    assert decisions.state(random.Random(3), "train") == decisions.state(random.Random(3), "train")


def test_held_out_phrasings_are_never_in_training() -> None:
    texts: dict[str, set[str]] = {"train": set(), "held_out": set()}
    for split, found in texts.items():
        rng = random.Random(5)
        table = plain_tables.table(rng)
        asked = table_questions.questions(table, rng, split, 3_000)  # type: ignore[arg-type]
        found |= {question.text for question in asked}
    assert texts["held_out"]
    assert not texts["train"] & texts["held_out"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_decision_is_a_valid_question_with_one_right_option(seed: int) -> None:
    rng = random.Random(seed)
    state = decisions.state(rng, "train")
    for asked in decisions.questions(state, rng, "train", 12):
        checked = Questions().check("questions", {"q": asked.question}, Limits())["q"]
        options = {
            "choice": lambda q=checked: list(q["criteria"]),
            "score": lambda q=checked: [str(n) for n in range(len(q["criteria"]))],
            "noul": lambda: ["true", "false"],
        }[asked.kind]()
        assert asked.answer in options
        assert len(asked.means) in (0, 1, len(options))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sentence_ends_where_it_is_said_to(seed: int) -> None:
    state = decisions.state(random.Random(seed), "train")
    for fact, end in state.told:
        assert decisions.meaning(fact, state.facts[fact]) in decisions.meanings()
        assert state.text[:end].endswith((".", "!", "?"))
    if state.told:
        assert state.told[-1][1] == len(state.text)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_recipe_reads_tables_as_the_tokenizer_does(tmp_path: Path) -> None:
    import pandas as pd

    from starter.recipes import table_question_answering as recipe
    from starter.worlds import table_batches

    rng = random.Random(3)
    tokenizer = recipe.make_tokenizer(tmp_path, rng)
    start, end = tokenizer.convert_tokens_to_ids(["[CLS]", "[SEP]"])

    def ids(text: str) -> tuple[int, ...]:
        return tuple(tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text)))

    for _ in range(20):
        table = plain_tables.table(rng)
        for asked in table_questions.questions(table, rng, "train", 2):
            mine = table_batches.encode(table, asked, ids, start, end)
            theirs = tokenizer(pd.DataFrame(table.data), asked.text, truncation="drop_rows_to_fit")
            assert mine["input_ids"] == theirs["input_ids"]
            assert mine["types"] == theirs["token_type_ids"]
