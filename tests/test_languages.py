"""Languages by name, code and token; a long text in parts."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.engine import parts
from pipelines.errors import InputError
from pipelines.languages import LANGUAGES, code_of, known, name_of, token_for


@pytest.mark.parametrize(
    ("written", "code"),
    [("French", "fr"), ("fr", "fr"), ("fra_Latn", "fr"), ("fr_XX", "fr"), ("__fr__", "fr"),
     (">>fra<<", "fr"), ("<2fr>", "fr"), ("chinese", "zh"), ("zho_Hans", "zh"), ("Klingon", "")],
)  # fmt: skip
def test_a_language_is_known_by_name_code_and_token(written: str, code: str) -> None:
    assert code_of(written) == code


def test_every_language_is_found_by_its_own_name() -> None:
    assert len(LANGUAGES) == len(set(LANGUAGES)) >= 100
    assert all(name_of(code_of(name)) == name for name in LANGUAGES)


def test_a_language_that_a_model_lacks_is_refused_with_some_that_it_has() -> None:
    tokens = ("ace_Latn", "eng_Latn", "fra_Latn", "zho_Hans", "zho_Hant")
    assert token_for("tgt_lang", "Chinese", tokens, "m") == "zho_Hans"
    assert token_for("tgt_lang", "zho_Hant", tokens, "m") == "zho_Hant"
    assert token_for("tgt_lang", "ace_Latn", tokens, "m") == "ace_Latn"
    with pytest.raises(InputError, match=r"^tgt_lang: cannot be Welsh: m knows English, French"):
        token_for("tgt_lang", "cy", tokens, "m")
    assert "and 4 more" in known(tuple(f"{c}_Latn" for c in "abcdefghij"), "m")


class Letters:
    """A tokenizer that has a token for every character."""

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [ord(c) for c in text]}


@pytest.mark.parametrize("room", [1, 7, 20, 1_000])
def test_parts_are_whole_sentences_and_lose_nothing(room: int) -> None:
    text = "One two. Three four five! Six?\n\nSeven eight nine ten eleven twelve. 你好。再见。"
    found = parts.cut(Letters(), text, room)
    assert all(0 < len(part) <= room for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())
    if room == 20:
        assert found[0] == "One two."
