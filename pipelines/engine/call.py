"""From a request and a loaded model to the one call of the pipeline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines import without_torchvision
from pipelines.engine.clips import fit_clip
from pipelines.engine.fit_tables import fit_questions, fit_table
from pipelines.engine.fit_texts import fit_chat, fit_lines, fit_masked, fit_text
from pipelines.engine.listen import fit_sound
from pipelines.engine.paged import fit_pages
from pipelines.engine.request import Request
from pipelines.engine.spoken import pieces_of
from pipelines.engine.talk import fit_prompts, read_talk
from pipelines.engine.windows import count
from pipelines.errors import InputError
from pipelines.field import CALL, FORWARD, GENERATE, Field
from pipelines.kinds import (
    Audio,
    Chat,
    Document,
    FileKind,
    Image,
    Images,
    Kind,
    Labels,
    Lines,
    MaskedText,
    MediaChat,
    Questions,
    Spoken,
    Table,
    Template,
    Text,
    Texts,
    Video,
)
from pipelines.limits import Limits
from pipelines.loading import Loaded
from pipelines.media import decode
from pipelines.pages import Told, unheard
from pipelines.spec import BuildInput, Invocation, ModelFacts, TaskSpec
from pipelines.traits import TRAITS
from pipelines.videos import TAKES_FRAMES

logger = logging.getLogger(__name__)

SHOWN_CHARS = 40
BFLOAT16 = "bfloat16"
WIDEN = """pipe.model.register_forward_hook(
    lambda model, given, out: setattr(
        out, "{name}", out.{name} if out.{name} is None else out.{name}.float()
    )
)"""
"""What loading does for a row that says `widened`, as Python."""


@dataclass
class Prepared:
    """Decoded inputs, the parameters that apply, the call, and what the user should know.

    `setup` is the Python without which the call, made elsewhere, would not give the same; `before`
    has to come before the pipeline is made.
    `echo` is what the pipeline puts in front of the text that it generates. `room` is the number
    of new tokens that the model's window leaves, where that is less than was asked for, else 0.
    `told` hears which page of a document is next.
    """

    inputs: dict[str, Any]
    params: dict[str, Any]
    batch_size: int = 1
    call: Invocation = field(default_factory=Invocation)
    notes: list[str] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    echo: str = ""
    room: int = 0
    told: Told = unheard

    @property
    def values(self) -> dict[str, Any]:
        """Inputs and parameters by name."""
        return {**self.params, **self.inputs}


def prepare(
    spec: TaskSpec, request: Request, loaded: Loaded, limits: Limits, told: Told = unheard
) -> Prepared:
    """Decode the files, fit the texts, route the parameters; raises InputError."""
    facts = loaded.facts
    params = _applying(spec, request.params, facts)
    prepared = Prepared(dict(request.inputs), params, told=told)
    for f in spec.inputs:
        if isinstance(f.kind, FileKind):
            upload = request.inputs[f.name]
            if upload is None:
                continue
            result = decode(
                f.kind, upload, prepared.params, facts.sampling_rate, limits,
                name=f.name, frames=facts.frames,
            )  # fmt: skip
            prepared.inputs[f.name] = result.value
            prepared.notes += result.notes
            if isinstance(f.kind, Video):
                prepared.setup.append(TAKES_FRAMES)
        if isinstance(f.kind, MediaChat):
            read_talk(f, prepared, loaded, limits)
        if isinstance(f.kind, Images):
            _decode_pictures(f, prepared, limits)
        if type(f.kind) in FITTERS:
            FITTERS[type(f.kind)](spec, f, prepared, loaded)
    _check_labels(spec, prepared, loaded)
    fit_prompts(spec, prepared, loaded)
    prepared.setup += without_torchvision.setup(loaded.pipe)
    prepared.batch_size = _batch_size(spec, request, loaded, prepared.notes)
    if facts.dtype == BFLOAT16:
        prepared.setup += [WIDEN.format(name=name) for name in spec.widened]
    prepared.call = invocation(spec, spec.build_input, prepared.inputs, prepared, facts)
    prepared.echo = prepared.echo or prepared.call.echo
    if spec.notes:
        prepared.notes += spec.notes(prepared.inputs, prepared.params, facts)
    return prepared


def invocation(
    spec: TaskSpec,
    build: BuildInput,
    inputs: Mapping[str, Any],
    prepared: Prepared,
    facts: ModelFacts,
) -> Invocation:
    """The row's own arguments with every parameter put where its route says."""
    params = prepared.params
    built = build(inputs, params, facts)
    kwargs = {**_routed(spec, params, CALL), **built.kwargs}
    for route in (GENERATE, FORWARD):
        if within := _routed(spec, params, route):
            kwargs[route] = within
    if prepared.batch_size > 1:
        kwargs["batch_size"] = prepared.batch_size
    return Invocation(built.args, kwargs, built.echo)


def _routed(spec: TaskSpec, params: Mapping[str, Any], route: str) -> dict[str, Any]:
    return {
        f.name: _plain(params[f.name])
        for f in spec.params
        if f.route == route and params.get(f.name) not in (None, ())
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _applying(spec: TaskSpec, params: Mapping[str, Any], facts: ModelFacts) -> dict[str, Any]:
    """Parameters that this model has; one that was asked for and does not apply is refused."""
    chosen = dict(params)
    for f in spec.params:
        if not f.needs or f.needs in facts.traits:
            continue
        value = params[f.name]
        if value is not None and value is not False and value != f.default:
            means = TRAITS[f.needs].means
            raise InputError(f.name, f"is for models that {means}; {facts.model} is none.")
        chosen[f.name] = None
    return chosen


def _batch_size(spec: TaskSpec, request: Request, loaded: Loaded, notes: list[str]) -> int:
    """As asked for; 1 where the pipeline or the tokenizer cannot put inputs side by side."""
    if not spec.batches or request.batch_size == 1:
        return 1
    if "pads" not in loaded.facts.traits:
        notes.append(f"{loaded.facts.model} cannot fill up short inputs; the batch size was 1.")
        return 1
    return request.batch_size


def _decode_pictures(f: Field, prepared: Prepared, limits: Limits) -> None:
    """One by one, each as small as the kind says; a note names the picture that it is on.

    One that came without a list keeps its size.
    """
    assert isinstance(f.kind, Images)
    given, pictures = prepared.inputs[f.name], []
    if not isinstance(given, tuple):
        found = decode(Image(), given, prepared.params, 0, limits, name=f.name)
        prepared.inputs[f.name] = found.value
        prepared.notes += found.notes
        return
    for upload in given:
        try:
            found = decode(Image(), upload, prepared.params, 0, limits, name=f.name)
        except InputError as error:
            why = str(error).removeprefix(f"{f.name}: ")
            raise InputError(f.name, f"has “{upload.name}”, which {why}") from error
        found.value.thumbnail((f.kind.longest, f.kind.longest))
        pictures.append(found.value)
        prepared.notes += [f"{upload.name}: {note}" for note in found.notes]
    prepared.inputs[f.name] = tuple(pictures)


def _check_labels(spec: TaskSpec, prepared: Prepared, loaded: Loaded) -> None:
    """Refuse a label that a text encoder cannot read: beyond its window it crashes.

    What it reads is the sentence of the template, where there is one.
    """
    tokenizer, window = loaded.pipe.tokenizer, loaded.facts.max_tokens
    asked = any(isinstance(f.kind, Labels) for f in spec.params)
    if tokenizer is None or not window or spec.window or not asked:
        return
    room = window - tokenizer.num_special_tokens_to_add()
    templates = [prepared.params[f.name] for f in spec.params if isinstance(f.kind, Template)]
    template = templates[0] if templates else "{}"
    for f in spec.params:
        for label in prepared.params[f.name] or () if isinstance(f.kind, Labels) else ():
            if (tokens := count(tokenizer, template.replace("{}", label))) > room:
                shown = label if len(label) <= SHOWN_CHARS else f"{label[:SHOWN_CHARS]}…"
                raise InputError(
                    f.name,
                    f"has “{shown}” of {tokens:,} tokens; {loaded.facts.model} reads {room}.",
                )


def _fit_spoken(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """The text as the pieces that are said one by one, with a note on what is not said."""
    assert isinstance(f.kind, Spoken)
    apart = bool(prepared.params.get(f.kind.apart))
    starter = loaded.facts.model == spec.starter_id
    words = spec.starter.vocabulary if starter else ()
    found = pieces_of(f.name, prepared.inputs[f.name], loaded, apart, words)
    prepared.inputs[f.name] = found.texts
    prepared.notes += found.notes


Fitter = Callable[[TaskSpec, Field, Prepared, Loaded], None]
FITTERS: dict[type[Kind], Fitter] = {
    Text: fit_text,
    Texts: fit_text,
    Chat: fit_chat,
    Lines: fit_lines,
    Spoken: _fit_spoken,
    MaskedText: fit_masked,
    Audio: fit_sound,
    Document: fit_pages,
    Video: fit_clip,
    Questions: fit_questions,
    Table: fit_table,
}
