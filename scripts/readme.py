"""Regenerate the tables of README.md and starter/README.md from Settings, rows and scores.

`python -m scripts.readme` writes them; with `--check` it only says whether they are up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from pipelines.spec import TaskSpec
from pipelines.tasks import BY_ID
from scripts import starters
from settings import Settings

ROOT = Path(__file__).parents[1]
HUB = "https://huggingface.co"


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check the README; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail if outdated")
    check = parser.parse_args(argv).check
    outdated = 0
    for name in PAGES:
        page = ROOT / name
        before = page.read_text("utf-8")
        after = filled(before, name)
        if check and before != after:
            print(f"{name} is outdated; run: make readme")
            outdated = 1
        if not check:
            page.write_text(after, "utf-8")
    return outdated


def filled(text: str, page: str = "README.md") -> str:
    """The page's text with every table between its markers made anew."""
    for name, table in PAGES[page].items():
        start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        block = re.compile(rf"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        if len(block.findall(text)) != 1:
            raise ValueError(f"{page} needs {start} and {end} once each")
        made = f"{start}\n{table()}\n{end}"
        text = block.sub(lambda _, made=made: made, text)
    return text


def flags_table() -> str:
    """One line per field of Settings."""
    return _table(("flag", "environment", "default", "meaning"), map(_flag_cells, fields(Settings)))


def tasks_table() -> str:
    """One line per task, in the order of the tabs."""
    return _table(
        ("tab", "task", "takes", "default model on the Hub", "the built-in starter knows"),
        map(_task_cells, BY_ID.values()),
    )


def starters_table() -> str:
    """One line per checkpoint: its size and its measured scores."""
    return _table(starters.HEAD, starters.rows(tuple(BY_ID.values())))


def _flag_cells(flag: Field[Any]) -> tuple[str, ...]:
    env = flag.metadata["env"]
    flag_name = f"--{flag.name.replace('_', '-')}"
    return f"`{flag_name}`", f"`{env}`" if env else "", _shown(flag.default), flag.metadata["help"]


def _shown(default: Any) -> str:
    """A default as a person would write it."""
    if default is None:
        return ""
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _task_cells(spec: TaskSpec) -> tuple[str, ...]:
    default = spec.models[0]
    return (
        f"{spec.modality} · {spec.title}",
        f"`{spec.id}`",
        ", ".join(field.label[0].lower() + field.label[1:] for field in spec.inputs),
        f"[{default.id}]({HUB}/{default.id})",
        spec.starter.knows,
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"flags": flags_table, "tasks": tasks_table},
    "starter/README.md": {"starters": starters_table},
}
"""Page -> the tables in it, by the name of their markers."""

if __name__ == "__main__":
    sys.exit(main())
