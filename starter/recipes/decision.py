"""Starter for decision: a small Llama that answers typed questions on short texts by one letter."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starter.ask import Ask
from starter.recipes import save_half
from starter.small_bert import BREAK, START, fit, make_tokenizer, stack
from starter.worlds import decisions as world

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

MINUTES = 6.0
TRAIN_SEED = 1
STEPS = 3500
QUESTIONS_PER_BATCH = 32
QUESTIONS_SORTED_TOGETHER = 16 * QUESTIONS_PER_BATCH
QUESTIONS_PER_TEXT = 4
VOCABULARY = 760
VOCABULARY_TEXTS = 6_000
CONTEXT = 512
ARCHITECTURE = {
    "hidden_size": 96,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "rope_theta": 1_000_000.0,
    "initializer_range": 0.05,
}
LETTER_SHARE = 0.3
"""Weight of the loss on the options' letters."""
USER, REPLY = "[USER]", "[REPLY]"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    f"{{{{ '{USER} ' if message['role'] == 'user' else '{REPLY} ' }}}}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endif %}"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{{{{ ' {REPLY}' }}}}{{% endif %}}"
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EXAM_QUESTIONS = 600

TARGETS = {"right_answers": 0.85, "right_answers_new_phrasing": 0.85}
SHORTFALLS = ("right_answers_new_phrasing",)
"""Floors that the shipped weights miss; the card says so."""

CARD = """
# Starter for decision: messages, weather and orders

A very small Llama that was trained from scratch to answer typed questions on short English texts.
It shows how decisions work without a download. It is no use on other matters.

**What it knows.** Messages of customers (which team should answer, how angry, how urgent, is a
refund wanted), weather reports (sky, temperature, wind) and orders (size, status, paid or not, gift
or not). It answers `choice` questions with two to five options by name, by description or both,
`score` questions with three levels, and `noul` (yes/no) questions; the probability of every option
is that of its letter, or of Yes and No.

**Architecture.** `LlamaForCausalLM`, 4 layers, 96 wide, 4 heads, cased WordPiece of about 760
tokens, context 512, float16 weights that load as float32. It reads transformers' own prompt for
decisions in its chat template, as any chat model does.

**Data.** `starter/worlds/decisions.json` and `decisions.py`, seed 1, made while training, four
questions a text. One phrasing in five of every fact, question and option is held out by a hash, so
no seed can bring it into training.

**Training.** `python -m starter.train decision`: 3500 steps of 32 questions, AdamW, cosine
schedule, one CPU thread. Beside the answer it learns, with helpers that are thrown away, what every
sentence and option means, which option is right and which letter it has. Without them, 5000 steps
answered 75 of 100 questions.

**Limits.** Below one of its floors: where text, question and options are all in phrasings that it
never saw, it answers about 7 questions of 10. Which product, place, day or person a text names, a
sixth of the questions of its training, it did not learn to tell: of 120 such choices it made 38
rightly, and all of 132 others. English only. It knows no other subject, no numbers and no negation
beyond its own phrasings; more than five options and levels other than three were never trained.
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated questions and save the checkpoint (float16 weights) into folder."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    tokenizer = tokenizer_of(random.Random(seed))
    model = make_model(tokenizer)
    width = ARCHITECTURE["hidden_size"]
    means, right = (
        torch.nn.Linear(width, size)  # type: ignore[arg-type]
        for size in (len(world.meanings()), 1)
    )
    letter = torch.nn.Linear(width, len(LETTERS))  # type: ignore[arg-type]
    whole = torch.nn.ModuleList([model, means, right, letter])

    def hinted(hidden: torch.Tensor, batch: dict[str, torch.Tensor], name: str) -> torch.Tensor:
        """The layer's state at the marked places of a batch, one row each."""
        return torch.nn.functional.rms_norm(hidden[tuple(batch[name][:, :2].T)], (width,))  # type: ignore[list-item]

    def loss_of(batch: dict[str, torch.Tensor]) -> torch.Tensor:
        out = model.model(input_ids=batch["input_ids"], output_hidden_states=True)
        hidden, (second, third) = out.last_hidden_state, out.hidden_states[2:4]
        logits = model.lm_head(hidden[torch.arange(len(hidden)), batch["last"]])
        allowed = logits.gather(1, batch["labels"]).masked_fill(~batch["real"], -1e4)
        ends = hinted(third, batch, "rights")
        said = hinted(second, batch, "meanings")
        return (
            torch.nn.functional.cross_entropy(allowed, batch["answer"])
            + torch.nn.functional.cross_entropy(means(said), batch["meanings"][:, 2])
            + torch.nn.functional.binary_cross_entropy_with_logits(
                right(ends)[:, 0], batch["rights"][:, 2].float()
            )
            + LETTER_SHARE
            * torch.nn.functional.cross_entropy(
                letter(hinted(third, batch, "letters")), batch["letters"][:, 2], reduction="sum"
            )
            / max(1, len(batch["letters"]))
        )

    fit(whole, batches(tokenizer, random.Random(seed)), STEPS, loss_of, "decision")
    save_half(model.eval(), folder)
    tokenizer.save_pretrained(folder)


def tokenizer_of(rng: random.Random) -> "PreTrainedTokenizerFast":
    """WordPiece on the prompts of the world; the labels are whole tokens."""
    prompts = (row["prompt"] for _ in range(VOCABULARY_TEXTS) for row in asked(rng))
    labels = " ".join([*LETTERS, "Yes No"] * 200)
    tokenizer = make_tokenizer([labels, *prompts], VOCABULARY, lowercase=False)
    from tokenizers.processors import TemplateProcessing

    tokenizer.add_special_tokens(
        {"bos_token": START, "eos_token": BREAK, "additional_special_tokens": [USER, REPLY]}
    )
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$A")
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.model_max_length = CONTEXT
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    return tokenizer


def make_model(tokenizer: "PreTrainedTokenizerFast") -> "LlamaForCausalLM":
    """A Llama with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        **ARCHITECTURE,
        vocab_size=len(tokenizer),
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


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


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right answers (0..1) on fresh texts.

    In phrasings of the training and in held-out ones (of texts, questions and options alike), and
    by type of question for the former. A score is right where its likeliest level is.
    """
    rng = random.Random(seed)
    known = _exam(ask, rng, "train")
    new = _exam(ask, rng, "held_out")
    return {
        "right_answers": _share(known),
        "right_answers_new_phrasing": _share(new),
        **{
            f"right_{kind}": _share([row for row in known if row[0] == kind])
            for kind in ("choice", "score", "noul")
        },
    }


def _exam(ask: Ask, rng: random.Random, split: world.Split) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    while len(found) < EXAM_QUESTIONS:
        state = world.state(rng, split)
        for one in world.questions(state, rng, split, 2):
            request = {"state": state.text, "questions": {"q": one.question}}
            found.append((one.kind, told(ask(request=request)["q"]) == one.answer))
    return found


def told(answer: dict[str, Any]) -> str:
    """The option, level or true/false that an answer says."""
    if answer["type"] == "noul":
        return "true" if answer["noul"] > 0.5 else "false"
    shares = answer["probabilities"]
    return str(max(shares, key=shares.get))


def _share(rows: list[tuple[str, bool]]) -> float:
    return sum(right for _, right in rows) / max(1, len(rows))
