"""Starter for feature-extraction: a small Bert whose mean vector tells what a sentence is about."""

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from starter.ask import Ask
from starter.small_bert import CONTEXT, fit, make_config, make_tokenizer, save, stack
from starter.worlds.language import Split
from starter.worlds.topics import felt_sample, keywords, plain_sample, topics

if TYPE_CHECKING:
    import torch
    from transformers import BertModel

MINUTES = 3.0
TRAIN_SEED = 1
STEPS = 900
TEXTS = 40_000
VOCABULARY = 4096
TOPICS_PER_BATCH = 10
PAIRS_PER_TOPIC = 4
"""Pairs of texts on the same thing."""
TEMPERATURE = 0.1
THING_WEIGHT = 0.3
"""Weight of "the same thing" next to "the same topic"."""
KEYWORDS_RATE = 0.15
FELT_RATE = 0.15
EXAM_PER_TOPIC = 15

TARGETS = {"same_topic_nearest": 0.85, "margin": 0.3}

CARD = """
# Starter for feature-extraction: what a sentence is about

A very small sentence encoder that was trained from scratch on generated sentences. It shows how
feature extraction works without a download. It knows the words of its little world only.

**What it knows.** Twenty everyday topics: sports, food, weather, travel, music, animals, money,
health, technology, school, politics, gardening, movies, books, cars, fashion, space, art, crime
and games. The mean over the token vectors is near for sentences on one topic, and nearer still
for sentences on the same thing.

**Architecture.** `BertModel` (its pooler is untrained), 2 layers, 128 wide, 4 heads, lower-case
WordPiece of 4096 tokens, 128 tokens of text, float16 weights. Compare by cosine, after the mean
over all tokens.

**Data.** `starter/worlds/topics.json` and `topics.py`, 40,000 texts of seed 1. One sentence frame
in five and the pairs of content words that go together are held out by a hash, so no seed can
bring them into training. The content words themselves are the same in both.

**Training.** `python -m starter.train feature-extraction`: 900 steps of 80 texts, supervised
contrastive loss on topics and on things, AdamW, cosine schedule, one CPU thread.

**Limits.** English only. It tells topics, not statements: a sentence and its denial are alike.
Words outside its world mean nothing to it.
"""

Row = tuple[list[int], int, int]
"""Token ids, the number of the topic, the number of the thing."""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated texts and save the checkpoint (float16 weights) into folder."""
    import torch
    from transformers import BertModel

    torch.manual_seed(seed)
    rng = random.Random(seed)
    drawn = [_drawn(rng, "train", rng.choice(topics())) for _ in range(TEXTS)]
    tokenizer = make_tokenizer((text for text, _, _ in drawn), VOCABULARY, lowercase=True)
    ids = tokenizer([text for text, _, _ in drawn], truncation=True, max_length=CONTEXT).input_ids
    groups: dict[str, dict[str, list[list[int]]]] = defaultdict(lambda: defaultdict(list))
    for row, (_, topic, thing) in zip(ids, drawn, strict=True):
        groups[topic][thing].append(row)
    model = BertModel(make_config(tokenizer), add_pooling_layer=False)

    def loss_of(rows: list[Row]) -> torch.Tensor:
        inputs = stack([row for row, _, _ in rows], tokenizer.pad_token_id)
        mask = inputs != tokenizer.pad_token_id
        hidden = model(input_ids=inputs, attention_mask=mask).last_hidden_state
        means = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        on_topics = contrast(means, torch.tensor([topic for _, topic, _ in rows]))
        on_things = contrast(means, torch.tensor([thing for _, _, thing in rows]))
        return on_topics + THING_WEIGHT * on_things

    fit(model, _batches(groups, rng), STEPS, loss_of, "feature-extraction")
    save(with_pooler(model), tokenizer, folder)


def with_pooler(model: "BertModel") -> "BertModel":
    """The same model with an untrained pooler, which the pipeline expects and does not use."""
    from transformers import BertModel

    whole = BertModel(model.config)
    whole.load_state_dict(model.state_dict(), strict=False)
    return whole


def contrast(vectors: "torch.Tensor", groups: "torch.Tensor") -> "torch.Tensor":
    """Supervised contrastive loss (Khosla et al. 2020) of vectors (texts, width), groups (texts,).

    Every group has at least two members.
    """
    import torch

    vectors = torch.nn.functional.normalize(vectors, dim=-1)
    itself = torch.eye(len(vectors), dtype=torch.bool)
    near = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, -1e9)
    friends = (groups[:, None] == groups[None]) & ~itself
    return -(near.log_softmax(dim=1) * friends).sum(1).div(friends.sum(1)).mean()


def _batches(
    groups: dict[str, dict[str, list[list[int]]]], rng: random.Random
) -> Iterator[list[Row]]:
    """Endless batches: some topics, of each some things, of each two texts."""
    things = {
        topic: [thing for thing, rows in table.items() if len(rows) > 1]
        for topic, table in groups.items()
    }
    while True:
        rows: list[Row] = []
        for topic in rng.sample(list(groups), TOPICS_PER_BATCH):
            for thing in rng.sample(things[topic], PAIRS_PER_TOPIC):
                number = len(rows)
                pair = rng.sample(groups[topic][thing], 2)
                rows += [(ids, topics().index(topic), number) for ids in pair]
        yield rows


def _drawn(rng: random.Random, split: Split, topic: str) -> tuple[str, str, str]:
    """A text, its topic and the first thing in it."""
    if split == "train" and rng.random() < KEYWORDS_RATE:
        text = keywords(rng, topic).text
        return text, topic, text.split()[0]
    if rng.random() < FELT_RATE:
        felt = felt_sample(rng, split, rng.choice(("positive", "negative")))
        return felt.text, felt.topics[0], (felt.things or ("",))[0]
    plain = plain_sample(rng, split, topic)
    return plain.text, topic, (plain.things or ("",))[0]


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """How held-out sentences of this seed lie, by cosine of the mean vectors.

    `same_topic_nearest`: share whose nearest other sentence has the same topic; `same`, `other`:
    mean cosine to sentences of the same and of other topics; `margin`: the difference.
    """
    import torch

    rng = random.Random(seed)
    chosen = [topic for topic in topics() for _ in range(EXAM_PER_TOPIC)]
    drawn = [_drawn(rng, "held_out", topic) for topic in chosen]
    means = torch.stack([torch.tensor(ask(text=text)[0]).mean(0) for text, _, _ in drawn])
    means = torch.nn.functional.normalize(means, dim=-1)
    near = means @ means.T
    places = torch.tensor([topics().index(topic) for _, topic, _ in drawn])
    itself = torch.eye(len(drawn), dtype=torch.bool)
    friends = places[:, None] == places[None]
    nearest = near.masked_fill(itself, -1).argmax(dim=1)
    same = near[friends & ~itself].mean().item()
    other = near[~friends].mean().item()
    return {
        "same_topic_nearest": (places[nearest] == places).float().mean().item(),
        "same": same,
        "other": other,
        "margin": same - other,
    }
