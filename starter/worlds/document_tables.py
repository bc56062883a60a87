"""The bought things of a page: ruled tables of invoices and the lists of till receipts."""

from collections.abc import Callable
from random import Random

from starter.worlds.document_facts import Facts, LineItem
from starter.worlds.document_sheet import BLACK, WHITE, Sheet

COLUMN_ORDERS = (
    ("description", "quantity", "unit_price", "amount"),
    ("quantity", "description", "unit_price", "amount"),
    ("description", "unit_price", "quantity", "amount"),
    ("description", "quantity", "amount"),
    ("description", "amount"),
)
SHARES = {"description": 0.46, "quantity": 0.12, "unit_price": 0.21, "amount": 0.21}
PAD = 0.4  # of the type size, beside a cell's text
ROOM = 1.0  # of the type size, left free in every cell
Table = Callable[[Sheet, Facts, Random, float, float, float], float]


def role(row: int, column: str) -> str:
    """The role of a cell's words, such as "item0.amount"."""
    return f"item{row}.{column}"


def _ruled(style: str) -> Table:
    def draw(sheet: Sheet, facts: Facts, rng: Random, x: float, y: float, width: float) -> float:
        order = rng.choice(COLUMN_ORDERS)
        edges = _edges(order, x, width)
        look, step = sheet.look, sheet.look.leading * rng.choice((1.0, 1.25))
        top, filled = y, style == "filled"
        if filled:
            sheet.fill(x, y, x + width, y + step, look.accent)
        headings = {name: facts.headings[name] for name in order}
        aligns = {name: _align(rng, name) for name in order}
        _row(sheet, headings, edges, aligns, y, [""] * len(order), bold=True, white=filled)
        y += step
        for index, item in enumerate(facts.items):
            if style in ("ruled", "grid"):
                sheet.rule(x, y, x + width, y)
            cells = {name: getattr(item, name) for name in order}
            _row(sheet, cells, edges, aligns, y, [role(index, name) for name in order])
            y += step
        if style == "grid":
            sheet.frame(x, top, x + width, y)
            for left, _ in list(edges.values())[1:]:
                sheet.rule(left, top, left, y)
        return y + look.leading

    return draw


def _edges(order: tuple[str, ...], x: float, width: float) -> dict[str, tuple[float, float]]:
    whole = sum(SHARES[name] for name in order)
    edges = {}
    for name in order:
        right = x + width * SHARES[name] / whole
        edges[name] = (x, right)
        x = right
    return edges


def _align(rng: Random, column: str) -> str:
    return "left" if column == "description" else rng.choice(("right", "right", "left"))


def _row(
    sheet: Sheet,
    cells: dict[str, str],
    edges: dict[str, tuple[float, float]],
    aligns: dict[str, str],
    y: float,
    roles: list[str],
    bold: bool = False,
    white: bool = False,
) -> None:
    size = sheet.look.size
    for (name, text), cell_role in zip(cells.items(), roles, strict=True):
        left, right = edges[name]
        x = left + PAD * size if aligns[name] == "left" else right - PAD * size
        sheet.write(x, y + size, text, role=cell_role, bold=bold, align=aligns[name],
                    limit=right - left - ROOM * size, ink=WHITE if white else BLACK)  # fmt: skip


def _till(sheet: Sheet, facts: Facts, rng: Random, x: float, y: float, width: float) -> float:
    for index, item in enumerate(facts.items):
        _till_line(sheet, item.description, index, item, x, y, width)
        y += sheet.look.leading
    return y + sheet.look.leading / 2


def _till_line(
    sheet: Sheet, text: str, index: int, item: LineItem, x: float, y: float, width: float
) -> None:
    base = y + sheet.look.size
    start = sheet.write(x + width, base, item.amount, role=role(index, "amount"), align="right")
    room = width * 0.65 if start else width
    sheet.write(x, base, text, role=role(index, "description"), limit=room)


def _till_count(sheet: Sheet, facts: Facts, rng: Random, x: float, y: float, width: float) -> float:
    size = sheet.look.size
    for index, item in enumerate(facts.items):
        end = sheet.write(x, y + size, item.quantity, role=role(index, "quantity"))
        end = sheet.write(end + size * 0.4, y + size, "x") + size * 0.4
        _till_line(sheet, item.description, index, item, end, y, x + width - end)
        y += sheet.look.leading
    return y + sheet.look.leading / 2


def _two_lines(sheet: Sheet, facts: Facts, rng: Random, x: float, y: float, width: float) -> float:
    look = sheet.look
    for index, item in enumerate(facts.items):
        sheet.write(x, y + look.size, item.description, role=role(index, "description"))
        y += look.leading
        base = y + look.size
        end = sheet.write(x + look.size, base, item.quantity, role=role(index, "quantity"))
        end = sheet.write(end + look.size * 0.4, base, rng.choice(("x", "@")))
        sheet.write(end + look.size * 0.4, base, item.unit_price, role=role(index, "unit_price"))
        sheet.write(x + width, base, item.amount, role=role(index, "amount"), align="right")
        y += look.leading
    return y + look.leading / 2


TABLES: dict[str, Table] = {
    "plain": _ruled("plain"),
    "ruled": _ruled("ruled"),
    "grid": _ruled("grid"),
    "filled": _ruled("filled"),
    "till": _till,
    "till-count": _till_count,
    "till-two-lines": _two_lines,
}
