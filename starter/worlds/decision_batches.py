"""Batches of typed questions on short texts, as a small Llama reads them."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starter.small_bert import START, stack
from starter.worlds import decisions as world

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

QUESTIONS_PER_BATCH = 32
QUESTIONS_SORTED_TOGETHER = 16 * QUESTIONS_PER_BATCH
QUESTIONS_PER_TEXT = 4
USER, REPLY = "[USER]", "[REPLY]"


def asked(rng: random.Random) -> Iterator[dict[str, Any]]:
    """Prompts on one text of the training: labels of the options in order, and the right place.

    `hints` are (end in the prompt, meaning) of sentences; `asks` is where the question ends.
    """
    from transformers.decision.configuration_utils import DecisionConfig
    from transformers.decision.template_utils import DECISION_PROMPT, Question
    from transformers.utils.chat_template_utils import _compile_jinja_template

    config, prompt = DecisionConfig(), _compile_jinja_template(DECISION_PROMPT)
    state = world.state(rng, "train")
    told = [(end, world.meaning(fact, state.facts[fact])) for fact, end in state.told]
    for one in world.questions(state, rng, "train", QUESTIONS_PER_TEXT):
        question = Question.from_request("q", one.question, config)
        yield {
            "prompt": prompt.render(state=state.text, question=question),
            "labels": question.labels,
            "answer": question.options.index(one.answer),
            "told": told,
            "asks": len(state.text) + 2 + len(one.question["instructions"]),
            "means": one.means,
            "kind": one.kind,
        }


def batches(
    tokenizer: "PreTrainedTokenizerFast", rng: random.Random
) -> Iterator[dict[str, "torch.Tensor"]]:
    """Endless batches of fresh questions; rows of like length go together, to save padding."""
    start, user, reply = tokenizer.convert_tokens_to_ids([START, USER, REPLY])
    while True:
        rows: list[dict[str, Any]] = []
        while len(rows) < QUESTIONS_SORTED_TOGETHER:
            rows += asked(rng)
        told = tokenizer.backend_tokenizer.encode_batch([row["prompt"] for row in rows])
        for row, encoded in zip(rows, told, strict=True):
            row["ids"] = [start, user, *encoded.ids, reply]
            row["label_ids"] = tokenizer.convert_tokens_to_ids(row["labels"])
            places = {end: place for place, (_, end) in enumerate(encoded.offsets, start=2)}
            row |= hints(row, places, ends(row["ids"], row["label_ids"], tokenizer))
        rows.sort(key=lambda row: len(row["ids"]))
        starts = list(range(0, len(rows) - QUESTIONS_PER_BATCH + 1, QUESTIONS_PER_BATCH))
        rng.shuffle(starts)
        for first in starts:
            yield tensors(rows[first : first + QUESTIONS_PER_BATCH], tokenizer)


def hints(
    row: dict[str, Any], places: dict[int, int], options: list[int]
) -> dict[str, list[tuple[int, int]]]:
    """What layers should know at some tokens, as (place, value).

    What the sentences, the options and the question mean; which options are right, or at the end of
    the question whether it is; and the options' letters.
    """
    known = {name: n for n, name in enumerate(world.meanings())}
    asks = places[row["asks"]]
    said = [(places[end], known[name]) for end, name in row["told"]]
    said += [
        (place, known[name])
        for place, name in zip(options or [asks], row["means"], strict=False)
        if name
    ]
    right = [(place, int(n == row["answer"])) for n, place in enumerate(options)]
    return {
        "meanings": said,
        "rights": right or [(asks, 1 - row["answer"])],
        "letters": [(place, n) for n, place in enumerate(options)],
    }


def ends(ids: list[int], labels: list[int], tokenizer: "PreTrainedTokenizerFast") -> list[int]:
    """Where the text of each option ends in a prompt; nothing for yes/no."""
    dot, closing = tokenizer.convert_tokens_to_ids([".", "Answer"])
    if labels[0] != tokenizer.convert_tokens_to_ids("A"):
        return []
    last = len(ids) - 1 - ids[::-1].index(closing)
    starts, at = [], last
    for label in reversed(labels):
        at = next(n for n in range(at - 1, -1, -1) if ids[n] == label and ids[n + 1] == dot)
        starts.insert(0, at)
    return [place - 1 for place in (*starts[1:], last)]


def tensors(
    rows: list[dict[str, Any]], tokenizer: "PreTrainedTokenizerFast"
) -> dict[str, "torch.Tensor"]:
    """Ids (rows, longest), the last place, labels (rows, options) and the right option.

    The hints are (marks, 3): row, place and value.
    """
    import torch

    most = max(len(row["labels"]) for row in rows)
    marked = {
        name: torch.tensor(
            [(n, *mark) for n, row in enumerate(rows) for mark in row[name]], dtype=torch.long
        ).reshape(-1, 3)
        for name in ("meanings", "rights", "letters")
    }
    return {
        "input_ids": stack([row["ids"] for row in rows], tokenizer.pad_token_id),
        "last": torch.tensor([len(row["ids"]) - 1 for row in rows]),
        "labels": stack([row["label_ids"] for row in rows], 0),
        "real": torch.tensor([[n < len(row["labels"]) for n in range(most)] for row in rows]),
        "answer": torch.tensor([row["answer"] for row in rows]),
        **marked,
    }
