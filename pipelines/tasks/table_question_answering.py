"""Table question answering: a table in words and numbers, asked in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.aggregation import NO_AGGREGATION, aggregated
from pipelines.field import Field
from pipelines.kinds import Flag, Grid, Table
from pipelines.outputs import Cells
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.fields import docs, questions_field

DOCS = docs("TableQuestionAnsweringPipeline")
ANSWER_TOKENS = 128
"""Of an answer that is written, at most."""
SALES = {
    "Name": ["Mia", "Tom", "Anna", "Ben", "Clara"],
    "City": ["Oslo", "Paris", "Oslo", "Rome", "Oslo"],
    "Apples": ["12", "30", "7", "25", "18"],
    "Pears": ["4", "11", "20", "9", "2"],
}
CITIES = {
    "City": ["Bergen", "Oslo", "Milan", "Rome", "Porto", "Madrid"],
    "Country": ["Norway", "Norway", "Italy", "Italy", "Portugal", "Spain"],
    "Population": ["285,900", "709,000", "371,400", "748,100", "231,800", "832,300"],
    "Museums": ["21", "53", "48", "74", "17", "60"],
}

PICKS, WRITES = "table-question-answering", "table-to-text"
"""The ways: TAPAS picks cells, TAPEX writes an answer."""

Values = Mapping[str, Any]


def _table_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    """Several questions go in one call: TAPAS can read them in turn (`sequential`)."""
    asked = list(inputs["query"])
    if facts.way == WRITES:
        asked = [as_text(inputs["table"], question) for question in asked]
    query = asked if len(asked) > 1 else asked[0]
    if facts.way == WRITES:
        most = min(ANSWER_TOKENS, facts.max_tokens or ANSWER_TOKENS)
        return Invocation((query,), {"max_new_tokens": most})
    return Invocation((), {"table": inputs["table"].data, "query": query})


def as_text(table: Grid, question: str) -> str:
    """A question and its table as TAPEX was taught to read them, in small letters."""
    rows = (f"row {n} : {' | '.join(row)}" for n, row in enumerate(table.rows, start=1))
    return f"{question} col : {' | '.join(table.columns)} {' '.join(rows)}".lower()


def _answers_json(raw: Any) -> list[dict[str, Any]]:
    """[{"answer", "coordinates": [[row, column]], "cells", "aggregator", "result"}].

    The pipeline leaves sum, mean and count undone (transformers 5.23): `result` is what the
    aggregator makes of the cells.
    """
    found = raw if isinstance(raw, list) else [raw]
    return [_answer(answer[0] if isinstance(answer, list) else answer) for answer in found]


def _answer(answer: Values) -> dict[str, Any]:
    """What was written is the result, of no cells in particular."""
    if (text := answer.get("generated_text")) is not None:
        return {
            "answer": text,
            "coordinates": [],
            "cells": [],
            "aggregator": NO_AGGREGATION,
            "result": text,
        }
    cells = [str(cell) for cell in answer["cells"]]
    aggregator = answer.get("aggregator") or NO_AGGREGATION
    return {
        "answer": answer["answer"],
        "coordinates": [[int(place) for place in cell] for cell in answer["coordinates"]],
        "cells": cells,
        "aggregator": aggregator,
        "result": aggregated(aggregator, cells).text,
    }


def _cells(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    grid = inputs["table"]
    answers = [
        {**a, "question": question, "how": aggregated(a["aggregator"], a["cells"]).how}
        for question, a in zip(inputs["query"], _answers_json(raw), strict=True)
    ]
    if facts.way == WRITES:
        answers = [_placed(answer, grid) for answer in answers]
    return {"cells": {"columns": grid.columns, "rows": grid.rows, "answers": answers}}


def _placed(answer: Values, grid: Grid) -> dict[str, Any]:
    """A written answer stands in the cells with its words, if there are any."""
    words = {answer["answer"].lower(), *answer["answer"].lower().split(", ")}
    places = [
        [n, column]
        for n, row in enumerate(grid.rows)
        for column, cell in enumerate(row)
        if cell.lower() in words
    ]
    return {
        **answer,
        "coordinates": places,
        "cells": [answer["answer"]] if answer["answer"] else [],
    }


def _notes(inputs: Values, params: Values, facts: ModelFacts) -> tuple[str, ...]:
    if facts.way != WRITES:
        return ()
    return (f"{facts.model} writes its answer; cells with the same words are marked.",)


ROW = TaskSpec(
    id="table-question-answering",
    modality="Text",
    title="Table questions",
    help="Ask about a table: the model picks cells; their sum, mean or count is worked out.",
    ways=(PICKS, WRITES),
    inputs=(
        Field(name="table", kind=Table(asks="query"), label="Table", required=True),
        questions_field("query", "How many apples did Mia sell?"),
    ),
    params=(
        Field(
            name="sequential",
            kind=Flag(),
            label="One after the other",
            help="Each question sees the answer to the one before; for models trained so (SQA).",
            default=False,
            needs="picks",
            docs=DOCS,
        ),
    ),
    outputs=(Output(name="cells", kind=Cells, label="Table"),),
    models=(
        Model(
            id="google/tapas-base-finetuned-wtq",
            revision="e3dde19",
            note="English, cells, sum, mean and count, 111M",
        ),
        Model(id="google/tapas-small-finetuned-wtq", note="the same, smaller, 29M"),
        Model(id="google/tapas-mini-finetuned-wtq", note="the same, very small, 11M"),
        Model(id="google/tapas-large-finetuned-wtq", note="the same, the best one, 337M"),
        Model(id="google/tapas-base-finetuned-sqa", note="questions one after the other, 111M"),
        Model(id="google/tapas-base-finetuned-wikisql-supervised", note="single look-ups, 111M"),
        Model(id="microsoft/tapex-base-finetuned-wtq", note="English, writes its answer, 139M"),
    ),
    starter=Starter(
        knows="small tables of sellers, people, products, cities, teams and animals, and questions "
        "on a cell, on names by a value, on sums, means and counts and, where there is one column "
        "of numbers, on the most and the least"
    ),
    build_input=_table_input,
    read_output=_cells,
    to_json=_answers_json,
    work=lambda raw, inputs, facts, forwards: len(inputs["query"]),
    unit="questions/s",
    notes=_notes,
    batches=False,
    widened=("logits", "logits_aggregation"),
    examples=(
        Example(
            label="How many apples did Mia sell?",
            values={"table": SALES, "query": ["How many apples did Mia sell?"]},
            expect="12",
        ),
        Example(
            label="How many pears were sold in total?",
            values={"table": SALES, "query": ["How many pears were sold in total?"]},
            expect="46",
        ),
        Example(
            label="Which cities are in Norway?",
            values={"table": CITIES, "query": ["Which cities are in Norway?"]},
            expect="Bergen, Oslo",
        ),
        Example(
            label="Three questions at once",
            values={
                "table": SALES,
                "query": [
                    "How many people live in Oslo?",
                    "How many pears did people from Oslo sell?",
                    "How many apples were sold on average?",
                ],
            },
            expect="3; 26; 18.4",
        ),
    ),
    raw_example={
        "answer": "SUM > 12, 30",
        "coordinates": [(0, 2), (1, 2)],
        "cells": ["12", "30"],
        "aggregator": "SUM",
    },
    withheld={
        "padding": "of no effect on one table",
        "truncation": "the playground keeps the first rows that fit whole; the library cuts cells",
        "max_new_tokens": "models that write their answer (TAPEX) end it by themselves",
    },
)
