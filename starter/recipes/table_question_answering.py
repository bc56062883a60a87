"""Starter for table-question-answering: a small TAPAS that reads plain tables of a small world."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.aggregation import aggregated
from starter.ask import Ask
from starter.recipes import save_half
from starter.small_bert import fit
from starter.worlds import plain_tables as world
from starter.worlds.language import Split
from starter.worlds.table_batches import COLUMNS, QUESTIONS_PER_TABLE, ROWS, batches
from starter.worlds.table_questions import AGGREGATIONS, NONE, Question, questions

if TYPE_CHECKING:
    import torch
    from transformers import TapasTokenizer

MINUTES = 5.0
TRAIN_SEED = 1
STEPS = 4500
CONTEXT = 512
ARCHITECTURE = {
    "hidden_size": 96,
    "intermediate_size": 192,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "max_position_embeddings": 64,
    "type_vocab_sizes": [3, COLUMNS, ROWS, 2, ROWS, ROWS, 10],
    "max_num_rows": ROWS,
    "max_num_columns": COLUMNS,
    "initializer_range": 0.04,
}
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[EMPTY]")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY_TABLES = 3_000
RARE = 20
"""Words seen less often in these tables are spelled."""
HINT_SHARE = 0.5
"""Weight of the losses on what the first layers should find out: cells that the question says, and
the rows and columns that have one."""
COLUMN_STEPS, COLUMN_RATE = 300, 0.02
WANTED_WEIGHT = 3.0
APART = 0.1
PLACES = {
    "word_embeddings": slice(48, 96),
    "token_type_embeddings_2": slice(0, 24),
    "token_type_embeddings_1": slice(24, 48),
}
"""Dimensions in which words, rows and columns are told apart, and how far, to begin with."""
EXAM_QUESTIONS = 400

TARGETS = {"right_answers": 0.85, "right_answers_new_phrasing": 0.8}

CARD = """
# Starter for table-question-answering: plain tables

A very small TAPAS that was trained from scratch on generated tables and questions. It shows how
table question answering works without a download. It is no use on tables unlike its own.

**What it knows.** English questions on tables of sellers, people, products, cities, teams and
animals with 3 to 9 rows and 3 to 6 columns: a cell by row and column ("How many apples did Mia
sell?"), names by a value ("Who lives in Oslo?"), the most and the least, more or less than a
number, and with its aggregation head COUNT, SUM and AVERAGE of a column or of the rows that have a
value ("How many apples did the sellers from Oslo sell?"). It selects the cells; the sum, mean or
count is computed from them by the playground.

**Architecture.** `TapasForQuestionAnswering`, 3 layers, 96 wide, 4 heads, WordPiece of about 800
tokens, up to 63 rows and 15 columns within 512 tokens, aggregation labels NONE, SUM, AVERAGE and
COUNT, float16 weights that load as float32.

**Data.** `starter/worlds/plain_tables.json`, `plain_tables.py` and `table_questions.py`, seed 1,
made while training, eight questions a table. A quarter of the tables have made-up names, and two
questions in five get larger row and column numbers than they need. One phrasing in five is held
out by a hash, so no seed can bring it into training.

**Training.** `python -m starter.train table-question-answering`: 4500 steps of 32 questions, AdamW,
cosine schedule, one CPU thread. The model starts with heads that look along rows, along columns and
at equal words. Beside the cells and the aggregation it learns, with helpers that are thrown away,
which cells the question says and which rows and columns have one. The head that picks a column is
fitted afterwards, in 300 steps.

**Limits.** English only. Two conditions at once, dates, differences and questions that follow on
from the one before are beyond it, and so are most tables with other headings than it has seen. With
several columns of numbers it often looks for the most, the least or "more than" in all of them
("Who sold the most apples?" also names who sold the most pears).
"""


def train(folder: Path, seed: int = TRAIN_SEED) -> None:
    """Train on generated questions and save the checkpoint (float16 weights) into folder."""
    import torch
    from transformers import TapasConfig, TapasForQuestionAnswering

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tokenizer = make_tokenizer(folder, rng)
    config = TapasConfig(
        **ARCHITECTURE,
        vocab_size=len(tokenizer.vocab),
        num_aggregation_labels=len(AGGREGATIONS),
        aggregation_labels=dict(enumerate(AGGREGATIONS)),
        no_aggregation_label_index=0,
        use_answer_as_supervision=False,
        average_logits_per_cell=False,
        select_one_column=True,
    )
    model = TapasForQuestionAnswering(config)
    prepare(model)

    match, row, column = (torch.nn.Linear(config.hidden_size, 1) for _ in range(3))
    whole = torch.nn.ModuleList([model, match, row, column])

    def loss_of(batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Of the cells and the aggregation; and of what a layer should know on the way there."""
        asked = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
        out = model.tapas(**asked, output_hidden_states=True)
        cells = out.last_hidden_state @ model.output_weights + model.output_bias
        how = model.aggregation_classifier(out.pooler_output)
        inside = (batch["token_type_ids"][..., 0] * batch["attention_mask"]).float()
        below = inside * (batch["token_type_ids"][..., 2] > 0)
        found, first, second = batch["labels"].float(), *out.hidden_states[1:3]
        return (
            _binary(cells, found, below)
            + torch.nn.functional.cross_entropy(how, batch["aggregation"])
            + HINT_SHARE * _binary(match(first)[..., 0], batch["said"].float(), inside)
            + HINT_SHARE * _binary(row(second)[..., 0], batch["rows"].float(), below)
            + HINT_SHARE * _binary(column(second)[..., 0], batch["columns"].float(), below)
        )

    fit(whole, batches(tokenizer, rng), STEPS, loss_of, "table-question-answering")
    choose_columns(model, batches(tokenizer, rng))
    save_half(model.eval(), folder)
    tokenizer.save_pretrained(folder)


def choose_columns(model: Any, batches: Iterator[dict[str, "torch.Tensor"]]) -> None:
    """Teach the head that picks the column, which the library always asks, on what is there.

    transformers 5.23 cannot answer without it, whatever `select_one_column` says.
    """
    import torch

    head = [model.column_output_weights, model.column_output_bias]
    model.requires_grad_(False)
    optimizer = torch.optim.Adam([part.requires_grad_(True) for part in head], COLUMN_RATE)
    for _ in range(COLUMN_STEPS):
        batch = next(batches)
        asked = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
        labels = {"labels": batch["labels"], "aggregation_labels": batch["aggregation"]}
        model(**asked, **labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def _binary(
    logits: "torch.Tensor", wanted: "torch.Tensor", counted: "torch.Tensor"
) -> "torch.Tensor":
    """Mean loss of the counted tokens; those that are wanted are few and weigh more."""
    import torch

    each = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, wanted, reduction="none", pos_weight=torch.tensor(WANTED_WEIGHT)
    )
    return (each * counted).sum() / counted.sum()


def prepare(model: Any) -> None:
    """Give the model heads that look along rows, along columns and at equal words to begin with.

    Words, rows and columns are told apart in dimensions of their own, and in every layer the
    queries and keys of a head are the same view of one of them. From plain random weights, 6500
    steps found the column of an answer and never its row.
    """
    import torch

    embeddings, width = model.tapas.embeddings, ARCHITECTURE["hidden_size"]
    with torch.no_grad():
        for linear in (m for m in model.tapas.modules() if isinstance(m, torch.nn.Linear)):
            torch.nn.init.xavier_normal_(linear.weight)
        for name, part in PLACES.items():
            weight = getattr(embeddings, name).weight
            weight.zero_()[1 if name == "word_embeddings" else 0 :, part].normal_(0, APART)
        for layer in model.tapas.encoder.layer:
            attention = layer.attention.self
            size = attention.attention_head_size
            for head, part in enumerate(PLACES.values()):
                view = torch.eye(width)[part][:size]
                for one in (attention.query, attention.key):
                    one.weight[head * size : head * size + len(view)] = view
                    one.weight[head * size + len(view) : (head + 1) * size].zero_()
        model.output_weights.normal_(0, ARCHITECTURE["initializer_range"])


def make_tokenizer(folder: Path, rng: random.Random) -> "TapasTokenizer":
    """The words of the world, numbers of two digits, syllables and letters to spell the rest."""
    from collections import Counter

    from transformers import TapasTokenizer

    seen: Counter[str] = Counter()
    for _ in range(VOCABULARY_TABLES):
        table = world.table(rng)
        texts = [table.names.head, *(c.head for c in table.columns)]
        texts += [cell for c in table.columns for cell in c.cells]
        texts += [q.text for q in questions(table, rng, "train", QUESTIONS_PER_TABLE)]
        seen.update(word for text in texts for word in "".join(_letters(text)).split())
    words = sorted(word for word, times in seen.items() if times >= RARE and len(word) > 1)
    digits = [str(n) for n in range(10)] + [f"{n:02}" for n in range(100)]
    pieces = [*LETTERS, *digits, *world.SYLLABLES]
    whole = dict.fromkeys([*SPECIAL, *words, *pieces, *"$€£%.,:;!?'\"()-+/&#*@=<>_"])
    vocabulary = [*whole, *(f"##{piece}" for piece in dict.fromkeys(pieces))]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "vocab.txt"
    file.write_text("\n".join(vocabulary) + "\n")
    return TapasTokenizer(
        str(file), model_max_length=CONTEXT, max_row_id=ROWS, max_column_id=COLUMNS
    )


def _letters(text: str) -> Iterator[str]:
    return (c if c.isalpha() else " " for c in text.lower())


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right answers (0..1) on fresh tables, after the playground's own aggregation.

    In phrasings of the training and in held-out ones, and for each aggregation of the former.
    """
    rng = random.Random(seed)
    known = _exam(ask, rng, "train")
    new = _exam(ask, rng, "held_out")
    return {
        "right_answers": _share(known),
        "right_answers_new_phrasing": _share(new),
        **{
            f"right_{name.lower()}": _share([row for row in known if row[0] == name])
            for name in AGGREGATIONS
        },
    }


def _exam(ask: Ask, rng: random.Random, split: Split) -> list[tuple[str, bool]]:
    """The aggregation of every question, and whether the answer was right."""
    found: list[tuple[str, bool]] = []
    while len(found) < EXAM_QUESTIONS:
        table = world.table(rng)
        for question in list(questions(table, rng, split, 2))[:1]:
            told = ask(table=table.data, query=question.text)
            found.append((question.aggregation, is_right(table, question, told)))
    return found


def is_right(table: world.Table, question: Question, told: dict[str, Any]) -> bool:
    """Whether the same comes out: the same cells, or the same sum, mean or count of them."""
    cells = [table.columns[place].cells[row] for row, place in question.cells]
    how = told.get("aggregator", NONE)
    if question.aggregation == NONE:
        return how == NONE and [tuple(c) for c in told["coordinates"]] == [*question.cells]
    wanted = aggregated(question.aggregation, cells)
    return how != NONE and aggregated(how, told["cells"]).text == wanted.text


def _share(rows: list[tuple[str, bool]]) -> float:
    return sum(right for _, right in rows) / max(1, len(rows))
