"""A token: it does not show itself, and what is none is refused without being repeated."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest

from pipelines.engine.request import Request
from pipelines.errors import InputError
from pipelines.loading import LoadSettings
from pipelines.token import Token

TASK, MODEL, MINE = "zero-shot-classification", "acme/bert-nli", "hf_MineMineMine42"


@pytest.mark.parametrize("shown", [repr, str, "{}".format, lambda token: f"{token!r}"])
def test_a_token_does_not_show_itself(shown: object) -> None:
    assert MINE not in shown(Token(MINE))  # type: ignore[operator]


def test_a_request_does_not_show_its_token_and_cannot_be_written_as_json() -> None:
    request = Request(
        task=TASK, inputs={}, params={}, token=Token(MINE),
        load=LoadSettings(task=TASK, model=MODEL),
    )  # fmt: skip
    assert MINE not in repr(request)
    assert MINE not in json.dumps(dataclasses.asdict(request), default=repr)
    assert pickle.loads(pickle.dumps(request)).token.reveal() == MINE  # noqa: S301  our own


@pytest.mark.parametrize(
    "text", ["secret", "hf_x", f"{MINE}\r\nHost: x", "hf_ü" * 9, 7, ["hf_"], f"hf_{'a' * 5_000}"]
)
def test_what_is_no_token_is_refused_without_repeating_it(text: object) -> None:
    with pytest.raises(InputError, match="no access token of the Hub") as refused:
        Token.checked(text)
    assert str(text) not in str(refused.value)


@pytest.mark.parametrize("text", ["", " ", None])
def test_no_text_is_no_token(text: object) -> None:
    assert not Token.checked(text)
