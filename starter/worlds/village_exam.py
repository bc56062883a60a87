"""The exam on Willowbrook: held-out questions to a chat model, and how many it answers right."""

import random
from collections.abc import Callable
from functools import partial

from starter.ask import Ask
from starter.worlds.language import split_of
from starter.worlds.village import (
    CUT,
    first_named,
    is_whole,
    people,
    sentences,
    subject_named,
    truths,
    world,
)
from starter.worlds.village_talk import Turn, follow_up, opening, story_parts, told

QUESTIONS_PER_KIND = 25
ASKED_KINDS = ("person", "reverse", "yes", "no", "thing", "village", "sum", "about")
STORY_SENTENCES = 6
REPLY_TOKENS = 300
CONTINUED_TOKENS = 60
HELD_OUT_SYSTEMS = (
    "You are a wise old wizard.",
    "Reply as kindly as you can.",
    "Use simple words.",
)
THREE_TURNS_RATE = 0.3
"""Share of the follow-ups that come after two turns instead of one."""


def examine(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right replies (0..1) on held-out questions of this seed, decoded greedily.

    An answer is right when it is, word for word, the whole true answer to what was asked;
    `true_answers` is the mean over all kinds of questions; `whole_sentences` needs no truth.
    """
    rng = random.Random(seed)
    replies: list[str] = []
    scores = {kind: _share(partial(_answered, ask, replies, rng, kind)) for kind in ASKED_KINDS}
    scores["follow_up"] = _share(partial(_followed, ask, replies, rng))
    scores["with_system"] = _share(partial(_with_system, ask, replies, rng))
    scores["unknown"] = _share(partial(_answered, ask, replies, rng, "unknown"))
    scores["true_answers"] = sum(scores.values()) / len(scores)
    scores["small_talk"] = _share(partial(_answered, ask, replies, rng, "talk"))
    scores["story"] = _share(partial(_story_told, ask, replies, rng))
    scores["continuation"] = _share(partial(_continued, ask, rng))
    scores["whole_sentences"] = sum(map(is_whole, replies)) / len(replies)
    return scores


def _share(tried: Callable[[], bool]) -> float:
    return sum(tried() for _ in range(QUESTIONS_PER_KIND)) / QUESTIONS_PER_KIND


def reply(ask: Ask, messages: list[dict[str, str]]) -> str:
    """The model's reply to a chat."""
    answer = ask(
        text=messages, max_new_tokens=REPLY_TOKENS, do_sample=False, return_full_text=False
    )[0]["generated_text"]
    return str(answer if isinstance(answer, str) else answer[-1]["content"])


def _said(ask: Ask, replies: list[str], talk: list[Turn], system: str = "") -> str:
    """The reply to the last turn of a talk whose earlier turns were answered right."""
    messages = [{"role": "system", "content": system}] if system else []
    for turn in talk:
        messages.append({"role": "user", "content": turn.question})
        messages.append({"role": "assistant", "content": turn.answer})
    replies.append(reply(ask, messages[:-1]))
    return replies[-1]


def _answered(ask: Ask, replies: list[str], rng: random.Random, kind: str) -> bool:
    turn = opening(rng, "held_out", kind)
    return _said(ask, replies, [turn]) == turn.answer


def _followed(ask: Ask, replies: list[str], rng: random.Random) -> bool:
    """Two or three turns, the last a held-out question with a pronoun or "what about"."""
    talk = [opening(rng, "train", "person")]
    if not talk[0].person:
        return _followed(ask, replies, rng)
    if rng.random() < THREE_TURNS_RATE:
        talk.append(follow_up(talk[-1], rng, "train"))
    if not talk[-1].person:
        return _followed(ask, replies, rng)
    talk.append(follow_up(talk[-1], rng, "held_out"))
    return _said(ask, replies, talk) == talk[-1].answer


def _with_system(ask: Ask, replies: list[str], rng: random.Random) -> bool:
    turn = opening(rng, "held_out", rng.choice(ASKED_KINDS))
    return _said(ask, replies, [turn], rng.choice(HELD_OUT_SYSTEMS)) == turn.answer


def _story_told(ask: Ask, replies: list[str], rng: random.Random) -> bool:
    """At least STORY_SENTENCES sentences, each true for the person of the story."""
    name = rng.choice(list(people()))
    requests = [row.format(n=name) for row in world()["story_requests"]]
    held_out = [row for row in requests[1:] if split_of(row) == "held_out"] or requests[:1]
    turn = Turn(question=rng.choice(held_out), answer="", kind="story")
    lines = sentences(_said(ask, replies, [turn]))
    fitting = {line for part in story_parts(name) for line in part}
    return len(lines) >= STORY_SENTENCES and all(line in fitting for line in lines)


def _continued(ask: Ask, rng: random.Random) -> bool:
    """A held-out statement cut before its fact: every sentence that comes of it is true."""
    prompt = told(rng, "held_out", ("person", "reverse", "thing", "village")).split(CUT)[0]
    lines = sentences(
        ask(text=prompt, max_new_tokens=CONTINUED_TOKENS, do_sample=False)[0]["generated_text"]
    )
    return bool(lines) and all(
        subject_named(line, first_named(lines[0])) in truths() for line in lines
    )
