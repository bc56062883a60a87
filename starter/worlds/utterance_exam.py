"""The exam on spoken words: those that the starter for transcripts reads back."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from starter.ask import Ask, plain
from starter.worlds.speech import VOCABULARY, Samples
from starter.worlds.utterances import (
    SPEED,
    joined,
    spoken,
)

MEASURED = 100  # phrases
MEASURED_WORDS = 4  # most words of a phrase
RECOGNISER = "automatic-speech-recognition"
SLOWER, FASTER = 0.8, 1.25


def examine(ask: Ask, seed: int) -> dict[str, float]:
    """Words that the project's own recogniser reads back; beside it, the same of espeak-ng's own
    clips of the voice, joined the same way."""
    from starter.train import MODELS

    read = plain(RECOGNISER, MODELS / RECOGNISER).args[0]  # type: ignore[attr-defined]
    words = spoken()[SPEED]
    phrases = list(phrases_of(seed))

    def say(rate: float) -> Iterator[Samples]:
        for phrase in phrases:
            yield ask(text=" ".join(phrase), forward_params={"speaking_rate": rate})["audio"]

    right, exact = heard(read, phrases, say(1.0))
    control, control_exact = heard(read, phrases, (joined([words[w] for w in p]) for p in phrases))
    return {
        "words_read_back": right,
        "exact_phrases": exact,
        "words_read_back_of_espeak_itself": control,
        "exact_phrases_of_espeak_itself": control_exact,
        "words_read_back_slower": heard(read, phrases, say(SLOWER))[0],
        "words_read_back_faster": heard(read, phrases, say(FASTER))[0],
    }


def phrases_of(seed: int) -> Iterator[list[str]]:
    """MEASURED phrases of 1..MEASURED_WORDS random words."""
    rng = np.random.default_rng(seed)
    for _ in range(MEASURED):
        yield [str(w) for w in rng.choice(VOCABULARY, rng.integers(1, MEASURED_WORDS + 1))]


def heard(
    read: Any, phrases: Sequence[Sequence[str]], said: Iterator[Samples]
) -> tuple[float, float]:
    """1 - word error rate of what the recogniser reads, and the share of phrases exactly right."""
    import jiwer

    texts = [" ".join(phrase) for phrase in phrases]
    found = [read(np.asarray(samples, np.float32))["text"] for samples in said]
    same = [a == b for a, b in zip(texts, found, strict=True)]
    return 1 - jiwer.wer(texts, found), float(np.mean(same))
