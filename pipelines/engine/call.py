"""From a request and a loaded model to the one call of the pipeline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines import without_torchvision
from pipelines.engine.clips import fit_clip
from pipelines.engine.fit_tables import fit_questions, fit_table
from pipelines.engine.listen import fit_sound
from pipelines.engine.parts import cut
from pipelines.engine.request import Request
from pipelines.engine.spoken import pieces_of
from pipelines.engine.talk import fit_prompts, read_talk
from pipelines.engine.windows import beginning, count, surely_fits
from pipelines.errors import InputError
from pipelines.facts import TRAITS
from pipelines.kinds import (
    MASKS,
    Audio,
    Chat,
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
    Video,
)
from pipelines.limits import Limits
from pipelines.loading import Loaded
from pipelines.media import decode
from pipelines.spec import (
    CALL,
    FORWARD,
    GENERATE,
    BuildInput,
    Field,
    Invocation,
    ModelFacts,
    TaskSpec,
)
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

    @property
    def values(self) -> dict[str, Any]:
        """Inputs and parameters by name."""
        return {**self.params, **self.inputs}


def prepare(spec: TaskSpec, request: Request, loaded: Loaded, limits: Limits) -> Prepared:
    """Decode the files, fit the texts, route the parameters; raises InputError."""
    facts = loaded.facts
    prepared = Prepared(dict(request.inputs), _applying(spec, request.params, facts))
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


def _fit_text(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Cut a text to the model's window, in two or in parts, and say what was read (R8)."""
    kind, window, tokenizer = f.kind, loaded.facts.max_tokens, loaded.pipe.tokenizer
    if not (isinstance(kind, Text) and kind.fit and window):
        return
    text = prepared.inputs[f.name]
    room = window - _taken(spec, f, prepared, loaded)
    if room < 1:
        raise InputError(
            f.name,
            f"has no room: the rest of the prompt and the answer fill the {window:,} tokens.",
        )
    if surely_fits(text, room) or (whole := count(tokenizer, text)) <= room:
        return
    if "points" in loaded.facts.traits:
        prepared.notes.append(f"{whole:,} tokens were read in several windows.")
    elif spec.splits and spec.splits(prepared.params):
        _window(prepared, loaded)
        prepared.notes.append(f"{whole:,} tokens were read in windows of {room:,}.")
    elif prepared.params.get(kind.parts):
        prepared.inputs[f.name] = parts = cut(tokenizer, text, room)
        prepared.notes.append(f"{whole:,} tokens were read in {len(parts)} parts.")
    else:
        prepared.inputs[f.name] = beginning(tokenizer, text, room)
        prepared.notes.append(f"{room:,} of {whole:,} tokens of the text were read.")


def _taken(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> int:
    """Tokens of the window that are not the text's: special ones, other texts, the answer.

    Where a row writes the prompt itself, it is that prompt without the text.
    """
    tokenizer, traits, params = loaded.pipe.tokenizer, loaded.facts.traits, prepared.params
    if not spec.ways or "points" in traits:
        others = spec.window(params) if spec.window else ()
        longest = max((count(tokenizer, other) for other in others), default=0)
        return int(tokenizer.num_special_tokens_to_add(pair=bool(others))) + longest
    built = spec.build_input({**prepared.inputs, f.name: ""}, params, loaded.facts)
    answer = 0 if "reads-then-writes" in traits else params.get("max_new_tokens") or 0
    return _prompt_tokens(f, built.args[0], params, loaded) + answer


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


def _window(prepared: Prepared, loaded: Loaded) -> None:
    """The pipeline cuts windows by the tokenizer's limit, which not every tokenizer knows."""
    window = loaded.facts.max_tokens
    loaded.pipe.tokenizer.model_max_length = window
    prepared.setup.append(f"pipe.tokenizer.model_max_length = {window}")


def _fit_lines(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Cut each text to the model's window and say which ones were."""
    window, tokenizer = loaded.facts.max_tokens, loaded.pipe.tokenizer
    if not window or not (isinstance(f.kind, Lines) and f.kind.fit):
        return
    room, fitted = window - tokenizer.num_special_tokens_to_add(), []
    for number, text in enumerate(prepared.inputs[f.name], start=1):
        whole = count(tokenizer, text)
        fitted.append(text if whole <= room else beginning(tokenizer, text, room))
        if whole > room:
            note = f"{room:,} of {whole:,} tokens of text {number} were read."
            prepared.notes.append(note)
    prepared.inputs[f.name] = tuple(fitted)


def _fit_spoken(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """The text as the pieces that are said one by one, with a note on what is not said."""
    assert isinstance(f.kind, Spoken)
    apart = bool(prepared.params.get(f.kind.apart))
    starter = loaded.facts.model == spec.starter_id
    words = spec.starter.vocabulary if starter else ()
    found = pieces_of(f.name, prepared.inputs[f.name], loaded, apart, words)
    prepared.inputs[f.name] = found.texts
    prepared.notes += found.notes


def _fit_masked(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Write every gap as the model does, cut to the window, and find the targets' tokens."""
    assert isinstance(f.kind, MaskedText)
    tokenizer, facts = loaded.pipe.tokenizer, loaded.facts
    text = prepared.inputs[f.name]
    for mask in MASKS:
        text = text.replace(mask, facts.mask_token)
    if facts.mask_token not in text:
        raise InputError(f.name, f"has no gap; write {MASKS[0]} where a word is missing.")
    room = facts.max_tokens - tokenizer.num_special_tokens_to_add()
    whole = count(tokenizer, text)
    if facts.max_tokens and whole > room:
        text = beginning(tokenizer, text, room)
        prepared.notes.append(f"{room:,} of {whole:,} tokens of the text were read.")
    if facts.mask_token not in text:
        raise InputError(f.name, f"has its gap behind the {room:,} tokens that the model reads.")
    prepared.inputs[f.name] = text
    if words := prepared.params.get(f.kind.targets):
        begins = text.lstrip().startswith(facts.mask_token)
        tokens = [_token(tokenizer, word, "" if begins else " ", prepared) for word in words]
        prepared.params[f.kind.targets] = tuple(dict.fromkeys(tokens))


def _token(tokenizer: Any, word: str, before: str, prepared: Prepared) -> str:
    """The token of a word as it stands inside a sentence: RoBERTa's have a blank in them."""
    inside, alone = (
        tokenizer.convert_ids_to_tokens(
            tokenizer(blank + word.strip(), add_special_tokens=False)["input_ids"]
        )
        for blank in (before, "")
    )
    pieces: list[str] = inside if len(inside) <= len(alone) else alone
    if not pieces:
        raise InputError("targets", f"has a word that the model cannot read: {word!r}.")
    if len(pieces) > 1:
        prepared.notes.append(f"“{word}” is no word of the model; its beginning was compared.")
    return pieces[0]


def _fit_chat(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Refuse a prompt that fills the window; lower max_new_tokens to what is left of it."""
    prompt, params, facts = prepared.inputs[f.name], prepared.params, loaded.facts
    if isinstance(prompt, list) and "chat" not in facts.traits:
        raise InputError(f.name, f"{facts.model} has no chat template; send plain text instead.")
    used = _prompt_tokens(f, prompt, params, loaded)
    if params.get("return_full_text"):
        prepared.echo = _echo(prompt, params)
    if not facts.max_tokens:
        return
    left = facts.max_tokens - used
    if left < 1:
        raise InputError(
            f.name, f"is {used:,} tokens; {facts.model} reads {facts.max_tokens:,}. Shorten it."
        )
    if (params.get("max_new_tokens") or 0) > left:
        params["max_new_tokens"] = prepared.room = left


def _prompt_tokens(
    f: Field, prompt: str | list[dict[str, str]], params: Mapping[str, Any], loaded: Loaded
) -> int:
    """The length of the prompt as the pipeline will write it."""
    tokenizer = loaded.pipe.tokenizer
    if isinstance(prompt, str):
        return len(tokenizer(prompt, verbose=False)["input_ids"])
    continues = _continues(prompt, params)
    try:
        text = tokenizer.apply_chat_template(
            prompt,
            tokenize=False,
            add_generation_prompt=not continues,
            continue_final_message=continues,
        )
    except Exception as error:  # a template comes with the model and raises what it likes
        logger.warning("the chat template of %s failed", loaded.facts.model, exc_info=True)
        reason = str(error).partition("\n")[0][:200]
        raise InputError(f.name, f"does not suit the model's chat template: {reason}") from error
    return count(tokenizer, text)


def _continues(prompt: list[dict[str, str]], params: Mapping[str, Any]) -> bool:
    """Whether the answer goes on with the last message; the pipeline's own rule by default."""
    chosen = params.get("continue_final_message")
    return prompt[-1]["role"] == "assistant" if chosen is None else bool(chosen)


def _echo(prompt: str | list[dict[str, str]], params: Mapping[str, Any]) -> str:
    if isinstance(prompt, str):
        return prompt
    return prompt[-1]["content"] if _continues(prompt, params) else ""


Fitter = Callable[[TaskSpec, Field, Prepared, Loaded], None]
FITTERS: dict[type[Kind], Fitter] = {
    Text: _fit_text,
    Chat: _fit_chat,
    Lines: _fit_lines,
    Spoken: _fit_spoken,
    MaskedText: _fit_masked,
    Audio: fit_sound,
    Video: fit_clip,
    Questions: fit_questions,
    Table: fit_table,
}
