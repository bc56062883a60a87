"""Training texts of the village: chats with their marks, and plain text to continue."""

import random
from collections.abc import Callable

from starter.worlds.language import typed
from starter.worlds.topics import all_things
from starter.worlds.village import fill, people, world
from starter.worlds.village_talk import conversation, opening, paragraph, story

END = "<|end|>"
"""Ends every message and every text."""
MOST_TURNS = 8
SYSTEM_RATE = 0.35
USUAL_SYSTEM_RATE = 0.4
SYSTEM_SENTENCES = (1, 3)
KINDS_OF_TEXT = {"talk": 16, "paragraph": 4, "question and answer": 1, "story": 1}

Segment = tuple[str, bool]
"""A piece of text and whether the model learns to say it."""


def text(rng: random.Random) -> list[Segment]:
    """One training text: a chat, or plain text to continue."""
    kind = rng.choices(list(KINDS_OF_TEXT), list(KINDS_OF_TEXT.values()))[0]
    return TEXTS[kind](rng)


def _talk(rng: random.Random) -> list[Segment]:
    pieces: list[Segment] = []
    if rng.random() < SYSTEM_RATE:
        pieces.append((f"<|system|>{system(rng)}{END}", False))
    for turn in conversation(rng, rng.randint(1, MOST_TURNS)):
        pieces.append((f"<|user|>{typed(turn.question, rng)}{END}<|assistant|>", False))
        pieces.append((f"{turn.answer}{END}", True))
    return pieces


def system(rng: random.Random) -> str:
    """A system message, a usual one or one made of parts; the village never minds it."""
    if rng.random() < USUAL_SYSTEM_RATE:
        return str(rng.choice(world()["systems"]))
    parts = rng.choices(world()["system_parts"], k=rng.randint(*SYSTEM_SENTENCES))
    words = {"x": rng.choice(all_things()), "y": rng.choice(all_things())}
    return " ".join(fill(part, words) for part in parts)


def _paragraph(rng: random.Random) -> list[Segment]:
    return [(paragraph(rng) + END, True)]


def _question_and_answer(rng: random.Random) -> list[Segment]:
    turn = opening(rng, "train")
    return [(f"{turn.question} {turn.answer}{END}", True)]


def _story(rng: random.Random) -> list[Segment]:
    return [(story(rng.choice(list(people())), rng) + END, True)]


TEXTS: dict[str, Callable[[random.Random], list[Segment]]] = {
    "talk": _talk,
    "paragraph": _paragraph,
    "question and answer": _question_and_answer,
    "story": _story,
}
