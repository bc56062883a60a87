"""One list of the answers of all pages, the best first, each with its page."""

from __future__ import annotations

from typing import Any

from pipelines.pages import Pages
from pipelines.tasks.pages import together

THREE = Pages(lambda: (), (1, 2, 3), 3)


def answer(text: str, score: float) -> dict[str, Any]:
    return {"answer": text, "score": score, "start": 0, "end": 0}


def merged(*found: list[dict[str, Any]], top_k: int = 9, pages: Pages | None = None) -> Any:
    return together(list(found), {"image": pages or THREE, "top_k": top_k})


def test_the_best_answers_of_all_pages_come_first_each_with_its_page() -> None:
    found = merged([answer("a", 0.2), answer("b", 0.1)], [], [answer("c", 0.9)], top_k=2)
    assert [(a["answer"], a["page"]) for a in found] == [("c", 3), ("a", 1)]


def test_equal_scores_keep_the_order_of_the_pages() -> None:
    found = merged([answer("a", 0.5)], [answer("b", 0.5)], [answer("c", 0.5)])
    assert [a["page"] for a in found] == [1, 2, 3]


def test_an_empty_answer_of_one_page_does_not_outrank_what_another_page_says() -> None:
    """Most pages of a document do not say it, and are sure of that."""
    sure, said = [answer("", 0.99)], [answer("42", 0.6)]
    assert [a["answer"] for a in merged(sure, said, sure)] == ["42"]


def test_where_no_page_says_it_the_empty_answer_has_the_least_of_their_scores() -> None:
    found = merged([answer("", 0.9), answer("a", 0.1)], [answer("", 0.7)], [answer("", 0.8)])
    assert [(a["answer"], a["score"], a["page"]) for a in found] == [("", 0.7, None), ("a", 0.1, 1)]


def test_an_answer_surer_than_the_emptiness_of_its_own_page_comes_before_it() -> None:
    one = [answer("42", 0.6), answer("", 0.3)]
    found = merged(one, [answer("", 0.95)], [answer("", 0.9)])
    assert [(a["answer"], a["score"]) for a in found] == [("42", 0.6), ("", 0.3)]


def test_a_page_without_words_says_nothing_about_the_others() -> None:
    assert [a["answer"] for a in merged([], [answer("", 0.9)], [])] == [""]
    assert merged([], [], []) == []


def test_answers_without_scores_stay_in_the_order_of_the_pages_empty_ones_last() -> None:
    found = merged([{"answer": None}], [{"answer": "b"}], [{"answer": "c"}], top_k=1)
    assert [(a["answer"], a["page"]) for a in found] == [("b", 2), ("c", 3), (None, 1)]


def test_a_stopped_run_has_the_answers_of_the_pages_that_were_asked() -> None:
    assert [a["page"] for a in merged([answer("a", 0.2)], [answer("b", 0.3)])] == [2, 1]


def test_a_picture_keeps_its_answers_as_they_are() -> None:
    picture, only = Pages(lambda: ()), Pages(lambda: (), (7,), 9)
    found = [answer("a", 0.2), answer("", 0.1)]
    assert together(found, {"image": picture, "top_k": 1}) == found
    assert [a["page"] for a in together(found, {"image": only, "top_k": 2})] == [7, 7]
