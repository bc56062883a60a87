"""From a request and a loaded model to the one call of the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds import Chat, FileKind, Kind, Text
from pipelines.limits import Limits
from pipelines.loading import Loaded
from pipelines.media import decode
from pipelines.spec import CALL, GENERATE, Field, Invocation, ModelFacts, TaskSpec


@dataclass
class Prepared:
    """Decoded inputs, the parameters that apply, the call, and what the user should know."""

    inputs: dict[str, Any]
    params: dict[str, Any]
    call: Invocation
    notes: list[str] = field(default_factory=list)


def prepare(
    spec: TaskSpec,
    inputs: Mapping[str, Any],
    params: Mapping[str, Any],
    loaded: Loaded,
    limits: Limits,
) -> Prepared:
    """Decode the files, fit the texts, route the parameters; raises InputError."""
    notes: list[str] = []
    applying = _applying(spec, params, loaded.facts)
    decoded = dict(inputs)
    for f in spec.inputs:
        if isinstance(f.kind, FileKind):
            result = decode(
                f.name, f.kind, inputs[f.name], applying, loaded.facts.sampling_rate, limits
            )
            decoded[f.name] = result.value
            notes += result.notes
        elif type(f.kind) in FITTERS:
            FITTERS[type(f.kind)](spec, f, decoded, applying, loaded, notes)
    call = invocation(spec, spec.build_input, decoded, applying, loaded.facts)
    return Prepared(decoded, applying, call, notes)


def invocation(
    spec: TaskSpec, build: Any, inputs: Mapping[str, Any], params: Mapping[str, Any], facts: ModelFacts
) -> Invocation:
    """The row's own arguments with every parameter put where its route says."""
    built = build(inputs, params, facts)
    direct, generate = _routed(spec, params, CALL), _routed(spec, params, GENERATE)
    kwargs = {**direct, **({"generate_kwargs": generate} if generate else {}), **built.kwargs}
    return Invocation(built.args, kwargs)


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
        if params[f.name] not in (None, f.default):
            raise InputError(f.name, f"does not apply to {facts.model}, which is not {f.needs!r}.")
        chosen[f.name] = None
    return chosen


def _fit_text(
    spec: TaskSpec,
    f: Field,
    inputs: dict[str, Any],
    params: dict[str, Any],
    loaded: Loaded,
    notes: list[str],
) -> None:
    """Cut a text to the model's window and say how much of it was read (R8)."""
    kind, window = f.kind, loaded.facts.max_tokens
    if not (isinstance(kind, Text) and kind.fit and window):
        return
    tokenizer = loaded.pipe.tokenizer
    others = spec.window(params) if spec.window else ()
    special = tokenizer.num_special_tokens_to_add(pair=bool(others))
    room = window - special - max((len(_tokens(tokenizer, o)) for o in others), default=0)
    offsets = tokenizer(inputs[f.name], add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    if room < 1:
        raise InputError(f.name, f"has no room: the other texts fill the {window:,} tokens.")
    if len(offsets) > room:
        inputs[f.name] = inputs[f.name][: offsets[room - 1][1]]
        notes.append(f"{room:,} of {len(offsets):,} tokens of the text were read.")


def _fit_chat(
    spec: TaskSpec,
    f: Field,
    inputs: dict[str, Any],
    params: dict[str, Any],
    loaded: Loaded,
    notes: list[str],
) -> None:
    """Refuse a prompt that fills the window; lower max_new_tokens to what is left of it."""
    prompt, facts = inputs[f.name], loaded.facts
    messages = isinstance(prompt, list)
    if messages and "chat" not in facts.traits:
        raise InputError(f.name, f"{facts.model} has no chat template; send plain text instead.")
    if not facts.max_tokens:
        return
    used = len(_prompt_tokens(loaded.pipe.tokenizer, prompt))
    left = facts.max_tokens - used
    if left < 1:
        raise InputError(
            f.name, f"is {used:,} tokens; {facts.model} reads {facts.max_tokens:,}. Shorten it."
        )
    if (params.get("max_new_tokens") or 0) > left:
        params["max_new_tokens"] = left


def _prompt_tokens(tokenizer: Any, prompt: str | list[dict[str, str]]) -> list[int]:
    if isinstance(prompt, str):
        return _tokens(tokenizer, prompt)
    ends_with_reply = prompt[-1]["role"] == "assistant"
    text = tokenizer.apply_chat_template(
        prompt, tokenize=False, add_generation_prompt=not ends_with_reply
    )
    return _tokens(tokenizer, text)


def _tokens(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


Fitter = Callable[
    [TaskSpec, Field, dict[str, Any], dict[str, Any], Loaded, list[str]], None
]
FITTERS: dict[type[Kind], Fitter] = {Text: _fit_text, Chat: _fit_chat}
