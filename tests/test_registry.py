"""The registry against transformers: every task, every alias, every generation parameter."""

from __future__ import annotations

import pytest

from pipelines.spec import TaskSpec
from pipelines.tasks import ALIASES, TASKS

REDIRECTED = {"image-to-text": "image-text-to-text"}
"""Names that `check_task` turns into another task without listing them (transformers 5.23)."""
GENERATION = (
    "max_new_tokens", "min_new_tokens", "do_sample", "temperature", "top_p", "top_k", "min_p",
    "typical_p", "repetition_penalty", "no_repeat_ngram_size", "num_beams", "length_penalty",
    "num_return_sequences", "seed",
)  # fmt: skip
STOPS = ("stop_strings", "stop_sequence")
WRITERS = [row for row in TASKS.values() if any(f.name == "max_new_tokens" for f in row.params)]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_every_task_of_the_library_is_a_row() -> None:
    from transformers.pipelines import SUPPORTED_TASKS

    assert set(TASKS) == set(SUPPORTED_TASKS)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_every_alias_of_the_library_leads_to_its_row() -> None:
    from transformers.pipelines import TASK_ALIASES

    wanted = {**TASK_ALIASES, **REDIRECTED}
    assert {alias: ALIASES.get(alias) for alias in wanted} == wanted


@pytest.mark.parametrize("row", WRITERS, ids=lambda row: row.id)
def test_every_generation_parameter_is_offered_or_withheld(row: TaskSpec) -> None:
    known = {f.name for f in row.params} | set(row.withheld)
    assert set(GENERATION) - known == set()
    assert known & set(STOPS), "text at which it stops"


def test_there_are_rows_that_write() -> None:
    assert {"text-generation", "automatic-speech-recognition"} <= {row.id for row in WRITERS}
