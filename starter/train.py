"""Train, measure and document starters: `python -m starter.train TASK`, or `--all` of them."""

import argparse
import importlib
import json
import pkgutil
import sys
import time
from pathlib import Path
from typing import Any, Protocol, cast

from tqdm import tqdm

from starter import recipes
from starter.ask import Ask, plain

MODELS = Path(__file__).parent / "models"
MEASURE_SEED = 777  # of the held-out data; no recipe trains with it
SECONDS_PER_MINUTE = 60
SCORES_FILE = "scores.json"


class Recipe(Protocol):
    """What a module in starter/recipes offers."""

    CARD: str
    TARGETS: dict[str, float]
    MINUTES: float

    def train(self, folder: Path, seed: int = ...) -> None: ...

    def measure(self, ask: Ask, seed: int) -> dict[str, float]: ...


def main(arguments: list[str] | None = None) -> int:
    """0 when every checkpoint reaches its recipe's targets, 1 when not."""
    options = _parse(arguments)
    if not options.all:
        return make(options.task, options)
    tasks = known()
    found = {task: find(task) for task in tasks}
    for task, recipe in found.items():
        print(f"{task:32} about {recipe.MINUTES:4g} minutes")
    print(f"{'in all':32} about {sum(r.MINUTES for r in found.values()):4g} minutes on two cores")
    missed = []
    for task in (bar := tqdm(tasks, unit="starter")):
        bar.set_description(task)
        if make(task, options):
            missed.append(task)
    if missed:
        print(f"below a floor: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def make(task: str, options: argparse.Namespace) -> int:
    """Train (or only measure) one starter and write its scores and card; 1 below a floor."""
    recipe = find(task)
    folder = (options.out or MODELS) / task if options.all else options.out or MODELS / task
    minutes = _minutes(folder) if options.measure else _train(recipe, folder, options.seed)
    scores = recipe.measure(plain(task, folder), options.measure_seed)
    write(folder, task, recipe, options.measure_seed, scores, minutes)
    return report(scores, recipe.TARGETS)


def known() -> list[str]:
    """The tasks that have a recipe, as Hugging Face ids."""
    return sorted(
        module.name.replace("_", "-") for module in pkgutil.iter_modules(recipes.__path__)
    )


def find(task: str) -> Recipe:
    """The recipe of a task; an unknown one is refused with the list of the known."""
    if task not in known():
        raise SystemExit(f"no starter recipe for {task!r}; known: {', '.join(known())}")
    return cast(Recipe, importlib.import_module(f"{recipes.__name__}.{task.replace('-', '_')}"))


def write(
    folder: Path,
    task: str,
    recipe: Recipe,
    seed: int,
    scores: dict[str, float],
    minutes: float | None,
) -> None:
    """Write scores.json and the model card README.md into folder."""
    measured: dict[str, Any] = {"seed": seed, "scores": scores, "minutes": minutes}
    (folder / SCORES_FILE).write_text(json.dumps(measured, indent=2) + "\n")
    (folder / "README.md").write_text(card(task, recipe, seed, scores))


def card(task: str, recipe: Recipe, seed: int, scores: dict[str, float]) -> str:
    """The model card: front matter, the recipe's text, the measured scores."""
    rows = [
        f"| {name} | {score:.3f} | {_floor(recipe.TARGETS.get(name))} |"
        for name, score in scores.items()
    ]
    return "\n".join(
        (
            "---",
            "license: apache-2.0",
            f"pipeline_tag: {task}",
            "library_name: transformers",
            "tags:",
            "- starter",
            "---",
            "",
            recipe.CARD.strip(),
            "",
            "## Measured",
            "",
            f"On fresh held-out data of seed {seed}, through a plain `transformers.pipeline`.",
            "",
            "| score | measured | floor |",
            "|---|---|---|",
            *rows,
            "",
        )
    )


def report(scores: dict[str, float], targets: dict[str, float]) -> int:
    """Print the scores; 1 when one is below its floor."""
    missed = [name for name, floor in targets.items() if scores[name] < floor]
    for name, score in scores.items():
        print(f"{name:32} {score:8.3f}  {_floor(targets.get(name))}")
    if missed:
        print(f"below the floor: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m starter.train", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("task", nargs="?", help=f"one of {', '.join(known())}")
    which.add_argument("--all", action="store_true", help="every one, in turn")
    parser.add_argument("--seed", type=int, help="of the training; default: the recipe's own")
    parser.add_argument("--out", type=Path, help="folder; default: starter/models/TASK")
    parser.add_argument("--measure", action="store_true", help="only measure what is there")
    parser.add_argument(
        "--measure-seed", type=int, default=MEASURE_SEED, help="of the held-out data"
    )
    return parser.parse_args(arguments)


def _train(recipe: Recipe, folder: Path, seed: int | None) -> float:
    """Train into folder; the minutes it took."""
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    if seed is None:
        recipe.train(folder)
    else:
        recipe.train(folder, seed)
    return round((time.monotonic() - start) / SECONDS_PER_MINUTE, 1)


def _minutes(folder: Path) -> float | None:
    """The training minutes noted earlier, None where there are none."""
    scores = folder / SCORES_FILE
    return json.loads(scores.read_text())["minutes"] if scores.exists() else None


def _floor(target: float | None) -> str:
    return "" if target is None else f"at least {target:g}"


if __name__ == "__main__":
    sys.exit(main())
