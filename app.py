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

        return InlineEngine(told)
    from pipelines.engine.worker import WorkerEngine

    return WorkerEngine(told)


def main() -> None:
    """Start the engine first: it warms up while the page is built."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    settings = read_settings()
    engine = build_engine(settings)
    try:
        from ui.app import build_app, launch_options

        build_app(engine, settings).launch(**launch_options(settings))
    finally:
        engine.close()


if __name__ == "__main__":
    main()
