"""Pairs of a text and a hypothesis about it, true or not, from the world of topics."""

import random
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from starter.worlds.topics import (
    Sample,
    all_things,
    keywords,
    labels,
    listed,
    sample,
    templates,
    topics,
)

CONTRADICTION, ENTAILMENT = 0, 1
"""The pipeline takes the label that begins with "entail" and, as its opposite, id 0."""

PAIRS_PER_TEXT = 4
KINDS_OF_TEXT = {"one topic": 10, "two topics": 5, "keywords": 5}
KINDS_OF_LABEL = {"fits": 10, "another topic": 6, "another mood": 4, "foreign": 1}
THING_RATE = 0.1
"""Share of pairs whose label is a thing that the text mentions, or one of another topic."""
TOPIC_RATE = 0.55
"""Share of topics (not feelings or urgency) among the labels that fit."""
MENTIONED_RATE = 0.5
"""Among those, the share that the text does mention."""
NOISE_RATE = 0.2
MOST_NOISE_WORDS = 3
NOISE_LETTERS = "abcdefghijklmnopqrstuvwxyz"
NOISE_WORD_LETTERS = (2, 9)
LOST_WORD_RATE = 0.03


class Pair(NamedTuple):
    """A hypothesis on a text; `told` are the meanings of the text, `label` is what is asked."""

    text: str
    hypothesis: str
    entailed: int
    told: tuple[str, ...]
    label: str


def clean_pair(rng: random.Random) -> Pair:
    """One train pair as the world writes it."""
    return _paired(_train_text(rng), rng)


def noisy_pairs(rng: random.Random) -> list[Pair]:
    """Several hypotheses on one train text, with words lost and foreign words put in."""
    premise = _train_text(rng)
    text = _noisy(premise.text, rng)
    pairs = [_paired(premise, rng) for _ in range(PAIRS_PER_TEXT)]
    return [pair._replace(text=text) for pair in pairs]


@cache
def meaning_of() -> dict[str, str]:
    """The meaning of every label of the world."""
    return {label: meaning for meaning, names in labels().items() for label in names}


def _train_text(rng: random.Random) -> Sample:
    kind = rng.choices(list(KINDS_OF_TEXT), list(KINDS_OF_TEXT.values()))[0]
    return TEXTS[kind](rng)


TEXTS: dict[str, Callable[[random.Random], Sample]] = {
    "one topic": lambda rng: sample(rng, "train"),
    "two topics": lambda rng: sample(rng, "train", 2),
    "keywords": lambda rng: keywords(rng, rng.choice(topics())),
}


def _paired(premise: Sample, rng: random.Random) -> Pair:
    if premise.things and rng.random() < THING_RATE:
        label, entailed = _thing(premise, rng)
    else:
        kind = rng.choices(list(KINDS_OF_LABEL), list(KINDS_OF_LABEL.values()))[0]
        label, entailed = LABELS[kind](premise, rng), int(kind == "fits")
    return Pair(
        text=premise.text,
        hypothesis=rng.choice(templates("train")).format(label),
        entailed=entailed,
        told=(*premise.topics, premise.feeling, premise.urgency),
        label=label,
    )


def _fitting(premise: Sample, rng: random.Random) -> str:
    if not premise.things or rng.random() < TOPIC_RATE:
        return rng.choice(labels()[rng.choice(premise.topics)])
    return rng.choice(labels()[rng.choice((premise.feeling, premise.urgency))])


def _other_topic(premise: Sample, rng: random.Random) -> str:
    return rng.choice(labels()[rng.choice([t for t in topics() if t not in premise.topics])])


def _other_mood(premise: Sample, rng: random.Random) -> str:
    moods = [mood for mood in labels() if mood not in topics()]
    other = [mood for mood in moods if mood not in (premise.feeling, premise.urgency)]
    return rng.choice(labels()[rng.choice(other)])


def _foreign(_premise: Sample, rng: random.Random) -> str:
    """A label outside the world: it fits nothing."""
    return rng.choice((rng.choice(listed("unknown_labels")), _noise_word(rng)))


LABELS: dict[str, Callable[[Sample, random.Random], str]] = {
    "fits": _fitting,
    "another topic": _other_topic,
    "another mood": _other_mood,
    "foreign": _foreign,
}


def _thing(premise: Sample, rng: random.Random) -> tuple[str, int]:
    """A thing that the text mentions, or any other one."""
    if rng.random() < MENTIONED_RATE:
        return rng.choice(premise.things), ENTAILMENT
    other = rng.choice(all_things())
    return other, int(other in premise.things)


def _noisy(text: str, rng: random.Random) -> str:
    words = [word for word in text.split() if rng.random() >= LOST_WORD_RATE] or [text]
    if rng.random() < NOISE_RATE:
        for _ in range(rng.randint(1, MOST_NOISE_WORDS)):
            words.insert(rng.randint(0, len(words)), _noise_word(rng))
    return " ".join(words)


def _noise_word(rng: random.Random) -> str:
    return "".join(rng.choices(NOISE_LETTERS, k=rng.randint(*NOISE_WORD_LETTERS)))
