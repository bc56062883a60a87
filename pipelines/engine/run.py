"""One run over a loaded pipeline: by itself or with others, shown while it is made, and its end."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from pipelines import precision
from pipelines.engine.batching import BUSY, Lines, ticket_for
from pipelines.engine.call import Prepared
from pipelines.engine.refusal import memory, refusals
from pipelines.engine.request import Done, Meta, Partial, Progress, Request
from pipelines.engine.snippet import snippet
from pipelines.engine.waits import Emit, drawn, patient
from pipelines.engine.watch import TokenStream, Watch
from pipelines.errors import Cancelled
from pipelines.field import CALL
from pipelines.loading import Loaded, LoadSettings
from pipelines.placement import said
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.turns import turn

logger = logging.getLogger(__name__)

PIECE_SECONDS = 1.0
"""Shortest time between two looks at an answer that is made in pieces."""


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


def run_with_others(run: Run, lines: Lines) -> Done | None:
    """The end of a run that went with others, because the pipeline was busy when it came."""
    if run.request.alone or not lines.busy(run.loaded):
        return None
    ticket = ticket_for(run.spec, run.prepared, run.loaded, run.watch, run.cancelled, run.emit)
    if ticket is None:
        return None
    with memory(), refusals():
        if not lines.wait(run.loaded, ticket):
            return None
        raw = _finished(run, ticket.raws[0])
    return _done(run, raw, ticket.seconds, stopped=False)


def run_alone(run: Run) -> Done:
    """The end of a run that has the pipeline to itself, once it is free."""
    patience = patient(run.emit, run.cancelled)
    with turn(run.loaded.lock, patience, BUSY), drawn(run.prepared.params, patience):
        return _run(run)


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
    less = precision.saved(facts.dtype, facts.bytes, facts.bfloat16_bytes)
    notes = [*prepared.notes, *said(facts.places), *less]
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
