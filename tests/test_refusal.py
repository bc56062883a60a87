"""What ZeroGPU and the libraries refuse is a sentence with a next step."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from pipelines.engine.refusal import CROWDED_SAID, refusals
from pipelines.engine.zero import sentence
from pipelines.errors import EngineError


class Refusal(Exception):
    """As spaces raises them."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title, self.message = title, message


@pytest.mark.parametrize(
    ("title", "message", "words"),
    [
        (
            "ZeroGPU quota exceeded",
            "You have exceeded your Pro ZeroGPU quota (60s requested vs. 56s left). "
            "Try again in 23:59:59. ",
            "asks for 60 s of GPU time and you have 56 s left",
        ),
        ("ZeroGPU quota exceeded", "You have exceeded your ZeroGPU runs limit. ", "no GPU runs"),
        ("ZeroGPU quota exceeded", "Space app has reached its GPU limit. ", "of this Space"),
        ("ZeroGPU pending credits exceeded", "You have too many", "wait for one of them"),
        (
            "ZeroGPU illegal duration",
            "The requested GPU duration (300s) is larger than the maximum allowed",
            "more than one may have",
        ),
        ("ZeroGPU queue timeout", "No GPU was available after 60s. Retry later", "within a minute"),
        ("ZeroGPU client error", "No GPU was available", "within a minute"),
        ("ZeroGPU client error", "Expired ZeroGPU proxy token", "load it anew"),
        ("ZeroGPU worker error", "GPU task aborted", "taken back after 40 s"),
        ("ZeroGPU worker error", "RuntimeError", "No GPU could be had"),
    ],
)
def test_each_refusal_of_zerogpu_is_a_sentence_with_a_next_step(
    title: str, message: str, words: str
) -> None:
    told = sentence(Refusal(title, message), 40)
    assert words in told
    assert "\n" not in told
    assert any(step in told for step in ("try again", "choose cpu", "wait for", "load it anew"))


def reader(window: int, overlap: int) -> Tokenizer:
    """Splits at blanks, and cuts the second of two texts as the pipelines do."""
    made = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = WhitespaceSplit()
    made.enable_truncation(window, strategy="only_second", stride=overlap)
    return made


@pytest.mark.parametrize(("words", "overlap"), [(10, 2), (8, 2), (6, 4), (1, 8)])
def test_a_question_that_fills_the_window_is_a_sentence_with_a_next_step(
    words: int, overlap: int
) -> None:
    with pytest.raises(EngineError) as refused, refusals():
        reader(8, overlap).encode("why " * words, "the text " * 20)
    assert str(refused.value) == CROWDED_SAID


@pytest.mark.slow
def test_our_own_reading_of_a_text_says_the_same() -> None:
    from pipelines.own.extraction import read

    class Ids:
        """Counts words, as much of a tokenizer as is read before the window is."""

        def __call__(self, text: str, **options: bool) -> dict[str, list[str]]:
            return {"input_ids": text.split()}

        def num_special_tokens_to_add(self, pair: bool) -> int:
            return 3

    with pytest.raises(EngineError) as refused, refusals():
        next(read(Ids(), "why " * 40, "the text", max_seq_len=32))
    assert str(refused.value) == CROWDED_SAID


def test_a_fault_of_ours_is_no_refusal() -> None:
    with pytest.raises(KeyError), refusals():
        raise KeyError("a bug")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Greedy methods without beam search do not support `num_return_sequences`", "do_sample"),
        (
            "The provided hypothesis_template was not able to be formatted with the target labels",
            "{}",
        ),
    ],
)
def test_what_the_libraries_say_of_our_parameters_has_a_next_step(said: str, sentence: str) -> None:
    with pytest.raises(EngineError) as refused, refusals():
        raise ValueError(f"{said} and more.")
    assert sentence in str(refused.value)
    assert said not in str(refused.value)
