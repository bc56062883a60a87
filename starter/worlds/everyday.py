"""Everyday sentences with their mood, or with the entities in them, from everyday.json.

A sentence is a frame with words put in; topics.json lends things, acts, people and places. Frames
are split by hash, and so are the pairs of a thing and a word of mood and the names: a held-out
sentence has a frame, and either names or pairs, that no train sentence has.
"""

import random
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from starter.worlds.everyday_names import NAMED, date, invented, listed, world
from starter.worlds.language import Split, capital, in_split, split_of, with_article
from starter.worlds.topics import ing, past, plain_sample, topics, words_of

MOODS = ("negative", "neutral", "positive")
OTHER_MOOD = {"positive": "negative", "negative": "positive"}
LABELS = ("PER", "LOC", "ORG", "DATE")
SLOT = re.compile(r"{(\w+)}")
PLACES_IN_ACTS = re.compile(r"\b(?:Paris|Spain|London|Europe|Rome|Asia)\b")
CUES = ("adj", "love", "loved", "joy", "happy", "event", "best", "better")
"""Slots that carry the mood; a prefix `not_` takes the other mood's word."""
TOPIC_THING_RATE = 0.5
OTHERS_FRAME_RATE = 0.25
"""Neutral sentences that come from topics.json."""
INVENTED_RATE = 0.6
"""Names that are made up on the spot, so that a model learns to go by context and endings."""
UNKNOWN_THING_RATE = 0.1
"""Things with a made-up word, so that a model learns to read past what it does not know."""
PLAIN_WORD = re.compile(r"\b[a-z]{4,}\b")
FIRST_WORD = re.compile(r"^[A-Z][a-z]{3,}\b")
UNKNOWN_WORD_RATE = 0.15
"""Words of an entity frame that are swapped for others in training."""
ASIDE_RATE = 0.25
"""Sentences of a mood that have a neutral one before them."""
ASIDE_JOINS = ("{a}, and {b}", "{a}, but {b}", "{a}; {b}", "{a} and {b}")
LOWER_CASE_RATE = 0.15
NO_END_MARK_RATE = 0.15

Known = Literal["seen", "unseen", "any"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """An entity: characters start..end of the text, and its label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """A text and its entities, in order."""

    text: str
    spans: tuple[Span, ...]


@cache
def moods_words(mood: str, part: str) -> tuple[str, ...]:
    """Words of one part (adj, love, event ...) of a mood."""
    return tuple(world()["moods"][mood][part].split("|"))


@cache
def frames(name: str, split: Split) -> tuple[str, ...]:
    """Frames of one table and split."""
    return tuple(in_split(world()[name], split))


def felt(rng: random.Random, split: Split, mood: str) -> str:
    """A sentence of a mood: positive, negative or neutral."""
    text = _plain(rng, split)
    if mood != "neutral":
        plain, text = text, _filled(rng.choice(frames("mood_frames", split)), rng, mood, split)
        if rng.random() < ASIDE_RATE:
            text = rng.choice(ASIDE_JOINS).format(a=plain.rstrip(".?"), b=_inner(text))
    return _as_typed(text, rng)


def _inner(text: str) -> str:
    """A sentence as it goes on after a comma."""
    return text if text.startswith(("I ", "I'm ")) else text[:1].lower() + text[1:]


def _plain(rng: random.Random, split: Split) -> str:
    """A sentence without mood."""
    if rng.random() < OTHERS_FRAME_RATE:
        return plain_sample(rng, split, rng.choice(topics())).text
    return _filled(rng.choice(frames("plain_frames", split)), rng, "positive", split)


def _filled(frame: str, rng: random.Random, mood: str, split: Split) -> str:
    """Fill a frame; a thing and a word of mood meet only in the way their split allows."""
    while True:
        slots = {slot: _word(slot, mood, rng) for slot in SLOT.findall(frame)}
        cues = [word for slot, word in slots.items() if slot.removeprefix("not_") in CUES]
        held = slots.get("thing") and cues
        if not held or split_of(f"{slots['thing']}|{cues[0]}") == split:
            return capital(with_article(frame.format(**slots)))


def _word(slot: str, mood: str, rng: random.Random) -> str:
    """A word for a slot of a mood or plain frame."""
    if slot.startswith("not_"):
        return _word(slot.removeprefix("not_"), OTHER_MOOD[mood], rng)
    part = slot.rstrip("2")
    if part in ("bad", "sad"):
        return rng.choice(moods_words("negative", "adj" if part == "bad" else "happy"))
    if part in world()["moods"][mood]:
        return rng.choice(moods_words(mood, part))
    return _plain_word(part, rng)


def _plain_word(part: str, rng: random.Random) -> str:
    """A word without mood: a thing, an act, people, a place, an owner, a flat adjective."""
    topic = rng.choice(topics())
    tables: dict[str, Any] = {
        "thing": lambda: _thing(rng, topic),
        "things": lambda: _thing(rng, topic),
        "act": lambda: rng.choice(words_of(topic, "acts")),
        "acted": lambda: past(rng.choice(words_of(topic, "acts"))),
        "acting": lambda: ing(rng.choice(words_of(topic, "acts"))),
        "people": lambda: rng.choice(words_of(topic, "people")),
        "place": lambda: rng.choice(words_of(topic, "places")),
        "Own": lambda: capital(rng.choice(listed("owners"))),
        "own": lambda: rng.choice(listed("owners")),
        "adv": lambda: rng.choice(listed("adverbs")),
        "flat": lambda: rng.choice(listed("flat")),
        "hue": lambda: rng.choice([word for word in listed("flat") if " " not in word]),
        "job": lambda: rng.choice(listed("jobs")),
        "title": lambda: rng.choice(listed("titles")),
        "number": lambda: str(rng.choice((rng.randint(2, 99), rng.randint(100, 9999)))),
    }
    return str(tables[part]())


def _thing(rng: random.Random, topic: str) -> str:
    if rng.random() < TOPIC_THING_RATE:
        return rng.choice(words_of(topic, "things"))
    if rng.random() < UNKNOWN_THING_RATE:
        return invented(rng, "place_ends").lower()
    return rng.choice(listed("subjects"))


def _as_typed(text: str, rng: random.Random) -> str:
    """As people type: sometimes lower case, sometimes without an end mark."""
    if rng.random() < NO_END_MARK_RATE:
        text = text.rstrip(".")
    return text.lower() if rng.random() < LOWER_CASE_RATE else text


def tagged(rng: random.Random, split: Split, known: Known = "any") -> Tagged:
    """A sentence with entities; names are seen ones of train, unseen ones, or with invented ones.

    A split's frames go with any names: train takes seen and invented names ("any"), the exam asks
    for "seen" and "unseen" apart.
    """
    frame = rng.choice(frames("entity_frames", split))
    text, spans = "", []
    for place, piece in enumerate(SLOT.split(frame)):
        between = _with_noise(piece, rng, first=not place) if known == "any" else piece
        word, label = _entity(piece, rng, known) if place % 2 else (between, "")
        word = word if text else capital(word)
        spans += _spans(word, label, len(text))
        text += word
    return Tagged(text=text, spans=tuple(spans))


def _with_noise(piece: str, rng: random.Random, first: bool) -> str:
    """Words of a frame between its slots, some swapped for words that stand nowhere else.

    Without them a model takes every word it does not know for a name, in lower case too, and every
    first word of a sentence ("Snow fell"): that of the first piece is swapped as well.
    """
    if first and FIRST_WORD.match(piece) and rng.random() < UNKNOWN_WORD_RATE:
        piece = FIRST_WORD.sub(capital(_topic_word(rng)), piece)
    return PLAIN_WORD.sub(lambda found: _unknown(found[0], rng), piece)


def _unknown(word: str, rng: random.Random) -> str:
    if rng.random() >= UNKNOWN_WORD_RATE:
        return word
    if rng.random() < INVENTED_RATE:
        return invented(rng, "person_ends").lower()
    return _topic_word(rng)


def _topic_word(rng: random.Random) -> str:
    return rng.choice(rng.choice(words_of(rng.choice(topics()), "acts")).split()).lower()


def untagged(rng: random.Random, split: Split) -> Tagged:
    """A sentence about one of the topics; it names nothing but perhaps a place."""
    text = plain_sample(rng, split, rng.choice(topics())).text
    return Tagged(text=text, spans=tuple(_spans(text, "", 0)))


def _spans(word: str, label: str, start: int) -> list[Span]:
    """The span of a word that begins at start; acts may name a place ("fly to London")."""
    if label:
        the = len("the ") if word.lower().startswith("the ") else 0
        return [Span(start=start + the, end=start + len(word), label=label)]
    return [
        Span(start=start + found.start(), end=start + found.end(), label="LOC")
        for found in PLACES_IN_ACTS.finditer(word)
    ]


def _entity(slot: str, rng: random.Random, known: Known) -> tuple[str, str]:
    """A word for a slot of an entity frame and its label, "" where it is no entity."""
    part = slot.rstrip("2")
    if part == "DATE":
        return date(rng), "DATE"
    if part in NAMED:
        invent = known == "any" and rng.random() < INVENTED_RATE
        split: Split = "held_out" if known == "unseen" else "train"
        label = "PER" if part == "LAST" else part
        return NAMED[part](rng, split, invent), label
    return _plain_word(part, rng), ""
