"""What ZeroGPU refuses is a sentence with a next step."""

from __future__ import annotations

import pytest

from pipelines.engine.zero import sentence


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
