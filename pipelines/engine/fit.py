"""Will it fit: what a model needs, against what memory and disk have, before a byte is fetched."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.device import Memory
from pipelines.held import Held
from pipelines.hub import ANSWER_SECONDS, reachable
from pipelines.limits import GB, MB
from pipelines.quota import free_bytes
from pipelines.weights import DTYPE_BITS

logger = logging.getLogger(__name__)

STORED_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
                "U8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "BOOL": 1}  # fmt: skip
HEADROOM = 1.2
"""Running takes about a fifth more than the weights."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Parameters of a model, and bytes of its weights as they are stored."""

    parameters: int
    stored: int


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether it fits, in one or two sentences."""

    fits: bool
    words: str


def needs(model: str, revision: str) -> Needs | None:
    """From the Hub's safetensors metadata; None where the Hub does not say."""
    from huggingface_hub import HfApi

    if not reachable():
        return None
    try:
        told = HfApi().model_info(
            model, revision=revision or None, expand=["safetensors"], timeout=ANSWER_SECONDS,
            token=False,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001  loading it will say what is wrong
        logger.info("no size of %s: %s", model, error)
        return None
    weights = told.safetensors
    if weights is None or not weights.total:
        return None
    stored = sum(count * STORED_BYTES.get(kind, 4) for kind, count in weights.parameters.items())
    return Needs(parameters=int(weights.total), stored=int(stored))


def verdict(
    need: Needs, dtype: str, memory: Memory | None, held: Iterable[Held], disk_free: int
) -> Verdict:
    """`memory` is that of the device; what is held and not in use would make room."""
    wanted = need.parameters * DTYPE_BITS[dtype] / 8 * HEADROOM
    start = (
        f"{counted(need.parameters)} parameters: about {_size(wanted)} in {dtype}, "
        f"{_size(need.stored)} to download."
    )
    if need.stored > disk_free:
        return Verdict(
            fits=False, words=f"{start} The disk has {_size(disk_free)} free: too little."
        )
    if memory is None:
        return Verdict(fits=True, words=start)
    free = memory.free
    if memory.budget:
        free = min(free, int((memory.budget - memory.models) * HEADROOM))
    if wanted <= free:
        return Verdict(fits=True, words=f"{start} It fits: {memory.name} has {_size(free)} free.")
    leaving = _leaving(held)
    if wanted <= free + sum(each.bytes for each in leaving):
        names = ", ".join(dict.fromkeys(each.model for each in leaving))
        return Verdict(fits=True, words=f"{start} It fits once these have left: {names}.")
    return Verdict(
        fits=False,
        words=f"{start} It does not fit: {memory.name} has {_size(free)} free. Choose a smaller "
        "model, a smaller precision or a device map.",
    )


def _leaving(held: Iterable[Held]) -> list[Held]:
    """One pipeline of each model that nobody uses or has pinned."""
    told = list(held)
    stay = {each.weights for each in told if each.weights and (each.users or each.pinned)}
    idle = [e for e in told if not (e.users or e.pinned) and e.weights not in stay]
    return list({each.weights or each.id: each for each in idle}.values())


def disk_free() -> int:
    """Bytes that the disk of the Hub's cache has left."""
    from huggingface_hub import constants

    return free_bytes(Path(constants.HF_HUB_CACHE))


def counted(number: float) -> str:
    for unit, name in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if number >= unit:
            return f"{number / unit:.3g}{name}"
    return f"{number:.0f}"


def _size(count: float) -> str:
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.0f} MB"
