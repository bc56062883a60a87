"""Functions of the row that asks page after page: one list of answers, each with its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]
Answer = dict[str, Any]

NUMBERED = """answers = [
    {**answer, "page": number} for number, page in enumerate(found, start=1) for answer in page
]"""
NOTHING_SAID = """empty = [answer for answer in answers if not answer["answer"]]
asked = {answer["page"] for answer in answers}
answers = [answer for answer in answers if answer["answer"]]
if empty and len(empty) == len(asked):
    answers.append({**min(empty, key=lambda answer: answer["score"]), "page": None})"""
BEST = 'sorted(answers, key=lambda answer: -answer["score"])[:{}]'
FIRST = 'sorted(answers, key=lambda answer: not answer["answer"])'


def together(found: Any, values: Values) -> Any:
    """The answers of all pages, each with its 1-based "page", the best `top_k` first.

    An empty answer is one to the whole document: it stands only where every page that was asked
    gives one, with the least of their scores and no page. transformers does the same with the
    windows of a page, and where a page leaves its empty answer out, `top_k` better ones are there.
    Scores are made page by page, so between pages they compare less well than on one page. Answers
    without a score stay in the order of the pages, one for each, empty ones last.

    The answers of the only page that is read stay as they are but for its number; a picture has
    none.
    """
    numbers = values["image"].numbers
    if not numbers:
        return found
    if len(numbers) == 1:
        return [{**answer, "page": numbers[0]} for answer in found]
    answers = [
        {**answer, "page": number}
        for number, page in zip(numbers, found, strict=False)  # of a stopped run the first ones
        for answer in page
    ]
    if not all("score" in answer for answer in answers):
        return sorted(answers, key=lambda answer: not answer["answer"])
    return sorted(_settled(answers), key=lambda answer: -answer["score"])[: values["top_k"]]


def _settled(answers: Sequence[Answer]) -> list[Answer]:
    """With at most one empty answer, to the whole document."""
    empty = [answer for answer in answers if not answer["answer"]]
    asked = {answer["page"] for answer in answers}
    said = [answer for answer in answers if answer["answer"]]
    if not empty or len(empty) < len(asked):
        return said
    return [*said, {**min(empty, key=lambda answer: answer["score"]), "page": None}]


def written_together(values: Values) -> str:
    """The same as Python; a model that gives no scores has no longest answer either."""
    pages = values["image"]
    if not pages.numbers:
        return "found"
    if len(pages) == 1:
        (number,) = pages.numbers
        return f'[{{**answer, "page": {number}}} for answer in found]'
    if values["max_answer_len"] is None:
        return f"{NUMBERED}\n{FIRST}"
    settled = f"{NOTHING_SAID}\n" if values["handle_impossible_answer"] else ""
    return f"{NUMBERED}\n{settled}{BEST.format(values['top_k'])}"
