"""Starter for token-classification: a small Bert that marks people, places, companies and dates."""

import random
from pathlib import Path

from starter.ask import Ask
from starter.small_bert import (
    CONTEXT,
    IGNORED,
    batches_of,
    fit,
    make_config,
    make_tokenizer,
    save,
    stack,
)
from starter.worlds.everyday import LABELS, Known, Span, Tagged, tagged, untagged

MINUTES = 5.0
TRAIN_SEED = 1
STEPS = 1500
TEXTS = 40_000
TEXTS_PER_BATCH = 48
VOCABULARY = 1536
LOWER_CASE_RATE = 0.04
TWO_SENTENCES_RATE = 0.4
TAGS = ("O", *(f"{start}-{label}" for label in LABELS for start in "BI"))
EXAM_TEXTS = 300

TARGETS = {"f1_seen_names": 0.9, "f1_unseen_names": 0.9}
SHORTFALLS = ("f1_seen_names", "f1_unseen_names")
"""Floors that the shipped weights miss; the card says so."""

CARD = """
# Starter for token-classification: people, places, organisations, dates

A very small tagger that was trained from scratch on generated sentences. It shows how token
classification works without a download. It is no use on texts unlike its sentences.

**What it knows.** PER, LOC, ORG and DATE in short English sentences: about 190 first and last
names, 100 places, 54 organisations, "Northern Bank"-like names, dates in fifteen forms. Unknown
names are judged by capital letters, their ending ("-ville", "-son", "Ltd") and the words around.

**Architecture.** `BertForTokenClassification`, 2 layers, 128 wide, 4 heads, cased WordPiece of
1536 tokens, 128 tokens of text, float16 weights. Every piece of a word has a tag: B- the first of
an entity, I- the others, so `aggregation_strategy="simple"` joins them.

**Data.** `starter/worlds/everyday.json` and `everyday.py`, 40,000 sentences of seed 1; six in ten
names in them are made up, of syllables or of the parts of two names. One sentence frame in five
and one name in five are held out by a hash, so no seed can bring them into training.

**Training.** `python -m starter.train token-classification`: 1500 steps of 48 texts, AdamW,
cosine schedule, one CPU thread.

**Limits.** Below its floors: on held-out sentence forms it still breaks names into pieces of
different labels and takes unknown words at the start of a sentence for names ("Snow fell").
`aggregation_strategy="first"` or "average" mend a part of it. English only; text in lower case is
marked poorly; products, events and times of day have no label.
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated sentences and save the checkpoint (float16 weights) into folder."""
    import torch
    from transformers import BertForTokenClassification

    torch.manual_seed(seed)
    rng = random.Random(seed)
    texts = [_drawn(rng) for _ in range(TEXTS)]
    tokenizer = make_tokenizer((row.text for row in texts), VOCABULARY, lowercase=False)
    encoded = tokenizer(
        [row.text for row in texts],
        truncation=True,
        max_length=CONTEXT,
        return_offsets_mapping=True,
    )
    tags = [
        tags_of(row.spans, offsets)
        for row, offsets in zip(texts, encoded.offset_mapping, strict=True)
    ]
    model = BertForTokenClassification(make_config(tokenizer, TAGS))

    def loss_of(rows: list[tuple[list[int], list[int]]]) -> torch.Tensor:
        inputs = stack([ids for ids, _ in rows], tokenizer.pad_token_id)
        labels = stack([row for _, row in rows], IGNORED)
        mask = inputs != tokenizer.pad_token_id
        return model(input_ids=inputs, attention_mask=mask, labels=labels).loss

    rows = list(zip(encoded.input_ids, tags, strict=True))
    batches = batches_of(rows, TEXTS_PER_BATCH, rng, lambda row: len(row[0]))
    fit(model, batches, STEPS, loss_of, "token-classification")
    save(model, tokenizer, folder)


def tags_of(spans: tuple[Span, ...], offsets: list[tuple[int, int]]) -> list[int]:
    """Places in TAGS for tokens at these characters; IGNORED for [CLS] and [SEP]."""
    tags = []
    for start, end in offsets:
        span = next((s for s in spans if s.start <= start and end <= s.end), None)
        name = "O" if span is None else f"{'B' if span.start == start else 'I'}-{span.label}"
        tags.append(TAGS.index(name) if start < end else IGNORED)
    return tags


def _drawn(rng: random.Random) -> Tagged:
    """One or two sentences of training, sometimes in lower case."""
    row = tagged(rng, "train")
    if rng.random() < TWO_SENTENCES_RATE:
        first, other = rng.sample((untagged(rng, "train"), tagged(rng, "train"), row), 2)
        row = first
        gap = len(row.text) + 1
        moved = (Span(start=s.start + gap, end=s.end + gap, label=s.label) for s in other.spans)
        row = Tagged(text=f"{row.text} {other.text}", spans=(*row.spans, *moved))
    lower = rng.random() < LOWER_CASE_RATE
    return Tagged(text=row.text.lower(), spans=row.spans) if lower else row


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """F1 (0..1) of whole entities, place and label right, in held-out sentences of this seed.

    Joined with "simple". For names of the training and for names that were never in it; for the
    latter also the share found of each label.
    """
    rng = random.Random(seed)
    seen, _ = _exam(ask, rng, "seen")
    unseen, found = _exam(ask, rng, "unseen")
    return {"f1_seen_names": seen, "f1_unseen_names": unseen, **found}


def _exam(ask: Ask, rng: random.Random, known: Known) -> tuple[float, dict[str, float]]:
    """F1 over all entities, and recall by label."""
    asked: list[tuple[int, int, int, str]] = []
    told: list[tuple[int, int, int, str]] = []
    for place in range(EXAM_TEXTS):
        row = tagged(rng, "held_out", known)
        asked += [(place, s.start, s.end, s.label) for s in row.spans]
        spans = ask(text=row.text, aggregation_strategy="simple")
        told += [(place, s["start"], s["end"], s["entity_group"]) for s in spans]
    right = set(asked) & set(told)
    recall = {
        f"found_unseen_{label}": sum(row[3] == label for row in right)
        / sum(row[3] == label for row in asked)
        for label in LABELS
    }
    return 2 * len(right) / (len(asked) + len(told)), recall
