"""Weights: one model in memory, which the pipelines of several tasks may share."""

from __future__ import annotations

import json
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.device import memory_of
from pipelines.placement import device_name, part_of

HEADER_BYTES = 8
MOST_HEADER_BYTES = 100_000_000
"""What safetensors itself allows."""
DTYPE_BITS = {"float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}
STORED_BITS = {"F64": 64, "I64": 64, "U64": 64, "I32": 32, "U32": 32, "I16": 16, "U16": 16}
FLOATS = ("F64", "F32", "F16", "BF16")
WHOLE = ("embed", "lm_head", "wte", "wpe", "shared.weight")
"""In the name of a weight that is not quantized."""


@dataclass(frozen=True, kw_only=True)
class WeightsKey:
    """What makes two models the same one; `widened` and `headless` are what a row does to it."""

    folder: str
    kind: str
    device: str
    dtype: str
    device_map: str = "none"
    attention: str = "auto"
    widened: tuple[str, ...] = ()
    headless: bool = False


@dataclass(eq=False, kw_only=True)
class Weights:
    """`lock` is held while a pipeline runs on the model: both keep state.

    `places` are bytes by memory ("RAM", "cuda:0"): those that were asked for, then the real ones.
    """

    model: Any = None
    places: Mapping[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    loading: threading.Lock = field(default_factory=threading.Lock)


Make = Callable[[], Any]
Take = Callable[[str, WeightsKey, int, Make], Weights]
"""Gives the weights of a model's id and key, made in so many bytes unless they are in memory."""


def alone(model: str, key: WeightsKey, needed: int, make: Make) -> Weights:
    """A Take for one who shares with nobody and has all the memory."""
    return Weights(model=make())


def footprint(model: Any) -> dict[str, int]:
    """Bytes of a model by memory; what accelerate has left on the disk takes none."""
    found: Counter[str] = Counter()
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        device = str(tensor.device)
        place = _mapped(model, name) if device == "meta" else device
        if place != "disk":
            found[memory_of(place)] += tensor.nelement() * tensor.element_size()
    return dict(found)


def _mapped(model: Any, name: str) -> str:
    """Where accelerate keeps a weight that it brings along when it is needed."""
    places = getattr(model, "hf_device_map", None) or {}
    part = part_of(name, places)
    return "cpu" if part is None else device_name(places[part])


def expected_bytes(folder: Path, dtype: str) -> int:
    """Bytes that the weights in a folder will take in memory, read off their files' headers."""
    bits: int = sum(
        math.prod(tensor["shape"]) * _bits(name, tensor, dtype)
        for file in sorted(folder.glob("*.safetensors"))
        for name, tensor in _header(file)
    )
    return bits // 8


def most_stored(room: int, dtype: str) -> int:
    """Bytes of weights on the disk (float32 at most) that surely would not fit into the room."""
    return room * DTYPE_BITS["float32"] // DTYPE_BITS[dtype]


def _bits(name: str, tensor: Mapping[str, Any], dtype: str) -> int:
    """Of one number: float ones become the dtype; small dtypes are for matrices of layers only."""
    stored = tensor["dtype"]
    if stored not in FLOATS:
        return STORED_BITS.get(stored, 8)
    small = DTYPE_BITS[dtype] < 16
    if small and (len(tensor["shape"]) != 2 or any(part in name for part in WHOLE)):
        return STORED_BITS.get(stored, 16 if "16" in stored else 32)
    return DTYPE_BITS[dtype]


def _header(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name, dtype and shape of every tensor; nothing of a file that is damaged: loading says so."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(HEADER_BYTES), "little")
        try:
            found = json.loads(opened.read(length) if length < MOST_HEADER_BYTES else b"")
        except ValueError:
            return
    yield from ((name, tensor) for name, tensor in found.items() if "shape" in tensor)
