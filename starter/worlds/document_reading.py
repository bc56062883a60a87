"""A reading: the words of a page as an OCR engine gives them, imagined (fast) or by tesseract."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import Image

from starter.worlds.document_sheet import Box, Word
from starter.worlds.documents import Page

THOUSAND = 1000
MISREAD_SHARE = 0.012
LOST_SHARE = 0.004
LOST_SINGLE_SHARE = 0.05
STRAY_SHARE = 0.012
MOST_STRAYS = 3
SPLIT_SHARE = 0.02  # of words with a sign in the middle, such as "66.60"
JITTER = 2  # thousandths of the page
STRETCH = (0.8, 1.12)
SQUASH = (0.6, 1.5)
STRAYS = ("|", "—", "-", "_", "=", "|", ".", "~", "....", "ceceee", "|", "[", "eeees", ":")
CONFUSIONS = (
    ("0", "O"), ("1", "l"), ("5", "S"), ("8", "B"), ("l", "1"), ("I", "l"), ("o", "0"), (",", "."),
    (".", ","), ("€", "E"), ("£", "E"), ("$", "S"), ("rn", "m"), ("m", "rn"), ("i", "j"),
    ("c", "e"), ("/", "1"), ("#", "4"), ("-", "—"), (":", ""), (".", ""),
)  # fmt: skip
SAME_LINE = 0.5  # of a word's height
COVERED = 0.5  # share of a read word's box that a printed word must cover


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Words in reading order; boxes in thousandths of the page, 0..1000; "" is no role."""

    words: list[str]
    boxes: list[Box]
    roles: list[str]

    def span(self, role: str) -> tuple[int, int] | None:
        """First and last word of a role; None if it is absent or other words stand between."""
        found = [index for index, word_role in enumerate(self.roles) if word_role == role]
        if not found or found[-1] - found[0] >= len(found):
            return None
        return found[0], found[-1]

    def holds(self, answer: str) -> bool:
        """Whether some span of words is the answer, but for case and spaces."""
        wanted = plain(answer)
        for first in range(len(self.words)):
            text = ""
            for word in self.words[first:]:
                text += plain(word)
                if text == wanted:
                    return True
                if not wanted.startswith(text):
                    break
        return False


def plain(text: str) -> str:
    """The text without case and spaces, for comparing answers."""
    return "".join(text.lower().split())


def imagine(rng: Random, page: Page) -> Reading:
    """The page as tesseract might read it: another order, jitter, lost, misread and stray words."""
    order = rng.choices(tuple(ORDERS.values()), weights=ORDER_WEIGHTS)[0]
    place = _placing(rng, page)
    reading = Reading(words=[], boxes=[], roles=[])
    for word in order(page):
        if rng.random() < (LOST_SINGLE_SHARE if len(word.text) == 1 else LOST_SHARE):
            continue
        for text, box in _split(rng, _misread(rng, word.text), place(word.box)):
            _add(reading, text, box, word.role)
        if rng.random() < STRAY_SHARE:
            _add_strays(rng, reading)
    return reading


def read(page: Page, image: Image.Image) -> Reading:
    """The image of a page read by tesseract, with the words and boxes of the pipeline."""
    from transformers.pipelines.document_question_answering import apply_tesseract

    words, boxes = apply_tesseract(image, lang=None, tesseract_config="")
    size = (page.width, page.height) * 2
    printed = [(_scale(word.box, size), word.role) for word in page.words]
    found = [(box[0], box[1], box[2], box[3]) for box in boxes]
    return Reading(words=words, boxes=found, roles=[_role(box, printed) for box in found])


def _add(reading: Reading, text: str, box: Box, role: str) -> None:
    reading.words.append(text)
    reading.boxes.append(box)
    reading.roles.append(role)


def _add_strays(rng: Random, reading: Reading) -> None:
    for _ in range(rng.randint(1, MOST_STRAYS)):
        _, y0, x1, y1 = reading.boxes[-1]
        box = (x1, y0, min(x1 + rng.randint(1, 30), THOUSAND), y1)
        _add(reading, rng.choice(STRAYS), box, "")


def _split(rng: Random, text: str, box: Box) -> list[tuple[str, Box]]:
    """The word, or now and then its two parts around a sign, as tesseract gives "66." and "60"."""
    cuts = [at for at in range(1, len(text)) if not text[at - 1].isalnum()]
    if not cuts or rng.random() >= SPLIT_SHARE:
        return [(text, box)]
    cut = rng.choice(cuts)
    x0, y0, x1, y1 = box
    middle = x0 + (x1 - x0) * cut // len(text)
    return [(text[:cut], (x0, y0, middle, y1)), (text[cut:], (middle, y0, x1, y1))]


def _by_lines(page: Page) -> list[Word]:
    """Line by line across the whole page."""
    lines: list[list[Word]] = []
    for word in sorted(page.words, key=lambda w: w.box[3]):
        height = max(word.box[3] - word.box[1], page.sheet.look.size // 2)
        if lines and word.box[3] - lines[-1][0].box[3] < SAME_LINE * height:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [word for line in lines for word in sorted(line, key=lambda w: w.box[0])]


def _by_blocks(page: Page) -> list[Word]:
    """Block by block, as they were drawn."""
    return page.words


def _by_columns(page: Page) -> list[Word]:
    """Column by column: runs sorted by the third of the page where they begin, then downwards."""
    start = {word.run: word.box for word in reversed(page.words)}
    third = page.width // 3
    return sorted(
        page.words, key=lambda w: (start[w.run][0] // third, start[w.run][3], w.run, w.box[0])
    )


ORDERS = {"lines": _by_lines, "blocks": _by_blocks, "columns": _by_columns}
ORDER_WEIGHTS = (4, 2, 4)


def _placing(rng: Random, page: Page) -> Callable[[Box], Box]:
    """A map from pixels to thousandths: as printed, or the page stretched and shifted."""
    stretch, squash, dx, dy = 1.0, 1.0, 0.0, 0.0
    if rng.random() < 0.6:
        stretch, squash = rng.uniform(*STRETCH), rng.uniform(*SQUASH)
        dx, dy = rng.uniform(-40, 60), rng.uniform(-60, 200)

    def place(box: Box) -> Box:
        sides = _scale(box, (page.width, page.height) * 2)
        moved = (sides[0] * stretch + dx, sides[1] * squash + dy,
                 sides[2] * stretch + dx, sides[3] * squash + dy)  # fmt: skip
        x0, y0, x1, y1 = (
            min(max(int(side + rng.randint(-JITTER, JITTER)), 0), THOUSAND) for side in moved
        )
        return x0, y0, max(x0, x1), max(y0, y1)

    return place


def _misread(rng: Random, text: str) -> str:
    if rng.random() >= MISREAD_SHARE:
        return text
    fitting = [pair for pair in CONFUSIONS if pair[0] in text]
    if not fitting:
        return text
    return text.replace(*rng.choice(fitting), 1) or text


def _scale(box: Box, size: tuple[int, ...]) -> Box:
    x0, y0, x1, y1 = (int(THOUSAND * side / whole) for side, whole in zip(box, size, strict=True))
    return x0, y0, x1, y1


def _role(box: Box, printed: list[tuple[Box, str]]) -> str:
    area = max((box[2] - box[0]) * (box[3] - box[1]), 1)
    best, role = max(((_overlap(box, other), role) for other, role in printed), default=(0, ""))
    return role if best / area >= COVERED else ""


def _overlap(one: Box, other: Box) -> int:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0) * max(high, 0)
