"""The facts of an invented invoice or receipt: every value exactly as it will be printed."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from starter.worlds import document_words as words

INVOICE, RECEIPT = "invoice", "receipt"
KINDS = (INVOICE, RECEIPT)
ITEM_COLUMNS = ("description", "quantity", "unit_price", "amount")

FIRST_DAY = date(2018, 1, 1)
DAYS = 3600
TERMS_DAYS = (7, 10, 14, 21, 30, 45, 60)
TAX_PERCENT = (5, 6, 7, 8, 10, 12, 19, 20, 21, 25)
MAX_ITEMS = {INVOICE: 7, RECEIPT: 6}
MAX_CENTS = {INVOICE: 90_000, RECEIPT: 2_500}
MAX_QUANTITY = {INVOICE: 24, RECEIPT: 4}
MAX_EXTRAS = 3

DATE_FORMATS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y",
    "%d %B %Y", "%B %d, %Y", "%d %b %Y", "%b %d, %Y", "%d-%b-%Y",
)  # fmt: skip
# (before, after, thousands, decimals) of a printed amount.
MONEY_FORMATS = (
    ("$", "", ",", "."), ("$", "", ",", "."), ("£", "", ",", "."), ("€", "", ",", "."),
    ("", "", ",", "."), ("", "", ",", "."), ("", "", ".", ","), ("", " EUR", ".", ","),
    ("", " USD", ",", "."), ("USD ", "", ",", "."), ("", " CHF", "", "."), ("$ ", "", ",", "."),
)  # fmt: skip
# How often each optional field is printed, by kind of document.
PRESENCE = {
    INVOICE: {
        "invoice_date": 0.97, "due_date": 0.75, "order_number": 0.55, "subtotal": 0.85,
        "tax": 0.85, "payment_method": 0.6, "phone": 0.55, "email": 0.5, "buyer": 0.95,
    },
    RECEIPT: {
        "invoice_date": 0.97, "due_date": 0.0, "order_number": 0.35, "subtotal": 0.75,
        "tax": 0.75, "payment_method": 0.8, "phone": 0.6, "email": 0.2, "buyer": 0.15,
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LineItem:
    """One bought thing; every value is the printed text."""

    description: str
    quantity: str
    unit_price: str
    amount: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a page says. `fields` and `labels` have one entry for each fact printed with a name."""

    kind: str
    title: str
    fields: dict[str, str]
    labels: dict[str, str]
    extras: tuple[str, ...]
    seller_address: tuple[str, ...]
    buyer_address: tuple[str, ...]
    items: tuple[LineItem, ...]
    headings: dict[str, str]
    note: str


def make_facts(rng: Random, kind: str) -> Facts:
    """Invent one document of `kind` ("invoice" or "receipt")."""
    money = rng.choice(MONEY_FORMATS)
    table_money = money if rng.random() < 0.5 else ("", "", *money[2:])
    items, cents = _items(rng, kind, table_money)
    fields = _names(rng) | _numbers(rng, kind) | _dates(rng) | _sums(rng, cents, money)
    fields["payment_method"] = rng.choice(words.PAYMENT_METHODS)
    fields = {name: text for name, text in fields.items() if _printed(rng, kind, name)}
    extras = rng.sample(sorted(words.EXTRA_LABELS), rng.randint(0, MAX_EXTRAS))
    fields |= {name: _extra(rng, name, money) for name in extras}
    return Facts(
        kind=kind,
        title=rng.choice(words.TITLES[kind]),
        fields=fields,
        labels={name: _label(rng, kind, name) for name in fields},
        extras=tuple(extras),
        seller_address=_address(rng),
        buyer_address=_address(rng),
        items=items,
        headings={column: rng.choice(words.HEADINGS[column]) for column in ITEM_COLUMNS},
        note=rng.choice(words.NOTES),
    )


def print_money(cents: int, form: tuple[str, str, str, str]) -> str:
    """Print an amount of `cents` with the (before, after, thousands, decimals) of a form."""
    before, after, thousands, decimals = form
    whole, rest = divmod(cents, 100)
    return f"{before}{whole:,}".replace(",", thousands) + f"{decimals}{rest:02d}{after}"


def _items(
    rng: Random, kind: str, money: tuple[str, str, str, str]
) -> tuple[tuple[LineItem, ...], int]:
    names = words.item_names(rng, rng.randint(1, MAX_ITEMS[kind]))
    items, total = [], 0
    for name in names:
        quantity = 1 if rng.random() < 0.3 else rng.randint(1, MAX_QUANTITY[kind])
        unit = rng.randint(50, MAX_CENTS[kind])
        total += quantity * unit
        items.append(
            LineItem(
                description=name,
                quantity=str(quantity),
                unit_price=print_money(unit, money),
                amount=print_money(quantity * unit, money),
            )
        )
    return tuple(items), total


def _names(rng: Random) -> dict[str, str]:
    seller = words.company(rng)
    buyer = words.company(rng) if rng.random() < 0.5 else words.person(rng)
    return {
        "seller": seller,
        "buyer": buyer,
        "phone": words.phone(rng),
        "email": words.email(rng, seller),
    }


def _numbers(rng: Random, kind: str) -> dict[str, str]:
    return {
        "invoice_number": words.code(rng, words.CODE_PREFIXES[kind]),
        "order_number": words.code(rng, words.CODE_PREFIXES["order"]),
    }


def _dates(rng: Random) -> dict[str, str]:
    form = rng.choice(DATE_FORMATS)
    day = FIRST_DAY + timedelta(days=rng.randrange(DAYS))
    due = day + timedelta(days=rng.choice(TERMS_DAYS))
    return {"invoice_date": day.strftime(form), "due_date": due.strftime(form)}


def _sums(rng: Random, cents: int, money: tuple[str, str, str, str]) -> dict[str, str]:
    tax = cents * rng.choice(TAX_PERCENT) // 100
    return {
        "subtotal": print_money(cents, money),
        "tax": print_money(tax, money),
        "total": print_money(cents + tax, money),
    }


def _printed(rng: Random, kind: str, name: str) -> bool:
    return rng.random() < PRESENCE[kind].get(name, 1.0)


def _label(rng: Random, kind: str, name: str) -> str:
    if name in words.EXTRA_LABELS:
        return name
    choices = words.LABELS_BY_KIND.get((kind, name), words.LABELS.get(name))
    label = rng.choice(choices or (name,))
    if name == "tax" and rng.random() < 0.4:
        percent = rng.choice(TAX_PERCENT)
        label += rng.choice((f" {percent}%", f" ({percent}%)"))
    return label


def _extra(rng: Random, name: str, money: tuple[str, str, str, str]) -> str:
    makers = {
        "code": lambda: words.code(rng, words.CODE_PREFIXES["other"]),
        "person": lambda: words.person(rng),
        "date": lambda: _dates(rng)["due_date"],
        "money": lambda: print_money(rng.randint(10, MAX_CENTS[RECEIPT]), money),
        "word": lambda: rng.choice(words.EXTRA_WORDS),
        "site": lambda: "www." + words.email(rng, words.company(rng)).split("@")[1],
    }
    return makers[words.EXTRA_LABELS[name]]()


def _address(rng: Random) -> tuple[str, ...]:
    lines = words.address(rng)
    return lines[: rng.randint(1, len(lines))]
