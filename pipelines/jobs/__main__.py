"""Answer many rows from a terminal: run --task TASK --input rows.csv --output answers.csv."""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.engine.request import Engine, RunnerSettings
from pipelines.errors import InputError, PipelineError
from pipelines.flags import Refused, number
from pipelines.jobs import mapping
from pipelines.jobs.exports import WRITERS, export
from pipelines.jobs.job import AUTO, DONE, FAILED, LOCK, MANIFEST, PAUSED, Job
from pipelines.jobs.order import Order, fill
from pipelines.jobs.scores import read_report
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.tasks import BY_ID, task

SUFFIX = ".job"
"""The folder beside the output that holds a job until it is done."""
TICK_SECONDS = 0.5
LIMITS = Limits(fetch_urls=True, server_folders=True)
OPTIONS = {
    "model": "a model of the Hub, such as owner/name; else the task's usual one",
    "revision": "a branch, tag or commit of the model",
    "processor": "the model whose tokenizer or processor to use, if another",
    "device": "cpu, cuda:0, mps; else the best there is",
    "dtype": "float32, float16, bfloat16, int8 or int4; else what suits the device",
    "device_map": "auto spreads a large model over the devices",
    "attention": "sdpa, eager or another way that the model has",
}
"""Flag -> what it is for."""


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every row is written, 1 where rows or the job failed, 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return int(options.act(options))
    except PipelineError as error:
        print(error, file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    """Make the job, or take up the one that is there, and carry it out."""
    if options.output.suffix.lstrip(".") not in WRITERS:
        raise InputError("output", f"must end with one of: {', '.join(WRITERS)}.")
    job = _job(options)
    print(_read_from(job), file=sys.stderr)
    engine = _engine(options)
    signal, started = Signal(), job.state.done
    worker = threading.Thread(target=carry_out, args=(job, engine, LIMITS, signal), daemon=True)
    worker.start()
    try:
        _show(job, worker, started)
    except KeyboardInterrupt:
        signal.ask(PAUSED)
        worker.join()
        print("\nPaused; the same command with --resume goes on.", file=sys.stderr)
        return 130
    finally:
        engine.close()
    return _finish(job, options.output)


def list_jobs(options: argparse.Namespace) -> int:
    """A line for each unfinished job below a folder."""
    found = sorted(options.folder.rglob(f"*{SUFFIX}/{MANIFEST}"))
    if not found:
        print(f"No unfinished job below {options.folder.resolve()}.", file=sys.stderr)
    for manifest in found:
        job = Job(manifest.parent)
        state = job.state
        total = "?" if state.total is None else f"{state.total:,}"
        print(f"{state.status:10} {state.done:>9,}/{total:9} {job.manifest.task:32} {job.folder}")
    return 0


def _job(options: argparse.Namespace) -> Job:
    folder = options.output.with_name(options.output.name + SUFFIX)
    if (folder / MANIFEST).exists():
        if not options.resume:
            raise InputError(
                "output", f"has an unfinished job; add --resume, or remove {folder.name}."
            )
        return Job(folder)
    spec = task(options.task)
    if options.input and not options.input.exists():
        raise InputError("input", f"{options.input} does not exist.")
    order = Order(
        task=spec.id,
        place=str(options.input.resolve()) if options.input else "",
        dataset=_dataset(options),
        columns=dict(options.column),
        values=_values(spec, options),
        batch_size=options.batch_size,
        truth=options.truth,
        most_rows=options.rows,
    )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / LOCK).touch()
        return fill(folder, order, LIMITS)
    except BaseException:
        shutil.rmtree(folder)
        raise


def _read_from(job: Job) -> str:
    """Which column feeds what: it may have been guessed."""
    told = [f"{name} from {column!r}" for name, column in job.manifest.columns.items()]
    told += [f"right answers from {job.manifest.truth!r}"] if job.manifest.truth else []
    return f"Columns: {', '.join(told)}."


def _dataset(options: argparse.Namespace) -> dict[str, Any]:
    if not options.dataset:
        return {}
    return {
        "id": options.dataset, "config": options.config, "split": options.split,
        "revision": options.dataset_revision, "rows": options.rows,
    }  # fmt: skip


def _values(spec: TaskSpec, options: argparse.Namespace) -> dict[str, Any]:
    """Load settings and parameters; a parameter is read by its field's kind.

    An id such as translation_en_to_fr sets parameters too.
    """
    values = {name: value for name in OPTIONS if (value := getattr(options, name))}
    values |= {f.name: f.default for f in spec.params if f not in BY_ID[spec.id].params}
    known = {f.name: f for f in spec.params}
    for name, text in options.param:
        if name not in known:
            raise InputError(name, f"is no parameter of {spec.id}: {', '.join(known)}.")
        read = mapping.CELLS.get(type(known[name].kind))
        value = read(name, text) if read else text
        values[name] = to_json(known[name].check(value, Limits()))
    return values


def _engine(options: argparse.Namespace) -> Engine:
    from pipelines.engine.worker import WorkerEngine

    return WorkerEngine(
        RunnerSettings(limits=LIMITS, models=options.models, log_level=logging.WARNING)
    )


def _show(job: Job, worker: threading.Thread, started: int) -> None:
    """A progress bar until the work ends."""
    from tqdm import tqdm

    began = time.monotonic()
    with tqdm(unit="row", initial=started, mininterval=TICK_SECONDS) as bar:
        while worker.is_alive():
            worker.join(TICK_SECONDS)
            state = job.state
            bar.total = state.total
            bar.set_description(state.note, refresh=False)
            bar.set_postfix(errors=state.errors, batch=state.batch_size or "auto", refresh=False)
            bar.update(max(0, state.done - bar.n))
    seconds = time.monotonic() - began
    rows = job.state.done - started
    if not rows:
        return
    print(f"{rows:,} rows in {seconds:.1f} s, {rows / max(seconds, 1e-3):.1f} rows/s, "
          f"{job.state.errors:,} with an error; {job.state.model} on {job.state.device} "
          f"in {job.state.dtype}", file=sys.stderr)  # fmt: skip


def _finish(job: Job, output: Path) -> int:
    if job.state.status == FAILED and not job.state.done:
        print(f"{job.state.reason} No row was answered.", file=sys.stderr)
        shutil.rmtree(job.folder)
        return 1
    if job.state.status != DONE:
        print(f"{job.state.reason} The same command with --resume goes on.", file=sys.stderr)
        return 1
    export(job, output)
    print(f"Written to {output}.", file=sys.stderr)
    errors = job.state.errors
    if report := read_report(job):
        shown = ", ".join(f"{name} {score:.3f}" for name, score in report.scores.items())
        print(f"{shown or 'nothing to compare'} over {report.rows:,} rows", file=sys.stderr)
    shutil.rmtree(job.folder)
    return 1 if errors else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines.jobs", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("run", help="answer every row of a file, or every file of a folder")
    one.add_argument("--task", required=True, help=", ".join(BY_ID))
    origin = one.add_mutually_exclusive_group(required=True)
    origin.add_argument("--input", type=Path, help="CSV, TSV, JSONL, Parquet, XLSX, "
                     "text lines, ZIP, or a folder of files")  # fmt: skip
    origin.add_argument(
        "--dataset", metavar="OWNER/NAME", help="a data set of the Hugging Face Hub"
    )
    for name in ("config", "split", "dataset-revision"):
        one.add_argument(f"--{name}", default="", help="of the data set; else the usual one")
    one.add_argument("--output", type=Path, required=True, help="a .csv, .jsonl or .parquet file")
    one.add_argument("--column", action="append", default=[], metavar="FIELD=COLUMN", type=_pair,
                     help="which column feeds a field; guessed otherwise")  # fmt: skip
    one.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", type=_pair,
                     help="a parameter of the task, the same for every row")  # fmt: skip
    for name, help in OPTIONS.items():
        one.add_argument(f"--{name.replace('_', '-')}", help=help)
    one.add_argument("--batch-size", type=_batch_size, default=AUTO, help="a number, or auto")
    one.add_argument("--truth", default="", help="the column that holds the right answers")
    one.add_argument("--rows", type=number(int, 0), default=0, help="the first so many rows only")
    one.add_argument("--models", default="auto", choices=("auto", "hub", "starter"),
                     help="auto: the Hub when it can be reached, else the starters")  # fmt: skip
    one.add_argument("--resume", action="store_true", help="go on with an unfinished job")
    one.set_defaults(act=run)
    all = verbs.add_parser("list", help="the unfinished runs below a folder")
    all.add_argument("folder", type=Path, nargs="?", default=Path(), help="this one, if not given")
    all.set_defaults(act=list_jobs)
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Refused(f"must be a name and a value with = between them, not {text!r}")
    return name, value


def _batch_size(text: str) -> int:
    return AUTO if text == "auto" else number(int, 1)(text)


if __name__ == "__main__":
    sys.exit(main())
