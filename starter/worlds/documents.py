"""The document world: seeded invoices and receipts with their words, facts, questions and answers.

`make_page` lays a page out without drawing it (fast: font metrics only); `draw_page` gives the
image. The facts hold the items as rows, so that a table-question-answering world can use them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from PIL import Image, ImageChops, ImageFilter

from starter.worlds.document_blocks import draw_block
from starter.worlds.document_facts import INVOICE, RECEIPT, Facts, make_facts
from starter.worlds.document_layouts import TRAIN, Family, choose_family
from starter.worlds.document_pairs import Job, Spot
from starter.worlds.document_questions import MAIN_FIELDS, field_question, item_question
from starter.worlds.document_sheet import MONOSPACED, TYPEFACES, Box, Sheet, Word, make_look

# Widths in pixels: A4 at 150 dots per inch, and an 80 mm till roll at 200.
PAGE_WIDTH_PX = {INVOICE: 1240, RECEIPT: 640}
MARGIN_PX = {INVOICE: (60, 130), RECEIPT: (25, 60)}
TYPE_PX = {INVOICE: (19, 26), RECEIPT: (21, 27)}
FOOT_PX = 60
A4_RATIO = 2**0.5
GUTTER_PX = 24
GAP_LINES = (0.6, 1.6)  # between two rows of blocks
TILT_DEGREES = 0.6
NOISE_SIGMA = 9.0  # of 255
BLUR_PX = 0.6
NOISE_SHARE, BLUR_SHARE, TILT_SHARE = 0.4, 0.25, 0.35
ITEM_ASKED = ("quantity", "unit_price", "amount")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, its right answer as printed, and the role that the answer's words carry."""

    text: str
    answer: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """One laid-out page. `words` carry boxes in pixels of a width x height page."""

    family: Family
    facts: Facts
    sheet: Sheet
    height: int

    @property
    def width(self) -> int:
        """Pixels."""
        return self.sheet.width

    @property
    def words(self) -> list[Word]:
        """Every printed word in drawing order."""
        return self.sheet.words

    def answers(self) -> dict[str, str]:
        """Role -> printed text, for every role that stands on the page."""
        found: dict[str, list[Word]] = {}
        for word in self.words:
            if word.role:
                found.setdefault(word.role, []).append(word)
        return {role: " ".join(w.text for w in words) for role, words in found.items()}


def make_page(
    rng: Random, *, split: str = TRAIN, family: Family | None = None, facts: Facts | None = None
) -> Page:
    """Lay out a page of a split ("train" or "held-out"), of given family and facts if wanted."""
    family = family or choose_family(rng, split, facts.kind if facts else None)
    facts = facts or make_facts(rng, family.kind)
    faces = MONOSPACED if family.kind == RECEIPT and rng.random() < 0.5 else tuple(TYPEFACES)
    look = make_look(rng, TYPE_PX[family.kind], faces)
    sheet = Sheet(width=PAGE_WIDTH_PX[family.kind], look=look)
    job = Job(sheet=sheet, facts=facts, family=family, rng=rng, pairs=rng.choice(family.pairs),
              sums=rng.choice(family.sums), table=rng.choice(family.tables))  # fmt: skip
    bottom = int(_fill_rows(job)) + FOOT_PX
    whole = int(sheet.width * A4_RATIO) if family.kind == INVOICE else 0
    return Page(family=family, facts=facts, sheet=sheet, height=max(bottom, whole))


def draw_page(page: Page, rng: Random | None = None) -> Image.Image:
    """The page as an RGB image; with `rng` slightly tilted, blurred and noisy like a scan."""
    image = page.sheet.draw(page.height)
    return image if rng is None else _scan(image, rng)


def questions(rng: Random, page: Page, roles: tuple[str, ...] = ()) -> Iterator[Question]:
    """One question for each role that the page prints (or for those of `roles` it prints)."""
    answers = page.answers()
    for role in roles or tuple(answers):
        text = _ask(rng, page, role, answers) if role in answers else ""
        if text:
            yield Question(text=text, answer=answers[role], role=role)


def main_roles(page: Page) -> tuple[str, ...]:
    """The printed roles worth measuring: the main fields, and an item's cells but its name."""
    asked = tuple(f".{column}" for column in ITEM_ASKED)
    return tuple(r for r in page.answers() if r in MAIN_FIELDS or r.endswith(asked))


def _ask(rng: Random, page: Page, role: str, answers: dict[str, str]) -> str:
    if "." not in role or not role.startswith("item"):
        return field_question(rng, role)
    row, column = role.split(".")
    if column not in ITEM_ASKED:
        return ""
    only_price = f"{row}.unit_price" not in answers
    return item_question(rng, column, answers[f"{row}.description"], only_price)


def _fill_rows(job: Job) -> float:
    margin = job.rng.randint(*MARGIN_PX[job.family.kind])
    width, y = job.sheet.width - 2 * margin, float(margin)
    for row in job.family.rows:
        spots = _spots(job, row, margin, y, width)
        y = max(_fill_cell(job, cell, spot) for cell, spot in zip(row, spots, strict=True))
        y += job.sheet.look.leading * job.rng.uniform(*GAP_LINES)
    return y


def _spots(job: Job, row: tuple[str, ...], x: float, y: float, width: float) -> list[Spot]:
    shares = job.family.shares if len(row) == len(job.family.shares) else (1 / len(row),) * len(row)
    spots = []
    for cell, share in zip(row, shares, strict=True):
        wide = width * share - (GUTTER_PX if len(row) > 1 else 0)
        centred = len(row) == 1 and cell in ("seller", "title", "note")
        align = job.rng.choice(job.family.align) if centred else "left"
        spots.append(Spot(x=x, y=y, width=wide, align=align))
        x += width * share
    return spots


def _fill_cell(job: Job, cell: str, spot: Spot) -> float:
    y = spot.y
    for name in cell.split("+"):
        y = draw_block(job, name, replace(spot, y=y))
        y += job.sheet.look.leading / 2 if "+" in cell else 0
    return y


def _scan(image: Image.Image, rng: Random) -> Image.Image:
    if rng.random() < TILT_SHARE:
        angle = rng.uniform(-TILT_DEGREES, TILT_DEGREES)
        image = image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    if rng.random() < BLUR_SHARE:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, BLUR_PX)))
    if rng.random() < NOISE_SHARE:
        sigma = rng.uniform(1.0, NOISE_SIGMA)
        noise = _noise(image.size, sigma, rng)
        image = ImageChops.add(image, noise, scale=1.0, offset=-128)
    return image


def _noise(size: tuple[int, int], sigma: float, rng: Random) -> Image.Image:
    import numpy as np

    draws = np.random.default_rng(rng.getrandbits(32)).normal(128.0, sigma, size[::-1])
    grey = Image.fromarray(draws.clip(0, 255).astype(np.uint8))
    return Image.merge("RGB", (grey, grey, grey))


def word_boxes(page: Page) -> list[tuple[str, Box]]:
    """The page's words with boxes in thousandths of the page's width and height."""
    scale = (page.width, page.height, page.width, page.height)
    return [
        (w.text, tuple(int(1000 * side / whole) for side, whole in zip(w.box, scale, strict=True)))  # type: ignore[misc]
        for w in page.words
    ]
