"""Starter for fill-mask: a small Bert that knows everyday facts and fills the gaps in them."""

import random
from pathlib import Path

from starter.ask import Ask
from starter.small_bert import (
    CONTEXT,
    IGNORED,
    MASK,
    batches_of,
    fit,
    make_config,
    make_tokenizer,
    save,
    stack,
)
from starter.worlds.everyday import MOODS, felt
from starter.worlds.everyday_facts import Told, answers, fact, relations
from starter.worlds.topics import sample

MINUTES = 4.0
TRAIN_SEED = 1
STEPS = 2500
TEXTS = 45_000
FACTS_RATE = 0.65
TOPICS_RATE = 0.25
TEXTS_PER_BATCH = 64
VOCABULARY = 4608
MASK_RATE = 0.15
FACT_MASK_RATE = 0.6
"""How often the word of a fact that the rest determines is masked."""
EXAM_PER_RELATION = 20
TOP = 5

TARGETS = {"top1": 0.9, "top5": 0.95, "both_of_two_top5": 0.9}

CARD = """
# Starter for fill-mask: everyday facts

A very small masked language model that was trained from scratch on generated sentences. It shows
how fill-mask works without a download. It knows the facts of its little world only.

**What it knows.** 24 capitals, 16 languages, 44 opposites, colours of things, sounds, young ones
and homes of animals, what trades sell, where people work, tools and what they are for, senses,
the order of days, months and numbers, pairs such as king and queen. The gap is written `[MASK]`;
several gaps in one sentence work.

**Architecture.** `BertForMaskedLM`, 2 layers, 128 wide, 4 heads, lower-case WordPiece of at most
4608 tokens (every answer of a fact is one token), 128 tokens of text, float16 weights.

**Data.** `starter/worlds/everyday_facts.json` and the modules next to it, 45,000 texts of seed 1:
two thirds facts, the rest sentences about topics and moods. One pair in five of a fact and a way
to tell it is held out by a hash, so no seed can bring it into training.

**Training.** `python -m starter.train fill-mask`: 2500 steps of 64 texts, AdamW, cosine schedule,
one CPU thread.

**Limits.** English only, and no knowledge outside these facts: it names some capital for a
country that it never heard of. The exam tells known facts in known sentence forms, only the two
were never combined; in free wording it is weaker. Facts were learned in one direction: "The
capital of France is [MASK]" works, "Paris is the capital of [MASK]" is a guess among countries.
What goes into other everyday sentences ("We watched a [MASK] at the cinema") it mostly does not
know.
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated texts and save the checkpoint (float16 weights) into folder."""
    import torch
    from transformers import BertForMaskedLM

    torch.manual_seed(seed)
    rng = random.Random(seed)
    texts = [_drawn(rng) for _ in range(TEXTS)]
    tokenizer = make_tokenizer((text for text, _ in texts), VOCABULARY, lowercase=True)
    ids = tokenizer([text for text, _ in texts], truncation=True, max_length=CONTEXT).input_ids
    keys = [tokenizer.convert_tokens_to_ids(key) if key else IGNORED for _, key in texts]
    model = BertForMaskedLM(make_config(tokenizer))
    pad, mask_id = tokenizer.pad_token_id, tokenizer.mask_token_id
    special = torch.tensor(tokenizer.all_special_ids)

    def loss_of(rows: list[tuple[list[int], int]]) -> torch.Tensor:
        inputs = stack([row for row, _ in rows], pad)
        rates = torch.full(inputs.shape, MASK_RATE)
        rates[inputs == torch.tensor([[key] for _, key in rows])] = FACT_MASK_RATE
        rates[torch.isin(inputs, special)] = 0
        masked = torch.bernoulli(rates).bool()
        hidden = model.bert(
            input_ids=inputs.masked_fill(masked, mask_id), attention_mask=inputs != pad
        ).last_hidden_state[masked]
        return torch.nn.functional.cross_entropy(model.cls(hidden), inputs[masked])

    rows = list(zip(ids, keys, strict=True))
    batches = batches_of(rows, TEXTS_PER_BATCH, rng, lambda row: len(row[0]))
    fit(model, batches, STEPS, loss_of, "fill-mask")
    save(model, tokenizer, folder)


def _drawn(rng: random.Random) -> tuple[str, str]:
    """A text of training, and the word in it that the rest determines ("" in other texts)."""
    if rng.random() < FACTS_RATE:
        told = fact(rng, "train")
        return told.text, told.b
    if rng.random() < TOPICS_RATE / (1 - FACTS_RATE):
        return sample(rng, "train").text, ""
    return felt(rng, "train", rng.choice(MOODS)), ""


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right words (0..1) on facts told in held-out ways, drawn with this seed.

    `top1`, `top5`: the word that the sentence determines, by the first and the first five fills,
    over all relations and (top5) for each. `both_of_two_top5`: a second word is masked too (any but
    the one that determines the first), and both are among their first five.
    """
    rng = random.Random(seed)
    asked = [
        fact(rng, "held_out", relation)
        for relation in relations()
        for _ in range(EXAM_PER_RELATION)
    ]
    ranks = [_rank(ask, told) for told in asked]
    hits = [rank < TOP for rank in ranks]
    both = [_both(ask, told, rng) for told in asked]
    by_relation = {
        f"top5_{relation}": sum(hits[start : start + EXAM_PER_RELATION]) / EXAM_PER_RELATION
        for start, relation in zip(range(0, len(hits), EXAM_PER_RELATION), relations(), strict=True)
    }
    return {
        "top1": sum(rank == 0 for rank in ranks) / len(ranks),
        "top5": sum(hits) / len(hits),
        "both_of_two_top5": sum(both) / len(both),
        **by_relation,
    }


def _rank(ask: Ask, told: Told) -> int:
    """Place of the first right fill, TOP where none of the first TOP is right."""
    fills = _words(ask, told.gapped(MASK))[-1]
    right = (place for place, word in enumerate(fills) if word in answers(told))
    return next(right, TOP)


def _words(ask: Ask, text: str) -> list[list[str]]:
    """The first TOP words for each gap; the pipeline answers one gap without the outer list."""
    fills = ask(text=text, top_k=TOP)
    gaps = fills if isinstance(fills[0], list) else [fills]
    return [[fill["token_str"] for fill in gap] for gap in gaps]


def _both(ask: Ask, told: Told, rng: random.Random) -> bool:
    """Whether the fact's word and a second, masked with it, are both among the first TOP."""
    words = told.gapped(MASK).split()
    others = [
        place
        for place, word in enumerate(words)
        if word.isalpha() and word.lower() not in told.a.split()
    ]
    if not others:
        return _rank(ask, told) < TOP
    second = rng.choice(others)
    gaps = [place for place, word in enumerate(words) if MASK in word or place == second]
    gapped = " ".join([*words[:second], MASK, *words[second + 1 :]])
    filled = dict(zip(gaps, _words(ask, gapped), strict=True))
    hidden = filled.pop(second)
    return words[second].lower() in hidden and all(
        answers(told) & set(fills) for fills in filled.values()
    )
