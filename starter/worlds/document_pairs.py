"""Named values: the styles in which a page sets names beside or above their values."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from starter.worlds.document_facts import Facts
from starter.worlds.document_layouts import Family
from starter.worlds.document_sheet import TYPEFACES, WHITE, Sheet, length

LABEL_SCALE = 0.85
CELL_COLUMNS = (2, 3, 4)
LEADER_PX = 9
WIDEST_LABEL = 0.6  # of the block, where values stand in a column
SPACE = 0.4  # of the type size, between a name and its value
LETTER = 0.58  # of the type size: a letter on average, where a rough width will do
WIDE_STRIP = 0.6  # of the page: a narrower strip is stacked
GAP = 0.6  # of a line, between two pairs set one above the other


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where a block goes: left edge, top and width in pixels, and how its lines are aligned."""

    x: float
    y: float
    width: float
    align: str = "left"

    @property
    def anchor(self) -> float:
        """The x that `Sheet.write` wants for this alignment."""
        return self.x + self.width * {"left": 0.0, "centre": 0.5, "right": 1.0}[self.align]


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every block needs: the sheet, the facts, the family and the chosen styles."""

    sheet: Sheet
    facts: Facts
    family: Family
    rng: Random
    pairs: str
    sums: str
    table: str

    def label(self, name: str) -> str:
        """The printed name of a field."""
        text = self.facts.labels[name]
        return text.upper() if self.sheet.look.upper_labels else text


def write_line(
    job: Job, spot: Spot, y: float, text: str, role: str, bold: bool = False, scale: float = 1.0
) -> float:
    """Write a line of text below y, in the spot's width; returns the y below it."""
    base = y + job.sheet.look.size * scale
    job.sheet.write(spot.anchor, base, text, role=role, bold=bold, scale=scale, align=spot.align,
                    limit=spot.width)  # fmt: skip
    return y + job.sheet.look.leading * scale


def _label_value(job: Job, name: str, x: float, y: float, value_x: float, right: float) -> None:
    """A label at x and its value at value_x (left), or ending at `right` if value_x is 0."""
    look, emphasis = job.sheet.look, name == "total" and job.rng.random() < 0.6
    end = job.sheet.write(x, y, job.label(name) + look.colon, bold=look.bold_labels or emphasis)
    room = right - max(end, value_x) - look.size
    side = "left" if value_x else "right"
    job.sheet.write(value_x or right, y, job.facts.fields[name], role=name, limit=room,
                    bold=look.bold_values or emphasis, align=side)  # fmt: skip


def _widest(job: Job, names: list[str]) -> float:
    look = job.sheet.look
    face = TYPEFACES[look.typeface][1]
    return max(length(face, look.size, job.label(name) + ": ") for name in names) + look.size / 2


def inline(job: Job, names: list[str], spot: Spot) -> float:
    look, y = job.sheet.look, spot.y
    for name in names:
        end = job.sheet.write(spot.x, y + look.size, job.label(name) + (look.colon or ":"),
                              bold=look.bold_labels)  # fmt: skip
        start = end + look.size * SPACE
        job.sheet.write(start, y + look.size, job.facts.fields[name], role=name,
                        bold=look.bold_values, limit=spot.x + spot.width - start)  # fmt: skip
        y += look.leading
    return y


def _centred_line(job: Job, names: list[str], spot: Spot) -> float:
    """Name and value centred together; the name is set first, then both get their place."""
    look, y = job.sheet.look, spot.y
    for name in names:
        label, value = job.label(name) + ":", job.facts.fields[name]
        total = (len(label) + len(value) + 1) * look.size * LETTER
        left = max(spot.x, spot.anchor - total / 2)
        end = job.sheet.write(left, y + look.size, label) + look.size * SPACE
        job.sheet.write(end, y + look.size, value, role=name, limit=spot.x + spot.width - end)
        y += look.leading
    return y


def _aligned(job: Job, names: list[str], spot: Spot) -> float:
    y, value_x = spot.y, spot.x + min(_widest(job, names), spot.width * WIDEST_LABEL)
    for name in names:
        _label_value(job, name, spot.x, y + job.sheet.look.size, value_x, spot.x + spot.width)
        y += job.sheet.look.leading
    return y


def _spread(job: Job, names: list[str], spot: Spot) -> float:
    y = spot.y
    for name in names:
        _label_value(job, name, spot.x, y + job.sheet.look.size, 0, spot.x + spot.width)
        y += job.sheet.look.leading
    return y


def _table(job: Job, names: list[str], spot: Spot) -> float:
    look, pad = job.sheet.look, job.sheet.look.size * 0.5
    middle = spot.x + min(_widest(job, names) + pad, spot.width * WIDEST_LABEL)
    inner = Spot(x=spot.x + pad, y=spot.y + pad / 2, width=spot.width - 2 * pad)
    y = inner.y
    for name in names:
        _label_value(job, name, inner.x, y + look.size, middle + pad, inner.x + inner.width)
        y += look.leading
        job.sheet.rule(spot.x, y, spot.x + spot.width, y)
    job.sheet.frame(spot.x, spot.y, spot.x + spot.width, y)
    job.sheet.rule(middle, spot.y, middle, y)
    return y + pad


def _above(job: Job, names: list[str], spot: Spot) -> float:
    y, look = spot.y, job.sheet.look
    for name in names:
        y = write_line(job, spot, y, job.label(name), "", bold=look.bold_labels, scale=LABEL_SCALE)
        y = write_line(job, spot, y, job.facts.fields[name], name, bold=look.bold_values)
        y += look.leading * GAP
    return y


def _strip(job: Job, names: list[str], spot: Spot) -> float:
    look, y = job.sheet.look, spot.y
    if spot.width < job.sheet.width * WIDE_STRIP:
        return _above(job, names, spot)
    cell, framed, filled = spot.width / len(names), job.rng.random() < 0.5, job.rng.random() < 0.4
    middle = y + look.leading * 1.1
    if filled:
        job.sheet.fill(spot.x, y, spot.x + spot.width, middle, look.accent)
    for column, name in enumerate(names):
        x = spot.x + column * cell + look.size * SPACE
        job.sheet.write(x, y + look.size, job.label(name), bold=look.bold_labels,
                        limit=cell - look.size, ink=WHITE if filled else look.accent)  # fmt: skip
        job.sheet.write(x, middle + look.size * 1.1, job.facts.fields[name], role=name,
                        limit=cell - look.size)  # fmt: skip
        if framed:
            job.sheet.frame(x - look.size * SPACE, y, x - look.size * SPACE + cell, middle * 2 - y)
    return middle * 2 - y + look.leading * GAP


def _cells(job: Job, names: list[str], spot: Spot) -> float:
    """A form: framed cells with a small name in the upper left corner and the value below."""
    look, columns = job.sheet.look, job.rng.choice(CELL_COLUMNS)
    width, height = spot.width / columns, look.leading * 2.2
    for index, name in enumerate(names):
        x, y = spot.x + index % columns * width, spot.y + index // columns * height
        job.sheet.frame(x, y, x + width, y + height)
        inner = Spot(x=x + look.size * SPACE, y=y + look.size * 0.2, width=width - look.size * 0.8)
        below = write_line(job, inner, inner.y, job.label(name), "", scale=LABEL_SCALE)
        write_line(job, inner, below, job.facts.fields[name], name)
    return spot.y + -(-len(names) // columns) * height + look.leading * GAP


def _leaders(job: Job, names: list[str], spot: Spot) -> float:
    """Name and value joined by dots, as on a menu."""
    look, y = job.sheet.look, spot.y
    for name in names:
        end = job.sheet.write(spot.x, y + look.size, job.label(name))
        right = spot.x + spot.width
        value = job.facts.fields[name]
        start = right - len(value) * look.size * LETTER
        job.sheet.write(right, y + look.size, value, role=name, align="right")
        dots = "." * max(0, int((start - end - look.size) / LEADER_PX))
        job.sheet.write(end + look.size * 0.5, y + look.size, dots, limit=start - end - look.size)
        y += look.leading
    return y


def _centred(job: Job, names: list[str], spot: Spot) -> float:
    return _above(job, names, Spot(x=spot.x, y=spot.y, width=spot.width, align="centre"))


PairStyle = Callable[[Job, list[str], Spot], float]
PAIR_STYLES: dict[str, PairStyle] = {
    "inline": inline, "aligned": _aligned, "spread": _spread, "above": _above, "strip": _strip,
    "table": _table, "cells": _cells, "leaders": _leaders, "centred": _centred,
    "centred line": _centred_line,
}  # fmt: skip
