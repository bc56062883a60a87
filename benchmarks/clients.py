"""Many clients at once: our app beside a plain pipeline behind Gradio, in turns.

Both run at the same time, each in a process of its own, and are asked the way a browser does it
(see browser.py) by as many clients as --clients says, each of which sends its next request when
the last one is answered. The plain side computes in float32.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import psutil
from PIL import Image

from benchmarks.browser import Visitor
from benchmarks.models import WORDS, written
from benchmarks.rows import DTYPES, SIDE
from benchmarks.serving import serve, setting, wait_for_page

CLIENTS = 16
REQUESTS = 128
"""Of a round, all clients together."""
ROUNDS = 3
WORDS_OF_A_TEXT = (8, 40)
GOALS = {
    ("texts", "float32"): 1.7,
    ("texts", "bfloat16"): 4.0,
    ("pictures", "float32"): 1.3,
    ("pictures", "bfloat16"): 4.5,
}
Ask = Callable[[Visitor, int], Any]


@dataclass(frozen=True, kw_only=True)
class Side:
    """An app under load: what one request is, and the process whose children work too."""

    name: str
    visitors: list[Visitor]
    ask: Ask
    process: psutil.Process

    @property
    def spent(self) -> float:
        """Processor seconds of the app so far."""
        family = (self.process, *self.process.children(recursive=True))
        times = [process.cpu_times() for process in family]
        return sum(each.user + each.system for each in times)


@dataclass(frozen=True, kw_only=True)
class Round:
    """Requests per second, seconds of each request, processor seconds per request."""

    rate: float
    seconds: list[float]
    spent: float


def main(argv: Sequence[str] | None = None) -> None:
    """Measure texts and pictures, and print a line for each side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of a round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=("texts", "pictures"), help="leave the other out")
    options = parser.parse_args(argv)
    print(f"{options.clients} clients, {options.rounds} rounds of {options.requests}; {setting()}")
    print(f"{'':22}{'requests/s':>11}{'ratio':>7}{'goal':>6}{'median s':>10}{'p95 s':>7}"
          f"{'processor':>11}")  # fmt: skip
    works = {
        "texts": ("text-classification", _texts),
        "pictures": ("image-classification", _pictures),
    }
    with written([task for task, _ in works.values()]) as folder:
        for name, (task, values) in works.items():
            if options.only in (None, name):
                _measure(name, task, values(folder), folder, options)


def _measure(name: str, task: str, values: list[Any], folder: Path, options: Any) -> None:
    with contextlib.ExitStack() as stack:
        arguments = {
            "plain": ("-m", "benchmarks.plain", str(folder), task, "{port}"),
            "ours": ("-m", "benchmarks.ours", str(folder), "{port}"),
        }
        apps = {side: stack.enter_context(serve(line)) for side, line in arguments.items()}
        for app in apps.values():
            wait_for_page(app)
        sides = [_plain(apps["plain"], values, options.clients)]
        sides += [_ours(apps["ours"], task, dtype, values, options.clients) for dtype in DTYPES]
        found: dict[str, list[Round]] = {side.name: [] for side in sides}
        for side in sides:
            _round(side, options.clients)  # loads, and is not measured
        for _ in range(options.rounds):
            for side in sides:
                found[side.name].append(_round(side, options.requests))
    for side in sides:
        _print(name, side.name, found[side.name], found["plain"])


def _plain(app: Any, values: list[Any], clients: int) -> Side:
    visitors = [Visitor(app.port) for _ in range(clients)]
    sent = _sent(visitors[0], values)
    return Side(
        name="plain", visitors=visitors, process=psutil.Process(app.process.pid),
        ask=lambda visitor, n: visitor.call("predict", {"value": sent[n % len(sent)]}),
    )  # fmt: skip


def _ours(app: Any, task: str, dtype: str, values: list[Any], clients: int) -> Side:
    visitors = [Visitor(app.port) for _ in range(clients)]
    sent = _sent(visitors[0], values)
    field = "image" if isinstance(values[0], Path) else "text"
    same = {"model": f"starter/{task}", "device": "cpu", "dtype": dtype, "top_k": 1}
    return Side(
        name=dtype, visitors=visitors, process=psutil.Process(app.process.pid),
        ask=lambda visitor, n: visitor.call(
            task.replace("-", "_"), {**same, field: sent[n % len(sent)]}
        ),
    )  # fmt: skip


def _sent(visitor: Visitor, values: list[Any]) -> list[Any]:
    """The values as they are sent; files are uploaded once, beforehand."""
    return [visitor.upload(value) if isinstance(value, Path) else value for value in values]


def _round(side: Side, requests: int) -> Round:
    """Every client takes the next request when its last one is answered."""
    numbers, seconds = count(), []

    def client(visitor: Visitor) -> None:
        while (number := next(numbers)) < requests:
            began = time.perf_counter()
            (best,) = side.ask(visitor, number)
            assert best["label"] in ("good", "bad"), best
            seconds.append(time.perf_counter() - began)

    began, spent = time.perf_counter(), side.spent
    with ThreadPoolExecutor(len(side.visitors)) as pool:
        list(pool.map(client, side.visitors))
    passed = time.perf_counter() - began
    return Round(rate=requests / passed, seconds=seconds, spent=(side.spent - spent) / requests)


def _print(work: str, side: str, rounds: list[Round], plain: list[Round]) -> None:
    pairs = list(zip(rounds, plain, strict=True))
    ratio = median(ours.rate / base.rate for ours, base in pairs)
    processor = median(base.spent / ours.spent for ours, base in pairs)
    seconds = [each for one in rounds for each in one.seconds]
    goal = GOALS.get((work, side), "")
    print(
        f"{work:10}{side:12}{median(one.rate for one in rounds):11.1f}{ratio:7.2f}{goal:>6}"
        f"{median(seconds):10.2f}{quantiles(seconds, n=20)[-1]:7.2f}{processor:11.2f}",
        flush=True,
    )


def _texts(folder: Path) -> list[str]:
    dice = np.random.default_rng(0)
    low, high = WORDS_OF_A_TEXT
    return [
        " ".join(f"w{n}" for n in dice.integers(0, WORDS, dice.integers(low, high)))
        for _ in range(64)
    ]


def _pictures(folder: Path) -> list[Path]:
    dice, paths = np.random.default_rng(0), [folder / f"{n}.jpg" for n in range(16)]
    for path in paths:
        Image.fromarray(dice.integers(0, 255, (*SIDE[::-1], 3), np.uint8)).save(path)
    return paths


if __name__ == "__main__":
    main()
