"""PDF pages to pixels, in a process of its own: PDFium cannot be interrupted once it draws.

`python -m pipelines.pdf FIRST LAST MOST_PAGES MOST_PIXELS < file.pdf` writes one line of JSON,
{"pages"}, or {"refused": why, "pages"}; then for each page from FIRST to LAST (0: the last one) a
line {"width", "height"} and the rows of its RGB bytes.
PDFium is used without its form environment, so JavaScript and XFA are never even loaded.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from pipelines.confined import cap_resources, confined, killed_after

POINTS_PER_INCH = 72
DPI = 200
"""Letters of 8 points are then some 20 pixels high, as tesseract wants them."""
WRONG_PASSWORD = 4


@dataclass(frozen=True)
class Drawing:
    """A drawn page; or why it could not be drawn: "password", "pages", "page" or "damaged"."""

    pages: int = 0
    size: tuple[int, int] = (0, 0)
    rgb: bytes = b""
    refused: str = ""


def draw_page(
    file: BinaryIO, page: int, most_pages: int, most_pixels: int, seconds: float
) -> Drawing:
    """Draw the 1-based `page` at DPI, smaller if it had more than `most_pixels`.

    A crash, too much memory or more than `seconds` are all "damaged".
    """
    return next(draw_pages(file, page, page, most_pages, most_pixels, seconds))


def draw_pages(
    file: BinaryIO, first: int, last: int, most_pages: int, most_pixels: int, seconds: float
) -> Iterator[Drawing]:
    """Draw the pages `first` to `last` (0: all that follow), each when it is asked for.

    The process draws the next page meanwhile. Each page may take `seconds`, however long the reader
    keeps it; the first one that is refused is the end.
    """
    args = (first, last, most_pages, most_pixels)
    with confined("pipelines.pdf", args, file) as process:
        assert process.stdout is not None
        with killed_after(seconds, process):
            opened = _line(process.stdout)
        pages = opened.get("pages", 0)
        if opened.get("refused") or not opened:
            yield Drawing(pages, refused=opened.get("refused", "damaged"))
            return
        for _ in range(first, (last or pages) + 1):
            with killed_after(seconds, process):
                said = _line(process.stdout)
                size = (said.get("width", 0), said.get("height", 0))
                rgb = process.stdout.read(3 * size[0] * size[1])
            if not said or len(rgb) < 3 * size[0] * size[1]:
                yield Drawing(pages, refused="damaged")
                return
            yield Drawing(pages, size, rgb)


def _line(output: IO[bytes]) -> dict[str, Any]:
    """What a line says; nothing where the process died before its end."""
    line = output.readline()
    return dict(json.loads(line)) if line.endswith(b"\n") else {}


def main(first: int, last: int, most_pages: int, most_pixels: int) -> None:
    """The drawing process: PDF on standard input, JSON lines and pixels on standard output."""
    for line, rgb in _answers(sys.stdin.buffer.read(), first, last, most_pages, most_pixels):
        sys.stdout.buffer.write(json.dumps(line).encode() + b"\n" + rgb)
        sys.stdout.buffer.flush()


def _answers(
    pdf: bytes, first: int, last: int, most_pages: int, most_pixels: int
) -> Iterator[tuple[dict[str, Any], bytes]]:
    import pypdfium2

    cap_resources()
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        yield {"refused": "password" if error.err_code == WRONG_PASSWORD else "damaged"}, b""
        return
    pages = len(document)
    if pages > most_pages:
        yield {"refused": "pages", "pages": pages}, b""
        return
    if not 1 <= first <= pages:
        yield {"refused": "page", "pages": pages}, b""
        return
    yield {"pages": pages}, b""
    for number in range(first, (last or pages) + 1):
        bitmap = _drawn(document[number - 1], most_pixels)
        pixels = memoryview(bitmap.buffer).cast("B")  # slices of the buffer are lists of numbers
        rows = range(0, bitmap.stride * bitmap.height, bitmap.stride)
        rgb = b"".join(pixels[row : row + bitmap.width * 3] for row in rows)
        yield {"width": bitmap.width, "height": bitmap.height}, rgb


def _drawn(page: Any, most_pixels: int) -> Any:
    """A bitmap of RGB rows, white where the page is empty."""
    width, height = page.get_size()
    scale = DPI / POINTS_PER_INCH
    if width * height * scale**2 > most_pixels:
        scale = (most_pixels / (width * height)) ** 0.5
    return page.render(scale=scale, rev_byteorder=True, may_draw_forms=False)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
