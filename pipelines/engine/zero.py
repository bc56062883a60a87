"""The engine of a ZeroGPU Space: a GPU is lent for one run at a time, to models placed beforehand.

The package `spaces` runs the decorated generator in a fork of this process, in which the models
that were placed at the start are on the GPU. A request goes there and events come back by pickle;
nothing else does. Every other model, and every job, is answered by the CPU of this process.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from pipelines import hub
from pipelines.engine.catalogue import resolve
from pipelines.engine.flight import STOPPED
from pipelines.engine.inline import InlineEngine
from pipelines.engine.pace import Pace
from pipelines.engine.request import Done, Event, Failed, Request, RunnerSettings, Status, Waiting
from pipelines.engine.runner import Runner
from pipelines.engine.stream import stream
from pipelines.errors import InputError, PipelineError
from pipelines.load_fields import AUTO
from pipelines.loading import LoadSettings, alone_in_process, load, settled, warm_up
from pipelines.tasks import BY_ID, ROWS
from pipelines.token import NO_TOKEN

logger = logging.getLogger(__name__)

GPU = "cuda"
CPU = "cpu"
WAITING = "Waiting for a GPU, {seconds} s of it"
ELSEWHERE = "{model} ran on the CPU here; {placed} have the GPU."
Lend = Callable[..., Any]
"""`spaces.GPU`: decorates a generator, with its duration in seconds as a function of the call."""


@dataclass(frozen=True)
class Placed:
    """A model that is to have the GPU; an empty one is the task's own default."""

    task: str
    model: str = ""


def read_placed(text: str) -> tuple[Placed, ...]:
    """`task` or `task=model`, separated by commas; raises ValueError naming what is wrong.

    An empty one is what the rows suggest.
    """
    if not text.strip():
        return tuple(Placed(row.id, m.id) for row in ROWS for m in row.models if m.lent)
    found = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    for task, _, _ in found:
        if task not in BY_ID:
            raise ValueError(f"{task} is no task; {', '.join(BY_ID)} are")
    return tuple(Placed(task, model) for task, _, model in found)


class ZeroEngine:
    """Engine that answers on the lent GPU what is placed there, and everything else on the CPU.

    Made in the main thread, before CUDA is touched and before the page is launched: there and then
    `spaces` notes what is put on the GPU.
    """

    def __init__(
        self, settings: RunnerSettings, placed: Iterable[Placed], lend: Lend, device: str = GPU
    ) -> None:
        self._settings = settings
        self._cpu = InlineEngine(settings, lazy=True)
        self._gpu = Runner(replace(settings, memory_bytes=0, idle_seconds=0.0))
        self._device = device
        self._pace = Pace()
        self._cancelled: dict[str, tuple[str, threading.Event]] = {}
        self._lock = threading.Lock()
        warm_up(settings.cores)
        self._keys = tuple(key for each in placed if (key := self._place(each)) is not None)
        self._lent = lend(duration=self._pace.seconds)(self._answers)

    def start(self) -> None:
        """Begin to warm up what answers on the CPU."""
        self._cpu.start()

    def run(self, request: Request) -> Iterator[Event]:
        """Yield the run's events; closing the iterator cancels it."""
        try:
            key = self._key(request)
        except PipelineError as error:
            field = error.field if isinstance(error, InputError) else ""
            return iter((Failed(str(error), field=field),))
        return self._on_cpu(request) if key is None else self._on_gpu(request, key)

    def cancel(self, owner: str) -> None:
        """Stop every run of this owner."""
        with self._lock:
            events = [event for of, event in self._cancelled.values() if of == owner]
        for event in events:
            event.set()
        self._cpu.cancel(owner)

    def status(self) -> Status:
        """The CPU's, with the GPU's models among those in memory."""
        status = self._cpu.status()
        devices = (self._device, CPU) if self._keys else (CPU,)
        held = (*self._gpu.cache.held(), *status.held)
        return replace(status, devices=tuple(dict.fromkeys(devices)), held=held)

    def unload(self, id: str) -> None:
        """Drop one pipeline of the CPU, or all; what is placed stays."""
        self._cpu.unload(id)

    def pin(self, id: str, pinned: bool) -> None:
        """Keep a pipeline of the CPU in memory, or let it go like the others."""
        self._cpu.pin(id, pinned)

    def close(self) -> None:
        """End all runs; the processes that were lent a GPU end with this one."""
        with self._lock:
            events = [event for _, event in self._cancelled.values()]
        for event in events:
            event.set()
        self._cpu.close()

    def _place(self, placed: Placed) -> LoadSettings | None:
        """Put a model on the GPU; one that cannot be had is left to the CPU."""
        spec = BY_ID[placed.task]
        asked = LoadSettings(task=spec.id, model=placed.model or AUTO, device=self._device)
        try:
            key = settled(resolve(spec, asked, self._settings.models, hub.reachable))
            with self._gpu.cache.lease(
                key, lambda take: load(spec, key, lambda *_: None, take=take)
            ) as loaded:
                logger.info("placed %s for %s", loaded.facts.model, spec.id)
        except PipelineError as error:
            logger.warning("no GPU for %s: %s", spec.id, error)
            return None
        return key

    def _key(self, request: Request) -> LoadSettings | None:
        """The placed model that a request asks for, or None; jobs leave the visitors' GPU alone."""
        load, spec = request.load, BY_ID[request.task]
        if request.rows or load.device == CPU:
            return None
        if load.model == AUTO:  # the placed one, where there is one
            model = next((key.model for key in self._keys if key.task == spec.id), AUTO)
            load = replace(load, model=model)
        wanted = resolve(spec, load, self._settings.models, hub.reachable)
        for key in self._keys:
            same = replace(key, device=load.device, dtype=load.dtype)
            if same == replace(wanted, device=load.device, dtype=load.dtype) and load.dtype in (
                AUTO, key.dtype,
            ):  # fmt: skip
                return key
        if load.device != AUTO:
            raise InputError("device", f"is for {self._names}; choose auto or cpu for this model.")
        return None

    @property
    def _names(self) -> str:
        return ", ".join(dict.fromkeys(key.model for key in self._keys))

    def _on_cpu(self, request: Request) -> Iterator[Event]:
        here = replace(request, load=replace(request.load, device=CPU))
        with closing(self._cpu.run(here)) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, Done) and self._keys and request.load.device == AUTO:
                    note = ELSEWHERE.format(model=event.meta.model, placed=self._names)
                    event = replace(event, notes=(*event.notes, note))
                yield event

    def _on_gpu(self, request: Request, key: LoadSettings) -> Iterator[Event]:
        """The events of the process that has the GPU; what `spaces` refuses is one sentence.

        Runs in the thread and context of the page's event, by which the visitor's quota is known.
        """
        there = replace(request, load=key, token=NO_TOKEN)
        stop = threading.Event()
        with self._lock:
            self._cancelled[request.id] = (request.owner, stop)
        seconds = self._pace.seconds(there)
        try:
            yield Waiting(WAITING.format(seconds=seconds))
            with closing(self._lent(there)) as events:
                for event in events:
                    if stop.is_set():
                        yield Failed(STOPPED)
                        return
                    if isinstance(event, Done):
                        self._pace.took(there, event.meta.run_seconds)
                    yield event
        except Exception as error:  # noqa: BLE001  sentence() logs what it does not know
            if "aborted" in str(getattr(error, "message", "")):
                self._pace.cut_off(there, seconds)
            yield Failed(sentence(error, seconds))
        finally:
            with self._lock:
                self._cancelled.pop(request.id, None)

    def _answers(self, request: Request) -> Iterator[Event]:
        """In the process that has the GPU: the run's events, at least one a second."""
        alone_in_process()
        cancelled = threading.Event()

        def submit(request: Request, emit: Callable[[Event], None]) -> None:
            run = (request, emit, cancelled)
            threading.Thread(target=self._gpu.execute, args=run, daemon=True).start()

        return (yield from stream(request, submit, lambda _: cancelled.set()))


def sentence(error: Exception, seconds: int) -> str:
    """What `spaces` says (0.51, by the title and the words of its errors), with the next step."""
    words = f"{getattr(error, 'title', '')} {getattr(error, 'message', error)}"
    if left := re.search(r"\((\d+)s requested vs\. (-?\d+)s left\)", words):
        again = re.search(r"Try again in ([^.]+)\.", words)
        when = f"try again in {again[1].strip()}" if again else "try again tomorrow"
        return (
            f"This run asks for {left[1]} s of GPU time and you have {left[2]} s left; ask for "
            f"less, sign in to Hugging Face, {when}, or choose cpu under Device."
        )
    for mark, answer in SENTENCES.items():
        if mark in words:
            return answer.format(seconds=seconds)
    logger.error("the GPU was not lent", exc_info=error)
    return f"No GPU could be had ({type(error).__name__}); try again, or choose cpu under Device."


SENTENCES = {
    "pending credits": "Your other runs hold all your GPU time; wait for one of them to end.",
    "illegal duration": "This run asks for {seconds} s of GPU time, more than one may have; ask "
    "for less, or choose cpu under Device.",
    "runs limit": "You have no GPU runs left for now; sign in to Hugging Face, try again later, or "
    "choose cpu under Device.",
    "quota exceeded": "The GPU time of this Space is used up for now; sign in to Hugging Face, or "
    "choose cpu under Device.",
    "No GPU was available": "No GPU was free within a minute; try again, or choose cpu under "
    "Device.",
    "aborted": "The GPU was taken back after {seconds} s, before the answer was there; try again: "
    "the next run asks for more time.",
    "proxy token": "This page has been open for too long to be lent a GPU; load it anew.",
}
"""Part of the error -> the sentence; the special ones first."""
