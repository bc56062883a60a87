"""Placement: which parts of a model a device map put where, the disk included."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ModelError
from pipelines.limits import GB, MB

DISK = "disk"
OFFLOADED = "pipeline-playground-offload-"
NUMBERED = re.compile(r"(.*?)(\d+)")
MOST_NAMES = 8
"""Runs of layers that a sentence names for each place."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Parts of a model on one device ("cuda:0", "cpu", "disk"), by the names of its modules."""

    device: str
    parts: tuple[str, ...]
    bytes: int


def places_of(model: Any) -> tuple[Place, ...]:
    """Where a device map put what, the disk last; nothing where there was none."""
    placed: Mapping[str, Any] = getattr(model, "hf_device_map", None) or {}
    sizes = dict.fromkeys(placed, 0)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if (part := part_of(name, placed)) is not None:
            sizes[part] += tensor.nelement() * tensor.element_size()
    return tuple(
        Place(
            device=device,
            parts=tuple(p for p in placed if device_name(placed[p]) == device),
            bytes=sum(size for p, size in sizes.items() if device_name(placed[p]) == device),
        )
        for device in dict.fromkeys(map(device_name, placed.values()))
    )


def part_of(name: str, placed: Iterable[str]) -> str | None:
    """The part of a device map that a weight belongs to."""
    near = [part for part in placed if not part or name == part or name.startswith(f"{part}.")]
    return max(near, key=len) if near else None


def device_name(place: Any) -> str:
    """A place of a device map by name: accelerate gives CUDA devices as numbers."""
    return f"cuda:{place}" if isinstance(place, int) else str(place)


def devices_of(places: tuple[Place, ...]) -> str:
    """Where the model is, in a word or a few."""
    return " + ".join(place.device for place in places)


def in_memory(places: tuple[Place, ...]) -> int:
    """Bytes of what is not on the disk."""
    return sum(place.bytes for place in places if place.device != DISK)


def said(places: tuple[Place, ...]) -> tuple[str, ...]:
    """Sentences on a model that was placed by a device map."""
    found = [
        f"{place.device} holds {size(place.bytes)}: {_named(place.parts)}." for place in places
    ]
    if any(place.device == DISK for place in places):
        found.append("What lies on the disk is read for every pass, which is slow.")
    return tuple(found)


def _named(parts: tuple[str, ...]) -> str:
    """The modules by name, numbered ones that follow each other as a run: `h.0 to h.11`."""
    runs: list[list[str]] = []
    for part in parts:
        if runs and _follows(runs[-1][-1], part):
            runs[-1].append(part)
        else:
            runs.append([part])
    names = [run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    more = len(names) - MOST_NAMES
    shown = ", ".join(name or "the whole model" for name in names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown


def _follows(one: str, other: str) -> bool:
    first, second = NUMBERED.fullmatch(one), NUMBERED.fullmatch(other)
    if not (first and second) or first[1] != second[1]:
        return False
    return int(second[2]) == int(first[2]) + 1


def size(count: int) -> str:
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.2f} MB"


@contextmanager
def offloading(
    device_map: str, within: Mapping[str, int]
) -> Iterator[tuple[dict[str, Any], Callable[[Any], Any]]]:
    """Keywords of from_pretrained, and what to hand the model to; `within` are bytes by memory.

    Weights that are stored otherwise than they are used (experts) are written to a folder to be
    offloaded: it goes when the model goes, or at once where it is not needed.
    """
    sweep()
    folder = tempfile.mkdtemp(prefix=f"{OFFLOADED}{os.getpid()}-")
    found: dict[str, Any] = {"device_map": device_map, "offload_folder": folder}
    if within:
        found["max_memory"] = {_key(name): count for name, count in within.items()}
    kept = False

    def keep(model: Any) -> Any:
        nonlocal kept
        _note_map(model)
        if kept := any(Path(folder).iterdir()):
            weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
        return model

    try:
        yield found, keep
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _note_map(model: Any) -> None:
    """A map on every model that was mapped, with the disk last: pipelines run on the first device.

    transformers 5.23 leaves it out where there is one device, and takes "disk" for one to run on.
    """
    found = getattr(model, "hf_device_map", None) or {"": str(model.device)}
    if set(found.values()) == {DISK}:
        raise ModelError(
            "Not one layer of this model fits in the memory that it may take; choose a smaller one."
        )
    model.hf_device_map = dict(sorted(found.items(), key=lambda item: item[1] == DISK))


def sweep() -> None:
    """Remove what processes left that were killed."""
    import psutil

    for folder in Path(tempfile.gettempdir()).glob(f"{OFFLOADED}*"):
        owner = folder.name.removeprefix(OFFLOADED).split("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _key(memory: str) -> int | str:
    """A memory ("RAM", "cuda:0") as accelerate names it."""
    return int(memory.removeprefix("cuda:")) if memory.startswith("cuda:") else "cpu"
