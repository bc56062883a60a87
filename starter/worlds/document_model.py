"""The small LayoutLM of the document starter: tokenizer, and a model whose heads begin by looking.

Trained from nothing, attention takes thousands of steps to find out that positions can be compared.
So positions begin as sines, and the heads of the first layers begin by comparing them: left of
here, above, just before, the same line, the same column, the same word.
"""

import math
from collections.abc import Iterator
from random import Random
from typing import Any

from starter.worlds.document_examples import BEGIN, MAX_TOKENS, PAD, SEPARATE, SPECIALS
from starter.worlds.document_layouts import TRAIN
from starter.worlds.documents import make_page, questions

VOCABULARY = 1600
VOCABULARY_PAGES = 3000
WIDTH, LAYERS, HEADS, INNER = 128, 4, 4, 256
# Sines of positions, 16 waves each: first hidden unit, shortest and longest wave in positions
# (thousandths of the page for x and y, tokens for the order).
WAVES = {"x": (0, 120.0, 4000.0), "y": (32, 30.0, 2000.0), "order": (64, 6.0, 2000.0)}
WAVE_COUNT = 16
WORD_UNITS, KIND_UNIT = range(96, 127), 127  # where words begin, and question against page
WAVE_SIZE, WORD_SIZE, KIND_SIZE, SMALL_SIZE = 0.35, 0.6, 0.6, 0.08
# What a head compares to begin with: of each axis how many waves, and where the key stands from
# here in positions; then the gain. Training changes it freely.
PLACES: dict[str, tuple[dict[str, tuple[int, float]], float]] = {
    "left": ({"y": (10, 0.0), "x": (6, -120.0)}, 1.4),
    "above": ({"y": (10, -20.0), "x": (6, 0.0)}, 1.3),
    "before": ({"order": (16, -2.0)}, 1.8),
    "line": ({"y": (16, 0.0)}, 1.2),
    "column": ({"x": (16, 0.0)}, 1.1),
}
SAME_WORD, FREE = "same word", "free"
SAME_WORD_GAIN, QUESTION_FIRST = 1.0, 4.0
LOOKS = (
    ("left", "above", "before", SAME_WORD),
    ("left", "line", "column", "above"),
    ("left", "line", "column", FREE),
    (FREE,) * 4,
)


def build_tokenizer(rng: Random) -> Any:
    """A fast WordPiece tokenizer of page words and questions; every digit reads as 0."""
    from tokenizers import (
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    inner.normalizer = normalizers.Sequence(
        [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents(),
         normalizers.Replace(Regex("[0-9]"), "0")]
    )  # fmt: skip
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("[:#()?!|*]"), "isolated")]
    )
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=list(SPECIALS), show_progress=False
    )
    inner.train_from_iterator(_corpus(rng), trainer)
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", BEGIN), ("[SEP]", SEPARATE)],
    )  # fmt: skip
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, model_max_length=MAX_TOKENS, padding_side="right",
        pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]",
    )  # fmt: skip


def build_model(vocabulary: int) -> Any:
    """A LayoutLMForQuestionAnswering whose position tables begin as sines."""
    import torch
    from transformers import LayoutLMConfig, LayoutLMForQuestionAnswering

    config = LayoutLMConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, intermediate_size=INNER, max_position_embeddings=MAX_TOKENS,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=PAD,
    )  # fmt: skip
    model = LayoutLMForQuestionAnswering(config)
    for part in model.modules():
        if isinstance(part, torch.nn.Linear):
            torch.nn.init.xavier_uniform_(part.weight)
    tables = model.layoutlm.embeddings
    with torch.no_grad():
        tables.word_embeddings.weight.normal_(0, SMALL_SIZE)
        tables.word_embeddings.weight[:, WORD_UNITS.start : WORD_UNITS.stop].normal_(0, WORD_SIZE)
        tables.token_type_embeddings.weight.zero_()
        tables.token_type_embeddings.weight[:, KIND_UNIT] = torch.tensor((KIND_SIZE, -KIND_SIZE))
        for table in (tables.h_position_embeddings, tables.w_position_embeddings):
            table.weight.normal_(0, SMALL_SIZE)
        waves = {"x": tables.x_position_embeddings, "y": tables.y_position_embeddings,
                 "order": tables.position_embeddings}  # fmt: skip
        for name, table in waves.items():
            table.weight.copy_(_waves(table.num_embeddings, name))
        for layer, looks in zip(model.layoutlm.encoder.layer, LOOKS, strict=True):
            for head, look in enumerate(looks):
                _look(layer.attention.self, head, look)
    return model


def _corpus(rng: Random) -> Iterator[str]:
    """Words and questions of training pages, and every printable pair, so that none is unknown."""
    signs = [chr(code) for code in range(33, 127)] + list("€£—")
    yield from (f"{one}{two}" for one in "a0.-" for two in signs)
    yield from signs
    for _ in range(VOCABULARY_PAGES):
        page = make_page(rng, split=TRAIN)
        yield " ".join(word.text for word in page.words)
        yield from (question.text for question in questions(rng, page))


def _waves(positions: int, axis: str) -> Any:
    """(positions, WIDTH): sines, then cosines, in the units of an axis; zero elsewhere."""
    import torch

    table = torch.zeros(positions, WIDTH)
    first = WAVES[axis][0]
    angles = torch.arange(positions)[:, None] * _speeds(axis)
    table[:, first : first + 2 * WAVE_COUNT] = torch.cat((angles.sin(), angles.cos()), dim=1)
    return WAVE_SIZE * table


def _speeds(axis: str) -> Any:
    """(WAVE_COUNT,): radians per position, the longest wave first."""
    import torch

    _, shortest, longest = WAVES[axis]
    powers = torch.arange(WAVE_COUNT) / (WAVE_COUNT - 1)
    return 2 * math.pi / (longest * (shortest / longest) ** powers)


def _look(attention: Any, head: int, look: str) -> None:
    """Set the queries and keys of one head to one of PLACES, to equal words, or leave them."""
    rows = slice(head * WIDTH // HEADS, (head + 1) * WIDTH // HEADS)
    query, key = attention.query.weight[rows], attention.key.weight[rows]
    if look in PLACES:
        _look_at_place(query, key, *PLACES[look])
    elif look == SAME_WORD:
        _look_at_same_word(query, key, attention.query.bias[rows])
    elif look != FREE:
        raise ValueError(f"unknown look {look!r}; known: {SAME_WORD}, {FREE}, {', '.join(PLACES)}")


def _look_at_place(query: Any, key: Any, axes: dict[str, tuple[int, float]], gain: float) -> None:
    """query . key = sum of cos(speed x (key - query - shift)), as in rotary positions."""
    query.zero_()
    key.zero_()
    row = 0
    for axis, (count, shift) in axes.items():
        for wave in (WAVE_COUNT * index // count for index in range(count)):
            turn = float(_speeds(axis)[wave]) * shift
            sine, cosine = WAVES[axis][0] + wave, WAVES[axis][0] + WAVE_COUNT + wave
            key[row, sine] = key[row + 1, cosine] = gain
            query[row, sine] = query[row + 1, cosine] = gain * math.cos(turn)
            query[row, cosine] = gain * math.sin(turn)
            query[row + 1, sine] = -gain * math.sin(turn)
            row += 2


def _look_at_same_word(query: Any, key: Any, bias: Any) -> None:
    """query . key is large for equal words, and more so where the key is of the question."""
    query.zero_()
    key.zero_()
    for row, unit in enumerate(WORD_UNITS):
        query[row, unit] = key[row, unit] = SAME_WORD_GAIN
    key[len(WORD_UNITS), KIND_UNIT] = 1.0
    bias[len(WORD_UNITS)] = QUESTION_FIRST
