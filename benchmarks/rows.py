"""Many rows: ours beside `pipe(list, batch_size=N)` for the best N, in this process, in turns.

Ours goes through `run_rows`, which reads, checks, sorts and writes every row; the plain side gets
strings, and pictures and recordings that are read beforehand. Speech is one recording of 60 s in
windows of 30 s: the plain side is the pipeline with nothing but that set, which keeps 5 candidates
and takes the windows one by one; both sides write the same number of tokens for each window.

Beside the time on the clock stands the ratio of the processor's time, which other work on the
machine changes less. The models are written and the plain pipeline is called in threads that end:
one that had computed and stayed would have OpenMP's threads of all others sleep (engine/lanes.py).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from benchmarks.models import MAKERS, WORDS, apart, written
from benchmarks.serving import setting
from pipelines import loading
from pipelines.engine.inline import InlineEngine
from pipelines.engine.request import RunnerSettings
from pipelines.jobs.stream import run_rows
from pipelines.limits import Limits

SIZES = (1, 8, 32)
"""Batch sizes of the plain pipeline, of which the best counts."""
OURS = 32
DTYPES = ("float32", "bfloat16")
ROUNDS = 3
SHORTEST, LONGEST = 4, 300
"""Words of a text; most are short, as messages and reviews are."""
SIDE = (320, 240)
"""Pixels of a picture."""
RATE, SECONDS, WINDOW = 16_000, 60, 30
"""Hz of the recording, its length and that of its windows."""
TOKENS = {"max_new_tokens": 80}
"""Of each window, about as many as someone says in 30 s; the model never ends by itself."""
GOALS = {
    ("texts", "float32"): 1.3,
    ("texts", "bfloat16"): 4.4,
    ("speech", "float32"): 4.5,
    ("speech", "bfloat16"): 7.5,
}


@dataclass(frozen=True, kw_only=True)
class Work:
    """Rows for a task: what our side and what the plain side is given, and with what."""

    name: str
    task: str
    ours: list[dict[str, Any]]
    plain: list[Any]
    params: Mapping[str, Any]
    plain_params: Mapping[str, Any]
    sizes: tuple[int, ...] = SIZES


@dataclass
class Times:
    """Seconds of each round, on the clock and of the processor."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def take(self, run: Callable[[], int], rows: int) -> None:
        """Run once more; all rows must be answered."""
        began, spent = time.perf_counter(), time.process_time()
        assert apart(run) == rows
        self.clock.append(time.perf_counter() - began)
        self.processor.append(time.process_time() - spent)


def main(argv: Sequence[str] | None = None) -> None:
    """Print rows/s of the plain pipeline and of ours, in float32 and bfloat16."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--recordings", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: as many as it takes")
    options = parser.parse_args(argv)
    loading.warm_up()
    threads = _threads(options.threads)
    print(f"many rows, medians of {options.rounds} rounds, {threads} threads; {setting()}")
    print(
        f"{'':10}{'dtype':10}{'plain, rows/s':>14}{'batch':>7}{'ours':>9}{'ratio':>8}{'goal':>6}"
        f"{'processor':>11}"
    )
    with written(tuple(MAKERS)) as folder:
        for work in (
            _speech(options.recordings, folder),
            _texts(options.texts),
            _pictures(options.pictures, folder),
        ):
            if work.ours:
                _measure(work, folder, options.rounds)


def _threads(wanted: int) -> int:
    import torch

    if wanted:
        torch.set_num_threads(wanted)
    return int(torch.get_num_threads())


def _measure(work: Work, folder: Path, rounds: int) -> None:
    """The plain pipeline in float32 is what both of ours are compared with."""
    from transformers import pipeline

    at = {"model": str(folder / work.task), "device": "cpu", "dtype": "float32"}
    pipe = apart(pipeline, work.task, **at)
    engine = InlineEngine(RunnerSettings(limits=Limits(upload_roots=(folder,)), models="starter"))
    plain, ours = ({key: Times() for key in keys} for keys in (work.sizes, DTYPES))
    rows = len(work.ours)
    try:
        for dtype in DTYPES:
            _ours(engine, work, dtype, 1)  # loads, and is not measured
        for _ in range(rounds):
            for size, times in plain.items():
                times.take(lambda size=size: _plain(pipe, work, size), rows)
            for dtype, times in ours.items():
                times.take(lambda dtype=dtype: _ours(engine, work, dtype, rows), rows)
    finally:
        engine.close()
    best = min(plain, key=lambda size: median(plain[size].clock))
    for dtype, times in ours.items():
        _print(work, dtype, best, plain[best], times)


def _print(work: Work, dtype: str, batch: int, plain: Times, ours: Times) -> None:
    clock, processor = (
        median(a / b for a, b in zip(one, other, strict=True))
        for one, other in ((plain.clock, ours.clock), (plain.processor, ours.processor))
    )
    rows = len(work.ours)
    goal = GOALS.get((work.name, dtype), "")
    print(
        f"{work.name:10}{dtype:10}{rows / median(plain.clock):14.2f}{batch:7}"
        f"{rows / median(ours.clock):9.2f}{clock:8.2f}{goal:>6}{processor:11.2f}",
        flush=True,
    )


def _plain(pipe: Any, work: Work, size: int) -> int:
    rows = (row for row in work.plain)
    return sum(1 for _ in pipe(rows, batch_size=size, **work.plain_params))


def _ours(engine: InlineEngine, work: Work, dtype: str, rows: int) -> int:
    results = list(
        run_rows(
            engine, work.task, work.ours[:rows], limits=engine._runner.settings.limits,
            batch_size=OURS, model=f"starter/{work.task}", dtype=dtype, device="cpu", **work.params,
        )
    )  # fmt: skip
    assert not any(result.error for result in results), next(r.error for r in results if r.error)
    return len(results)


def _texts(count: int) -> Work:
    dice = np.random.default_rng(0)
    lengths = np.clip(dice.lognormal(3.2, 0.9, count), SHORTEST, LONGEST).astype(int)
    rows = [" ".join(f"w{n}" for n in dice.integers(0, WORDS, length)) for length in lengths]
    return Work(
        name="texts", task="text-classification", ours=[{"text": r} for r in rows], plain=rows,
        params={"top_k": 1}, plain_params={"top_k": 1, "truncation": True},
    )  # fmt: skip


def _pictures(count: int, folder: Path) -> Work:
    dice = np.random.default_rng(0)
    paths, pictures = [], []
    for n in range(count):
        path = folder / f"{n}.jpg"
        pixels = dice.integers(0, 255, (*SIDE[::-1], 3), np.uint8)
        Image.fromarray(pixels).save(path)
        paths.append({"image": str(path)})
        pictures.append(Image.open(path).convert("RGB"))
    return Work(
        name="pictures", task="image-classification", ours=paths, plain=pictures,
        params={"top_k": 1}, plain_params={"top_k": 1},
    )  # fmt: skip


def _speech(count: int, folder: Path) -> Work:
    """Noise, which the model writes as many tokens of as it is told to."""
    dice = np.random.default_rng(0)
    noise = [(dice.standard_normal(SECONDS * RATE) * 0.1).astype(np.float32) for _ in range(count)]
    paths = [folder / f"{n}.wav" for n in range(count)]
    for path, sound in zip(paths, noise, strict=True):
        soundfile.write(path, sound, RATE)
    return Work(
        name="speech", task="automatic-speech-recognition",
        ours=[{"audio": str(path)} for path in paths], plain=noise, sizes=(1,),
        params={"return_timestamps": "off", **TOKENS},
        plain_params={"chunk_length_s": WINDOW, "generate_kwargs": TOKENS},
    )  # fmt: skip


if __name__ == "__main__":
    main()
