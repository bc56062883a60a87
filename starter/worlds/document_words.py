"""The words of the document world: labels, names, addresses and codes, most of them invented."""

from random import Random

LABELS: dict[str, tuple[str, ...]] = {
    "invoice_number": ("Invoice number", "Invoice No.", "Invoice #", "Invoice no", "Invoice ID",
                       "Inv. No.", "Number", "Invoice"),
    "invoice_date": ("Invoice date", "Date", "Date of issue", "Issue date", "Issued", "Issued on",
                     "Billing date", "Date issued"),
    "due_date": ("Due date", "Payment due", "Due", "Pay by", "Payable by", "Due on",
                 "Please pay by", "Date due"),
    "order_number": ("Order number", "Order No.", "Order #", "PO number", "P.O. #",
                     "Purchase order", "Your order", "Order ID", "Order"),
    "subtotal": ("Subtotal", "Sub-total", "Sub total", "Net amount", "Net total", "Total net",
                 "Amount before tax", "Net"),
    "tax": ("Tax", "VAT", "Sales tax", "GST", "Total tax", "VAT amount", "Tax amount"),
    "total": ("Total", "Total due", "Amount due", "Grand total", "Total amount", "Balance due",
              "Invoice total", "Total to pay", "TOTAL"),
    "payment_method": ("Payment method", "Paid by", "Payment", "Method of payment", "Paid with",
                       "Payment type", "Pay via"),
    "phone": ("Phone", "Tel.", "Telephone", "Tel", "Call"),
    "email": ("Email", "E-mail", "Mail"),
    "seller": ("From", "Seller", "Vendor", "Supplier", "Issued by", "Sold by"),
    "buyer": ("Bill to", "Billed to", "Customer", "Sold to", "Invoice to", "Client", "Buyer",
              "To", "Invoiced to", "Bill To"),
}  # fmt: skip
LABELS_BY_KIND = {
    ("receipt", "invoice_number"): ("Receipt number", "Receipt No.", "Receipt #", "Receipt",
                                    "Bill No.", "Number", "Receipt ID"),
    ("receipt", "total"): ("Total", "TOTAL", "Total due", "Amount due", "Grand total", "To pay",
                           "Total amount"),
    ("receipt", "invoice_date"): ("Date", "Date", "Issued", "Date of sale", "Sale date"),
}  # fmt: skip
SHIP_LABELS = ("Ship to", "Deliver to", "Delivery address", "Shipping address")
# Further named facts: they teach to answer by the name printed beside a value. Name -> maker.
EXTRA_LABELS = {
    "Customer number": "code", "Customer ID": "code", "VAT ID": "code", "IBAN": "code",
    "Account number": "code", "Tax ID": "code", "Terminal": "code", "Store number": "code",
    "Quote number": "code", "Delivery note": "code", "Contact": "person", "Cashier": "person",
    "Sales person": "person", "Served by": "person", "Project manager": "person",
    "Delivery date": "date", "Order date": "date", "Ship date": "date", "Service date": "date",
    "Shipping": "money", "Discount": "money", "Amount paid": "money", "Change": "money",
    "Deposit": "money", "Handling fee": "money", "Currency": "word", "Terms": "word",
    "Shipped via": "word", "Website": "site",
}  # fmt: skip
EXTRA_WORDS = ("Net 30", "EUR", "USD", "Courier", "Post", "Net 14", "Express", "Pickup", "Standard")
TITLES = {
    "invoice": ("INVOICE", "Invoice", "Tax Invoice", "TAX INVOICE", "Sales Invoice", "BILL"),
    "receipt": ("RECEIPT", "Receipt", "Sales Receipt", "SALES RECEIPT", "Cash Receipt"),
}
HEADINGS = {
    "description": ("Description", "Item", "Product", "Article", "Details", "Service"),
    "quantity": ("Qty", "Quantity", "Qty.", "Units", "Pcs"),
    "unit_price": ("Unit price", "Price", "Unit cost", "Rate", "Price each"),
    "amount": ("Amount", "Line total", "Total", "Sum", "Line amount"),
}
PAYMENT_METHODS = (
    "Bank transfer", "Credit card", "Visa", "Cash", "PayPal", "Debit card", "Mastercard",
    "Direct debit", "Cheque", "Wire transfer", "American Express", "Gift card", "Card",
)  # fmt: skip
NOTES = (
    "Thank you for your business!", "Thank you!", "Please quote the number with your payment.",
    "Goods remain our property until paid in full.", "Have a nice day", "",
    "Returns within 30 days with this document.", "Late payments are charged 2% interest.",
)  # fmt: skip
CODE_PREFIXES = {
    "invoice": ("INV-", "INV", "", "", "A", "RE-", "2024-", "F"),
    "receipt": ("", "", "R-", "T", "00", "S"),
    "order": ("PO-", "PO", "", "", "ORD-", "B", "SO-"),
    "other": ("C-", "", "", "DE", "K", "GB"),
}
COMPANY_WORDS = (
    "North", "Blue", "River", "Green", "Summit", "Harbor", "Maple", "Silver", "Bright", "Stone",
    "Oak", "Cedar", "Urban", "Golden", "Lake", "Iron", "Cloud", "Red", "Sun", "Prime", "Delta",
    "Atlas", "Nova", "Polar", "Vista", "Orchard", "Meadow", "Falcon", "Tiger", "Lotus", "Copper",
)  # fmt: skip
COMPANY_TRADES = (
    "Trading", "Supplies", "Foods", "Design", "Consulting", "Tools", "Books", "Hardware", "Market",
    "Studio", "Logistics", "Systems", "Bakery", "Cafe", "Garden", "Electronics", "Printing",
    "Services", "Furniture", "Software", "Sports", "Music", "Deli", "Grocery", "Pharmacy",
)  # fmt: skip
COMPANY_FORMS = ("Ltd", "Inc.", "GmbH", "LLC", "Ltd.", "Inc", "& Co", "AG", "& Sons", "Group", "")
FIRST_NAMES = (
    "Anna", "Ben", "Carla", "David", "Emma", "Felix", "Grace", "Hugo", "Ines", "Jack", "Karen",
    "Liam", "Maria", "Noah", "Olga", "Peter", "Rosa", "Samuel", "Tara", "Victor", "Wendy", "Paul",
)  # fmt: skip
LAST_NAMES = (
    "Smith", "Miller", "Garcia", "Brown", "Novak", "Rossi", "Jensen", "Weber", "Martin", "Silva",
    "Kowalski", "Murphy", "Larsen", "Dubois", "Fischer", "Moreno", "Walker", "Young", "Clark",
)  # fmt: skip
SYLLABLES = (
    "ba", "ren", "to", "mi", "kal", "dor", "vin", "sa", "lu", "tar", "zen", "pol", "ne", "gri",
    "ha", "mon", "fe", "ros", "ber", "chi", "wa", "lim", "co", "ster", "ju", "nik", "el", "or",
)  # fmt: skip
ADJECTIVES = (
    "Blue", "Red", "Small", "Large", "Wooden", "Steel", "Green", "Black", "White", "Paper",
    "Organic", "Travel", "Office", "Garden", "Kitchen", "Premium", "Classic", "Leather", "Fresh",
)  # fmt: skip
THINGS = (
    "Notebook", "Pen", "Chair", "Desk", "Lamp", "Mug", "Cable", "Keyboard", "Monitor", "Bottle",
    "Bag", "Coffee", "Tea", "Bread", "Cheese", "Apples", "Milk", "Sandwich", "Salad", "Soup",
    "Hammer", "Paint", "Screws", "Table", "Mouse", "Printer", "Folder", "Stapler", "Clock", "Soap",
    "Towel", "Candle", "Book", "Charger", "Battery", "Helmet", "Gloves", "Basket", "Cake", "Juice",
)  # fmt: skip
SERVICES = (
    "Web design", "Consulting hours", "Translation", "Site visit", "Window cleaning", "Hosting",
    "Software licence", "Photo session", "Repair work", "Delivery", "Data entry", "Training day",
)  # fmt: skip
STREETS = ("Street", "Road", "Avenue", "Lane", "Way", "Drive", "Square")
COUNTRIES = ("Germany", "France", "USA", "United Kingdom", "Spain", "Italy", "Canada", "Norway")


def invented(rng: Random) -> str:
    """A name of two or three syllables that no list holds, such as "Kaldorvin"."""
    return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 3))).capitalize()


def company(rng: Random) -> str:
    """A company name of one to four words."""
    first = invented(rng) if rng.random() < 0.5 else rng.choice(COMPANY_WORDS)
    trade = rng.choice(COMPANY_TRADES) if rng.random() < 0.8 else invented(rng)
    return f"{first} {trade} {rng.choice(COMPANY_FORMS)}".strip()


def person(rng: Random) -> str:
    """First and last name."""
    last = invented(rng) if rng.random() < 0.5 else rng.choice(LAST_NAMES)
    return f"{rng.choice(FIRST_NAMES)} {last}"


def item_names(rng: Random, count: int) -> list[str]:
    """`count` different names of goods or services."""
    names: dict[str, None] = {}
    while len(names) < count:
        draw = rng.random()
        thing = rng.choice(THINGS) if draw < 0.8 else invented(rng)
        name = rng.choice(SERVICES) if draw < 0.15 else f"{rng.choice(ADJECTIVES)} {thing}"
        names[
            name if draw < 0.75 else f"{name} {rng.choice('ABCDEFGHKMX')}{rng.randint(2, 99)}"
        ] = None
    return list(names)


def code(rng: Random, prefixes: tuple[str, ...]) -> str:
    """A document number such as "INV-20431", "2024-0137" or "84021-77"."""
    tail = f"-{rng.randint(10, 999)}" if rng.random() < 0.15 else ""
    digits = rng.randint(3, 7)
    return f"{rng.choice(prefixes)}{rng.randint(10 ** (digits - 1), 10**digits - 1)}{tail}"


def phone(rng: Random) -> str:
    """A telephone number in one of the usual groupings."""
    form = rng.choice(
        ("+## ### ######", "(###) ###-####", "###-###-####", "0## ### ####", "+## ## ### ## ##")
    )
    return "".join(str(rng.randint(1, 9)) if char == "#" else char for char in form)


def email(rng: Random, name: str) -> str:
    """An address at the first word of a company's name."""
    domain = "".join(filter(str.isalpha, name.split()[0].lower()))
    user = rng.choice(("info", "office", "billing", "sales", "hello", "contact"))
    return f"{user}@{domain}.{rng.choice(('com', 'net', 'org', 'de', 'example'))}"


def address(rng: Random) -> tuple[str, ...]:
    """Street, town and country, one line each."""
    street = f"{rng.randint(1, 980)} {invented(rng)} {rng.choice(STREETS)}"
    return street, f"{rng.randint(1000, 99999)} {invented(rng)}", rng.choice(COUNTRIES)
