"""Starter for text-classification: a small Bert that tells the mood of an everyday sentence."""

import random
from pathlib import Path

from starter.ask import Ask
from starter.small_bert import (
    CONTEXT,
    batches_of,
    fit,
    make_config,
    make_tokenizer,
    save,
    stack,
)
from starter.worlds.everyday import MOODS, felt

MINUTES = 2.0
TRAIN_SEED = 1
STEPS = 900
TEXTS = 25_000
TEXTS_PER_BATCH = 64
VOCABULARY = 4096
EXAM_TEXTS_PER_MOOD = 200

TARGETS = {"accuracy": 0.9, "negative": 0.85, "neutral": 0.85, "positive": 0.85}

CARD = """
# Starter for text-classification: negative, neutral or positive

A very small classifier that was trained from scratch on generated sentences. It shows how text
classification works without a download. It knows the words of its little world only.

**What it knows.** The mood of short English sentences about everyday things (food, service,
trips, films, weather, work ...): about 60 adjectives for each mood, verbs such as love and hate,
feelings, events ("made my day", "fell apart"), exclamations and simple negation ("is not bad at
all").

**Architecture.** `BertForSequenceClassification`, 2 layers, 128 wide, 4 heads, lower-case
WordPiece of 4096 tokens, 128 tokens of text, float16 weights. Labels: negative, neutral,
positive.

**Data.** `starter/worlds/everyday.json` and `everyday.py`, 25,000 sentences of seed 1. One
sentence frame in five and one pair in five of a thing and a word of mood are held out by a hash,
so no seed can bring them into training. The words of mood themselves are the same in both.

**Training.** `python -m starter.train text-classification`: 900 steps of 64 sentences, AdamW,
cosine schedule, one CPU thread.

**Limits.** English only. A word of mood that is not in its lists is passed over, so that the
sentence looks neutral; irony and mixed moods ("good, but far too slow") were never trained.
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated sentences and save the checkpoint (float16 weights) into folder."""
    import torch
    from transformers import BertForSequenceClassification

    torch.manual_seed(seed)
    rng = random.Random(seed)
    moods = [rng.randrange(len(MOODS)) for _ in range(TEXTS)]
    texts = [felt(rng, "train", MOODS[mood]) for mood in moods]
    tokenizer = make_tokenizer(texts, VOCABULARY, lowercase=True)
    ids = tokenizer(texts, truncation=True, max_length=CONTEXT).input_ids
    model = BertForSequenceClassification(make_config(tokenizer, MOODS))

    def loss_of(rows: list[tuple[list[int], int]]) -> torch.Tensor:
        inputs = stack([row for row, _ in rows], tokenizer.pad_token_id)
        labels = torch.tensor([mood for _, mood in rows])
        mask = inputs != tokenizer.pad_token_id
        return model(input_ids=inputs, attention_mask=mask, labels=labels).loss

    rows = list(zip(ids, moods, strict=True))
    batches = batches_of(rows, TEXTS_PER_BATCH, rng, lambda row: len(row[0]))
    fit(model, batches, STEPS, loss_of, "text-classification")
    save(model, tokenizer, folder)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right moods (0..1) on held-out sentences of this seed, for all and for each."""
    rng = random.Random(seed)
    scores = {}
    for mood in MOODS:
        texts = [felt(rng, "held_out", mood) for _ in range(EXAM_TEXTS_PER_MOOD)]
        best = [ask(text=text, top_k=1)[0]["label"] for text in texts]
        scores[mood] = best.count(mood) / len(best)
    return {"accuracy": sum(scores.values()) / len(scores), **scores}
