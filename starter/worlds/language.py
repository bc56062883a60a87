"""What the seeded language worlds share: the train / held-out split, articles and typing habits."""

import random
import re
import zlib
from collections.abc import Sequence
from typing import Literal, TypeVar

Split = Literal["train", "held_out"]
Item = TypeVar("Item")

HELD_OUT_ONE_IN = 5
"""One text in five belongs to the held-out split."""

LOWER_CASE_RATE = 0.2
UPPER_CASE_RATE = 0.02
NO_END_MARK_RATE = 0.2
POLITE_RATE = 0.06
TYPO_RATE = 0.04
SHORTEST_TYPO_WORD = 5
"""Letters: shorter words are never misspelt, they would turn into other words."""

POLITE = ("Please tell me: {}", "Hey, {}", "{} Thank you.", "I have a question. {}", "Pip, {}")
AN_BEFORE = re.compile(r"\b([Aa]) (?=[aeiou](?!n[ei][tvc]))")
PLAIN_WORD = re.compile(rf"\b[a-z]{{{SHORTEST_TYPO_WORD},}}\b")


def split_of(key: str) -> Split:
    """Split of a text by its hash, so that no seed can ever mix the two."""
    return "held_out" if zlib.crc32(key.lower().encode()) % HELD_OUT_ONE_IN == 0 else "train"


def in_split(items: Sequence[Item], split: Split, prefix: str = "") -> list[Item]:
    """Items of one split; the first item always is in train, so each idea is seen in some form."""
    return [
        item
        for place, item in enumerate(items)
        if (split_of(f"{prefix}{item}") if place else "train") == split
    ]


def with_article(text: str) -> str:
    """Turn "a owl" into "an owl"."""
    return AN_BEFORE.sub(r"\1n ", text)


def capital(text: str) -> str:
    """Upper-case the first letter only."""
    return text[:1].upper() + text[1:]


def typed(text: str, rng: random.Random) -> str:
    """The same question as people type it: lower case, no end mark, polite or misspelt."""
    if rng.random() < POLITE_RATE:
        text = rng.choice(POLITE).format(text)
    if rng.random() < TYPO_RATE:
        text = misspelt(text, rng)
    if rng.random() < NO_END_MARK_RATE:
        text = text.rstrip("?.! ")
    if rng.random() < UPPER_CASE_RATE:
        return text.upper()
    return text.lower() if rng.random() < LOWER_CASE_RATE else text


def misspelt(text: str, rng: random.Random) -> str:
    """Leave out one inner letter of one plain word."""
    words = list(PLAIN_WORD.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    gap = rng.randrange(word.start() + 1, word.end() - 1)
    return text[:gap] + text[gap + 1 :]
