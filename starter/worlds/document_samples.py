"""Sample pages for the app, in held-out layouts: `python -m starter.worlds.document_samples`."""

from dataclasses import replace
from pathlib import Path
from random import Random

from PIL import Image

from starter.worlds.document_facts import INVOICE, RECEIPT, Facts, LineItem
from starter.worlds.document_layouts import FAMILIES, HELD_OUT, Family, Rows
from starter.worlds.documents import draw_page, make_page

FOLDER = Path(__file__).parents[1] / "examples"
GREYS = 8  # enough for smooth letters, and small files
PDF_DPI, JPEG_QUALITY = 150.0, 45
INVOICE_SEED, RECEIPT_SEED, PDF_SEED = 12, 2, 12
FIRST_SHEET: Rows = (("title",), ("seller", "buyer", "meta"), ("items",), ("note",))
SECOND_SHEET: Rows = (("title",), ("items",), ("payment", "", "sums"))
ITEMS_ON_FIRST_SHEET = 5

INVOICE_FACTS = Facts(
    kind=INVOICE,
    title="Invoice",
    fields={
        "seller": "Harbor Books Ltd", "buyer": "Maria Jensen", "invoice_number": "INV-20417",
        "invoice_date": "14 March 2026", "due_date": "13 April 2026", "order_number": "PO-88213",
        "subtotal": "$265.50", "tax": "$53.10", "total": "$318.60",
        "payment_method": "Bank transfer", "phone": "+45 312 664098",
        "email": "billing@harborbooks.com",
    },
    labels={
        "seller": "Sold by", "buyer": "Bill to", "invoice_number": "Invoice number",
        "invoice_date": "Invoice date", "due_date": "Due date", "order_number": "Order number",
        "subtotal": "Subtotal", "tax": "VAT 20%", "total": "Total due",
        "payment_method": "Payment method", "phone": "Phone", "email": "Email",
    },
    extras=(),
    seller_address=("18 Quay Street", "4810 Westhaven"),
    buyer_address=("7 Orchard Lane", "2100 Millbrook"),
    items=(
        LineItem(description="Blue Notebook", quantity="12", unit_price="$6.50", amount="$78.00"),
        LineItem(description="Desk Lamp", quantity="2", unit_price="$54.25", amount="$108.50"),
        LineItem(description="Leather Bag", quantity="1", unit_price="$79.00", amount="$79.00"),
    ),
    headings={"description": "Description", "quantity": "Quantity", "unit_price": "Unit price",
              "amount": "Amount"},
    note="Thank you for your business!",
)  # fmt: skip
RECEIPT_FACTS = Facts(
    kind=RECEIPT,
    title="Receipt",
    fields={
        "seller": "Cedar Cafe", "invoice_number": "004182", "invoice_date": "09/05/2026",
        "subtotal": "$18.50", "tax": "$1.48", "total": "$19.98", "payment_method": "Credit card",
        "phone": "555-218-7740", "Cashier": "Rosa Clark",
    },
    labels={
        "seller": "Sold by", "invoice_number": "Receipt No.", "invoice_date": "Date",
        "subtotal": "Subtotal", "tax": "Sales tax", "total": "Total", "payment_method": "Paid by",
        "phone": "Tel.", "Cashier": "Cashier",
    },
    extras=("Cashier",),
    seller_address=("52 Maple Avenue", "97204 Lakewood"),
    buyer_address=(),
    items=(
        LineItem(description="Large Coffee", quantity="2", unit_price="$3.75", amount="$7.50"),
        LineItem(description="Fresh Sandwich", quantity="1", unit_price="$7.25", amount="$7.25"),
        LineItem(description="Apple Cake", quantity="1", unit_price="$3.75", amount="$3.75"),
    ),
    headings={"description": "Item", "quantity": "Qty", "unit_price": "Price", "amount": "Amount"},
    note="Have a nice day",
)  # fmt: skip
LONG_FACTS = replace(
    INVOICE_FACTS,
    title="Sales Invoice",
    fields={
        "seller": "Summit Garden Tools GmbH", "buyer": "Polar Logistics AG",
        "invoice_number": "RE-739205", "invoice_date": "2026-02-03", "due_date": "2026-03-05",
        "order_number": "SO-5519", "subtotal": "2,396.00 EUR", "tax": "455.24 EUR",
        "total": "2,851.24 EUR", "payment_method": "Direct debit", "email": "office@summit.example",
    },
    labels=INVOICE_FACTS.labels | {"tax": "VAT 19%", "total": "Grand total", "buyer": "Customer"},
    seller_address=("3 Foundry Road", "80331 Steinfeld"),
    buyer_address=("120 Harbour Way", "20457 Nordend"),
    items=tuple(
        LineItem(description=name, quantity=count, unit_price=price, amount=amount)
        for name, count, price, amount in (
            ("Steel Hammer", "20", "14.50", "290.00"),
            ("Garden Gloves", "45", "6.80", "306.00"),
            ("Wooden Basket", "30", "9.90", "297.00"),
            ("Work Helmet", "12", "31.00", "372.00"),
            ("White Paint", "16", "22.75", "364.00"),
            ("Red Paint", "10", "24.70", "247.00"),
            ("Travel Charger", "13", "40.00", "520.00"),
        )
    ),
    note="Continued on the next page",
)  # fmt: skip


def write_samples(folder: Path = FOLDER) -> None:
    """Write invoice.png, receipt.png and invoice.pdf (two pages) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    invoice = _image(INVOICE_FACTS, family("totals on top"), INVOICE_SEED)
    invoice.quantize(GREYS).save(folder / "invoice.png", optimize=True)
    receipt = _image(RECEIPT_FACTS, family("till total first"), RECEIPT_SEED)
    receipt.quantize(GREYS).save(folder / "receipt.png", optimize=True)
    first, second = _two_sheets()
    first.save(folder / "invoice.pdf", save_all=True, append_images=[second], resolution=PDF_DPI,
               quality=JPEG_QUALITY)  # fmt: skip


def family(name: str) -> Family:
    """A held-out family by name."""
    return {row.name: row for row in FAMILIES[HELD_OUT]}[name]


def _two_sheets() -> list[Image.Image]:
    """An invoice that goes on: the last items and the sums stand on the second page."""
    base, cut = family("three columns"), ITEMS_ON_FIRST_SHEET
    sheets = (
        (FIRST_SHEET, replace(LONG_FACTS, items=LONG_FACTS.items[:cut])),
        (SECOND_SHEET, replace(LONG_FACTS, items=LONG_FACTS.items[cut:], title="Page 2 of 2")),
    )
    return [
        _image(facts, replace(base, rows=rows, pairs=("inline",), sums=("spread",)), PDF_SEED)
        for rows, facts in sheets
    ]


def _image(facts: Facts, layout: Family, seed: int) -> Image.Image:
    page = make_page(Random(seed), family=layout, facts=facts)
    return draw_page(page).convert("L")


if __name__ == "__main__":
    write_samples()
