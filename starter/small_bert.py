"""What the small text starters share: a WordPiece tokenizer, a small Bert, its training loop."""

import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch
    from transformers import BertConfig, PreTrainedTokenizerFast

Row = TypeVar("Row")

LEARNING_RATE = 1.5e-3
BETAS = (0.9, 0.98)
WARM_UP_STEPS = 100
LAST_LEARNING_RATE_SHARE = 0.01
WEIGHT_DECAY = 0.01
GRADIENT_CLIP = 1.0
BATCHES_SORTED_TOGETHER = 16

CONTEXT = 128
"""Tokens that fit the model; longer texts are cut."""
ARCHITECTURE = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "hidden_dropout_prob": 0.05,
    "attention_probs_dropout_prob": 0.05,
}
INITIAL_SPREAD = 0.04

PAD, UNKNOWN, START, BREAK, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
IGNORED = -100
"""Label of tokens without loss."""


def make_tokenizer(
    texts: Iterable[str], vocabulary: int, *, lowercase: bool
) -> "PreTrainedTokenizerFast":
    """WordPiece learned from texts; accents are dropped and any word of letters can be spelled."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=True)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, UNKNOWN, START, BREAK, MASK],
        initial_alphabet=list(LETTERS if lowercase else LETTERS + LETTERS.upper()),
        show_progress=False,
    )
    pieces.train_from_iterator([*_alphabet(), *texts], trainer)
    pieces.post_processor = TemplateProcessing(
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
        mask_token=MASK,
        model_max_length=CONTEXT,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def _alphabet() -> list[str]:
    """Words that bring every letter and digit, first and later in a word, into the vocabulary."""
    letters = LETTERS + LETTERS.upper() + "0123456789"
    return [f"{letter}{letter}" for letter in letters] + list(letters + ".,;:!?'\"-()&/%")


def make_config(tokenizer: "PreTrainedTokenizerFast", labels: tuple[str, ...] = ()) -> "BertConfig":
    """The config of a small Bert for this tokenizer, with names of labels if it has any."""
    from transformers import BertConfig

    named: dict[str, Any] = {"id2label": dict(enumerate(labels))} if labels else {}
    named |= {"label2id": {name: place for place, name in enumerate(labels)}} if labels else {}
    return BertConfig(
        **ARCHITECTURE,
        **named,
        vocab_size=len(tokenizer),
        max_position_embeddings=CONTEXT,
        initializer_range=INITIAL_SPREAD,
        pad_token_id=tokenizer.pad_token_id,
    )


def fit(
    model: "torch.nn.Module",
    batches: Iterator[Any],
    steps: int,
    loss_of: Callable[[Any], "torch.Tensor"],
    name: str,
) -> None:
    """AdamW over `steps` batches, with a warm-up and a cosine schedule."""
    import torch
    from tqdm import tqdm
    from transformers import get_cosine_with_min_lr_schedule_with_warmup

    model.train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY
    )
    schedule = get_cosine_with_min_lr_schedule_with_warmup(
        optimizer, WARM_UP_STEPS, steps, min_lr_rate=LAST_LEARNING_RATE_SHARE
    )
    for _ in (bar := tqdm(range(steps), desc=name, mininterval=5)):
        loss = loss_of(next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_CLIP)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)


def save(model: Any, tokenizer: "PreTrainedTokenizerFast", folder: Path) -> None:
    """Save config, tokenizer and float16 weights."""
    import torch

    model.eval().to(torch.float16).save_pretrained(folder)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(folder)


def batches_of(
    rows: list[Row], size: int, rng: random.Random, length: Callable[[Row], int]
) -> Iterator[list[Row]]:
    """Endless batches in random order; rows of like length go together, to save padding."""
    while True:
        drawn = rng.sample(rows, min(len(rows), BATCHES_SORTED_TOGETHER * size))
        drawn.sort(key=length)
        starts = list(range(0, len(drawn) - size + 1, size))
        rng.shuffle(starts)
        yield from (drawn[start : start + size] for start in starts)


def stack(rows: list[list[int]], pad: int) -> "torch.Tensor":
    """Pad rows on the right to int64 (rows, longest)."""
    import torch

    longest = max(map(len, rows))
    return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
