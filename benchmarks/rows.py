"""Many rows: ours beside `pipe(list, batch_size=N)` for the best N, in this process, in turns.

Models have the size of well-known ones (DistilBERT, ViT-base) and random weights: the time does
not depend on what they know. Ours goes through `run_rows`, which reads, checks, sorts and writes
every row; the plain side gets strings, and pictures that are read beforehand.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.serving import setting
from pipelines import loading
from pipelines.engine.inline import InlineEngine
from pipelines.engine.runner import RunnerSettings
from pipelines.jobs.stream import run_rows
from pipelines.limits import Limits

SIZES = (1, 8, 32)
"""Batch sizes of the plain pipeline, of which the best counts."""
OURS = 32
ROUNDS = 3
VOCABULARY = 30_522
SHORTEST, LONGEST = 4, 300
"""Words of a text; most are short, as messages and reviews are."""
LABELS = {"id2label": {0: "good", 1: "bad"}, "label2id": {"good": 0, "bad": 1}}
SIDE = (320, 240)
"""Pixels of a picture."""
GOALS = {("texts", "float32"): 1.3, ("texts", "bfloat16"): 4.4}


@dataclass(frozen=True, kw_only=True)
class Work:
    """Rows for a task: what our side and what the plain side is given."""

    name: str
    task: str
    ours: list[dict[str, Any]]
    plain: list[Any]


def main(argv: Sequence[str] | None = None) -> None:
    """Print rows/s of the plain pipeline and of ours, in float32 and bfloat16."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(argv)
    loading.warm_up()
    print(f"many rows, medians of {options.rounds} rounds, rows/s; {setting()}")
    print(f"{'':12}{'dtype':10}{'plain best':>12}{'batch':>7}{'ours':>10}{'ratio':>8}{'goal':>7}")
    with _models() as folder:
        for work in (_texts(options.texts), _pictures(options.pictures, folder)):
            _measure(work, folder, options.rounds)


def _measure(work: Work, folder: Path, rounds: int) -> None:
    """The plain pipeline in float32 is what both of ours are compared with."""
    from transformers import pipeline

    pipe = pipeline(work.task, model=str(folder / work.task), device="cpu", dtype="float32")
    engine = InlineEngine(RunnerSettings(limits=Limits(upload_roots=(folder,)), models="starter"))
    try:
        plain = {size: [] for size in SIZES}
        ours: dict[str, list[float]] = {"float32": [], "bfloat16": []}
        for _ in range(rounds):
            for size, rates in plain.items():
                rates.append(_rate(work.plain, lambda size=size: _plain(pipe, work.plain, size)))
            for dtype, rates in ours.items():
                rates.append(_rate(work.ours, lambda dtype=dtype: _ours(engine, work, dtype)))
    finally:
        engine.close()
    best = max(plain, key=lambda size: median(plain[size]))
    base = median(plain[best])
    for dtype, rates in ours.items():
        goal = GOALS.get((work.name, dtype), "")
        print(f"{work.name:12}{dtype:10}{base:12.1f}{best:7}{median(rates):10.1f}"
              f"{median(rates) / base:8.2f}{goal:>7}", flush=True)  # fmt: skip


def _rate(rows: Sequence[Any], run: Callable[[], int]) -> float:
    began = time.perf_counter()
    assert run() == len(rows)
    return len(rows) / (time.perf_counter() - began)


def _plain(pipe: Any, rows: list[Any], size: int) -> int:
    more = {"truncation": True} if isinstance(rows[0], str) else {}
    return sum(1 for _ in pipe((row for row in rows), batch_size=size, top_k=1, **more))


def _ours(engine: InlineEngine, work: Work, dtype: str) -> int:
    results = list(
        run_rows(
            engine, work.task, work.ours, limits=engine._runner.settings.limits, batch_size=OURS,
            model=f"starter/{work.task}", dtype=dtype, device="cpu", top_k=1,
        )
    )  # fmt: skip
    assert not any(result.error for result in results), next(r.error for r in results if r.error)
    return len(results)


def _texts(count: int) -> Work:
    dice = np.random.default_rng(0)
    lengths = np.clip(dice.lognormal(3.2, 0.9, count), SHORTEST, LONGEST).astype(int)
    rows = [" ".join(f"w{n}" for n in dice.integers(0, 20_000, length)) for length in lengths]
    return Work(
        name="texts", task="text-classification", ours=[{"text": r} for r in rows], plain=rows
    )


def _pictures(count: int, folder: Path) -> Work:
    dice = np.random.default_rng(0)
    paths, pictures = [], []
    for n in range(count):
        path = folder / f"{n}.jpg"
        pixels = dice.integers(0, 255, (*SIDE[::-1], 3), np.uint8)
        Image.fromarray(pixels).save(path)
        paths.append({"image": str(path)})
        pictures.append(Image.open(path).convert("RGB"))
    return Work(name="pictures", task="image-classification", ours=paths, plain=pictures)


@contextmanager
def _models() -> Iterator[Path]:
    """A folder with both models, which the engine takes for starters meanwhile."""
    import torch

    kept = loading.STARTERS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        torch.manual_seed(0)
        for task, parts in (("text-classification", _distilbert), ("image-classification", _vit)):
            for part in parts():
                part.save_pretrained(folder / task)
        loading.STARTERS = folder
        try:
            yield folder
        finally:
            loading.STARTERS = kept


def _distilbert() -> tuple[Any, Any]:
    import transformers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{n}" for n in range(20_000))]
    vocab = {word: n for n, word in enumerate(words)}
    config = transformers.DistilBertConfig(vocab_size=VOCABULARY, **LABELS)
    return (
        transformers.DistilBertForSequenceClassification(config),
        transformers.BertTokenizer(
            vocab=vocab, model_max_length=512, model_input_names=["input_ids", "attention_mask"]
        ),
    )


def _vit() -> tuple[Any, Any]:
    import transformers
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    return transformers.ViTForImageClassification(transformers.ViTConfig(**LABELS)), (
        ViTImageProcessorPil()
    )


if __name__ == "__main__":
    main()
