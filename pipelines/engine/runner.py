"""One request from start to end, in the process that holds the models."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable

from pipelines import hub
from pipelines.access import Access
from pipelines.cache import PipelineCache
from pipelines.device import budgets
from pipelines.engine.batching import BUSY, Lines
from pipelines.engine.call import Prepared, prepare
from pipelines.engine.catalogue import resolve
from pipelines.engine.request import (
    Failed,
    InMemory,
    Loading,
    Progress,
    Request,
    RowsDone,
    RunnerSettings,
)
from pipelines.engine.rows import RowsRun, rows_done
from pipelines.engine.run import Run, run_alone, run_with_others
from pipelines.engine.waits import Emit, page_by_page, patient, reporter, telling
from pipelines.engine.watch import Watch
from pipelines.errors import InputError, ModelError, PipelineError
from pipelines.loading import Loaded, LoadSettings, load, settled
from pipelines.spec import TaskSpec
from pipelines.tasks import task
from pipelines.turns import turn
from pipelines.weights import Take

logger = logging.getLogger(__name__)


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
            told = page_by_page(emit, cancelled)
            prepared = prepare(spec, request, loaded, self.settings.limits, told)
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
            done = run_with_others(run, self._lines) or run_alone(run)
        emit(done)

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
