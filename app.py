"""Pipeline Playground: settings, engine, page, launch."""

from __future__ import annotations

import logging
import signal
import sys
from threading import Timer
from typing import TYPE_CHECKING

from pipelines.engine.request import Engine, RunnerSettings
from pipelines.imports import nothing_collected
from pipelines.jobs.desk import Desk
from pipelines.jobs.disk import writable
from settings import EXAMPLES, Settings, own_upload_folder, read_settings

if TYPE_CHECKING:
    from gradio import Blocks

UNSEEN_SECONDS = 3.0
"""So long after the start the engine warms up for whoever comes later; a visitor starts it."""


def build_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for."""
    told = RunnerSettings(
        limits=settings.limits,
        models=settings.models,
        lend_token=settings.share_token,
        memory_bytes=settings.memory_bytes,
        ram_bytes=settings.memory,
        cores=settings.cpu_cores,
        idle_seconds=settings.idle_timeout,
        log_level=settings.log_level,
    )
    if settings.zero_gpu:
        return build_zero_engine(told, settings)
    if settings.engine == "inline":
        from pipelines.engine.inline import InlineEngine

        return InlineEngine(told, lazy=True)
    from pipelines.engine.worker import WorkerEngine

    return WorkerEngine(told, lazy=True)


def build_zero_engine(told: RunnerSettings, settings: Settings) -> Engine:
    """The engine of a ZeroGPU Space; `spaces` comes before anything that could touch CUDA."""
    try:
        import spaces
    except ImportError:
        sys.exit("--zero-gpu needs the package spaces, which a ZeroGPU Space brings itself.")
    from pipelines.engine.zero import ZeroEngine, read_placed

    try:
        placed = read_placed(settings.gpu_models)
    except ValueError as error:
        sys.exit(f"--gpu-models: {error}.")
    return ZeroEngine(told, placed, spaces.GPU)


def build_desk(engine: Engine, settings: Settings) -> Desk:
    """Jobs over many rows, carried out by the engine; ends where they cannot be kept."""
    try:
        folder = writable(settings.jobs)
    except (OSError, RuntimeError) as error:  # no home to put for the ~
        said = f"--jobs-folder: {settings.jobs_folder} cannot be made or written to"
        raise SystemExit(f"{said}; choose another folder.") from error
    return Desk(engine, settings.limits, folder)


def main() -> int:
    """The exit code: 0, or 1 where --check found a task that does not answer."""
    settings = read_settings()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a container's stop is a Ctrl-C
    own_upload_folder()
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")
    engine = build_engine(settings)
    try:
        return check(engine, settings) if settings.check else serve(engine, settings)
    finally:
        engine.close()


def serve(engine: Engine, settings: Settings) -> int:
    """The page first, then the engine: it warms up while the first visitor looks at the page."""
    desk = build_desk(engine, settings)
    unseen = Timer(UNSEEN_SECONDS, engine.start)
    try:
        with nothing_collected():
            page = launched(engine, settings, desk)
        unseen.start()
        desk.open_all()
        page.block_thread()
    finally:
        unseen.cancel()
        desk.close()
    return 0


def launched(engine: Engine, settings: Settings, desk: Desk) -> Blocks:
    """The page, which answers from now on."""
    from ui.app import build_app, launch_options

    page = build_app(engine, settings, desk)
    try:
        page.launch(prevent_thread_lock=True, **launch_options(settings))
    except OSError as error:  # Gradio tries to bind it, and no other
        where = f"{settings.server_name or 'localhost'}:{settings.server_port}"
        said = f"{where} is in use or not of this machine; choose another port with --server-port."
        raise SystemExit(said) from error
    return page


def check(engine: Engine, settings: Settings) -> int:
    """One example of every task, a line each; the page is not needed."""
    from pipelines.check import check as check_rows
    from pipelines.tasks import ROWS

    def say(line: str) -> None:
        print(line, flush=True)  # noqa: T201  the command line's own output

    return 0 if check_rows(ROWS, engine, settings.limits, EXAMPLES, say) else 1


if __name__ == "__main__":
    sys.exit(main())
