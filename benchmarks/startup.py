"""Start-up and memory at rest: our app beside an empty Gradio app, alternating in one run.

Prints medians and ratios for: process start to the first HTTP 200, process start to the first
panel rendered in Chromium, and the resident memory of the web process a while after its start
(`with children` adds the worker process, which an empty app does not have).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import psutil

from benchmarks.results import save
from benchmarks.serving import EMPTY, OURS, START_SECONDS, Served, serve, setting, wait_for_page

RUNS = 5
REST_SECONDS = 10.0
"""How long after its first HTTP 200 an app is at rest; our worker has warmed up by then."""
MB = 1_000_000
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, kw_only=True)
class App:
    """An app to start; `rendered` is the selector of what a visitor sees last."""

    name: str
    arguments: tuple[str, ...]
    rendered: str


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A row of the printed table: `goal` is the highest ratio that we accept."""

    name: str
    unit: str
    goal: float | None = None


APPS = (
    App(name="empty", arguments=EMPTY, rendered="footer"),
    App(name="ours", arguments=OURS, rendered="button.primary"),
)
HTTP = Measure(name="start to HTTP 200", unit="s", goal=1.25)
PANEL = Measure(name="start to first panel", unit="s", goal=1.4)
MEMORY = Measure(name="memory of the web process", unit="MB", goal=1.3)
FAMILY = Measure(name="memory with children", unit="MB")
Values = dict[Measure, float]


def main(argv: Sequence[str] | None = None) -> None:
    """Warm the disk cache with one start of each app, then measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=RUNS, help="starts of each app and measure")
    parser.add_argument("--no-browser", action="store_true", help="leave Chromium out")
    parser.add_argument("--save", action="store_true", help="keep the figures in results/")
    flags = parser.parse_args(argv)
    for app in APPS:
        _answer_time(app)
    found: dict[str, list[Values]] = {app.name: [] for app in APPS}
    for _ in range(flags.runs):
        for app in APPS:
            found[app.name].append(_at_rest(app) | _answer_time(app))
    if not flags.no_browser:
        for name, values in _panel_times(flags.runs).items():
            found[name].extend(values)
    figures = _print(found, flags.runs)
    if flags.save:
        save("startup", figures)


def _answer_time(app: App) -> Values:
    with serve(app.arguments) as served:
        return {HTTP: wait_for_page(served)}


def _at_rest(app: App) -> Values:
    """Resident memory in MB of an app that nobody visits."""
    with serve(app.arguments) as served:
        wait_for_page(served)
        time.sleep(REST_SECONDS)
        web = psutil.Process(served.process.pid)
        own = web.memory_info().rss
        children = sum(child.memory_info().rss for child in web.children(recursive=True))
        return {MEMORY: own / MB, FAMILY: (own + children) / MB}


def _panel_times(runs: int) -> dict[str, list[Values]]:
    """Seconds from the start of the process to the rendered page, in a browser that is open."""
    times: dict[str, list[Values]] = {app.name: [] for app in APPS}
    with _chromium() as browser:
        for _ in range(runs + 1):
            for app in APPS:
                with serve(app.arguments) as served:
                    times[app.name].append({PANEL: _panel_time(browser, served, app.rendered)})
    return {name: values[1:] for name, values in times.items()}


def _panel_time(browser: Any, served: Served, rendered: str) -> float:
    context = browser.new_context()
    page = context.new_page()
    wait_for_page(served)
    page.goto(served.url)
    page.locator(rendered).first.wait_for(state="visible", timeout=START_SECONDS * 1000)
    seconds = time.perf_counter() - served.begun
    context.close()
    return seconds


@contextmanager
def _chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


def _print(found: dict[str, list[Values]], runs: int) -> dict[str, dict[str, float | None]]:
    figures: dict[str, dict[str, float | None]] = {}
    print(f"start-up: medians of {runs} runs; {setting()}")
    print(f"{'':28}{'empty':>12}{'ours':>12}{'ratio':>9}{'goal':>9}")
    for measure in (HTTP, PANEL, MEMORY, FAMILY):
        empty, ours = (_median(found[app.name], measure) for app in APPS)
        if empty is None or ours is None:
            continue
        goal = f"≤ {measure.goal:.2f}" if measure.goal else ""
        shown = f"{empty:9.2f} {measure.unit:>2}{ours:9.2f} {measure.unit:>2}"
        print(f"{measure.name:28}{shown}{ours / empty:9.2f}{goal:>9}")
        figures[measure.name] = {
            f"empty_{measure.unit}": round(empty, 2), f"ours_{measure.unit}": round(ours, 2),
            "ratio": round(ours / empty, 2), "goal": measure.goal,
        }  # fmt: skip
    return figures


def _median(runs: list[Values], measure: Measure) -> float | None:
    values = [values[measure] for values in runs if measure in values]
    return median(values) if values else None


if __name__ == "__main__":
    main()
