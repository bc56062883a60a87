"""One request from start to end, in the process that holds the models."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines import hub
from pipelines.cache import PipelineCache, give_memory_back
from pipelines.engine.call import Prepared, prepare
from pipelines.engine.catalogue import resolve
from pipelines.engine.request import (
    Done,
    Event,
    Failed,
    Loading,
    Meta,
    Partial,
    Progress,
    Request,
    Waiting,
)
from pipelines.engine.snippet import snippet
from pipelines.engine.watch import TokenStream, Watch
from pipelines.errors import Cancelled, EngineError, InputError, PipelineError
from pipelines.limits import Limits
from pipelines.loading import SAMPLING, Loaded, LoadSettings, load, set_seed
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.tasks import task

logger = logging.getLogger(__name__)

Emit = Callable[[Event], None]
LOCK_SECONDS = 0.1
"""How often a run that waits for a model looks whether it was stopped."""


@dataclass(frozen=True, kw_only=True)
class RunnerSettings:
    """What the process that holds the models needs to know; small enough for a message."""

    limits: Limits
    models: str = "auto"
    memory_bytes: int = 0
    idle_seconds: float = 0.0


@dataclass
class Run:
    """The state of one request on its way."""

    request: Request
    spec: TaskSpec
    emit: Emit
    cancelled: threading.Event
    load: LoadSettings
    loaded: Loaded
    began: float
    load_seconds: float
    prepared: Prepared
    watch: Watch
    stream: TokenStream | None = None


class Runner:
    """Executes requests; safe to call from several threads at once."""

    def __init__(self, settings: RunnerSettings) -> None:
        self.settings = settings
        self.cache = PipelineCache(settings.memory_bytes, settings.idle_seconds)

    def execute(self, request: Request, emit: Emit, cancelled: threading.Event) -> None:
        """Emit the run's events; the last one is Done or Failed. Never raises."""
        try:
            self._execute(request, emit, cancelled)
        except InputError as error:
            emit(Failed(str(error), field=error.field))
        except PipelineError as error:
            emit(Failed(str(error)))
        except Exception as error:
            emit(_unexpected(error))

    def _execute(self, request: Request, emit: Emit, cancelled: threading.Event) -> None:
        spec = task(request.task)
        began = time.time()
        settings = resolve(spec, request.load, self.settings.models, hub.reachable)
        fresh = not self.cache.holds(settings)
        if fresh:
            emit(Loading(f"Loading {settings.model}"))
        loading = time.monotonic()

        def loader() -> Loaded:
            return load(spec, settings, _reporter(settings, emit, cancelled))

        with self.cache.lease(settings, loader) as loaded:
            load_seconds = time.monotonic() - loading if fresh else 0.0
            prepared = prepare(
                spec, request.inputs, request.params, loaded, self.settings.limits
            )
            total = _steps(spec, prepared, loaded)
            watch = Watch(
                cancelled,
                self.settings.limits.run_seconds,
                lambda done: emit(Progress(min(done, total), total)) if total > 1 else None,
            )
            with _turn(loaded.lock, cancelled, emit), _seeded(prepared.params):
                run = Run(
                    request, spec, emit, cancelled, settings, loaded, began, load_seconds,
                    prepared, watch,
                )  # fmt: skip
                emit(_run(run))


def _run(run: Run) -> Done:
    """Call the pipeline; a stopped stream still gives what it has."""
    kwargs = dict(run.prepared.call.kwargs)
    pipe = run.loaded.pipe
    if run.spec.batches:
        kwargs["batch_size"] = run.request.batch_size
    _stream_into(run, kwargs)
    queue_seconds = max(0.0, time.time() - run.request.submitted - run.load_seconds)
    began = time.monotonic()
    try:
        with run.watch.over(pipe, run.request.batch_size), _out_of_memory():
            raw = pipe(*run.prepared.call.args, **kwargs)
    except Cancelled:
        if run.stream is None or not run.stream.text:
            raise
        raw = [{"generated_text": run.stream.text}]
        return _done(run, raw, queue_seconds, time.monotonic() - began, stopped=True)
    return _done(run, raw, queue_seconds, time.monotonic() - began)


def _done(
    run: Run, raw: Any, queue_seconds: float, seconds: float, stopped: bool = False
) -> Done:
    spec, facts, prepared = run.spec, run.loaded.facts, run.prepared
    work = spec.work(raw, prepared.inputs, facts, run.watch.forwards)
    meta = Meta(
        model=facts.model,
        revision=facts.revision,
        device=facts.device,
        dtype=facts.dtype,
        queue_seconds=queue_seconds,
        load_seconds=run.load_seconds,
        run_seconds=seconds,
        rate=work / max(seconds, 1e-9),
        unit=spec.unit,
        stopped=stopped,
    )
    logger.info("ran %s %s on %s, %.2f s", spec.id, facts.model, facts.device, seconds)
    return Done(
        outputs=spec.read_output(raw, prepared.inputs, prepared.params, facts),
        answer=to_json(spec.to_json(raw)),
        meta=meta,
        code=snippet(spec, run.request, run.load, prepared, facts),
        notes=tuple(prepared.notes),
    )


def _stream_into(run: Run, kwargs: dict[str, Any]) -> None:
    """Add a streamer where the row says, unless several answers are drawn at once."""
    params, spec = run.prepared.params, run.spec
    several = max(params.get("num_beams") or 1, params.get("num_return_sequences") or 1) > 1
    if not spec.streams or several:
        return

    def emit_text(text: str) -> None:
        raw = [{"generated_text": text}]
        outputs = spec.read_output(raw, run.prepared.inputs, params, run.loaded.facts)
        run.emit(Partial(outputs))

    skip_special = params.get("skip_special_tokens") is not False
    run.stream = TokenStream(run.loaded.pipe.tokenizer, skip_special, emit_text)
    target = kwargs if spec.streams == "call" else kwargs.setdefault(spec.streams, {})
    target["streamer"] = run.stream


def _steps(spec: TaskSpec, prepared: Prepared, loaded: Loaded) -> int:
    return spec.steps(prepared.inputs, prepared.params, loaded.facts) if spec.steps else 0


def _reporter(
    settings: LoadSettings, emit: Emit, cancelled: threading.Event
) -> Callable[[int, int], None]:
    """Bytes that arrive become Loading events; a stopped download ends between two files."""

    def report(done: int, total: int) -> None:
        if cancelled.is_set():
            raise Cancelled
        emit(Loading(f"Downloading {settings.model}", done, total))

    return report


@contextlib.contextmanager
def _turn(lock: threading.Lock, cancelled: threading.Event, emit: Emit) -> Iterator[None]:
    """Hold the model's lock; a run that is stopped while it waits ends at once."""
    if not lock.acquire(blocking=False):
        emit(Waiting("Waiting for the model to finish another run"))
        while not lock.acquire(timeout=LOCK_SECONDS):
            if cancelled.is_set():
                raise Cancelled
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _seeded(params: Mapping[str, Any]) -> Iterator[None]:
    """Sampling runs go one at a time, so that a seed gives the same answer again."""
    if not params.get("do_sample") and params.get("seed") is None:
        yield
        return
    with SAMPLING:
        if params.get("seed") is not None:
            set_seed(params["seed"])
        yield


@contextlib.contextmanager
def _out_of_memory() -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "out of memory" not in str(error).lower():
            raise
        give_memory_back()
        raise EngineError(
            "Out of memory; use a smaller batch size, shorter input or a smaller model."
        ) from error


def _unexpected(error: Exception) -> Failed:
    """A bug: the user gets an id, the log gets the traceback."""
    mark = uuid.uuid4().hex[:8]
    logger.error("run failed, id %s", mark, exc_info=error)
    return Failed(f"Something went wrong here (id {mark}); try again.", expected=False)
