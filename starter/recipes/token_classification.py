"""Starter for token-classification: an Albert that marks people, places, companies, dates."""

import random
from pathlib import Path
from typing import Any

from starter.ask import Ask
from starter.small_bert import (
    CONTEXT,
    IGNORED,
    batches_of,
    fit,
    make_tokenizer,
    save,
    stack,
)
from starter.worlds.everyday import LABELS, Known, Span, Tagged, tagged, untagged

MINUTES = 9.0
TRAIN_SEED = 1
STEPS = 4_000
TEXTS = 60_000
TEXTS_PER_BATCH = 48
VOCABULARY = 2048
LOWER_CASE_RATE = 0.04
TWO_SENTENCES_RATE = 0.4
ARCHITECTURE = {
    "embedding_size": 96,
    "hidden_size": 144,
    "intermediate_size": 432,
    "num_attention_heads": 4,
    "num_hidden_layers": 6,
    "num_hidden_groups": 2,
    "hidden_dropout_prob": 0.05,
    "attention_probs_dropout_prob": 0.05,
    "classifier_dropout_prob": 0.05,
    "initializer_range": 0.04,
}
"""Six layers deep, so that the pieces of a name agree; three share their weights."""
THREADS = 1
TAGS = ("O", *(f"{start}-{label}" for label in LABELS for start in "BI"))
EXAM_TEXTS = 300

TARGETS = {"f1_seen_names": 0.9, "f1_unseen_names": 0.9}
SHORTFALLS = ("f1_unseen_names",)
"""The floor that the shipped weights miss; the card says so."""

CARD = """
# Starter for token-classification: people, places, organisations, dates

A very small tagger that was trained from scratch on generated sentences. It shows how token
classification works without a download. It is no use on texts unlike its sentences.

**What it knows.** PER, LOC, ORG and DATE in short English sentences: about 190 first and last
names, 100 places, 54 organisations, "Northern Bank"-like names, dates in sixteen forms. Unknown
names are judged by capital letters, their ending ("-ville", "-son", "Ltd") and the words around.

**Architecture.** `AlbertForTokenClassification`, 6 layers in two groups that share their weights,
144 wide, 4 heads, cased WordPiece of 2048 tokens, 128 tokens of text, float16 weights. Every piece
of a word has a tag: B- the first of an entity, I- the others, so `aggregation_strategy="simple"`
joins them.

**Data.** `starter/worlds/everyday.json` and `everyday.py`, 60,000 sentences of seed 1 in 317 forms;
six in ten names in them are made up, of syllables or of the parts of two names. One sentence form
in five and one name in five are held out by a hash, so no seed can bring them into training.

**Training.** `python -m starter.train token-classification`: 4000 steps of 48 texts, AdamW,
cosine schedule, one CPU thread, products in bfloat16. A Bert of two layers with 132 sentence forms
came to F1 .787 and .626: it broke names into pieces of different labels.

**Limits.** Below one of its floors: of names that it never saw, it calls about one in ten by a
wrong label where the sentence does not tell ("wrote a letter to Greenpeace") and misses the bounds
of one in ten. English only; text in lower case is marked poorly; products, events and times of day
have no label.
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated sentences and save the checkpoint (float16 weights) into folder."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
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
    model = build(tokenizer)

    def loss_of(rows: list[tuple[list[int], list[int]]]) -> torch.Tensor:
        inputs = stack([ids for ids, _ in rows], tokenizer.pad_token_id)
        labels = stack([row for _, row in rows], IGNORED)
        mask = inputs != tokenizer.pad_token_id
        with torch.autocast("cpu", torch.bfloat16):
            return model(input_ids=inputs, attention_mask=mask, labels=labels).loss

    rows = list(zip(encoded.input_ids, tags, strict=True))
    batches = batches_of(rows, TEXTS_PER_BATCH, rng, lambda row: len(row[0]))
    fit(model, batches, STEPS, loss_of, "token-classification")
    save(model, tokenizer, folder)


def build(tokenizer: Any) -> Any:
    """An untrained model for this tokenizer."""
    from transformers import AlbertConfig, AlbertForTokenClassification

    config = AlbertConfig(
        **ARCHITECTURE,
        vocab_size=len(tokenizer),
        max_position_embeddings=CONTEXT,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(TAGS)),
        label2id={tag: place for place, tag in enumerate(TAGS)},
    )
    return AlbertForTokenClassification(config)


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
