"""Questions about a page: several phrasings for each fact, and facts that the page lacks."""

from random import Random

from starter.worlds.document_words import EXTRA_LABELS

FIELD_QUESTIONS: dict[str, tuple[str, ...]] = {
    "invoice_number": (
        "What is the invoice number?", "What is the number of this invoice?", "Invoice number?",
        "Which invoice number is it?", "What is the invoice no.?", "Tell me the invoice number",
        "What is the invoice ID?", "What is the receipt number?", "What number has this receipt?",
        "What is the number of the document?", "Which number does the invoice have?",
    ),
    "invoice_date": (
        "What is the invoice date?", "When was the invoice issued?", "What is the date?",
        "What is the date of the invoice?", "When was it issued?", "On what date was it issued?",
        "What is the issue date?", "What date is on the receipt?", "What is the receipt date?",
        "When was the invoice written?", "Invoice date?",
    ),
    "due_date": (
        "When is it due?", "What is the due date?", "When is the payment due?", "Due date?",
        "By when must it be paid?", "When does it have to be paid?", "When is the invoice due?",
        "What is the payment deadline?", "Until when do I have to pay?", "Pay by which date?",
    ),
    "order_number": (
        "What is the order number?", "Which order is this for?", "What is the order no.?",
        "What is the purchase order number?", "What is the PO number?", "Order number?",
        "Which order number is given?", "What is the number of the order?",
    ),
    "subtotal": (
        "What is the subtotal?", "How much is the subtotal?", "What is the net amount?",
        "How much is it without tax?", "What is the amount before tax?", "Subtotal?",
        "How much is the net total?", "What is the sum before tax?",
    ),
    "tax": (
        "How much is the tax?", "What is the tax?", "How much VAT is charged?", "What is the VAT?",
        "What is the tax amount?", "How much tax is charged?", "What is the VAT amount?", "Tax?",
        "How much is the VAT?",
    ),
    "total": (
        "How much is the total?", "What is the total amount?", "What is the total?", "Total?",
        "How much is due?", "How much do I have to pay?", "What is the grand total?",
        "What is the amount due?", "How much must be paid?", "What is the invoice total?",
        "How much does it cost in total?", "What is the total to pay?",
    ),
    "seller": (
        "Who is the seller?", "Which company issued the invoice?", "Who sent the invoice?",
        "Who issued this?", "What is the name of the company?", "Who is the vendor?",
        "Who is the supplier?", "What is the name of the seller?", "Which shop is this from?",
        "What is the name of the shop?", "Who is it from?", "Where was it bought?",
    ),
    "buyer": (
        "To whom is it billed?", "Who is the customer?", "Who is the buyer?", "Who is billed?",
        "Who has to pay?", "To whom is the invoice addressed?", "What is the customer's name?",
        "Who is the invoice for?", "What is the name of the buyer?", "Who bought it?",
        "Who is the client?", "Who is it billed to?",
    ),
    "payment_method": (
        "What is the payment method?", "How was it paid?", "How is it paid?", "Payment method?",
        "Which payment method was used?", "What is the method of payment?", "How to pay?",
        "How does the customer pay?",
    ),
    "phone": (
        "What is the phone number?", "What is the telephone number?", "Which number can I call?",
        "What is the phone number of the seller?", "Phone number?",
    ),
    "email": (
        "What is the email address?", "What is the e-mail address?", "What is the email?",
        "What is the e-mail of the seller?", "To which email can I write?", "Email?",
    ),
}  # fmt: skip
MAIN_FIELDS = tuple(FIELD_QUESTIONS)
EXTRA_QUESTIONS = (
    "What is the {name}?", "{name}?", "Which {name} is given?", "Tell me the {name}",
    "What does it say for {name}?",
)  # fmt: skip
ITEM_QUESTIONS: dict[str, tuple[str, ...]] = {
    "quantity": (
        "How many {item} were bought?", "What is the quantity of {item}?", "How many {item}?",
        "How many {item} were ordered?",
    ),
    "unit_price": (
        "What is the unit price of {item}?", "What is the price of one {item}?",
        "How much does one {item} cost?", "What is the price per {item}?",
    ),
    "amount": (
        "What is the amount for {item}?", "What is the line total of {item}?",
        "How much was paid for {item}?", "How much is the line {item}?",
    ),
}  # fmt: skip
# Asked where only one price stands beside a thing: then the plain question has one answer.
PRICE_QUESTIONS = ("How much does {item} cost?", "What is the price of {item}?",
                   "How much is {item}?")  # fmt: skip


def field_question(rng: Random, field: str) -> str:
    """One phrasing of the question about a field, or about a further named fact."""
    if field in FIELD_QUESTIONS:
        return rng.choice(FIELD_QUESTIONS[field])
    name = field if field.isupper() or rng.random() < 0.3 else field[:1].lower() + field[1:]
    return rng.choice(EXTRA_QUESTIONS).format(name=name)


def item_question(rng: Random, column: str, item: str, only_price: bool) -> str:
    """One phrasing about the quantity, unit price or amount of the thing called `item`."""
    plain = only_price and column == "amount" and rng.random() < 0.6
    return rng.choice(PRICE_QUESTIONS if plain else ITEM_QUESTIONS[column]).format(item=item)


def absent_field(rng: Random, present: set[str]) -> str:
    """A field that the page does not print."""
    names = MAIN_FIELDS if rng.random() < 0.7 else tuple(EXTRA_LABELS)
    missing = [name for name in names if name not in present]
    return rng.choice(missing or [name for name in EXTRA_LABELS if name not in present])
