"""The blocks of a page (seller, buyer, named values, items, sums ...) in their styles."""

from collections.abc import Callable

from starter.worlds.document_pairs import LABEL_SCALE, PAIR_STYLES, Job, Spot, inline, write_line
from starter.worlds.document_tables import TABLES
from starter.worlds.document_words import SHIP_LABELS, person

META = ("invoice_number", "invoice_date", "due_date", "order_number")
SUMS = ("subtotal", "tax", "total")
CONTACTS = ("phone", "email")
MONEY_EXTRAS = ("Shipping", "Discount", "Deposit", "Amount paid", "Handling fee", "Change")
HEADLESS_SELLER = 0.7  # share of sellers printed as a bare heading, without "From"
BARE_CONTACTS = 0.3


def draw_block(job: Job, name: str, spot: Spot) -> float:
    """Draw the block `name` at the spot; returns the y below it."""
    return BLOCKS[name](job, spot)


def _title(job: Job, spot: Spot) -> float:
    look = job.sheet.look
    scale = job.rng.choice((1.3, 1.6, 2.0))
    y = spot.y + look.size * scale
    job.sheet.write(spot.anchor, y, job.facts.title, bold=True, scale=scale, align=spot.align,
                    limit=spot.width, ink=look.accent)  # fmt: skip
    return y + look.leading


def _seller(job: Job, spot: Spot) -> float:
    headless = job.rng.random() < HEADLESS_SELLER and job.family.rows[-1] != ("seller",)
    scale = job.rng.choice((1.0, 1.2, 1.5)) if headless else 1.0
    y = _party(job, spot, "seller", job.facts.seller_address, headless, scale)
    contacts = [name for name in CONTACTS if name in job.facts.fields]
    if not contacts:
        return y
    if job.rng.random() < BARE_CONTACTS:
        for name in contacts:
            y = write_line(job, spot, y, job.facts.fields[name], name)
        return y
    style = PAIR_STYLES["centred line" if spot.align == "centre" else "inline"]
    return style(job, contacts, Spot(x=spot.x, y=y, width=spot.width, align=spot.align))


def _buyer(job: Job, spot: Spot) -> float:
    if "buyer" not in job.facts.fields:
        return spot.y
    return _party(job, spot, "buyer", job.facts.buyer_address, headless=False, scale=1.0)


def _party(
    job: Job, spot: Spot, role: str, address: tuple[str, ...], headless: bool, scale: float
) -> float:
    y, look, name = spot.y, job.sheet.look, job.facts.fields[role]
    if not headless and job.rng.random() < 0.25 and spot.align == "left":
        y = inline(job, [role], spot)
    else:
        if not headless:
            y = write_line(job, spot, y, job.label(role) + look.colon, "", bold=look.bold_labels)
        y = write_line(job, spot, y, name, role, bold=scale > 1.0, scale=scale)
    for line in address:
        y = write_line(job, spot, y, line, "")
    return y


def _ship(job: Job, spot: Spot) -> float:
    look = job.sheet.look
    label = job.rng.choice(SHIP_LABELS) + look.colon
    y = write_line(job, spot, spot.y, label, "", bold=look.bold_labels)
    for line in (person(job.rng), *job.facts.seller_address[:1]):
        y = write_line(job, spot, y, line, "")
    return y


def _meta(job: Job, spot: Spot) -> float:
    extras = [name for name in job.facts.extras if name not in MONEY_EXTRAS]
    names = [*META, *extras]
    if job.family.kind == "receipt":
        names += [] if "buyer" not in job.facts.fields or _shows(job, "buyer") else ["buyer"]
    names = [name for name in names if name in job.facts.fields]
    job.rng.shuffle(names)
    return PAIR_STYLES[job.pairs](job, names, spot) if names else spot.y


def _sums(job: Job, spot: Spot) -> float:
    extras = [name for name in job.facts.extras if name in MONEY_EXTRAS]
    names = [name for name in SUMS[:2] if name in job.facts.fields]
    names = [*names, *extras, "total"] if job.rng.random() < 0.7 else [*names, "total", *extras]
    return PAIR_STYLES[job.sums](job, names, spot)


def _payment(job: Job, spot: Spot) -> float:
    if "payment_method" not in job.facts.fields:
        return spot.y
    style = {"strip": "inline", "cells": "inline", "table": "inline"}.get(job.pairs, job.pairs)
    return PAIR_STYLES[style](job, ["payment_method"], spot)


def _note(job: Job, spot: Spot) -> float:
    return write_line(job, spot, spot.y, job.facts.note, "", scale=LABEL_SCALE)


def _items(job: Job, spot: Spot) -> float:
    return TABLES[job.table](job.sheet, job.facts, job.rng, spot.x, spot.y, spot.width)


def _nothing(job: Job, spot: Spot) -> float:
    return spot.y


def _shows(job: Job, block: str) -> bool:
    return any(block in cell.split("+") for row in job.family.rows for cell in row)


BLOCKS: dict[str, Callable[[Job, Spot], float]] = {
    "title": _title, "seller": _seller, "buyer": _buyer, "ship": _ship, "meta": _meta,
    "cells": _meta, "items": _items, "sums": _sums, "payment": _payment, "note": _note,
    "": _nothing,
}  # fmt: skip
