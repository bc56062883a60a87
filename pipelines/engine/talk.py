"""A conversation with files on its way to the model: decoded, counted, and written as Python."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

from pipelines import without_torchvision
from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.kinds import MediaChat
from pipelines.kinds.talks import MEDIA, Message, Part, files
from pipelines.limits import Limits
from pipelines.loading import Loaded
from pipelines.media import decode
from pipelines.spec import TaskSpec

if TYPE_CHECKING:
    from pipelines.engine.call import Prepared

logger = logging.getLogger(__name__)

TAKES = {"image": "sees", "audio": "hears"}
"""The trait of a model that takes files of a medium."""
NAMED = {"image": "pictures", "audio": "recordings"}
TYPE_IDS = "token_type_ids"


def read_talk(f: Field, prepared: Prepared, loaded: Loaded, limits: Limits) -> None:
    """Decode every file and see that the prompt fits; a model without chat reads one message."""
    assert isinstance(f.kind, MediaChat)
    facts = loaded.facts
    messages: list[Message] = prepared.inputs[f.name]
    if "chat" not in facts.traits:
        messages = _last(f, messages, prepared, facts.model)
    _check_media(f, messages, loaded)
    _drop_type_ids(prepared, loaded.pipe)
    prepared.before += without_torchvision.code(loaded.pipe)

    def decoded(part: Part) -> Part:
        medium = part["type"]
        if medium == "text":
            return part
        kind, rate = MEDIA[medium], facts.sampling_rate
        found = decode(kind, part[medium], prepared.params, rate, limits, name=f.name)
        prepared.notes += found.notes
        return {"type": medium, medium: found.value}

    read = changed(messages, decoded)
    if "chat" in facts.traits:
        _ask(f.kind, read[-1])
    prepared.inputs[f.name] = read
    if facts.max_tokens:
        _fit(f, prepared, loaded)


def changed(messages: list[Message], change: Callable[[Part], Part]) -> list[Message]:
    """The conversation with every part changed."""
    return [{**m, "content": [change(part) for part in m["content"]]} for m in messages]


def _last(f: Field, messages: list[Message], prepared: Prepared, model: str) -> list[Message]:
    if messages[-1]["role"] != "user":
        raise InputError(f.name, f"ends with an answer; {model} has no chat to go on with.")
    if len(messages) > 1:
        prepared.notes.append(f"{model} has no chat template; only the last message was read.")
    return messages[-1:]


def _check_media(f: Field, messages: list[Message], loaded: Loaded) -> None:
    """The library leaves out, without a word, what a model does not take (transformers 5.23)."""
    facts = loaded.facts
    for medium, _ in files(messages):
        if TAKES[medium] not in facts.traits:
            raise InputError(f.name, f"has {NAMED[medium]}; {facts.model} takes none.")
    if "chat" not in facts.traits and not any(files(messages)):
        raise InputError(f.name, f"needs a file; {facts.model} has no chat template.")


def _ask(kind: MediaChat, message: Message) -> None:
    """A file alone is no question; the first preset is."""
    if message["role"] == "user" and kind.presets and not any(_texts(message)):
        message["content"].append({"type": "text", "text": kind.presets[0][1]})


def _texts(message: Message) -> Iterator[str]:
    return (part["text"] for part in message["content"] if part["type"] == "text")


def _drop_type_ids(prepared: Prepared, pipe: Any) -> None:
    """BLIP, GIT and the like refuse the token types that some tokenizers give them."""
    tokenizer = pipe.tokenizer
    own = tokenizer.init_kwargs.get("model_input_names") or type(tokenizer).model_input_names
    if TYPE_IDS in own and TYPE_IDS not in signature(pipe.model.forward).parameters:
        tokenizer.model_input_names = [name for name in own if name != TYPE_IDS]
        names = repr(tokenizer.model_input_names)
        prepared.setup.append(f"pipe.tokenizer.model_input_names = {names}")


def _fit(f: Field, prepared: Prepared, loaded: Loaded) -> None:
    """Refuse a prompt that fills the window; lower max_new_tokens to what is left of it."""
    messages = prepared.inputs[f.name]
    chat = "chat" in loaded.facts.traits
    prompt = messages if chat else " ".join(_texts(messages[0]))
    _leave_room(f.name, prompt, prepared, loaded, "Shorten it, or begin anew.")


def fit_prompts(spec: TaskSpec, prepared: Prepared, loaded: Loaded) -> None:
    """The same for a row that writes its prompts itself."""
    if spec.prompts and loaded.facts.max_tokens:
        for name, prompt in spec.prompts(prepared.inputs, prepared.params, loaded.facts):
            _leave_room(name, prompt, prepared, loaded, "Shorten it.")


def _leave_room(name: str, prompt: Any, prepared: Prepared, loaded: Loaded, then: str) -> None:
    """Refuse a prompt that fills the window, with what to do `then`."""
    facts, params = loaded.facts, prepared.params
    used = _prompt_tokens(name, prompt, params, loaded)
    left = facts.max_tokens - used
    files = "" if isinstance(prompt, str) else " with its files"
    if left < (1 if "generates" in facts.traits else 0):
        raise InputError(
            name,
            f"is {used:,} tokens{files}; {facts.model} reads {facts.max_tokens:,}. {then}",
        )
    if (params.get("max_new_tokens") or 0) > left:
        params["max_new_tokens"] = prepared.room = left


def _prompt_tokens(
    name: str, prompt: str | list[Message], params: Mapping[str, Any], loaded: Loaded
) -> int:
    """The length of the prompt as the pipeline will write it, with the tokens of its files."""
    if isinstance(prompt, str):
        return len(loaded.pipe.tokenizer(prompt, verbose=False)["input_ids"])
    goes_on = continues(prompt, params)
    try:
        read = loaded.pipe.processor.apply_chat_template(
            prompt,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            add_generation_prompt=not goes_on,
            continue_final_message=goes_on,
        )
    except Exception as error:  # a template comes with the model and raises what it likes
        logger.warning("the chat template of %s failed", loaded.facts.model, exc_info=True)
        reason = str(error).partition("\n")[0][:200]
        raise InputError(name, f"does not suit the model's chat template: {reason}") from error
    return int(read["input_ids"].shape[-1])


def continues(messages: list[Message], params: Mapping[str, Any]) -> bool:
    """Whether the answer goes on with the last message; the pipeline's own rule by default."""
    chosen = params.get("continue_final_message")
    return messages[-1]["role"] == "assistant" if chosen is None else bool(chosen)
