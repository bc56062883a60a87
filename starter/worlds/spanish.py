"""Simple English sentences and their Spanish, made by one grammar that agrees in both.

The words of a sentence decide by its hash whether it is for training or held out.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from starter.worlds.language import Split, capital, split_of, with_article
from starter.worlds.spanish_words import (
    BEINGS,
    COLOURS,
    DOINGS,
    FEELINGS,
    LOOKS,
    PERSONS,
    PHRASES,
    PLACES,
    THINGS,
    VERBS,
    WHEN,
    Adjective,
    Noun,
)

TENSES = ("present", "past", "future")
NUMBERS = {"two": "dos", "three": "tres", "four": "cuatro", "five": "cinco"}
ARTICLES = {
    "the": (("el", "los"), ("la", "las")),
    "a": (("un", "unos"), ("una", "unas")),
    "my": (("mi", "mis"), ("mi", "mis")),
    "our": (("nuestro", "nuestros"), ("nuestra", "nuestras")),
}
"""Spanish by gender (m, f) and number (one, several)."""


@dataclass(frozen=True)
class Pair:
    """A sentence in both languages."""

    english: str
    spanish: str


@dataclass(frozen=True)
class Phrase:
    """A part of a sentence in both languages; `person` is the verb's: 0 I, 1 we, 2 it, 3 they."""

    english: str
    spanish: str
    person: int = 2
    gender: int = 0


def pair(rng: random.Random, split: Split) -> Pair:
    """A sentence of one split; set phrases are in both, there are too few to hold any out."""
    if split == "train" and rng.random() < PHRASE_RATE:
        return Pair(*rng.choice(PHRASES))
    while True:
        english, spanish = rng.choices(FORMS, WEIGHTS)[0](rng)
        made = Pair(with_article(capital(english)), _capital(spanish))
        if split_of(made.english) == split:
            return made


PHRASE_RATE = 0.04


def _capital(spanish: str) -> str:
    """The first letter after an opening mark."""
    return spanish[0] + capital(spanish[1:]) if spanish[0] in "¿¡" else capital(spanish)


def _named(noun: Noun, rng: random.Random, *, plain: bool = False) -> Phrase:
    """A noun with its article, number and perhaps an adjective."""
    article = rng.choice(list(ARTICLES) if not plain else ["the", "the", "my", "our"])
    several = article != "a" and rng.random() < 0.3
    spanish_article = ARTICLES[article][noun.gender][several]
    english, spanish = (noun.several, noun.varios) if several else (noun.one, noun.uno)
    if article == "the" and several and rng.random() < 0.3:
        article, spanish_article = rng.choice(list(NUMBERS.items()))
    if rng.random() < 0.35:
        adjective = rng.choice(LOOKS if noun in BEINGS else LOOKS + COLOURS)
        english = f"{adjective.english} {english}"
        spanish = f"{spanish} {_agreed(adjective, noun.gender, several)}"
    person = 3 if several else 2
    return Phrase(f"{article} {english}", f"{spanish_article} {spanish}", person, noun.gender)


def _agreed(adjective: Adjective, gender: int, several: bool) -> str:
    return adjective.forms[2 * gender + several]


def _subject(rng: random.Random) -> Phrase:
    if rng.random() < 0.3:
        english, spanish, person, gender = rng.choice(PERSONS)
        return Phrase(english, spanish, person, gender)
    return _named(rng.choice(BEINGS), rng)


def _place(rng: random.Random) -> Phrase:
    english, spanish = rng.choice(PLACES)
    return Phrase(english, spanish)


def _when(rng: random.Random, tense: str) -> tuple[str, str]:
    """A word for the time that suits the tense, or nothing."""
    if rng.random() < 0.5:
        return "", ""
    english, spanish = rng.choice(WHEN[tense])
    return f" {english}", f" {spanish}"


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)


def _doing(rng: random.Random) -> tuple[str, str]:
    """Somebody does something somewhere: "The dog sleeps in the garden."."""
    tense, who, verb = rng.choice(TENSES), _subject(rng), rng.choice(DOINGS)
    english, spanish = verb.english(tense, who.person, rng), verb.spanish(tense, who.person)
    return _clause(rng, tense, who, english, spanish, _place(rng) if rng.random() < 0.6 else None)


def _acting(rng: random.Random) -> tuple[str, str]:
    """Somebody does something to a thing: "The girl buys a red apple."."""
    tense, who, verb = rng.choice(TENSES), _subject(rng), rng.choice(VERBS)
    thing = rng.choice([noun for noun in THINGS if verb.takes in noun.kinds])
    return _clause(
        rng, tense, who, verb.english(tense, who.person, rng), verb.spanish(tense, who.person),
        _named(thing, rng),
    )  # fmt: skip


def _clause(
    rng: random.Random, tense: str, who: Phrase, english: tuple[str, str], spanish: str,
    rest: Phrase | None,
) -> tuple[str, str]:  # fmt: skip
    """Subject, verb (said or denied), the rest and the time."""
    denied = rng.random() < 0.15
    when = _when(rng, tense)
    more = rest or Phrase("", "")
    return (
        _joined(who.english, english[denied], more.english) + when[0] + ".",
        _joined(who.spanish, "no" if denied else "", spanish, more.spanish) + when[1] + ".",
    )


def _being(rng: random.Random) -> tuple[str, str]:
    """What a thing is like, how somebody feels: "The house is old.", "The cat is tired."."""
    feels = rng.random() < 0.5
    what = _named(rng.choice(BEINGS if feels else THINGS), rng, plain=True)
    adjective = rng.choice(FEELINGS if feels else LOOKS + COLOURS)
    several = what.person == 3
    spanish = ("están" if several else "está") if feels else ("son" if several else "es")
    very, muy = rng.choice((("", ""),) * 4 + (("very", "muy"),))
    agreed = _agreed(adjective, what.gender, several)
    return (
        f"{_joined(what.english, 'are' if several else 'is', very, adjective.english)}.",
        f"{_joined(what.spanish, spanish, muy, agreed)}.",
    )


def _where(rng: random.Random) -> tuple[str, str]:
    """A question for a place, and its answer: "Where is the dog?"."""
    what = _named(rng.choice(BEINGS + THINGS), rng, plain=True)
    several = what.person == 3
    english, spanish = ("are", "están") if several else ("is", "está")
    if rng.random() < 0.5:
        return f"where {english} {what.english}?", f"¿dónde {spanish} {what.spanish}?"
    place = _place(rng)
    return (
        f"{what.english} {english} {place.english}.",
        f"{what.spanish} {spanish} {place.spanish}.",
    )


def _owning(rng: random.Random) -> tuple[str, str]:
    """Who has what: "Do you have a key?", "I have two dogs."."""
    what = _named(rng.choice(BEINGS[-8:] + THINGS), rng)
    english, spanish = rng.choice(
        (
            ("do you have {}?", "¿tienes {}?"),
            ("I have {}.", "tengo {}."),
            ("we have {}.", "tenemos {}."),
            ("I need {}.", "necesito {}."),
            ("I do not have {}.", "no tengo {}."),
            ("this is {}.", "esto es {}."),
        )[: 5 if what.person == 3 else 6]
    )
    return english.format(what.english), spanish.format(what.spanish)


Form = Callable[[random.Random], tuple[str, str]]
FORMS: tuple[Form, ...] = (_doing, _acting, _being, _where, _owning)
WEIGHTS = (3, 4, 2, 1, 1)
