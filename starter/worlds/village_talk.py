"""What is said in Willowbrook: conversations, paragraphs and stories drawn from the facts."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

from starter.worlds.language import Split, in_split, split_of
from starter.worlds.topics import all_things
from starter.worlds.village import (
    CUT,
    FACT_GROUPS,
    LARGEST_NUMBER,
    Fact,
    facts_by_group,
    fill,
    named,
    people,
    pronominal,
    relation_facts,
    world,
)

TURN_WEIGHTS = FACT_GROUPS | {"talk": 3, "unknown": 7, "story": 1}
"""How often each kind of turn opens a subject; follow-ups come on top."""
FOLLOW_RATE = 0.6
"""Chance that a turn about a person is followed by one with "she", "his" or "what about"."""
STORY_FOLLOWS_RATE = 0.03
WHAT_ABOUT_RATE = 0.25
"""Share of "what about Tom?" among the follow-ups of a direct question."""
LARGE_NUMBER = 200
INVENTED_NAME_RATE = 0.5
INVENTED_SYLLABLES = (2, 3)
SYLLABLES = "ba be bo da do fa fi ga go ka ke ki la lo ma mu na ni pa po ra ri sa so ta ti va zo"
PARAGRAPH_SENTENCES = (1, 5)
MIXED_PARAGRAPH_RATE = 0.5
STORY_PARTS_KEPT_RATE = 0.85
STORY_ENDS = (0, 1, 2, -2, -1)
"""Parts every story has; the others are kept with STORY_PARTS_KEPT_RATE."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A question, its right answer, the kind of turn and the person it is about ("" for none)."""

    question: str
    answer: str
    kind: str
    person: str = ""
    relation: str = ""


def conversation(rng: random.Random, turns: int) -> list[Turn]:
    """A talk of about `turns` train questions, with follow-ups that need the turn before."""
    talk: list[Turn] = []
    while len(talk) < turns:
        talk.append(opening(rng, "train"))
        while talk[-1].person and rng.random() < FOLLOW_RATE:
            talk.append(follow_up(talk[-1], rng, "train"))
    return talk


def opening(rng: random.Random, split: Split, kind: str = "") -> Turn:
    """A question that needs nothing said before it; the kind is drawn by weight unless given."""
    kind = kind or rng.choices(list(TURN_WEIGHTS), list(TURN_WEIGHTS.values()))[0]
    if kind in FACT_GROUPS:
        return _fact_turn(kind, rng, split)
    return OTHER_TURNS[kind](rng, split)


def _fact_turn(kind: str, rng: random.Random, split: Split) -> Turn:
    while True:
        fact = rng.choice(facts_by_group()[kind])
        if questions := fact.asked(split):
            return _ask(fact, rng.choice(questions))


def _ask(fact: Fact, question: str, kind: str = "") -> Turn:
    return Turn(
        question=question,
        answer=fact.answer,
        kind=kind or fact.group,
        person="" if "friend" in fact.key else fact.person,
        relation=fact.key.split(":")[0] if fact.group == "person" else "",
    )


def follow_up(before: Turn, rng: random.Random, split: Split) -> Turn:
    """A question whose person or relation was named in the turn before only."""
    if split == "train" and rng.random() < STORY_FOLLOWS_RATE:
        return _story_of(before.person, rng)
    if before.relation and rng.random() < WHAT_ABOUT_RATE:
        return what_about(before, rng, split)
    while True:
        fact = relation_facts()[rng.choice(list(world()["relations"])), before.person]
        if questions := in_split(fact.follow, split, prefix=before.person):
            return _ask(fact, rng.choice(questions), "follow")


def _story_of(name: str, rng: random.Random) -> Turn:
    question = fill(rng.choice(world()["story_follow"]), people()[name])
    return Turn(question=question, answer=story(name, rng), kind="story")


def what_about(before: Turn, rng: random.Random, split: Split) -> Turn:
    """The relation of the turn before, asked of another person."""
    while True:
        name = rng.choice([name for name in people() if name != before.person])
        question = fill(rng.choice(world()["what_about"]), people()[name])
        if split_of(f"{before.person}:{before.relation}:{question}") == split:
            return _ask(relation_facts()[before.relation, name], question, "what about")


def _small_talk(rng: random.Random, split: Split) -> Turn:
    while True:
        questions, answer = rng.choice(world()["talk"])
        if asked := in_split(questions, split):
            return Turn(question=rng.choice(asked), answer=answer, kind="talk")


def _unknown(rng: random.Random, split: Split) -> Turn:
    rows = world()["unknown"]
    while True:
        question = rng.choice((_stranger, _attribute, _open, _open, _aside, _large_sum))(rng)
        if split_of(question) == split:
            return Turn(question=question, answer=rows["answer"], kind="unknown")


def _stranger(rng: random.Random) -> str:
    """A question about somebody who does not live in the village."""
    person = rng.choice(list(people().values()))
    relation = rng.choice(list(world()["relations"].values()))
    asked = rng.choice(relation["questions"] + relation["yesno"] + world()["about"])
    return fill(asked, person | {"n": stranger(rng)})


def stranger(rng: random.Random) -> str:
    """A name nobody in the village has: a common one or one made of syllables."""
    if rng.random() >= INVENTED_NAME_RATE:
        return str(rng.choice(world()["unknown"]["names"]))
    name = "".join(rng.choices(SYLLABLES.split(), k=rng.randint(*INVENTED_SYLLABLES))).capitalize()
    return name if name not in people() else stranger(rng)


def _attribute(rng: random.Random) -> str:
    """Something about a villager that the world does not say."""
    rows = world()["unknown"]
    slots = rng.choice(list(people().values())) | {"x": rng.choice(rows["attributes"])}
    return fill(rng.choice(rows["attribute_questions"]), slots)


def _open(rng: random.Random) -> str:
    """A question about the wide world."""
    rows = world()["unknown"]
    nouns = rng.choice((rows["nouns"], all_things()))
    return fill(rng.choice(rows["open_questions"]), {"x": rng.choice(nouns)})


def _large_sum(rng: random.Random) -> str:
    """A sum with a number beyond those of the world."""
    numbers = [rng.randint(LARGEST_NUMBER + 1, LARGE_NUMBER), rng.randint(0, LARGE_NUMBER)]
    rng.shuffle(numbers)
    questions, _ = world()["sums"][rng.choice(("plus", "minus", "times"))]
    return fill(rng.choice(questions), {"a": numbers[0], "b": numbers[1]})


def _aside(rng: random.Random) -> str:
    return str(rng.choice(world()["unknown"]["fixed"]))


def _story_turn(rng: random.Random, split: Split) -> Turn:
    name = rng.choice(list(people()))
    requests = [fill(row, people()[name]) for row in world()["story_requests"]]
    asked = in_split(requests, split) + in_split(world()["story_any"], split)
    return Turn(question=rng.choice(asked), answer=story(name, rng), kind="story")


def story(name: str, rng: random.Random) -> str:
    """A story of 6 to 11 sentences that agrees with the facts about the person."""
    parts = story_parts(name)
    kept = {place % len(parts) for place in STORY_ENDS}
    return " ".join(
        rng.choice(choices)
        for place, choices in enumerate(parts)
        if place in kept or rng.random() < STORY_PARTS_KEPT_RATE
    )


@cache
def story_parts(name: str) -> list[list[str]]:
    """For each part of a story, every sentence it may have for this person."""
    extras = [
        {"season": season, "treasure": treasure}
        for season, treasure in product(world()["seasons"], world()["treasures"])
    ]
    return [
        list(dict.fromkeys(fill(row, people()[name] | extra) for row in part for extra in extras))
        for part in world()["story_parts"]
    ]


def paragraph(rng: random.Random) -> str:
    """Plain text: true train statements about one person, or mixed ones."""
    count = rng.randint(*PARAGRAPH_SENTENCES)
    if rng.random() < MIXED_PARAGRAPH_RATE:
        return " ".join(told(rng, "train").replace(CUT, "") for _ in range(count))
    name = rng.choice(list(people()))
    return " ".join(_of_person(name, place, rng) for place in range(count))


def told(rng: random.Random, split: Split, kinds: tuple[str, ...] = tuple(FACT_GROUPS)) -> str:
    """One statement of a split, with the CUT mark."""
    while True:
        kind = rng.choices(kinds, [FACT_GROUPS[kind] for kind in kinds])[0]
        if statements := rng.choice(facts_by_group()[kind]).told(split):
            return rng.choice(statements)


def _of_person(name: str, place: int, rng: random.Random) -> str:
    """A train statement about the person; the name at first, later mostly the pronoun."""
    while True:
        row = rng.choice(list(world()["relations"].values()))
        template = rng.choice(row["statements"])
        by_name = fill(template, named(people()[name]))
        if by_name not in in_split([CUT, by_name], "held_out"):
            form = pronominal if place and rng.random() < FOLLOW_RATE else named
            return fill(template, form(people()[name])).replace(CUT, "")


OTHER_TURNS: dict[str, Callable[[random.Random, Split], Turn]] = {
    "talk": _small_talk,
    "unknown": _unknown,
    "story": _story_turn,
}
