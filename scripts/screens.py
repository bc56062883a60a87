"""Take the pictures of docs/screens: every tab after its first example, in four looks.

`python -m scripts.screens [TASK ...]` runs the app with the starters and drives Chromium; each
picture holds desktop and phone, light and dark, side by side.
"""

from __future__ import annotations

import argparse
import io
import itertools
import sys
from collections.abc import Sequence

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from benchmarks.serving import OURS, ROOT, serve, wait_for_page
from pipelines.spec import TaskSpec
from pipelines.tasks import ROWS

TARGET = ROOT / "docs" / "screens"
CHROMIUM = "/usr/bin/chromium"
DESKTOP, PHONE = (1280, 900), (390, 844)
LOOKS = tuple(itertools.product((DESKTOP, PHONE), (False, True)))
"""Size of the window, and whether it is dark."""
PATIENCE_MS = 90_000
SETTLE_MS = 1_200
"""Until pictures and plots of a result have been drawn."""
HEIGHT, GAP, QUALITY = 900, 12, 70
MOST_HIGH = 2_400
"""Pixels of a page that are shown; a longer one is cut."""


def main(argv: Sequence[str] | None = None) -> int:
    """1 where a tab could not be shown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", help="task ids; all of them otherwise")
    wanted = parser.parse_args(argv).tasks
    rows = [row for row in ROWS if not wanted or row.id in wanted]
    TARGET.mkdir(parents=True, exist_ok=True)
    failed = []
    with serve(OURS) as app, sync_playwright() as playwright:
        wait_for_page(app)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for row in rows:
            try:
                shots = [_shot(browser, app.url, row, size, dark) for size, dark in LOOKS]
            except Exception as error:  # noqa: BLE001  the other tabs are still to be shown
                print(f"{row.id}: {str(error).splitlines()[0]}", file=sys.stderr)
                failed.append(row.id)
                continue
            _joined(shots).save(TARGET / f"{row.id}.webp", quality=QUALITY)
            print(row.id, flush=True)
        browser.close()
    return 1 if failed else 0


def _shot(browser: Browser, url: str, row: TaskSpec, size: tuple[int, int], dark: bool) -> bytes:
    """The whole page, after its first example was clicked."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
    )
    try:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(url)
        page.get_by_role("tab", name=row.modality, exact=True).click()
        page.get_by_role("tab", name=row.title, exact=True).click()
        page.get_by_role("button", name=row.examples[0].label, exact=True).click()
        page.locator(".timing >> visible=true").first.wait_for()
        page.wait_for_timeout(SETTLE_MS)
        return page.screenshot(full_page=True)
    finally:
        context.close()


def _joined(shots: Sequence[bytes]) -> Image.Image:
    """Side by side on white, each cut to MOST_HIGH and made HEIGHT high at most."""
    parts = []
    for shot in shots:
        part = Image.open(io.BytesIO(shot)).convert("RGB")
        part = part.crop((0, 0, part.width, min(part.height, MOST_HIGH)))
        scale = min(1.0, HEIGHT / part.height)
        parts.append(part.resize((round(part.width * scale), round(part.height * scale))))
    width = sum(part.width for part in parts) + GAP * (len(parts) + 1)
    sheet = Image.new("RGB", (width, max(p.height for p in parts) + 2 * GAP), "white")
    at = GAP
    for part in parts:
        sheet.paste(part, (at, GAP))
        at += part.width + GAP
    return sheet


if __name__ == "__main__":
    sys.exit(main())
