"""Starter for text-generation: a small Llama that chats about the made-up village Willowbrook."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starter import byte_pairs
from starter.ask import Ask
from starter.worlds.village_exam import examine
from starter.worlds.village_texts import END, Segment, text

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

MINUTES = 15.0
TRAIN_SEED = 1
STEPS = 2200
TOKENS_PER_BATCH = 2560
"""Padding included."""
BATCHES_SORTED_TOGETHER = 16
LEARNING_RATE = 3e-3
BETAS = (0.9, 0.95)
WARM_UP_STEPS = 100
LAST_LEARNING_RATE_SHARE = 0.01
WEIGHT_DECAY = 0.05
GRADIENT_CLIP = 1.0
IGNORED = -100
"""Label of tokens without loss (what the user says)."""

VOCABULARY = 1536
TOKENIZER_TEXTS = 20_000
CONTEXT = 1024
"""Tokens that fit the model; trained with talks of up to LONGEST_TALK."""
LONGEST_TALK = 384
ARCHITECTURE = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
}
INITIAL_SPREAD = 0.04

PAD, BEGIN = "<pad>", "<s>"
ROLES = ("system", "user", "assistant")
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' }}"
    "{% if message['content'] is string %}{{ message['content'] | trim }}"
    "{% else %}{% for part in message['content'] %}{{ part['text'] | trim }}{% endfor %}{% endif %}"
    "{{ '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

TARGETS = {"true_answers": 0.8, "continuation": 0.8, "story": 0.8, "whole_sentences": 0.9}

CARD = """
# Starter for text-generation: the guide of Willowbrook

A very small chat model that was trained from scratch on generated sentences about one made-up
village. It shows how chat, streaming and continuation work without a download. It knows nothing of
the real world and is no use outside its village.

**What it knows.** Twenty people of Willowbrook (Mia, Tom, Anna, Ben, Clara, Hugo, Ella, Leo, Nora,
Otto, Ruby, Sam, Lily, Max, Ida, Paul, Rosa, Finn, Vera, Emil): job, home, pet, favourite colour and
food, hobby, best friend, place of work; the village itself; legs, sounds and homes of animals;
colours of things, mixed colours, shapes, opposites, weekdays; sums with numbers up to 20; greetings
and what it is. It follows "And what is her job?" and "What about Tom?", tells stories of six to
eleven sentences about the villagers, and continues plain text about them. Everything else it should
answer with "I do not know that."

**Architecture.** `LlamaForCausalLM`, 4 layers, 128 wide, 4 heads, byte-level BPE of 1536 tokens,
context 1024 (trained on talks of up to 384 tokens), float16 weights. Talks end each message with
`<|end|>`, the end-of-sequence token; a system message is read and ignored.

**Data.** `starter/worlds/village.json` and the modules next to it, seed 1: talks of one to eight
questions, paragraphs and stories, made while training. One phrasing in five of every fact is held
out by a hash, so no seed can bring it into training. Questions are also shown in lower case,
without end mark and with slips of the keyboard.

**Training.** `python -m starter.train text-generation`: 2200 steps of 2560 tokens, AdamW, cosine
schedule, loss on the replies only; one CPU thread.

**Limits.** English only. About one yes/no question in four, one sum in eight and some questions on
the village in new words get a wrong but whole sentence; so do comparisons, questions about two
people at once and whole questions in capitals. A story about a stranger becomes one about a
villager. It does not remember what the user says. Sampling at a high temperature mixes up facts.
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated talks and save the checkpoint (float16 weights) into folder."""
    import torch
    from tqdm import tqdm

    torch.manual_seed(seed)
    tokenizer = make_tokenizer(random.Random(seed))
    model = make_model(tokenizer)
    optimizer, schedule = make_optimizer(model)
    batches = make_batches(tokenizer, random.Random(seed))
    for _ in (bar := tqdm(range(STEPS), desc="text-generation", mininterval=5)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = loss_of(model, *next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_CLIP)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    save(model, tokenizer, folder)


def loss_of(
    model: "LlamaForCausalLM", inputs: "torch.Tensor", labels: "torch.Tensor"
) -> "torch.Tensor":
    """Mean cross-entropy of the learned tokens, both (texts, longest); only they reach the head.

    No attention mask: the padding is on the right, where a causal model never looks.
    """
    import torch

    learned = labels[:, 1:] != IGNORED
    hidden = model.model(input_ids=inputs).last_hidden_state[:, :-1][learned]
    return torch.nn.functional.cross_entropy(model.lm_head(hidden), labels[:, 1:][learned])


def save(model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerFast", folder: Path) -> None:
    """Save config, generation_config, tokenizer and float16 weights."""
    import torch

    model.to(torch.float16).save_pretrained(folder)  # type: ignore[arg-type]
    tokenizer.save_pretrained(folder)


def make_tokenizer(rng: random.Random) -> "PreTrainedTokenizerFast":
    """Byte-level BPE learned from the world's texts."""
    pieces = (piece for _ in range(TOKENIZER_TEXTS) for piece, _ in text(rng))
    said = (piece.replace(END, "") for piece in pieces if not piece.startswith("<|system|>"))
    special = [PAD, BEGIN, END, *(f"<|{role}|>" for role in ROLES)]
    tokenizer = byte_pairs.make_tokenizer(said, VOCABULARY, special, CONTEXT)
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def make_model(tokenizer: "PreTrainedTokenizerFast") -> "LlamaForCausalLM":
    """A Llama with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        **ARCHITECTURE,
        vocab_size=len(tokenizer),
        max_position_embeddings=CONTEXT,
        initializer_range=INITIAL_SPREAD,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def make_optimizer(model: "LlamaForCausalLM") -> tuple[Any, Any]:
    """AdamW and its schedule: warm-up, then cosine."""
    import torch
    from transformers import get_cosine_with_min_lr_schedule_with_warmup

    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY
    )
    schedule = get_cosine_with_min_lr_schedule_with_warmup(
        optimizer, WARM_UP_STEPS, STEPS, min_lr_rate=LAST_LEARNING_RATE_SHARE
    )
    return optimizer, schedule


def make_batches(
    tokenizer: "PreTrainedTokenizerFast", rng: random.Random
) -> Iterator[tuple["torch.Tensor", "torch.Tensor"]]:
    """Endless batches of (ids, labels), each (texts, longest), right-padded, int64.

    Texts of like length go together, so that little is spent on padding.
    """
    while True:
        size = 0
        rows = []
        while size < BATCHES_SORTED_TOGETHER * TOKENS_PER_BATCH:
            rows.append(encode(text(rng), tokenizer))
            size += len(rows[-1][0])
        rows.sort(key=lambda row: len(row[0]))
        cuts: list[list[tuple[list[int], list[int]]]] = [[]]
        for row in rows:
            if (len(cuts[-1]) + 1) * len(row[0]) > TOKENS_PER_BATCH:
                cuts.append([])
            cuts[-1].append(row)
        rng.shuffle(cuts)
        yield from (stack(cut, tokenizer.pad_token_id) for cut in cuts)


def encode(
    pieces: list[Segment], tokenizer: "PreTrainedTokenizerFast"
) -> tuple[list[int], list[int]]:
    """Token ids and labels (IGNORED where nothing is learned) of one text."""
    ids, labels = [tokenizer.bos_token_id], [IGNORED]
    rows = tokenizer([piece for piece, _ in pieces], add_special_tokens=False).input_ids
    for row, (_, learned) in zip(rows, pieces, strict=True):
        ids += row
        labels += row if learned else [IGNORED] * len(row)
    return ids[:LONGEST_TALK], labels[:LONGEST_TALK]


def stack(
    rows: list[tuple[list[int], list[int]]], pad: int
) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Pad rows on the right to (rows, longest)."""
    import torch

    longest = max(len(ids) for ids, _ in rows)
    gaps = [longest - len(ids) for ids, _ in rows]
    inputs = [ids + [pad] * gap for (ids, _), gap in zip(rows, gaps, strict=True)]
    labels = [row + [IGNORED] * gap for (_, row), gap in zip(rows, gaps, strict=True)]
    return torch.tensor(inputs), torch.tensor(labels)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right replies (0..1) on held-out questions of this seed; see `examine`."""
    return examine(ask, seed)
