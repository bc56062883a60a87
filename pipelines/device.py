"""What hardware is there, and which dtype it really computes in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.errors import InputError
from pipelines.ram import ram

BF16_CPU_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
BF16_CUDA_CAPABILITY = (8, 0)
BUDGET_SHARE = 0.8
"""Of what is free at the start, models may take this much; running them takes about the rest."""
RAM = "RAM"
OUT_OF_MEMORY = ("out of memory", "can't allocate memory")


@dataclass(frozen=True)
class Memory:
    """The memory of the machine ("RAM") or of a device, in bytes.

    Of it, `models` are taken by the models and `budget` is what they may take; 0 is no budget.
    """

    name: str
    used: int
    total: int
    models: int = 0
    budget: int = 0

    @property
    def free(self) -> int:
        """What nobody uses."""
        return self.total - self.used


@cache
def devices() -> tuple[str, ...]:
    """Devices that torch can use, best first: cuda:0.., mps, cpu."""
    import torch

    found = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def pick_device(wanted: str) -> str:
    """The device for "auto" or a device name; refuses one that is not there (R18)."""
    found = devices()
    name = {"auto": found[0], "cuda": "cuda:0"}.get(wanted, wanted)
    if name not in found:
        raise InputError("device", f"{wanted} is not on this machine; choose {', '.join(found)}.")
    return name


def pick_dtype(wanted: str, device: str) -> str:
    """The dtype for "auto": bfloat16 where the device computes in it, else float32."""
    if wanted != "auto":
        return wanted
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: str) -> bool:
    if device.startswith("cuda"):
        import torch

        return bool(torch.cuda.get_device_capability(device) >= BF16_CUDA_CAPABILITY)
    return device == "cpu" and bool(_cpu_flags() & BF16_CPU_FLAGS)


def memory_bytes(device: str) -> int:
    """All the memory of a device, in bytes, used or not."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[1])
    return ram()[1]


def memory_of(device: str) -> str:
    """The name of the memory that a device uses; mps shares the machine's."""
    return device if device.startswith("cuda") else RAM


def budgets(asked: int | None) -> dict[str, int]:
    """Bytes that models may take by memory: as asked for (0: no limit), or most of what is free."""
    if asked is None:
        return {each.name: int(each.free * BUDGET_SHARE) for each in memory()}
    return dict.fromkeys(map(memory_of, devices()), asked) if asked else {}


def memory() -> tuple[Memory, ...]:
    """What the machine and its CUDA devices have, and what of it is in use by anyone."""
    return (Memory(RAM, *ram()), *(_cuda(name) for name in devices() if name.startswith("cuda")))


def _cuda(name: str) -> Memory:
    import torch

    free, total = torch.cuda.mem_get_info(name)
    return Memory(name, int(total - free), int(total))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, torch on the CPU or torch on a device had no memory left."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(w in words for w in OUT_OF_MEMORY)


@cache
def _cpu_flags() -> frozenset[str]:
    """Instruction sets of the CPU as Linux lists them; empty elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    line = next((row for row in text.splitlines() if row.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())
