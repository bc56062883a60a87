"""One PDF page to pixels, in a process of its own: PDFium cannot be interrupted once it draws.

`python -m pipelines.pdf PAGE MOST_PAGES MOST_PIXELS < file.pdf` writes one line of JSON, then the
rows of RGB bytes. The JSON is {"pages", "width", "height"}, or {"refused": why, "pages"}.
PDFium is used without its form environment, so JavaScript and XFA are never even loaded.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO

from pipelines.confined import cap_resources, confined

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
    with confined("pipelines.pdf", (page, most_pages, most_pixels), file, seconds) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline() or b"{}")
        rgb = process.stdout.read()
        if process.wait() or not said:
            return Drawing(refused="damaged")
    size = (said.get("width", 0), said.get("height", 0))
    return Drawing(said.get("pages", 0), size, rgb, said.get("refused", ""))


def main(page: int, most_pages: int, most_pixels: int) -> None:
    """The drawing process: PDF on standard input, JSON line and pixels on standard output."""
    answer, rgb = _answer(sys.stdin.buffer.read(), page, most_pages, most_pixels)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + rgb)


def _answer(
    pdf: bytes, page: int, most_pages: int, most_pixels: int
) -> tuple[dict[str, Any], bytes]:
    import pypdfium2

    cap_resources()
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        return {"refused": "password" if error.err_code == WRONG_PASSWORD else "damaged"}, b""
    pages = len(document)
    if pages > most_pages:
        return {"refused": "pages", "pages": pages}, b""
    if not 1 <= page <= pages:
        return {"refused": "page", "pages": pages}, b""
    bitmap = _drawn(document[page - 1], most_pixels)
    rows = range(0, bitmap.stride * bitmap.height, bitmap.stride)
    rgb = b"".join(bytes(bitmap.buffer[row : row + bitmap.width * 3]) for row in rows)
    return {"pages": pages, "width": bitmap.width, "height": bitmap.height}, rgb


def _drawn(page: Any, most_pixels: int) -> Any:
    """A bitmap of RGB rows, white where the page is empty."""
    width, height = page.get_size()
    scale = DPI / POINTS_PER_INCH
    if width * height * scale**2 > most_pixels:
        scale = (most_pixels / (width * height)) ** 0.5
    return page.render(scale=scale, rev_byteorder=True, may_draw_forms=False)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
