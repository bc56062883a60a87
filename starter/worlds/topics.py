"""Twenty everyday topics: sentences with their topics, feeling and urgency, from topics.json.

A sentence is a frame with content words put in. Frames are split by hash: a held-out sentence has
a frame, and combinations of two or more content entries, that no train sentence has.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starter.worlds.language import Split, capital, in_split, split_of, with_article

WORLD_FILE = Path(__file__).with_name("topics.json")
PARTS = ("things", "acts", "people", "places")
SLOT = re.compile(r"{(\w+)}")
ONE_BEAT_VERB = re.compile(r"[^aeiou]*[aeiou][^aeiouwxy]")
"""Verbs of one syllable that double their last letter: run, running."""
STOP_WORDS = frozenset(
    "a an the of in on at to for with by through from under behind and my our".split()
)

KEYWORDS = (2, 5)
OPENER_RATE = 0.15
CLOSER_RATE = 0.25
MARKED_RATE = 0.35
"""Share of sentences that carry a feeling; the same for a word on urgency."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A text and what is true of it; `things` are the content entries it mentions."""

    text: str
    topics: tuple[str, ...]
    feeling: str = "neutral"
    urgency: str = "not urgent"
    things: tuple[str, ...] = ()


@cache
def world() -> dict[str, Any]:
    """The tables of topics.json."""
    return json.loads(WORLD_FILE.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


@cache
def topics() -> tuple[str, ...]:
    """Names of the topics; a name is the first of its labels."""
    return tuple(world()["topics"])


@cache
def words_of(topic: str, part: str) -> tuple[str, ...]:
    """Entries of one part (labels, things, acts, people, places) of a topic."""
    return tuple(world()["topics"][topic][part].split("|"))


@cache
def all_things() -> tuple[str, ...]:
    """The things of all topics."""
    return tuple(thing for topic in topics() for thing in words_of(topic, "things"))


@cache
def listed(name: str) -> tuple[str, ...]:
    """A table of topics.json that is written as "one|two|three"."""
    return tuple(world()[name].split("|"))


@cache
def labels() -> dict[str, tuple[str, ...]]:
    """Every label of the world, by its meaning: topics, feelings and urgency."""
    moods = {name: tuple(words.split("|")) for name, words in world()["labels"].items()}
    return {topic: words_of(topic, "labels") for topic in topics()} | moods


@cache
def feelings(split: Split) -> tuple[str, ...]:
    """Frames with a feeling, as "positive | negative"."""
    held_out = [pair for pair in in_split(world()["feelings"], "held_out") if "{good}" in pair]
    train = [pair for pair in world()["feelings"] if pair not in held_out]
    return tuple({"train": train, "held_out": held_out}[split])


@cache
def templates(split: Split) -> tuple[str, ...]:
    """Hypothesis templates with a {}; the pipeline's default is in train."""
    return tuple(in_split(world()["templates"], split))


def sample(rng: random.Random, split: Split, topic_count: int = 1) -> Sample:
    """A text about one or two topics, perhaps with a feeling, a word on urgency and small talk."""
    chosen = tuple(rng.sample(topics(), topic_count))
    feeling = _feeling(rng) if topic_count == 1 else "neutral"
    make = _felt if feeling != "neutral" else MAKERS[topic_count]
    text, things = make(chosen, feeling, rng, split)
    urgency, text = _with_urgency(text, rng, split)
    return Sample(
        text=_with_small_talk(text, rng),
        topics=chosen,
        feeling=feeling,
        urgency=urgency,
        things=things,
    )


def plain_sample(rng: random.Random, split: Split, topic: str) -> Sample:
    """One sentence about one topic and nothing else."""
    text, things = _single((topic,), "", rng, split)
    return Sample(text=text, topics=(topic,), things=things)


def keywords(rng: random.Random, topic: str) -> Sample:
    """A few content words of a topic in any order, without a sentence around them."""
    entries = [word for part in PARTS for word in words_of(topic, part)]
    words = [w for entry in entries for w in entry.split() if w not in STOP_WORDS]
    chosen = rng.sample(words, rng.randint(*KEYWORDS))
    return Sample(text=" ".join(chosen), topics=(topic,))


def felt_sample(rng: random.Random, split: Split, feeling: str) -> Sample:
    """One sentence with a feeling (positive, negative) about a topic."""
    topic = rng.choice(topics())
    text, things = _felt((topic,), feeling, rng, split)
    return Sample(text=text, topics=(topic,), feeling=feeling, things=things)


def _feeling(rng: random.Random) -> str:
    return rng.choice(("positive", "negative")) if rng.random() < MARKED_RATE else "neutral"


Made = tuple[str, tuple[str, ...]]


def _single(chosen: tuple[str, ...], _feeling: str, rng: random.Random, split: Split) -> Made:
    return _framed(in_split(world()["frames"], split), chosen[0], rng, split)


def _felt(chosen: tuple[str, ...], feeling: str, rng: random.Random, split: Split) -> Made:
    """A frame with a feeling; its mirror image with the opposite one is in the same split.

    Frames that feel by a word of their own ("I regret ...") are in train only: nobody could know
    that word otherwise.
    """
    side = ("positive", "negative").index(feeling)
    return _framed([pair.split(" | ")[side] for pair in feelings(split)], chosen[0], rng, split)


def _double(chosen: tuple[str, ...], _feeling: str, rng: random.Random, split: Split) -> Made:
    """Two half sentences, one for each topic."""
    while True:
        halves = [_framed(world()["halves"], topic, rng, split) for topic in chosen]
        join = rng.choice(world()["joins"])
        if split_of(join + halves[0][1][0] + halves[1][1][0]) == split:
            (a, _), (b, _) = halves
            text = join.format(a=a[:1].lower() + a[1:], b=b[:1].lower() + b[1:])
            return capital(text.replace(" i ", " I ")), halves[0][1] + halves[1][1]


MAKERS: dict[int, Callable[[tuple[str, ...], str, random.Random, Split], Made]] = {
    1: _single,
    2: _double,
}


def _framed(frames: list[str], topic: str, rng: random.Random, split: Split) -> Made:
    """Fill a frame; two or more entries are put together only in the way their split allows."""
    while True:
        frame = rng.choice(frames)
        slots = {slot: _entry(slot, topic, rng) for slot in SLOT.findall(frame)}
        things = tuple(entry for entry, _ in slots.values())
        if len(things) == 1 or split_of("|".join(things)) == split:
            written = frame.format(**{slot: form for slot, (_, form) in slots.items()})
            return capital(with_article(written)), things


def _entry(slot: str, topic: str, rng: random.Random) -> tuple[str, str]:
    """A content entry for a slot, and the form in which it is written there."""
    part, form = FORMS[slot]
    entry = rng.choice(listed(part) if part in world() else words_of(topic, part))
    return entry, form(entry)


def ing(act: str) -> str:
    """bake bread -> baking bread."""
    verb, rest = _verb(act)
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying{rest}"
    stem = verb[:-1] if verb.endswith("e") and not verb.endswith(("ee", "ye")) else verb
    return f"{_doubled(stem) if stem == verb else stem}ing{rest}"


def past(act: str) -> str:
    """bake bread -> baked bread."""
    verb, rest = _verb(act)
    if verb in world()["past"]:
        return f"{world()['past'][verb]}{rest}"
    if verb.endswith("e"):
        return f"{verb}d{rest}"
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ied{rest}"
    return f"{_doubled(verb)}ed{rest}"


def third(act: str) -> str:
    """bake bread -> bakes bread."""
    verb, rest = _verb(act)
    if re.search(r"[^aeiou]y$", verb):
        return f"{verb[:-1]}ies{rest}"
    return f"{verb}{'es' if verb.endswith(('s', 'sh', 'ch', 'x', 'z', 'o')) else 's'}{rest}"


def _verb(act: str) -> tuple[str, str]:
    verb, space, rest = act.partition(" ")
    return verb, space + rest


def _doubled(verb: str) -> str:
    double = ONE_BEAT_VERB.fullmatch(verb) or verb in listed("doubled")
    return verb + verb[-1] if double else verb


FORMS: dict[str, tuple[str, Callable[[str], str]]] = {
    "thing": ("things", str),
    "thing2": ("things", str),
    "act": ("acts", str),
    "acting": ("acts", ing),
    "acted": ("acts", past),
    "acts": ("acts", third),
    "people": ("people", str),
    "place": ("places", str),
    "good": ("good", str),
    "poor": ("poor", str),
}


def _with_urgency(text: str, rng: random.Random, split: Split) -> tuple[str, str]:
    """Whether the text is urgent, and the text with a remark that says so."""
    if rng.random() >= MARKED_RATE:
        return "not urgent", text
    name, table = rng.choice((("urgent", "urgent"), ("not urgent", "patient")))
    remark = rng.choice(world()[table])
    before = rng.random() < MARKED_RATE or remark.endswith(":")
    return name, f"{remark} {text}" if before else f"{text} {remark}"


def _with_small_talk(text: str, rng: random.Random) -> str:
    """Words around the text that belong to no topic."""
    if rng.random() < OPENER_RATE:
        start = text if text.startswith("I ") else text[:1].lower() + text[1:]
        text = f"{rng.choice(listed('openers'))} {start}"
    return f"{text} {rng.choice(listed('closers'))}" if rng.random() < CLOSER_RATE else text
