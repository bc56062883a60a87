"""Names of shapes as people ask for them: full, by kind or colour, in short phrases; and others."""

from __future__ import annotations

from typing import Any

import numpy as np

from starter.worlds.shapes import COLOURS, KINDS, LABELS

Rng = np.random.Generator

PHRASES = (
    *("{}", "{}", "{}", "a {}", "the {}"),
    *("a photo of a {}", "a picture of a {}", "one {}", "small {}"),
)
OF_COLOUR = ("{}", "{} shape", "{} object", "a {} thing", "{} thing")
PLURAL = 0.2  # share of kinds that are asked for in the plural
OTHERS = 12  # names of things that are not there, in one list of queries
FRAME = "a an the photo of picture image drawing one small big large shape object thing".split()
THINGS = (
    "cat dog car house person tree bird flower boat chair table phone cup hat sun moon heart arrow "
    "cross hexagon pentagon rectangle oval diamond line cube black white gray pink brown cyan "
    "apple banana book clock fish horse train bus bike cloud".split()
)
UNKNOWN = "zebra pizza guitar laptop mountain river elephant umbrella skateboard".split()
"""Never in the vocabulary: they stand for everything that the model has no word for."""
OTHER_COLOURS = "black white gray pink brown cyan".split()
PAD, UNKNOWN_WORD, FIRST, LAST = "<pad>", "<unk>", "<s>", "</s>"
MOST_TOKENS = 16


def vocabulary(more: tuple[str, ...] = ()) -> dict[str, int]:
    """Word -> id; the last word's mark has the highest id, for CLIP and OWL-ViT pool at it.

    The first word's mark is not 0: OWL-ViT takes a query that begins with 0 for padding. `more`
    are words that a model needs besides these.
    """
    plurals = [f"{kind}s" for kind in KINDS]
    words = [PAD, UNKNOWN_WORD, *FRAME, *COLOURS, *KINDS, *plurals, *THINGS, *more, FIRST, LAST]
    return {word: n for n, word in enumerate(words)}


def tokenizer(more: tuple[str, ...] = ()) -> Any:
    """Whole words in small letters, between marks; a PreTrainedTokenizerFast."""
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    ids = vocabulary(more)
    raw = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN_WORD))
    raw.normalizer = normalizers.Lowercase()
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.post_processor = processors.TemplateProcessing(
        single=f"{FIRST} $A {LAST}",
        pair=f"{FIRST} $A {LAST} $B {LAST}",
        special_tokens=[(FIRST, ids[FIRST]), (LAST, ids[LAST])],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=FIRST, eos_token=LAST, pad_token=PAD,
        unk_token=UNKNOWN_WORD, model_max_length=MOST_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def queries(rng: Rng, frames: tuple[str, ...] = ("{}",)) -> list[str]:
    """A phrase for every label, kind and colour, in their order, then OTHERS that are not there.

    Each stands in one of the frames, whole sentences with a hole for the phrase.
    """
    full = [_phrase(rng, label) for label in LABELS]
    kinds = [f"{k}s" if rng.random() < PLURAL else _phrase(rng, k) for k in KINDS]
    colours = [_one(rng, OF_COLOUR).format(colour) for colour in COLOURS]
    others = [_other(rng) for _ in range(OTHERS)]
    return [_one(rng, frames).format(name) for name in (*full, *kinds, *colours, *others)]


def _other(rng: Rng) -> str:
    """Something that no scene shows: another thing, or a shape in another colour."""
    kind = rng.random()
    if kind < 0.35:
        return _phrase(rng, _one(rng, THINGS))
    if kind < 0.7:
        return _phrase(rng, f"{_one(rng, list(COLOURS))} {_one(rng, THINGS)}")
    if kind < 0.85:
        return _phrase(rng, f"{_one(rng, OTHER_COLOURS)} {_one(rng, KINDS)}")
    return _phrase(rng, _one(rng, UNKNOWN))


def _phrase(rng: Rng, name: str) -> str:
    return _one(rng, PHRASES).format(name)


def _one(rng: Rng, choices: Any) -> str:
    return str(choices[rng.integers(len(choices))])
