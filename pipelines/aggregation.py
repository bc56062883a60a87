"""What a table model leaves undone: the sum, the mean or the count of the cells it selected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NO_AGGREGATION = "NONE"
GROUPS = r"\d{1,3}(?:[,'\u00a0\u202f ]\d{3})+(?:\.\d+)?"
EUROPEAN = r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}"
PLAIN = r"\d+(?:[.,]\d+)?|\.\d+"
NUMBER = re.compile(rf"({EUROPEAN})|({GROUPS})|({PLAIN})")
AROUND = re.compile(r"[\s\u00a0$€£¥₹%]*(?:[A-Za-z]{1,4}[²³]?)?[\s.]*")
"""What may stand before and after a number: a currency, a percent sign, a short unit."""
MOST_CELL_CHARS = 60
"""A longer cell is a text, whatever number is in it."""
DIGITS = 10
"""Significant digits of a result, so that 0.1 + 0.2 is 0.3."""
SHOWN_CELLS = 12


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """A result as text, the number behind it if there is one, and how it came about in words."""

    text: str
    number: float | None = None
    how: str = ""


def aggregated(name: str, cells: Sequence[str]) -> Aggregate:
    """The answer that an aggregator makes of the cells; an unknown one leaves them as they are."""
    compute = AGGREGATORS.get(name.upper())
    return compute(cells) if compute else Aggregate(text=", ".join(cells))


def number_in(cell: str) -> float | None:
    """The number that a cell is: with thousands separators, a currency, a percent sign or a unit.

    None where it is a text, or holds several numbers.
    """
    text = cell.strip()
    if not text or len(text) > MOST_CELL_CHARS:
        return None
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1] if negative else text.replace("\u2212", "-")
    found = NUMBER.search(text)
    if not found:
        return None
    before, after = text[: found.start()], text[found.end() :]
    sign = before.strip()[-1:] if before.strip()[-1:] in ("+", "-") else ""
    if not sign and before.strip()[:1] in ("+", "-"):
        sign = before.strip()[:1]
    before = before.replace(sign, "", 1) if sign else before
    if not AROUND.fullmatch(before) or not AROUND.fullmatch(after):
        return None
    value = float(_plain(found))
    return -value if negative or sign == "-" else value


def _plain(found: re.Match[str]) -> str:
    """The digits as Python reads them."""
    european, groups, plain = found.groups()
    if european:
        return str(european).replace(".", "").replace(",", ".")
    if groups:
        return re.sub(r"[^\d.]", "", groups)
    return str(plain).replace(",", ".")


def shown(value: float) -> str:
    """A number with as many digits as it needs, at most DIGITS significant ones."""
    rounded = float(f"{value:.{DIGITS}g}")
    if rounded.is_integer() and abs(rounded) < 1e15:
        return f"{rounded:,.0f}"
    return f"{rounded:,.{_decimals(rounded)}f}".rstrip("0")


def _decimals(value: float) -> int:
    return max(0, DIGITS - 1 - math.floor(math.log10(abs(value)))) if value else 0


def _count(cells: Sequence[str]) -> Aggregate:
    said = "1 cell was selected" if len(cells) == 1 else f"{len(cells):,} cells were selected"
    return Aggregate(text=f"{len(cells):,}", number=float(len(cells)), how=f"COUNT: {said}.")


def _over(name: str, compute: Callable[[Sequence[float]], float]) -> Callable[..., Aggregate]:
    """An aggregator of numbers; cells that are none are left out, and said to be."""

    def over(cells: Sequence[str]) -> Aggregate:
        numbers = [n for cell in cells if (n := number_in(cell)) is not None]
        if not numbers:
            why = "none of the selected cells is a number" if cells else "no cell was selected"
            return Aggregate(text=", ".join(cells), how=f"{name}: {why}.")
        result = compute(numbers)
        listed = [shown(n) for n in numbers]
        sum_ = " + ".join(listed[:SHOWN_CELLS]) + (" + …" if len(listed) > SHOWN_CELLS else "")
        divided = f"({sum_}) / {len(numbers)}" if name == "AVERAGE" else sum_
        left = len(cells) - len(numbers)
        skipped = (
            f" {left} without a number {'is' if left == 1 else 'are'} left out." if left else ""
        )
        return Aggregate(
            text=shown(result), number=result, how=f"{name}: {divided} = {shown(result)}.{skipped}"
        )

    return over


AGGREGATORS: dict[str, Callable[[Sequence[str]], Aggregate]] = {
    "COUNT": _count,
    "SUM": _over("SUM", math.fsum),
    "AVERAGE": _over("AVERAGE", lambda numbers: math.fsum(numbers) / len(numbers)),
}
