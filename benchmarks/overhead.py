"""What our app adds to one request: pipe(x) in this process beside the same through the page.

The same starter model, device and dtype on both sides, called in turns; the page is asked the way
a browser does it (see browser.py), with all tabs there and the worker process in between. Plain
calls open the file themselves; uploads happen once, before the measurement.

Then, what a call over plain HTTP leaves behind: it brings no session, so Gradio makes one for it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil

from benchmarks.browser import Visitor
from benchmarks.results import save
from benchmarks.serving import OURS, ROOT, serve, setting, wait_for_page
from pipelines.kinds import FileKind
from pipelines.spec import TaskSpec
from pipelines.tasks import TASKS

MEASURED = ("image-classification", "zero-shot-classification")
CALLS = 50
WARM_UP_CALLS = 5
GOAL_MS = 12.0
ONCE = "text-classification"
"""Asked by callers without a session; so often to warm up, then so often measured."""
ONCE_WARM_UP, ONCE_CALLS = 200, 400
GOAL_KB = 60.0
KB = 1_000
PLAIN = {"device": "cpu", "dtype": "float32"}
EXAMPLES = ROOT / "starter" / "examples"
MODELS = ROOT / "starter" / "models"


@dataclass(frozen=True, kw_only=True)
class Times:
    """Milliseconds of each call, plain and ours in the same order."""

    plain: tuple[float, ...]
    ours: tuple[float, ...]

    @property
    def added(self) -> list[float]:
        return [ours - plain for plain, ours in zip(self.plain, self.ours, strict=True)]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure each task and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=CALLS, help="measured calls of each side")
    parser.add_argument("--save", action="store_true", help="keep the figures in results/")
    flags = parser.parse_args(argv)
    calls = flags.calls
    found: dict[str, dict[str, float | None]] = {}
    with serve(OURS) as app:
        wait_for_page(app)
        visitor = Visitor(app.port)
        print(f"overhead of one request: medians of {calls} calls, in ms; {setting()}")
        print(f"{'':28}{'pipe(x)':>10}{'ours':>10}{'added':>10}{'p90':>10}{'goal':>10}")
        for task in MEASURED:
            found[task] = _print(task, _measure(TASKS[task], visitor, calls))
        found["call without session"] = _print_kept(_kept(visitor, app.process.pid))
    if flags.save:
        save("overhead", found)


def _measure(spec: TaskSpec, visitor: Visitor, calls: int) -> Times:
    """Both sides in turns, after both are warm and seen to give the same first label."""
    values = _example(spec)
    plain = _plain(spec, values)
    sent = {k: visitor.upload(v) if isinstance(v, Path) else v for k, v in values.items()}

    def ours() -> Any:
        return visitor.call(spec.name, {**sent, **PLAIN})

    for _ in range(WARM_UP_CALLS):
        first = spec.to_json(plain())[0]["label"], ours()[0]["label"]
    if len(set(first)) > 1:
        raise RuntimeError(f"{spec.id}: pipe(x) says {first[0]}, ours says {first[1]}")
    times = [(_milliseconds(plain), _milliseconds(ours)) for _ in range(calls)]
    return Times(plain=tuple(p for p, _ in times), ours=tuple(o for _, o in times))


def _plain(spec: TaskSpec, values: Mapping[str, Any]) -> Callable[[], Any]:
    """pipe(x) as anyone would write it, files by path."""
    from transformers import pipeline

    pipe = pipeline(spec.id, model=str(MODELS / spec.id), **PLAIN)
    inputs = {field.name for field in spec.inputs}
    args = [str(v) if isinstance(v, Path) else v for k, v in values.items() if k in inputs]
    kwargs = {k: v for k, v in values.items() if k not in inputs}
    return lambda: pipe(*args, **kwargs)


def _example(spec: TaskSpec) -> dict[str, Any]:
    """The row's first example; names of files become paths."""
    files = {field.name for field in spec.inputs if isinstance(field.kind, FileKind)}
    values = spec.examples[0].values
    return {k: EXAMPLES / v if k in files else v for k, v in values.items()}


def _milliseconds(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def _kept(visitor: Visitor, web: int) -> float:
    """KB by which the web process grows for each call without a session."""
    spec, process = TASKS[ONCE], psutil.Process(web)
    values = _example(spec)
    for _ in range(ONCE_WARM_UP):
        visitor.call_once(spec.name, values)
    before = process.memory_info().rss
    for _ in range(ONCE_CALLS):
        visitor.call_once(spec.name, values)
    return (process.memory_info().rss - before) / ONCE_CALLS / KB


def _print(task: str, times: Times) -> dict[str, float | None]:
    p90 = quantiles(times.added, n=10)[-1]
    numbers = (median(times.plain), median(times.ours), median(times.added), p90)
    print(f"{task:28}{''.join(f'{n:10.1f}' for n in numbers)}{f'≤ {GOAL_MS:.0f}':>10}")
    names = ("plain_ms", "ours_ms", "added_ms", "added_p90_ms")
    return {name: round(number, 2) for name, number in zip(names, numbers, strict=True)}


def _print_kept(kept: float) -> dict[str, float | None]:
    print(f"{'kept by a call, in KB':28}{'':10}{kept:10.1f}{'':20}{f'≤ {GOAL_KB:.0f}':>10}")
    return {"kept_kb": round(kept, 2), "goal_kb": GOAL_KB}


if __name__ == "__main__":
    main()
