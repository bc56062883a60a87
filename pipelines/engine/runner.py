"""One request from start to end, in the process that holds the models."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines import hub
from pipelines.access import Access
from pipelines.cache import PipelineCache
from pipelines.device import budgets
from pipelines.engine.batching import BUSY, Lines, ticket_for
from pipelines.engine.call import Prepared, prepare
from pipelines.engine.catalogue import resolve
from pipelines.engine.refusal import memory, refusals
from pipelines.engine.request import (
    Done,
    Failed,
    InMemory,
    Loading,
    Meta,
    Partial,
    Progress,
    Request,
    RowsDone,
)
from pipelines.engine.rows import RowsRun, rows_done
from pipelines.engine.snippet import snippet
from pipelines.engine.waits import Emit, patient, reporter, telling
from pipelines.engine.watch import TokenStream, Watch
from pipelines.errors import Cancelled, InputError, ModelError, PipelineError
from pipelines.limits import Limits
from pipelines.loading import SAMPLING, Loaded, LoadSettings, load, set_seed, settled
from pipelines.placement import said
from pipelines.spec import CALL, TaskSpec
from pipelines.strict_json import to_json
from pipelines.tasks import task
from pipelines.turns import turn
from pipelines.weights import Take

logger = logging.getLogger(__name__)

PIECE_SECONDS = 1.0
"""Shortest time between two looks at an answer that is made in pieces."""


@dataclass(frozen=True, kw_only=True)
class RunnerSettings:
    """What the process that holds the models needs to know; small enough for a message.

    `memory_bytes` is the budget for models of each memory; 0 is none, None what is free.
    """

    limits: Limits
    models: str = "auto"
    lend_token: bool = False
    """Whether visitors' models are fetched with the host's token."""
    memory_bytes: int | None = 0
    ram_bytes: int = 0
    """All the RAM that the platform says there is; 0 where it does not."""
    cores: int = 0
    """Threads that torch computes with; 0 leaves it to torch."""
    idle_seconds: float = 0.0
    log_level: int = logging.INFO


@dataclass
class Run:
    """The state of one request on its way; times in seconds."""

    request: Request
    spec: TaskSpec
    emit: Emit
    cancelled: threading.Event
    load: LoadSettings
    loaded: Loaded
    load_seconds: float
    prepared: Prepared
    prepare_seconds: float
    watch: Watch
    stream: TokenStream | None = None
    pieces: list[Any] = field(default_factory=list)


class Runner:
    """Executes requests; safe to call from several threads at once."""

    def __init__(
        self, settings: RunnerSettings, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self.settings = settings
        self.cache = PipelineCache(
            lambda: budgets(settings.memory_bytes), settings.idle_seconds, on_change
        )
        self._loading: dict[LoadSettings, tuple[str, Loading]] = {}
        self._lines = Lines(settings.limits.run_seconds)

    def execute(self, request: Request, emit: Emit, cancelled: threading.Event) -> None:
        """Emit the run's events; the last one is Done or Failed. Never raises.

        Waiting is only emitted while the run holds nothing up: it then may start anew elsewhere.
        """
        try:
            self._execute(request, emit, cancelled)
        except InputError as error:
            emit(Failed(str(error), field=error.field))
        except ModelError as error:
            emit(Failed(str(error), hopeless=True))
        except PipelineError as error:
            emit(Failed(str(error)))
        except BaseException:  # a panic of Rust code is no Exception
            mark = uuid.uuid4().hex[:8]
            logger.exception("run failed, id %s", mark)
            sentence = f"Something went wrong here (id {mark}); try again."
            emit(Failed(sentence, expected=False))

    def _execute(self, request: Request, emit: Emit, cancelled: threading.Event) -> None:
        spec = task(request.task)
        settings = settled(resolve(spec, request.load, self.settings.models, hub.reachable))
        fresh = not self.cache.holds(settings)
        access = Access(token=request.token, lent=self.settings.lend_token)

        def tell(event: Loading) -> None:
            self._loading[settings] = request.id, event
            emit(event)

        def loader(take: Take) -> Loaded:
            tell(Loading(f"Loading {settings.model}"))
            try:
                return load(
                    spec,
                    settings,
                    reporter(settings.model, tell, cancelled),
                    access,
                    take=telling(take, tell),
                    most=self.cache.room_for(settings),
                    within=self.cache.budgets,
                )
            finally:
                self._loading.pop(settings, None)

        def another() -> Loading | None:
            by, event = self._loading.get(settings, (request.id, None))
            return None if by == request.id else event

        patience = patient(emit, cancelled, another)

        began = time.monotonic()
        with self.cache.lease(settings, loader, patience) as loaded:
            load_seconds = time.monotonic() - began if fresh else 0.0
            for id in filter(None, (settings.model, settings.processor)):
                hub.require_access(id, access)  # another one's token may have loaded it
            if request.only_load:
                emit(InMemory(load_seconds))
                return
            if request.rows:
                emit(self._rows(request, spec, loaded, load_seconds, emit, cancelled))
                return
            emit(Progress(0, 0, "Reading the input"))
            began = time.monotonic()
            prepared = prepare(spec, request, loaded, self.settings.limits)
            run = Run(
                request=request,
                spec=spec,
                emit=emit,
                cancelled=cancelled,
                load=settings,
                loaded=loaded,
                load_seconds=load_seconds,
                prepared=prepared,
                prepare_seconds=time.monotonic() - began,
                watch=self._watch(spec, prepared, loaded, emit, cancelled),
            )
            done = self._shared(run) or self._alone(run)
        emit(done)

    def _shared(self, run: Run) -> Done | None:
        """The end of a run that went with others, because the pipeline was busy when it came."""
        if run.request.alone or not self._lines.busy(run.loaded):
            return None
        ticket = ticket_for(run.spec, run.prepared, run.loaded, run.watch, run.cancelled, run.emit)
        if ticket is None:
            return None
        with memory(), refusals():
            if not self._lines.wait(run.loaded, ticket):
                return None
            raw = _finished(run, ticket.raws[0])
        return _done(run, raw, ticket.seconds, stopped=False)

    def _alone(self, run: Run) -> Done:
        with turn(run.loaded.lock, patient(run.emit, run.cancelled), BUSY), _seeded(run):
            return _run(run)

    def _rows(
        self, request: Request, spec: TaskSpec, loaded: Loaded, load_seconds: float, emit: Emit,
        cancelled: threading.Event,
    ) -> RowsDone:  # fmt: skip
        total = len(request.rows)
        run = RowsRun(
            request=request,
            spec=spec,
            loaded=loaded,
            limits=self.settings.limits,
            cancelled=cancelled,
            hold=lambda: turn(loaded.lock, patient(emit, cancelled), BUSY),
            on_rows=lambda done: emit(Progress(done, total)),
        )
        emit(Progress(0, total))
        return rows_done(run, load_seconds)

    def _watch(
        self,
        spec: TaskSpec,
        prepared: Prepared,
        loaded: Loaded,
        emit: Emit,
        cancelled: threading.Event,
    ) -> Watch:
        steps = spec.steps
        total = steps(prepared.inputs, prepared.params, loaded.facts) if steps else 0

        def on_items(done: int) -> None:
            if total > 1:
                emit(Progress(min(done, total), total))

        return Watch(cancelled, self.settings.limits.run_seconds, on_items)


def _run(run: Run) -> Done:
    """Call the pipeline; a stopped stream still gives what it has."""
    call, pipe = run.prepared.call, run.loaded.pipe
    kwargs = call.fresh()
    _stream_into(run, kwargs)
    run.emit(Progress(0, 0))
    began = time.monotonic()
    stopped = False
    try:
        with run.watch.over(pipe, run.prepared.batch_size), memory(), refusals():
            raw = _finished(run, _called(run, kwargs))
    except Cancelled:
        raw = _so_far(run)
        stopped = True
    return _done(run, raw, time.monotonic() - began, stopped)


def _called(run: Run, kwargs: dict[str, Any]) -> Any:
    """What the pipeline gives; of a list that it answers item by item, the first ones are shown."""
    pipe, args = run.loaded.pipe, run.prepared.call.args
    if not run.spec.pieces or not isinstance(args[0], list):
        return pipe(*args, **kwargs)
    (items,) = args
    shown = time.monotonic()
    for piece in pipe((item for item in items), **kwargs):
        run.pieces.append(piece)
        now = time.monotonic()
        if len(run.pieces) < len(items) and now - shown >= PIECE_SECONDS:
            shown = now
            raw = _finished(run, run.pieces)
            prepared, facts = run.prepared, run.loaded.facts
            run.emit(Partial(run.spec.read_output(raw, prepared.inputs, prepared.params, facts)))
    return run.pieces


def _finished(run: Run, raw: Any) -> Any:
    return run.spec.finish(raw, run.prepared.values) if run.spec.finish else raw


def _so_far(run: Run) -> Any:
    """What a stopped run has; raises Cancelled where that is nothing."""
    if run.pieces:
        return _finished(run, run.pieces)
    if run.stream is None or not run.stream.texts:
        raise Cancelled
    return _as_raw(run.stream.texts)


def _as_raw(texts: list[str]) -> Any:
    """Texts as a pipeline gives them: of one input, or of several."""
    answers = [[{"generated_text": text}] for text in texts]
    return answers[0] if len(answers) == 1 else answers


def _done(run: Run, raw: Any, seconds: float, stopped: bool) -> Done:
    spec, facts, prepared = run.spec, run.loaded.facts, run.prepared
    run_seconds = run.prepare_seconds + seconds
    passed = time.time() - run.request.submitted
    meta = Meta(
        model=facts.model,
        revision=facts.revision,
        device=facts.device,
        dtype=facts.dtype,
        queue_seconds=max(0.0, passed - run.load_seconds - run_seconds),
        load_seconds=run.load_seconds,
        run_seconds=run_seconds,
        rate=spec.work(raw, prepared.inputs, facts, run.watch.forwards) / max(run_seconds, 1e-9),
        unit=spec.unit,
        stopped=stopped,
    )
    notes = [*prepared.notes, *said(facts.places)]
    if prepared.room and run.watch.forwards >= prepared.room:
        notes.append(f"The answer was cut: the model's {facts.max_tokens:,} tokens are full.")
    logger.info("ran %s %s on %s, %.2f s", spec.id, facts.model, facts.device, run_seconds)
    return Done(
        outputs=spec.read_output(raw, prepared.inputs, prepared.params, facts),
        answer=to_json(spec.to_json(raw)),
        meta=meta,
        code=snippet(spec, run.request, run.load, prepared, facts),
        notes=tuple(notes),
    )


def _stream_into(run: Run, kwargs: dict[str, Any]) -> None:
    """Add a streamer where the row says, unless several answers are drawn at once."""
    params, spec, tokenizer = run.prepared.params, run.spec, run.loaded.pipe.tokenizer
    beams = params.get("num_beams") or _beams(run.loaded.pipe.model)
    several = max(beams, params.get("num_return_sequences") or 1) > 1
    parts = any(isinstance(value, tuple) for value in run.prepared.inputs.values())
    if not spec.streams or several or (parts and run.prepared.batch_size > 1):
        return

    def decode(ids: list[int]) -> str:
        text: str = tokenizer.decode(
            ids,
            skip_special_tokens=params.get("skip_special_tokens") is not False,
            clean_up_tokenization_spaces=params.get("clean_up_tokenization_spaces"),
        )
        return run.prepared.echo + text

    def emit_texts(texts: list[str]) -> None:
        raw = _as_raw(texts)
        run.emit(Partial(spec.read_output(raw, run.prepared.inputs, params, run.loaded.facts)))

    run.stream = TokenStream(decode, emit_texts)
    target = kwargs if spec.streams == CALL else kwargs.setdefault(spec.streams, {})
    target["streamer"] = run.stream


def _beams(model: Any) -> int:
    """How many candidates the model keeps by itself."""
    return getattr(getattr(model, "generation_config", None), "num_beams", None) or 1


@contextlib.contextmanager
def _seeded(run: Run) -> Iterator[None]:
    """Sampling runs go one at a time, so that a seed gives the same answer again."""
    seed = run.prepared.params.get("seed")
    if seed is None and not run.prepared.params.get("do_sample"):
        yield
        return
    patience = patient(run.emit, run.cancelled)
    with turn(SAMPLING, patience, "Waiting for another answer to be drawn"):
        if seed is not None:
            set_seed(seed)
        yield
