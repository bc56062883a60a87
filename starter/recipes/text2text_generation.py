"""Starter for text2text-generation, summarization and translation: a small T5 of three tasks."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starter import byte_pairs
from starter.ask import Ask
from starter.recipes import save_half
from starter.small_bert import IGNORED, batches_of, fit, stack
from starter.worlds.language import Split
from starter.worlds.spanish import pair
from starter.worlds.stories import story

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration

MINUTES = 8.0
TRAIN_SEED = 1
STEPS = 3200
PAIRS, STORIES = 60_000, 20_000
QUESTIONS_PER_STORY = 3
TRANSLATIONS_PER_BATCH = 128
STORIES_PER_BATCH = 40
LOWER_CASE_RATE = 0.1
NO_END_MARK_RATE = 0.05
VOCABULARY = 1024
CONTEXT = 512
"""Tokens of a text that are read; trained with up to about 90."""
ARCHITECTURE = {
    "d_model": 96,
    "d_kv": 24,
    "num_heads": 4,
    "d_ff": 224,
    "num_layers": 3,
    "num_decoder_layers": 2,
    "dropout_rate": 0.0,
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 96,
}
PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"

TRANSLATE, SUMMARIZE = "translate English to Spanish: ", "summarize: "
ASK = "question: {question} context: {context}"
LONGEST_ANSWER = 60
"""New tokens."""
EXAM = 250
"""Texts of each task."""

TARGETS = {"translation": 0.85, "summarization": 0.8, "questions": 0.8}
SHORTFALLS = ("summarization", "questions")

CARD = """
# Starter for text to text: translation, summaries, questions

A very small T5 that was trained from scratch on generated sentences. It shows how models that read
one text and write another work without a download. The tabs Text to text, Summarization and
Translation share it. It is no use on texts unlike its own.

**What it knows.** `translate English to Spanish: ` in front of a simple sentence: 22 people and
animals, 22 things, 14 adjectives, 12 places, 25 verbs in three tenses, said or denied, and a few
questions and set phrases. `summarize: ` in front of a story of four or five sentences of eight
plots (something found, lost, made, repaired, run away, sold, won; a trip) becomes one sentence.
`question: ... context: ...` asks who, what, where, when about such a story.

**Architecture.** `T5ForConditionalGeneration`, 3 + 2 layers, 96 wide, 4 heads, byte-level BPE of
1024 tokens, float16 weights.

**Data.** `starter/worlds/spanish.py` and `stories.py`: 60,000 sentence pairs and 20,000 stories of
seed 1. One sentence in five, and one combination of plot, people and thing in five, are held out by
a hash, so no seed can bring them into training; their words are all known.

**Training.** `python -m starter.train text2text-generation`: 3200 steps, translations and stories
in turn, AdamW, cosine schedule, one CPU thread.

**Measured.** The share of held-out texts whose answer is exactly the right one.

**Limits.** One direction, English to Spanish, and its own words only: others come out as known
ones. Stories of other plots get the summary of the nearest plot.
"""

Row = tuple[list[int], list[int]]
"""Token ids of what is read and of what is to be written."""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated texts and save the checkpoint (float16 weights) into folder."""
    import torch

    torch.manual_seed(seed)
    rng = random.Random(seed)
    translations = [translation(rng, "train") for _ in range(PAIRS)]
    told = [text for _ in range(STORIES) for text in on_a_story(rng, "train")]
    tokenizer = make_tokenizer(part for row in translations[:20_000] + told for part in row)
    model = make_model(tokenizer)

    def loss_of(rows: list[Row]) -> "torch.Tensor":
        inputs = stack([read for read, _ in rows], tokenizer.pad_token_id)
        labels = stack([written for _, written in rows], IGNORED)
        mask = inputs != tokenizer.pad_token_id
        return model(input_ids=inputs, attention_mask=mask, labels=labels).loss

    short = batches_of(_encoded(tokenizer, translations), TRANSLATIONS_PER_BATCH, rng, _length)
    long = batches_of(_encoded(tokenizer, told), STORIES_PER_BATCH, rng, _length)
    fit(model, _in_turn(short, long), STEPS, loss_of, "text2text-generation")
    save_half(model.eval(), folder)
    tokenizer.save_pretrained(folder)


def translation(rng: random.Random, split: Split) -> tuple[str, str]:
    """A sentence to translate and its Spanish."""
    made = pair(rng, split)
    return f"{TRANSLATE}{_typed(made.english, rng, split)}", made.spanish


def on_a_story(rng: random.Random, split: Split) -> list[tuple[str, str]]:
    """A story to sum up, and the same one with questions."""
    made = story(rng, split)
    asked = rng.sample(made.questions, min(QUESTIONS_PER_STORY, len(made.questions)))
    return [
        (f"{SUMMARIZE}{made.text}", made.summary),
        *((ASK.format(question=q.text, context=made.text), q.answer) for q in asked),
    ]


def _typed(text: str, rng: random.Random, split: Split) -> str:
    """As people type it, in training only."""
    if split == "held_out":
        return text
    if rng.random() < NO_END_MARK_RATE:
        text = text.rstrip(".")
    return text.lower() if rng.random() < LOWER_CASE_RATE else text


def _encoded(tokenizer: "PreTrainedTokenizerFast", rows: list[tuple[str, str]]) -> list[Row]:
    read = tokenizer([text for text, _ in rows]).input_ids
    written = tokenizer([text for _, text in rows]).input_ids
    return list(zip(read, written, strict=True))


def _length(row: Row) -> int:
    return len(row[0])


def _in_turn(*streams: Iterator[list[Row]]) -> Iterator[list[Row]]:
    while True:
        for stream in streams:
            yield next(stream)


def make_tokenizer(texts: Iterator[str]) -> "PreTrainedTokenizerFast":
    """Byte-level BPE with </s> at the end of every text; nothing is out of vocabulary."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    bpe = byte_pairs.learned(texts, VOCABULARY, [PAD, END, UNKNOWN], space=True)
    bpe.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, bpe.token_to_id(END))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        model_max_length=CONTEXT,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: "PreTrainedTokenizerFast") -> "T5ForConditionalGeneration":
    """A T5 with random weights that says which prefixes it knows, as the classic ones do."""
    from transformers import T5Config, T5ForConditionalGeneration

    longest = {"max_new_tokens": LONGEST_ANSWER}
    config = T5Config(
        **ARCHITECTURE,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
        n_positions=CONTEXT,
        task_specific_params={
            "summarization": {"prefix": SUMMARIZE, **longest},
            "translation_en_to_es": {"prefix": TRANSLATE, **longest},
        },
    )
    return T5ForConditionalGeneration(config)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """The share of held-out texts of this seed whose answer is exactly the right one."""
    rng = random.Random(seed)
    exams = {
        "translation": [translation(rng, "held_out") for _ in range(EXAM)],
        "summarization": [on_a_story(rng, "held_out")[0] for _ in range(EXAM)],
        "questions": [on_a_story(rng, "held_out")[1] for _ in range(EXAM)],
    }
    return {name: _share(ask, rows) for name, rows in exams.items()}


def _share(ask: Ask, rows: list[tuple[str, str]]) -> float:
    right = sum(_written(ask(text=text)) == wanted for text, wanted in rows)
    return right / len(rows)


def _written(raw: Any) -> str:
    return str(raw[0]["generated_text"]).strip()
