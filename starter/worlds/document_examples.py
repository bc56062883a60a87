"""Examples: questions on imagined readings of pages, as token lists like the pipeline's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from starter.worlds.document_facts import ITEM_COLUMNS
from starter.worlds.document_layouts import TRAIN
from starter.worlds.document_questions import MAIN_FIELDS, absent_field, field_question
from starter.worlds.document_reading import Reading, imagine
from starter.worlds.document_sheet import Box
from starter.worlds.documents import make_page, questions

MAX_TOKENS = 512
KEPT = MAX_TOKENS - 1  # the last token is a separator
BATCH = 16
QUESTIONS_PER_PAGE = 4
BATCHES_PER_BUCKET = 16
ABSENT_SHARE, ITEM_SHARE = 0.1, 0.28
PAD, UNKNOWN, BEGIN, SEPARATE = range(4)
NOWHERE, CORNER = (0, 0, 0, 0), (1000, 1000, 1000, 1000)
ROLE_CLASSES = {name: i for i, name in enumerate(("", *MAIN_FIELDS, *ITEM_COLUMNS, "extra"))}
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

Encode = Callable[[str], tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One question on one page as token lists of equal length; `first`, `last` index the answer.

    `roles` and `asked` are numbers of ROLE_CLASSES: of each word, and of what is asked for.
    """

    tokens: list[int]
    boxes: list[Box]
    kinds: list[int]
    roles: list[int]
    asked: int
    first: int
    last: int


def batches(tokenizer: Any, rng: Random) -> Iterator[dict[str, Any]]:
    """Endless batches of BATCH examples of similar length, from ever new pages."""
    encode = lru_cache(maxsize=100_000)(lambda word: _pieces(tokenizer, word))
    while True:
        bucket: list[Example] = []
        while len(bucket) < BATCH * BATCHES_PER_BUCKET:
            bucket += _examples(rng, encode)
        bucket.sort(key=lambda example: len(example.tokens))
        parts = [bucket[start : start + BATCH] for start in range(0, len(bucket), BATCH)]
        rng.shuffle(parts)
        yield from (_collate(part) for part in parts)


def encode_example(
    encode: Encode, question: str, reading: Reading, role: str, there: bool = True
) -> Example | None:
    """Tokens as the pipeline builds them: [CLS] question [SEP] page [SEP]; [CLS] is "not there".

    `there` is false for a role that the page lacks. None when the role's words do not stand
    together or lie beyond MAX_TOKENS.
    """
    asked = [piece for word in question.split() for piece in encode(word)]
    tokens = [BEGIN, *asked, SEPARATE]
    boxes = [NOWHERE] * (len(tokens) - 1) + [CORNER]
    kinds, roles, begins = [0] * len(tokens), [0] * len(tokens), []
    for word, box, word_role in zip(reading.words, reading.boxes, reading.roles, strict=True):
        pieces = encode(word)
        begins.append(len(tokens))
        tokens += pieces
        boxes += [box] * len(pieces)
        roles += [_role_class(word_role)] * len(pieces)
    tokens, boxes, roles = tokens[:KEPT], boxes[:KEPT], roles[:KEPT]
    span = reading.span(role) if there else None
    first, last = (begins[span[0]], begins[span[1]]) if span else (0, 0)
    if (there and not span) or last >= len(tokens):
        return None
    kinds += [1] * (len(tokens) + 1 - len(kinds))
    return Example(tokens=[*tokens, SEPARATE], boxes=[*boxes, CORNER], kinds=kinds,
                   roles=[*roles, 0], asked=_role_class(role), first=first, last=last)  # fmt: skip


def _examples(rng: Random, encode: Encode) -> Iterator[Example]:
    page = make_page(rng, split=TRAIN)
    reading, printed = imagine(rng, page), page.answers()
    asked = list(questions(rng, page))
    items = [q for q in asked if "." in q.role and q.role not in ROLE_CLASSES]
    fields = [q for q in asked if q not in items]
    for _ in range(QUESTIONS_PER_PAGE):
        draw = rng.random()
        there = draw >= ABSENT_SHARE
        if not there:
            role = absent_field(rng, set(printed))
            text = field_question(rng, role)
        else:
            question = rng.choice(items if items and draw < ABSENT_SHARE + ITEM_SHARE else fields)
            text, role = question.text, question.role
        example = encode_example(encode, text, reading, role, there)
        if example:
            yield example


def _collate(examples: list[Example]) -> dict[str, Any]:
    import torch

    length = max(len(example.tokens) for example in examples)

    def padded(name: str, filler: Any) -> Any:
        rows = [getattr(example, name) for example in examples]
        return torch.tensor([[*row, *[filler] * (length - len(row))] for row in rows])

    tokens, kinds = padded("tokens", PAD), padded("kinds", 0)
    closed = (kinds == 0) | (tokens == SEPARATE)
    closed[:, 0] = False
    return {
        "input_ids": tokens, "bbox": padded("boxes", NOWHERE), "token_type_ids": kinds,
        "attention_mask": (tokens != PAD).long(), "roles": padded("roles", 0), "closed": closed,
        **{
            name: torch.tensor([getattr(example, name) for example in examples])
            for name in ("asked", "first", "last")
        },
    }  # fmt: skip


def _pieces(tokenizer: Any, word: str) -> tuple[int, ...]:
    return tuple(tokenizer(word, add_special_tokens=False)["input_ids"])


def _role_class(role: str) -> int:
    column = role.split(".")[-1] if role.startswith("item") else role
    return ROLE_CLASSES.get(column, ROLE_CLASSES["extra"])
