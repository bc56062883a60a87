"""A sheet: where each word of a page stands, and the strokes that draw it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from random import Random
from typing import Any

from PIL import Image, ImageDraw, ImageFont

# Regular and bold file of each typeface (fonts-dejavu-core, fonts-dejavu-extra, fonts-liberation).
TYPEFACES = {
    "DejaVu Sans": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    "DejaVu Serif": ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"),
    "DejaVu Mono": ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    "Liberation Sans": ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
    "Liberation Serif": ("LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf"),
    "Liberation Mono": ("LiberationMono-Regular.ttf", "LiberationMono-Bold.ttf"),
}
MONOSPACED = ("DejaVu Mono", "Liberation Mono")
BLACK, GREY, WHITE = (15, 15, 15), (85, 85, 85), (255, 255, 255)
ACCENTS = ((20, 40, 90), (90, 20, 20), (20, 80, 50), BLACK, BLACK)
TINTS = ((235, 238, 245), (240, 240, 240), (245, 240, 230))
SMALLEST_PX = 15
SHRINK = 0.92
RULE_PX = 2

Box = tuple[int, int, int, int]
Ink = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Word:
    """A printed word: its ink box in pixels (xmin, ymin, xmax, ymax), its role ("" for none)."""

    text: str
    box: Box
    role: str
    run: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a page is set: typeface, type size and line distance in pixels, and habits."""

    typeface: str
    size: int
    leading: int
    accent: Ink
    tint: Ink
    colon: str
    upper_labels: bool
    bold_labels: bool
    bold_values: bool


def make_look(rng: Random, sizes: tuple[int, int], typefaces: tuple[str, ...]) -> Look:
    """Draw a look; `sizes` is the least and the greatest type size in pixels."""
    size = rng.randint(*sizes)
    bold = rng.random()
    return Look(
        typeface=rng.choice(typefaces),
        size=size,
        leading=int(size * rng.uniform(1.3, 1.75)),
        accent=rng.choice(ACCENTS),
        tint=rng.choice(TINTS),
        colon=rng.choice((":", ":", "")),
        upper_labels=rng.random() < 0.2,
        bold_labels=bold < 0.4,
        bold_values=bold > 0.85,
    )


@dataclass
class Sheet:
    """Collects words and strokes; `draw` turns them into an image. Units are pixels."""

    width: int
    look: Look
    words: list[Word] = field(default_factory=list)
    strokes: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    runs: int = 0

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        role: str = "",
        bold: bool = False,
        scale: float = 1.0,
        align: str = "left",
        limit: float = 0.0,
        ink: Ink = BLACK,
    ) -> float:
        """Write one line with its baseline at y; returns its right end.

        `align` says what x is: the left end, the right end or the centre ("left", "right",
        "centre"). A text wider than `limit` pixels is set smaller until it fits.
        """
        face = TYPEFACES[self.look.typeface][bold]
        size = int(self.look.size * scale)
        while limit and size > SMALLEST_PX and length(face, size, text) > limit:
            size = int(size * SHRINK)
        left = x - length(face, size, text) * {"left": 0.0, "right": 1.0, "centre": 0.5}[align]
        self.strokes.append(("text", (left, y, text, face, size, ink)))
        self._place(left, y, text, role, face, size)
        return left + length(face, size, text)

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A thin line."""
        self.strokes.append(("line", (x0, y0, x1, y1)))

    def fill(self, x0: float, y0: float, x1: float, y1: float, ink: Ink) -> None:
        """A filled rectangle, to be written over."""
        self.strokes.append(("fill", (x0, y0, x1, y1, ink)))

    def frame(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """An empty rectangle."""
        for line in ((x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)):
            self.rule(*line)

    def draw(self, height: int) -> Image.Image:
        """The sheet as an RGB image of width x `height` pixels."""
        image = Image.new("RGB", (self.width, height), WHITE)
        pen = ImageDraw.Draw(image)
        for kind, values in self.strokes:
            STROKES[kind](pen, *values)
        return image

    def _place(self, left: float, y: float, text: str, role: str, face: str, size: int) -> None:
        self.runs += 1
        done = 0
        for text_word in text.split():
            start = text.index(text_word, done)
            x = left + length(face, size, text[:start])
            x0, y0, x1, y1 = ink_box(face, size, text_word)
            box = (int(x + x0), int(y + y0), int(x + x1), int(y + y1))
            self.words.append(Word(text=text_word, box=box, role=role, run=self.runs))
            done = start + len(text_word)


@cache
def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """The font of a file name at a size in pixels (Pillow looks in the system's folders)."""
    return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=200_000)
def length(face: str, size: int, text: str) -> float:
    """Advance width of a text in pixels."""
    return font(face, size).getlength(text)


@lru_cache(maxsize=200_000)
def ink_box(face: str, size: int, text: str) -> tuple[float, float, float, float]:
    """Box of the ink of a text whose baseline starts at (0, 0), in pixels."""
    return font(face, size).getbbox(text, anchor="ls")


def _text(
    pen: ImageDraw.ImageDraw, x: float, y: float, text: str, face: str, size: int, ink: Ink
) -> None:
    pen.text((x, y), text, font=font(face, size), fill=ink, anchor="ls")


def _line(pen: ImageDraw.ImageDraw, *ends: float) -> None:
    pen.line(ends, fill=GREY, width=RULE_PX)


def _fill(pen: ImageDraw.ImageDraw, x0: float, y0: float, x1: float, y1: float, ink: Ink) -> None:
    pen.rectangle((x0, y0, x1, y1), fill=ink)


STROKES: dict[str, Callable[..., None]] = {"text": _text, "line": _line, "fill": _fill}
