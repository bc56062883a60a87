"""Pipeline Playground: settings, engine, page, launch."""

from __future__ import annotations

import logging

from pipelines.engine.request import Engine
from settings import Settings, read_settings


def build_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for."""
    from pipelines.engine.runner import RunnerSettings

    told = RunnerSettings(
        limits=settings.limits,
        models=settings.models,
        hub_login=settings.hub_login,
        memory_bytes=settings.memory_bytes,
        idle_seconds=settings.idle_timeout,
    )
    if settings.engine == "inline":
        from pipelines.engine.inline import InlineEngine

        return InlineEngine(told, lazy=True)
    from pipelines.engine.worker import WorkerEngine

    return WorkerEngine(told, lazy=True)


def main() -> None:
    """The page first, then the engine: it warms up while the user looks at the page."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    settings = read_settings()
    engine = build_engine(settings)
    try:
        from ui.app import build_app, launch_options

        page = build_app(engine, settings)
        page.launch(prevent_thread_lock=True, **launch_options(settings))
        engine.start()
        page.block_thread()
    finally:
        engine.close()


if __name__ == "__main__":
    main()
