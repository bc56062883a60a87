"""Starter for decision: a small Llama that answers typed questions on short texts by one letter."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starter.ask import Ask
from starter.recipes import save_half
from starter.small_bert import BREAK, START, fit, make_tokenizer
from starter.worlds import decisions as world
from starter.worlds.decision_batches import REPLY, USER, asked, batches

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

MINUTES = 6.0
TRAIN_SEED = 1
STEPS = 3500
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
