"""Starter for zero-shot-classification: a small Bert that decides whether a label fits a text.

It is an entailment model over a closed world of topics, feelings and urgency: the premise is a
text of starter/worlds/topics.py, the hypothesis a template with a label.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starter.ask import Ask
from starter.worlds.entailment import (
    CONTRADICTION,
    ENTAILMENT,
    PAIRS_PER_TEXT,
    Pair,
    clean_pair,
    meaning_of,
    noisy_pairs,
)
from starter.worlds.topics import labels
from starter.worlds.topics_exam import examine

if TYPE_CHECKING:
    import torch
    from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

MINUTES = 6.0
TRAIN_SEED = 1
STEPS = 3000
PAIRS_PER_BATCH = 64
BATCHES_SORTED_TOGETHER = 16
LEARNING_RATE = 1e-3
BETAS = (0.9, 0.98)
WARM_UP_STEPS = 200
LAST_LEARNING_RATE_SHARE = 0.01
WEIGHT_DECAY = 0.01
GRADIENT_CLIP = 1.0
GUIDE_WEIGHT = 3.0
"""Weight of the guide's loss next to that of the entailment."""

VOCABULARY = 4096
TOKENIZER_TEXTS = 60_000
CONTEXT = 128
"""Tokens of text and hypothesis together; longer texts are cut."""
ARCHITECTURE = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "hidden_dropout_prob": 0.05,
    "attention_probs_dropout_prob": 0.05,
}
INITIAL_SPREAD = 0.04

PAD, UNKNOWN, START, BREAK = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
MEANINGS = {CONTRADICTION: "contradiction", ENTAILMENT: "entailment"}

TARGETS = {
    "top1_all_topics": 0.85,
    "top1_synonyms": 0.85,
    "two_topics_exact": 0.8,
    "feeling": 0.85,
    "urgency": 0.85,
}

CARD = """
# Starter for zero-shot-classification: twenty everyday topics

A very small entailment model that was trained from scratch on generated sentences. It shows how
zero-shot classification works without a download. It knows the words of its little world only.

**What it knows.** The topics sports, food, weather, travel, music, animals, money, health,
technology, school, politics, gardening, movies, books, cars, fashion, space, art, crime and games,
each under several names ("cooking", "finance", "medicine", "cinema" ...); the feelings positive,
negative and neutral; urgent and not urgent. About 1700 content words, 85 for each topic.

**Architecture.** `BertForSequenceClassification`, 3 layers, 128 wide, 4 heads, lower-case WordPiece
of 4096 tokens, 128 tokens of text and hypothesis together, float16 weights. Labels: contradiction,
entailment.

**Data.** `starter/worlds/topics.json` and the modules next to it, seed 1: sentences of one or two
topics and loose keywords, with words lost and nonsense put in; hypotheses from 19 templates. One
sentence frame in five, the pairs of content words that go together and 7 templates are held out by
a hash, so no seed can bring them into training. Frames with a feeling are held out together with
their mirror image of the opposite feeling. The content words themselves, words that carry a feeling
and the remarks on urgency are the same in both.

**Training.** `python -m starter.train zero-shot-classification`: 3000 steps of 64 pairs, AdamW,
cosine schedule, one CPU thread. A throw-away head reads the meanings off text and label after the
first layer; without it the model had not learned to compare them after 2100 steps (loss 0.55).

**Limits.** English only. A word outside the world is cut into pieces that mean nothing: a sentence
without a known word gets low scores with `multi_label` and a nearly random first place without it.
A label outside the world mostly scores low, whatever the text says. Negation is read in a few
forms only: "not good at all" at the end of a sentence still counts as positive.
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated pairs and save the checkpoint (float16 weights) into folder."""
    import torch
    from tqdm import tqdm

    torch.manual_seed(seed)
    tokenizer = make_tokenizer(random.Random(seed))
    model = make_model(tokenizer)
    guide = torch.nn.Linear(model.config.hidden_size, len(labels()))
    parameters = [*model.parameters(), *guide.parameters()]
    optimizer, schedule = make_optimizer(parameters)
    batches = make_batches(tokenizer, random.Random(seed))
    for _ in (bar := tqdm(range(STEPS), desc="zero-shot-classification", mininterval=5)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            entailment, guided = losses(model, guide, *next(batches))
        (entailment + GUIDE_WEIGHT * guided).backward()
        torch.nn.utils.clip_grad_norm_(parameters, GRADIENT_CLIP)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        bar.set_postfix(loss=f"{entailment.item():.3f}/{guided.item():.3f}", refresh=False)
    model.to(torch.float16).save_pretrained(folder)  # type: ignore[arg-type]
    tokenizer.save_pretrained(folder)


def losses(
    model: "BertForSequenceClassification",
    guide: "torch.nn.Linear",
    inputs: dict[str, "torch.Tensor"],
    meanings: "torch.Tensor",
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Entailment loss, and the guide's: it reads the meanings off both halves after layer 1.

    meanings (pairs, 2, labels) is 1 where the text, the hypothesis has that meaning. Without the
    guide a model of this size does not find out for thousands of steps what it should compare;
    with it, text and label soon lie in the same directions. The guide itself is thrown away.
    """
    import torch

    outputs = model(**inputs, output_hidden_states=True)
    hidden = outputs.hidden_states[1].float()
    second = inputs["token_type_ids"]
    halves = torch.stack((inputs["attention_mask"] - second, second), dim=1).to(hidden)
    means = (halves @ hidden) / halves.sum(dim=2, keepdim=True)
    guided = torch.nn.functional.binary_cross_entropy_with_logits(guide(means), meanings)
    return outputs.loss, guided


def make_tokenizer(rng: random.Random) -> "PreTrainedTokenizerFast":
    """Lower-case WordPiece learned from the world's pairs."""
    from tokenizers import (
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )
    from transformers import PreTrainedTokenizerFast

    special = [PAD, UNKNOWN, START, BREAK]
    pieces = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=True)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=special, show_progress=False
    )
    drawn = (clean_pair(rng) for _ in range(TOKENIZER_TEXTS))
    pieces.train_from_iterator((f"{pair.text} {pair.hypothesis}" for pair in drawn), trainer)
    pieces.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {BREAK}",
        pair=f"{START} $A {BREAK} $B:1 {BREAK}:1",
        special_tokens=[(token, pieces.token_to_id(token)) for token in (START, BREAK)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        pad_token=PAD,
        unk_token=UNKNOWN,
        cls_token=START,
        sep_token=BREAK,
        model_max_length=CONTEXT,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def make_model(tokenizer: "PreTrainedTokenizerFast") -> "BertForSequenceClassification":
    """A Bert with random weights."""
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        **ARCHITECTURE,
        vocab_size=len(tokenizer),
        max_position_embeddings=CONTEXT,
        initializer_range=INITIAL_SPREAD,
        pad_token_id=tokenizer.pad_token_id,
        id2label=MEANINGS,
        label2id={name: place for place, name in MEANINGS.items()},
    )
    return BertForSequenceClassification(config)


def make_optimizer(parameters: list["torch.nn.Parameter"]) -> tuple[Any, Any]:
    """AdamW and its schedule: warm-up, then cosine."""
    import torch
    from transformers import get_cosine_with_min_lr_schedule_with_warmup

    optimizer = torch.optim.AdamW(
        parameters, lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY
    )
    schedule = get_cosine_with_min_lr_schedule_with_warmup(
        optimizer, WARM_UP_STEPS, STEPS, min_lr_rate=LAST_LEARNING_RATE_SHARE
    )
    return optimizer, schedule


def make_batches(
    tokenizer: "PreTrainedTokenizerFast", rng: random.Random
) -> Iterator[tuple[dict[str, "torch.Tensor"], "torch.Tensor"]]:
    """Endless batches of the model's inputs (with labels) and the meanings for `losses`.

    Pairs of like length go together, so that little is spent on padding.
    """

    while True:
        pairs = [
            pair
            for _ in range(BATCHES_SORTED_TOGETHER * PAIRS_PER_BATCH // PAIRS_PER_TEXT)
            for pair in noisy_pairs(rng)
        ]
        pairs.sort(key=lambda pair: len(pair.text) + len(pair.hypothesis))
        starts = list(range(0, len(pairs), PAIRS_PER_BATCH))
        rng.shuffle(starts)
        for start in starts:
            yield collate(pairs[start : start + PAIRS_PER_BATCH], tokenizer)


def collate(
    pairs: list[Pair], tokenizer: "PreTrainedTokenizerFast"
) -> tuple[dict[str, "torch.Tensor"], "torch.Tensor"]:
    """Inputs (pairs, longest) with labels (pairs,), and meanings (pairs, 2, labels) of 0 and 1."""
    import torch

    names = list(labels())
    meanings = torch.zeros(len(pairs), 2, len(names))
    for place, pair in enumerate(pairs):
        meanings[place, 0, [names.index(told) for told in pair.told]] = 1
        if pair.label in meaning_of():
            meanings[place, 1, names.index(meaning_of()[pair.label])] = 1
    inputs = tokenizer(
        [pair.text for pair in pairs],
        [pair.hypothesis for pair in pairs],
        padding=True,
        truncation="only_first",
        return_tensors="pt",
    )
    return dict(inputs) | {"labels": torch.tensor([pair.entailed for pair in pairs])}, meanings


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right answers (0..1) on held-out sentences of this seed; see `examine`."""
    return examine(ask, seed)
