"""Names and dates for the everyday sentences: listed ones, split by hash, and made-up ones."""

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from starter.worlds.language import Split, capital, in_split

WORLD_FILE = Path(__file__).with_name("everyday.json")
SYLLABLES = tuple(
    a + b
    for a in "b|br|d|dr|f|g|gr|h|k|l|m|n|p|r|s|sh|t|th|v|z|c".split("|")
    for b in "a|e|i|o|u|al|an|ar|el|en|er|il|in|or|on|ul|un|ir|am|ek".split("|")
)
SPLICED_RATE = 0.6
OTHER_LETTER_RATE = 0.3
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@cache
def world() -> dict[str, Any]:
    """The tables of everyday.json."""
    return json.loads(WORLD_FILE.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def listed(name: str) -> tuple[str, ...]:
    """A table that is written as "one|two|three"."""
    return tuple(world()[name].split("|"))


@cache
def names(part: str, split: Split) -> tuple[str, ...]:
    """Names of people (first, last), places and organisations; the splits share none."""
    return tuple(in_split(world()["names"][part].split("|"), split, part))


def date(rng: random.Random) -> str:
    """A date in one of the usual forms."""
    day, year = rng.randint(1, 31), rng.randint(1900, 2040)
    month, weekday = rng.choice(listed("months")), rng.choice(listed("weekdays"))
    number = rng.randint(1, 12)
    forms = (
        f"{day} {month} {year}", f"{month} {day}, {year}", f"{weekday}", f"{month} {year}",
        f"{month}", f"{year}", f"{day} {month}", f"{month} {day}", f"next {weekday}",
        f"{weekday}, {day} {month}", f"{day:02}/{number:02}/{year}", f"{year}-{number:02}-{day:02}",
        f"last {weekday}", f"{day}.{number}.{year}", f"the {day}th of {month}",
        f"{rng.choice(('last', 'next'))} {rng.choice(('week', 'month', 'year'))}",
    )  # fmt: skip
    return rng.choice(forms)


def invented(rng: random.Random, ends: str) -> str:
    """A made-up name: of syllables with a typical ending, or of two names of the training."""
    if rng.random() < SPLICED_RATE:
        head, tail = (rng.choice(_train_words()) for _ in "ab")
        cut = rng.randint(1, len(head) - 1)
        name = head[:cut] + tail[rng.randint(1, len(tail) - 1) :]
        if rng.random() < OTHER_LETTER_RATE:
            name = rng.choice(ALPHABET) + name[1:]
        return capital(name.lower())
    stem = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 2)))
    end = rng.choice(world()["names"][ends].split("|"))
    return capital(stem + end if rng.random() < 0.5 or len(stem) < 4 else stem)


@cache
def _train_words() -> tuple[str, ...]:
    """Words of all names of training."""
    named = (name for part in ("first", "last", "place", "org") for name in names(part, "train"))
    return tuple(word for name in named for word in name.split() if len(word) > 3)


def _person(rng: random.Random, split: Split, invent: bool) -> str:
    first = _first(rng, split, invent and rng.random() < 0.7)
    return first if rng.random() < 0.45 else f"{first} {_last(rng, split, invent)}"


def _first(rng: random.Random, split: Split, invent: bool) -> str:
    return invented(rng, "person_ends") if invent else rng.choice(names("first", split))


def _last(rng: random.Random, split: Split, invent: bool) -> str:
    return invented(rng, "person_ends") if invent else rng.choice(names("last", split))


def _place(rng: random.Random, split: Split, invent: bool) -> str:
    return invented(rng, "place_ends") if invent else rng.choice(names("place", split))


def _organisation(rng: random.Random, split: Split, invent: bool) -> str:
    """A known company, or one made of a name or a word and "Bank", "Ltd", "University" ..."""
    if rng.random() < 0.4:
        return invented(rng, "org_ends") if invent else rng.choice(names("org", split))
    makers = (_last, _place, lambda *_: rng.choice(names("org_first", split)))
    first = rng.choice(makers)(rng, split, invent).removeprefix("the ")
    last = rng.choice(world()["names"]["org_last"].split("|"))
    return f"{last} of {first}" if last == "University" and invent else f"{first} {last}"


NAMED: dict[str, Callable[[random.Random, Split, bool], str]] = {
    "PER": _person,
    "LAST": _last,
    "LOC": _place,
    "ORG": _organisation,
}
