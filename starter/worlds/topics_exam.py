"""The exam on the topics: held-out sentences to a zero-shot classifier, and its right answers."""

import random

from starter.ask import Ask
from starter.worlds.topics import felt_sample, labels, sample, templates, topics

TEXTS_PER_SCORE = 100
FEWEST_LABELS, MOST_LABELS = 2, 12
SURE = 0.5
"""With multi_label, a label counts as found from this score on."""


def examine(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right answers (0..1) on held-out sentences of this seed.

    `top1_all_topics`: all topics as candidates; `top1_synonyms`: 2 to 12 candidates named by any
    label, in a template never trained; `two_topics_exact`: with multi_label both topics of a text,
    and none of the ten others, score at least SURE; `feeling`: positive or negative; `urgency`.
    """
    rng = random.Random(seed)
    scores = {"top1_all_topics": _all_topics, "top1_synonyms": _synonyms}
    scores |= {"two_topics_exact": _two_topics, "feeling": _feelings, "urgency": _urgencies}
    return {
        name: sum(right(ask, rng) for _ in range(TEXTS_PER_SCORE)) / TEXTS_PER_SCORE
        for name, right in scores.items()
    }


def _best(ask: Ask, text: str, candidates: list[str], template: str) -> str:
    answer = ask(text=text, candidate_labels=candidates, hypothesis_template=template)
    return str(answer["labels"][0])


def _all_topics(ask: Ask, rng: random.Random) -> bool:
    asked = sample(rng, "held_out")
    return _best(ask, asked.text, list(topics()), templates("train")[0]) == asked.topics[0]


def _synonyms(ask: Ask, rng: random.Random) -> bool:
    asked = sample(rng, "held_out")
    others = [topic for topic in topics() if topic != asked.topics[0]]
    chosen = rng.sample(others, rng.randint(FEWEST_LABELS, MOST_LABELS) - 1)
    right, *wrong = (rng.choice(labels()[topic]) for topic in (asked.topics[0], *chosen))
    candidates = sorted({right, *wrong})
    return _best(ask, asked.text, candidates, rng.choice(templates("held_out"))) == right


def _two_topics(ask: Ask, rng: random.Random) -> bool:
    asked = sample(rng, "held_out", 2)
    others = [topic for topic in topics() if topic not in asked.topics]
    candidates = [*asked.topics, *rng.sample(others, MOST_LABELS - 2)]
    answer = ask(text=asked.text, candidate_labels=candidates, multi_label=True)
    found = zip(answer["labels"], answer["scores"], strict=True)
    return {label for label, score in found if score >= SURE} == set(asked.topics)


def _feelings(ask: Ask, rng: random.Random) -> bool:
    asked = felt_sample(rng, "held_out", rng.choice(("positive", "negative")))
    best = _best(ask, asked.text, ["positive", "negative"], "The sentiment is {}.")
    return best == asked.feeling


def _urgencies(ask: Ask, rng: random.Random) -> bool:
    asked = sample(rng, "held_out")
    best = _best(ask, asked.text, ["urgent", "not urgent"], templates("train")[0])
    return best == asked.urgency
