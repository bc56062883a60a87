"""Short made-up stories with the sentence that sums each up and questions that it answers.

A story is a plot with people, things and places put in; the combination of plot, people and thing
decides by its hash whether it is for training or held out. Answers stand word for word in the text.
"""

import random
import re
from dataclasses import dataclass
from typing import Any

from starter.worlds.language import Split, capital, split_of, with_article
from starter.worlds.story_plots import PLOTS, Plot

SHE = (
    "Mia Anna Clara Ella Nora Ruby Lily Ida Rosa Vera Emma Laura Sofia Julia Marta Olga Paula "
    "Irene Nina Eva"
).split()
HE = (
    "Tom Ben Hugo Leo Otto Sam Max Paul Finn Emil Peter Martin Oscar Victor Simon David Carlos "
    "Hans Felix Adam"
).split()
PRONOUNS = {
    "she": {"they": "she", "their": "her", "them": "her"},
    "he": {"they": "he", "their": "his", "them": "him"},
}
JOBS = (
    "baker teacher farmer doctor fisherman gardener musician librarian miller painter shepherd "
    "carpenter postman cook sailor tailor"
).split()
PLACES = (
    "in the garden|at the market|by the river|in the forest|at the station|on the beach|"
    "near the old mill|in the town hall|at the school|behind the church|under the bridge|"
    "on the hill|in the library|at the harbour|in the barn|by the well"
).split("|")
COLOURS = "red blue green yellow white black silver brown".split()
THINGS = (
    "key kite hat umbrella letter book ring lamp clock violin boat basket scarf bicycle chair cup"
).split()
ANIMALS = "cat dog goat horse duck rabbit parrot donkey".split()
FOODS = "apples loaves eggs cakes cheeses pears carrots fish".split()
NUMBERS = "two three four five six seven eight nine".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
WEATHER = "rain snow storm fog wind".split()
CONTESTS = ("chess game", "boat race", "cake contest", "singing contest", "horse race", "quiz")
ASIDES = (
    "It was a warm day.", "The sky was grey.", "The birds were singing.", "Nobody else was there.",
    "It was very early.", "The bells were ringing.", "A cold wind was blowing.",
    "The sun was shining.",
)  # fmt: skip
ASIDE_RATE = 0.4


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question on a story and its answer, the characters start..end of the text."""

    text: str
    answer: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.answer)


@dataclass(frozen=True, kw_only=True)
class Story:
    """A text of three to five sentences, the one sentence that sums it up, and questions on it."""

    text: str
    summary: str
    questions: tuple[Question, ...]


def story(rng: random.Random, split: Split) -> Story:
    """A story of one split."""
    while True:
        plot = rng.choice(PLOTS)
        slots = _slots(rng)
        if split_of(f"{plot.name} {slots['n']} {slots['m']} {slots['thing']}") == split:
            return told(plot, slots, rng)


def told(plot: Plot, slots: dict[str, Any], rng: random.Random) -> Story:
    """The plot with these people and things, in one of its wordings."""
    sentences = [_filled(rng.choice(forms), slots) for forms in plot.sentences]
    if rng.random() < ASIDE_RATE:
        sentences.insert(rng.randrange(1, len(sentences)), rng.choice(ASIDES))
    text = " ".join(sentences)
    asked = (_question(form, answer, slots, text) for forms, answer in plot.questions
             for form in forms)  # fmt: skip
    return Story(
        text=text,
        summary=_filled(plot.summary, slots),
        questions=tuple(question for question in asked if question),
    )


def _question(form: str, answer: str, slots: dict[str, Any], text: str) -> Question | None:
    """The question where its answer stands in this wording of the story."""
    words = with_article(answer.format(**slots))
    found = re.search(rf"\b{re.escape(words)}\b", text)  # Paul is no part of Paula
    return found and Question(text=_filled(form, slots), answer=words, start=found.start())


def _filled(form: str, slots: dict[str, Any]) -> str:
    return with_article(capital(form.format(**slots)))


def _slots(rng: random.Random) -> dict[str, str]:
    """Two people n and m with their jobs and pronouns, two places, a thing and the rest."""
    one, other = rng.sample([*((n, "she") for n in SHE), *((n, "he") for n in HE)], 2)
    place, there = rng.sample(PLACES, 2)
    job, work = rng.sample(JOBS, 2)
    slots = {"n": one[0], "m": other[0], "njob": job, "mjob": work, "place": place, "there": there}
    slots |= PRONOUNS[one[1]]
    slots |= {f"m{name}": word for name, word in PRONOUNS[other[1]].items()}
    slots |= {name: rng.choice(words) for name, words in TABLES.items()}
    return slots


TABLES: dict[str, Any] = {
    "colour": COLOURS,
    "thing": THINGS,
    "animal": ANIMALS,
    "food": FOODS,
    "number": NUMBERS,
    "day": DAYS,
    "weather": WEATHER,
    "contest": CONTESTS,
}
