"""Everyday facts in sentences, from everyday_facts.json: capitals, opposites, sounds, tools ...

A fact is a pair of words; each pair is told in many frames. One pair of frame and fact in five is
held out, so a held-out sentence tells a known fact in a way in which it was never told.
"""

import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starter.worlds.language import Split, capital, in_split, with_article

WORLD_FILE = Path(__file__).with_name("everyday_facts.json")


@dataclass(frozen=True, kw_only=True)
class Told:
    """A fact in a frame with slots {a} and {b}; both words determine each other (b given a)."""

    relation: str
    frame: str
    a: str
    b: str

    @property
    def text(self) -> str:
        """The whole sentence."""
        return self.gapped(self.b)

    def gapped(self, gap: str) -> str:
        """The sentence with `gap` in the place of b."""
        return capital(with_article(self.frame.format(a=self.a, b=gap)))


@cache
def told(split: Split) -> tuple[Told, ...]:
    """All facts in all frames of one split; the first frame always is in train."""
    world = json.loads(WORLD_FILE.read_text(encoding="utf-8"))
    return tuple(
        Told(relation=relation, frame=frame, a=a, b=b)
        for relation, table in world.items()
        for a, b in (pair.split("=") for pair in table["pairs"].split("|"))
        for frame in in_split(table["frames"], split, f"{relation}|{a}|")
    )


@cache
def relations() -> tuple[str, ...]:
    """Names of the kinds of facts."""
    return tuple(dict.fromkeys(row.relation for row in told("train")))


@cache
def _told_of(split: Split, relation: str) -> tuple[Told, ...]:
    return tuple(row for row in told(split) if row.relation == relation)


def fact(rng: random.Random, split: Split, relation: str = "") -> Told:
    """A fact in a frame; every relation is as likely as the others."""
    return rng.choice(_told_of(split, relation or rng.choice(relations())))


def answers(asked: Told) -> frozenset[str]:
    """Every b that the world has for this relation and a."""
    return frozenset(
        row.b for row in told("train") if (row.relation, row.a) == (asked.relation, asked.a)
    )
