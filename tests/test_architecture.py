"""The floors of the design: who imports what, and where a task id may be written."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.tasks import BY_ID

ROOT = Path(__file__).parents[1]
FLOORS = (
    ("foundations", ("pipelines/",)),
    ("rows", ("pipelines/tasks/",)),
    (
        "loading",
        (
            "pipelines/loading.py",
            "pipelines/checkpoint.py",
            "pipelines/processors.py",
            "pipelines/assembly.py",
            "pipelines/cache.py",
            "pipelines/device.py",
            "pipelines/precision.py",
            "pipelines/quick/",
            "pipelines/weights.py",
            "pipelines/room.py",
            "pipelines/held.py",
            "pipelines/release.py",
            "pipelines/without_torchvision.py",
            "pipelines/own/",
        ),
    ),
    ("engine", ("pipelines/engine/", "pipelines/jobs/", "pipelines/check.py", "settings.py")),
    ("page", ("ui/",)),
    ("app", ("app.py",)),
)
"""From the ground up; a file stands on the floor with the longest of its prefixes."""
OUTSIDE = ("starter", "tests", "benchmarks", "scripts")
"""Folders beside the floors: they may import any floor, and no floor imports them."""
HEAVY = ("torch", "transformers", "accelerate", "safetensors.torch")
MAY_LOAD = (*dict(FLOORS)["loading"], *(f"{folder}/" for folder in OUTSIDE))
HEAVY_ITSELF = tuple(f"pipelines/own/{n}.py" for n in ("seq2seq", "extraction", "pictures"))
"""Subclasses of the library's own; imported inside functions only."""
MAY_DRAW = ("ui/", "app.py", "tests/", "benchmarks/")
NO_TASK_IDS = (*dict(FLOORS)["engine"], "ui/", "app.py")


def _sources() -> dict[str, ast.Module]:
    """Every Python file of the project by its path from the root."""
    folders = ("pipelines", "ui", *OUTSIDE)
    files = [*ROOT.glob("*.py"), *(f for folder in folders for f in (ROOT / folder).rglob("*.py"))]
    return {f.relative_to(ROOT).as_posix(): ast.parse(f.read_text("utf-8")) for f in sorted(files)}


SOURCES = _sources()


def _imported(node: ast.AST) -> Iterator[str]:
    """The modules that an import statement names; `from a import b` names a and a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _imports(tree: ast.Module) -> set[str]:
    return {name for node in ast.walk(tree) for name in _imported(node)}


def _imports_at_module_level(tree: ast.Module) -> set[str]:
    """Imports that run when the file is imported: not in functions, not for type checkers."""
    names: set[str] = set()
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        names.update(_imported(node))
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _typing_only(node):
            nodes.extend(ast.iter_child_nodes(node))
    return names


def _typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _of(names: set[str], packages: tuple[str, ...]) -> set[str]:
    return {n for n in names if any(n == p or n.startswith(f"{p}.") for p in packages)}


def _floor(path: str) -> int:
    """The height of a file's floor, or -1 for a folder beside the floors."""
    found = [
        (len(prefix), height)
        for height, (_, prefixes) in enumerate(FLOORS)
        for prefix in prefixes
        if path.startswith(prefix)
    ]
    return max(found)[1] if found else -1


@cache
def _file_of(module: str) -> str | None:
    """The project's file that a module name stands for."""
    stem = module.replace(".", "/")
    return next((p for p in (f"{stem}.py", f"{stem}/__init__.py") if p in SOURCES), None)


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """String constants with their line, without the docstrings."""
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def _offenders(allowed: tuple[str, ...], found: Callable[[ast.Module], set[str]]) -> dict[str, Any]:
    """By file, what is found in those that do not stand where it is allowed."""
    outside = {path: tree for path, tree in SOURCES.items() if not path.startswith(allowed)}
    return {path: names for path, tree in outside.items() if (names := found(tree))}


def test_gradio_is_imported_by_the_page_only() -> None:
    assert not _offenders(MAY_DRAW, lambda tree: _of(_imports(tree), ("gradio",)))


def test_torch_and_transformers_are_imported_by_the_loading_floor_only() -> None:
    assert not _offenders(MAY_LOAD, lambda tree: _of(_imports(tree), HEAVY))


def test_torch_and_transformers_are_imported_inside_functions_only() -> None:
    heavy = (*HEAVY, *(file.removesuffix(".py").replace("/", ".") for file in HEAVY_ITSELF))
    assert not _offenders(HEAVY_ITSELF, lambda tree: _of(_imports_at_module_level(tree), heavy))


def test_no_task_id_above_the_rows() -> None:
    ids = "|".join(re.escape(name) for row in BY_ID.values() for name in (row.id, row.name))
    word = re.compile(rf"(?<![\w-])(?:{ids})(?![\w-])")
    above = {path: tree for path, tree in SOURCES.items() if path.startswith(NO_TASK_IDS)}
    found = [
        f"{path}:{line}: {text!r}"
        for path, tree in above.items()
        for line, text in _strings(tree)
        if word.search(text)
    ]
    assert not found, "a difference between tasks is a field of the row or a new kind"


def test_imports_point_down() -> None:
    up = [
        f"{path} stands on the floor of {FLOORS[_floor(path)][0]} and imports {target}"
        for path, tree in SOURCES.items()
        if _floor(path) >= 0
        for target in sorted(set(filter(None, map(_file_of, _imports(tree)))))
        if not 0 <= _floor(target) <= _floor(path)
    ]
    assert not up


def test_every_file_stands_on_a_floor() -> None:
    lost = [p for p in SOURCES if _floor(p) < 0 and p.split("/")[0] not in OUTSIDE]
    assert not lost
