"""The document world: seeds, splits, roles, questions and readings (no torch, no tesseract)."""

from dataclasses import fields
from random import Random

import pytest

from starter.worlds.document_facts import (
    ITEM_COLUMNS,
    KINDS,
    Facts,
    LineItem,
    make_facts,
    print_money,
)
from starter.worlds.document_layouts import FAMILIES, HELD_OUT, TRAIN, TRAIN_FAMILIES, Family
from starter.worlds.document_pairs import PAIR_STYLES
from starter.worlds.document_questions import MAIN_FIELDS, absent_field, field_question
from starter.worlds.document_reading import Reading, imagine, plain
from starter.worlds.document_samples import INVOICE_FACTS, LONG_FACTS, RECEIPT_FACTS
from starter.worlds.documents import draw_page, main_roles, make_page, questions, word_boxes

SEED = 5
EVERY_FAMILY = [family for split in FAMILIES.values() for family in split]


@pytest.mark.parametrize("family", EVERY_FAMILY, ids=lambda family: family.name)
def test_every_family_prints_its_facts_and_asks_about_them(family: Family) -> None:
    page = make_page(Random(SEED), family=family)
    answers = page.answers()
    assert {"seller", "invoice_number", "total"} <= set(answers)
    for name in ("seller", "invoice_number", "total"):
        assert answers[name] == page.facts.fields[name]
    asked = {question.role: question for question in questions(Random(SEED), page)}
    assert set(main_roles(page)) <= set(asked)
    assert all(asked[role].answer == answers[role] for role in asked)


@pytest.mark.parametrize("split", [TRAIN, HELD_OUT])
def test_a_seed_gives_the_same_page_again(split: str) -> None:
    first, again = (make_page(Random(SEED), split=split) for _ in range(2))
    assert first.words == again.words
    assert draw_page(first).tobytes() == draw_page(again).tobytes()


def test_the_splits_share_no_family_and_no_arrangement() -> None:
    training, held_out = FAMILIES[TRAIN], FAMILIES[HELD_OUT]
    assert not {family.name for family in training} & {family.name for family in held_out}
    assert not {family.rows for family in training} & {
        family.rows for family in held_out if not _own_style(family)
    }


def test_held_out_traits_never_occur_in_training() -> None:
    for family in FAMILIES[TRAIN]:
        order = [name for row in family.rows for cell in row for name in cell.split("+")]
        assert order.index("items") < order.index("sums")
        assert max(len(row) for row in family.rows) < 3
        assert family.rows[-1] != ("seller",)
        assert not _own_style(family)


def test_pages_of_a_split_come_from_its_families_only() -> None:
    names = {make_page(Random(seed), split=TRAIN).family.name for seed in range(20)}
    assert names <= {family.name for family in FAMILIES[TRAIN]}


@pytest.mark.parametrize("family", EVERY_FAMILY, ids=lambda family: family.name)
def test_words_stand_on_the_page_and_its_ink_is_where_their_boxes_are(family: Family) -> None:
    page = make_page(Random(SEED), family=family)
    for _, box in word_boxes(page):
        assert 0 <= box[0] <= box[2] <= 1000
        assert 0 <= box[1] <= box[3] <= 1000
    image = draw_page(page).convert("L")
    total = [word for word in page.words if word.role == "total"]
    assert all(image.crop(word.box).getextrema()[0] < 128 for word in total)


def test_a_scan_keeps_size_and_mode() -> None:
    page = make_page(Random(SEED), family=TRAIN_FAMILIES[-1])
    for seed in range(4):
        scan = draw_page(page, Random(seed))
        assert (scan.size, scan.mode) == ((page.width, page.height), "RGB")


@pytest.mark.parametrize("kind", KINDS)
def test_items_are_rows_of_text_for_a_table(kind: str) -> None:
    facts = make_facts(Random(SEED), kind)
    assert tuple(field.name for field in fields(LineItem)) == ITEM_COLUMNS
    assert set(facts.headings) == set(ITEM_COLUMNS)
    assert all(getattr(item, column) for item in facts.items for column in ITEM_COLUMNS)
    assert set(facts.labels) == set(facts.fields)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (("$", "", ",", "."), "$1,234.05"),
        (("", " EUR", ".", ","), "1.234,05 EUR"),
        (("", "", "", "."), "1234.05"),
    ],
)
def test_money_is_printed_in_its_form(form: tuple[str, str, str, str], text: str) -> None:
    assert print_money(123_405, form) == text


@pytest.mark.parametrize("field", MAIN_FIELDS)
def test_every_main_field_has_several_phrasings(field: str) -> None:
    rng = Random(SEED)
    assert len({field_question(rng, field) for _ in range(60)}) >= 4


def test_an_absent_field_is_not_on_the_page() -> None:
    rng = Random(SEED)
    for _ in range(20):
        page = make_page(rng)
        assert absent_field(rng, set(page.answers())) not in page.answers()


def test_an_imagined_reading_keeps_most_answers() -> None:
    rng, kept = Random(SEED), []
    for _ in range(30):
        page = make_page(rng)
        reading = imagine(rng, page)
        assert len(reading.words) == len(reading.boxes) == len(reading.roles)
        assert all(0 <= side <= 1000 for box in reading.boxes for side in box)
        kept += [reading.holds(page.answers()[role]) for role in main_roles(page)]
    assert 0.9 < sum(kept) / len(kept) < 1.0


@pytest.mark.parametrize("facts", [INVOICE_FACTS, RECEIPT_FACTS, LONG_FACTS])
def test_the_sums_of_the_samples_are_right(facts: Facts) -> None:
    cents = [_cents(item.amount) for item in facts.items]
    assert [_cents(i.unit_price) * int(i.quantity) for i in facts.items] == cents
    assert sum(cents) == _cents(facts.fields["subtotal"])
    assert sum(cents) + _cents(facts.fields["tax"]) == _cents(facts.fields["total"])


def test_a_reading_finds_answers_split_into_parts_and_spans_of_roles() -> None:
    boxes = [(0, 0, 10, 10)] * 4
    roles = ["", "total", "total", ""]
    reading = Reading(words=["Total:", "1.", "50", "Thanks"], boxes=boxes, roles=roles)
    assert reading.span("total") == (1, 2)
    assert reading.span("tax") is None
    assert reading.holds("1.50")
    assert not reading.holds("1.5")
    assert plain(" 1. 50 EUR ") == "1.50eur"


def _cents(text: str) -> int:
    return int("".join(filter(str.isdigit, text)))


def _own_style(family: Family) -> set[str]:
    """Styles of named values that only held-out families may use."""
    reserved = {"cells", "leaders", "centred"}
    assert reserved <= set(PAIR_STYLES)
    return reserved & {*family.pairs, *family.sums}
