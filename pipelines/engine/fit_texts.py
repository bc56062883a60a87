"""Texts and models: each is cut to the window or refused, and what was read is said (R8)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.engine.parts import cut
from pipelines.engine.windows import beginning, beginnings, count, surely_fits
from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.kinds import MASKS, Lines, MaskedText, Text
from pipelines.loading import Loaded
from pipelines.spec import TaskSpec

if TYPE_CHECKING:
    from pipelines.engine.call import Prepared

logger = logging.getLogger(__name__)


def fit_text(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
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
    if isinstance(text, tuple):
        prepared.inputs[f.name] = beginnings(tokenizer, text, room, prepared.notes)
        return
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


def _window(prepared: Prepared, loaded: Loaded) -> None:
    """The pipeline cuts windows by the tokenizer's limit, which not every tokenizer knows."""
    window = loaded.facts.max_tokens
    loaded.pipe.tokenizer.model_max_length = window
    prepared.setup.append(f"pipe.tokenizer.model_max_length = {window}")


def fit_lines(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Cut each text to the model's window and say which ones were."""
    window, tokenizer = loaded.facts.max_tokens, loaded.pipe.tokenizer
    if not window or not (isinstance(f.kind, Lines) and f.kind.fit):
        return
    room = window - tokenizer.num_special_tokens_to_add()
    texts = prepared.inputs[f.name]
    prepared.inputs[f.name] = beginnings(tokenizer, texts, room, prepared.notes)


def fit_masked(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
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


def fit_chat(spec: TaskSpec, f: Field, prepared: Prepared, loaded: Loaded) -> None:
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
