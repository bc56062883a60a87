"""Ask: put one question to a checkpoint by name, with media as file paths."""

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipelines import without_torchvision

Ask = Callable[..., Any]


def plain(task: str, folder: Path) -> Ask:
    """An `Ask` on a plain `transformers.pipeline` of the checkpoint in folder, on the CPU.

    A task that transformers 5 has no pipeline for any more gets the playground's own one.

    `ask(audio="a.wav")`, `ask(image="a.png", top_k=1)`, `ask(text="...", candidate_labels=[...])`:
    media are decoded here, the rest goes through as it is. Returns the pipeline's raw answer.
    """
    import torch

    torch.set_num_threads(1)  # two threads only get into each other's way on models this small

    pipe = _opened(task, folder)
    accepted = frozenset(inspect.signature(type(pipe).__call__).parameters)
    return partial(_ask, pipe, accepted)


def _opened(task: str, folder: Path) -> Any:
    from transformers import pipeline
    from transformers.pipelines import SUPPORTED_TASKS

    if task in SUPPORTED_TASKS:
        return without_torchvision.mend(pipeline(task, model=str(folder), device="cpu"))
    from pipelines.own import own_pipeline

    return own_pipeline(task, folder)


def _ask(pipe: Any, accepted: frozenset[str], /, **values: Any) -> Any:
    """Decode the media; an input that the pipeline does not take by name goes first, unnamed."""
    decoded = {name: _READERS.get(name, _as_it_is)(value, pipe) for name, value in values.items()}
    unnamed = [name for name in decoded if name in UNNAMED and name not in accepted]
    if len(unnamed) > 1:
        raise TypeError(f"{pipe.task} takes one unnamed input, got {', '.join(unnamed)}")
    first = [decoded.pop(name) for name in unnamed]
    return pipe(*first, **decoded)


def _read_audio(path: str | Path, pipe: Any) -> Any:
    """The file as mono float32 (samples,) in -1..1 at the model's own rate."""
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), rate, pipe.feature_extractor.sampling_rate)


def _read_image(path: str | Path, _pipe: Any) -> Any:
    """The file as a PIL image in mode RGB."""
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGB")


def _read_images(paths: Sequence[str | Path], pipe: Any) -> Any:
    """Several files, each as a PIL image in mode RGB."""
    return [_read_image(path, pipe) for path in paths]


def _as_it_is(value: Any, _pipe: Any) -> Any:
    return value


_READERS: dict[str, Callable[[Any, Any], Any]] = {
    "audio": _read_audio,
    "image": _read_image,
    "images": _read_images,
}

# Names of inputs (not params): the one that a pipeline calls otherwise (`inputs`, `sequences`,
# `text_inputs`, `audios`) is given to it unnamed.
UNNAMED = frozenset({"audio", "image", "images", "text", "messages", "video", "table", "request"})
