"""The RAM that this process may use: the machine's, or less in a container (cgroups, Linux)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

KIB = 1_024
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
NAMES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Version 2 and 1: the limit, what is used of it, and the part of that which can be dropped."""


_told = 0
"""Bytes that this process was told it may use; 0 is nothing."""


def tell(most: int) -> None:
    """What the platform says that there is (MEMORY on a Space), where it sets no limit itself."""
    global _told
    _told = most


def ram(proc: Path = PROC, cgroups: Path = CGROUPS) -> tuple[int, int]:
    """Bytes (in use, in all), whichever leaves less free."""
    found = [_machine(proc)]
    found += [pair for group, names in _limits(proc, cgroups) if (pair := _of(group, names))]
    if _told:
        import psutil

        found.append((psutil.Process().memory_info().rss, _told))
    return min(found, key=lambda pair: pair[1] - pair[0])


def _machine(proc: Path) -> tuple[int, int]:
    """From Linux, in a container too; from macOS and Windows as psutil asks them."""
    text = _read(proc / "meminfo")
    found = {name: int(kb) * KIB for name, kb in re.findall(r"(\w+):\s+(\d+) kB", text)}
    if not found:
        import psutil

        machine = psutil.virtual_memory()
        return int(machine.total - machine.available), int(machine.total)
    return found["MemTotal"] - found["MemAvailable"], found["MemTotal"]


@cache
def _limits(proc: Path, cgroups: Path) -> tuple[tuple[Path, tuple[str, str, str]], ...]:
    """The groups that have a limit, and their files' names; looked for once."""
    groups = _groups(proc, cgroups)
    return tuple((group, names) for group in groups for names in NAMES if _of(group, names))


def _groups(proc: Path, cgroups: Path) -> list[Path]:
    """Folders of the groups that this process is in, and of those around them."""
    found = [cgroups, cgroups / "memory"]
    for line in _read(proc / "self" / "cgroup").splitlines():
        _, kinds, path = line.split(":", 2)
        if kinds in ("", "memory"):
            inner = cgroups / kinds / path.strip("/")
            found += [f for f in (inner, *inner.parents) if cgroups in f.parents]
    return list(dict.fromkeys(found))


def _of(group: Path, names: tuple[str, str, str]) -> tuple[int, int] | None:
    """(in use, limit) of a group, or None where it has no limit."""
    limit, used = (_read(group / name).strip() for name in names[:2])
    if not (limit.isdigit() and used.isdigit()):
        return None
    dropped = re.search(rf"^{names[2]} (\d+)$", _read(group / "memory.stat"), re.MULTILINE)
    return max(0, int(used) - int(dropped[1] if dropped else 0)), int(limit)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
