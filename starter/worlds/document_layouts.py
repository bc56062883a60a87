"""Layout families of the document world: which blocks stand where, and how they are set.

A family is of the training split or held out. The held-out ones use traits that no training family
has: side bars, three columns, totals above the items, a seller in the foot, form cells, dotted
leaders, names centred above values.
"""

from dataclasses import dataclass
from random import Random

from starter.worlds.document_facts import INVOICE, RECEIPT

TRAIN, HELD_OUT = "train", "held-out"
# A cell of a row: one block, or blocks one below the other joined by "+".
Rows = tuple[tuple[str, ...], ...]
PAIRS = ("inline", "aligned", "spread", "above", "strip", "table")
SUMS = ("aligned", "spread", "inline", "table")


@dataclass(frozen=True, kw_only=True)
class Family:
    """One layout family: rows of blocks, relative column widths, and the styles it may use."""

    name: str
    kind: str
    split: str
    rows: Rows
    pairs: tuple[str, ...] = PAIRS
    sums: tuple[str, ...] = SUMS
    tables: tuple[str, ...] = ("plain", "ruled", "grid", "filled")
    shares: tuple[float, ...] = (0.5, 0.5)
    align: tuple[str, ...] = ("left",)


def _invoice(name: str, *rows: tuple[str, ...], **traits: object) -> Family:
    return Family(name=name, kind=INVOICE, split=TRAIN, rows=rows, **traits)  # type: ignore[arg-type]


def _receipt(name: str, *rows: tuple[str, ...], **traits: object) -> Family:
    traits = {"pairs": ("inline", "spread", "aligned"), "sums": ("spread", "inline")} | traits
    traits = {"tables": ("till", "till-two-lines", "till-count"), "shares": (1.0,)} | traits
    return Family(name=name, kind=RECEIPT, split=TRAIN, rows=rows, **traits)  # type: ignore[arg-type]


TRAIN_FAMILIES = (
    _invoice("classic", ("seller", "title"), ("buyer", "meta"), ("items",), ("payment", "sums")),
    _invoice("letterhead", ("seller",), ("title",), ("buyer", "meta"), ("items",), ("", "sums"),
             ("payment",), ("note",), align=("centre", "left")),
    _invoice("title first", ("title",), ("seller", "buyer"), ("meta",), ("items",), ("", "sums"),
             ("payment+note",)),
    _invoice("meta first", ("title", "meta"), ("seller", "buyer"), ("items",), ("", "sums"),
             ("note", "payment")),
    _invoice("mirror", ("buyer", "seller"), ("meta", "title"), ("items",), ("sums", "payment")),
    _invoice("stacked", ("title",), ("meta",), ("seller",), ("buyer",), ("items",), ("sums",),
             ("payment",)),
    _invoice("left totals", ("title+seller", "meta"), ("buyer", ""), ("items",),
             ("sums", "note"), ("payment",)),
    _invoice("shipping", ("seller", "title+meta"), ("buyer", "ship"), ("items",), ("note", "sums"),
             ("payment",)),
    _invoice("strip", ("seller", "title"), ("buyer", "ship"), ("meta",), ("items",),
             ("payment", "sums"), ("note",), pairs=("strip", "table")),
    _invoice("payment first", ("title",), ("seller", "meta"), ("buyer", "payment"), ("items",),
             ("", "sums")),
    _invoice("buyer first", ("title", "seller"), ("buyer",), ("meta",), ("items",), ("sums",)),
    _invoice("right address", ("title+meta", "seller+buyer"), ("items",), ("payment", "sums")),
    _invoice("plain letter", ("seller+buyer",), ("title+meta",), ("items",), ("sums",),
             ("payment+note",)),
    _receipt("till", ("seller",), ("meta",), ("items",), ("sums",), ("payment",), ("note",),
             align=("centre", "left")),
    _receipt("till title", ("title",), ("seller",), ("meta",), ("items",), ("sums+payment",)),
    _receipt("till late number", ("seller",), ("items",), ("sums",), ("payment",), ("meta",),
             align=("centre", "left")),
    _receipt("till number first", ("meta",), ("seller",), ("items",), ("sums",), ("payment+note",)),
    _receipt("till table", ("seller",), ("title",), ("meta",), ("items",), ("sums",), ("payment",),
             tables=("plain", "ruled"), align=("centre", "left")),
)  # fmt: skip


def _held_out(family: Family, **traits: object) -> Family:
    return Family(**{**vars(family), "split": HELD_OUT, **traits})


HELD_OUT_FAMILIES = tuple(
    _held_out(family)
    for family in (
        _invoice("side bar", ("seller+meta+payment", "title+buyer+items+sums"),
                 pairs=("above", "inline"), shares=(0.33, 0.67)),
        _invoice("three columns", ("title",), ("seller", "buyer", "meta"), ("items",),
                 ("payment", "", "sums"), pairs=("above", "inline", "aligned"),
                 shares=(0.34, 0.33, 0.33)),
        _invoice("form", ("title", "seller"), ("cells",), ("buyer", "ship"), ("items",),
                 ("payment", "sums"), pairs=("cells",)),
        _invoice("totals on top", ("title", "seller"), ("buyer", "sums"), ("meta",), ("items",),
                 ("payment",)),
        _invoice("seller in the foot", ("title",), ("buyer", "meta"), ("items",),
                 ("payment", "sums"), ("seller",)),
        _receipt("till leaders", ("seller",), ("title",), ("meta",), ("items",), ("sums",),
                 ("payment",), pairs=("leaders",), sums=("leaders",), align=("centre", "left")),
        _receipt("till centred", ("title",), ("meta",), ("items",), ("sums",), ("payment",),
                 ("seller",), pairs=("centred",), align=("centre",)),
        _receipt("till total first", ("seller",), ("sums",), ("payment",), ("items",), ("meta",),
                 align=("left",)),
    )
)  # fmt: skip
FAMILIES = {TRAIN: TRAIN_FAMILIES, HELD_OUT: HELD_OUT_FAMILIES}


def choose_family(rng: Random, split: str, kind: str | None = None) -> Family:
    """A family of a split ("train" or "held-out"), of one kind of document if given."""
    return rng.choice([row for row in FAMILIES[split] if kind in (None, row.kind)])
