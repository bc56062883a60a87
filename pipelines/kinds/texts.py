"""Kinds of text: one, several, with gaps, a conversation, labels, a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds.base import Kind, clean_text, strings
from pipelines.limits import Limits

ROLES = ("system", "user", "assistant")
MASKS = ("[MASK]", "<mask>")
"""How a gap may be written, whatever the model's own token is."""
STOP_STRINGS = 16
STOP_CHARS = 100
MAX_LINES_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class Text(Kind):
    """A piece of text; `lines` is the height of its box.

    `fit` cuts it to the model's window, with a note; `parts` names the flag by which all of it is
    read, in parts; `max_chars` refuses longer ones (0: no limit).
    """

    lines: int = MAX_LINES_SHOWN
    placeholder: str = ""
    fit: bool = False
    parts: str = ""
    max_chars: int = 0

    def check(self, name: str, value: Any, limits: Limits) -> str:
        text = clean_text(name, value, limits)
        if self.max_chars and len(text) > self.max_chars:
            raise InputError(name, f"is longer than {self.max_chars:,} characters.")
        if not text.strip():
            raise InputError(name, "is empty; write something to run on.")
        return text


@dataclass(frozen=True, kw_only=True)
class Spoken(Text):
    """A text to be made into sound; what the model has no letters for is named in a note.

    `apart` names the parameter by which its sentences are said one by one.
    """

    apart: str = "sentence_by_sentence"


@dataclass(frozen=True, kw_only=True)
class Texts(Text):
    """One text, or a list of them: a list is answered by a list, whatever its length.

    A string is one text, however many lines it has.
    """

    def check(  # type: ignore[override]
        self, name: str, value: Any, limits: Limits
    ) -> str | tuple[str, ...]:
        if not isinstance(value, list | tuple):
            return super().check(name, value, limits)
        if not 0 < len(value) <= limits.texts:
            raise InputError(name, f"has {len(value):,} texts; takes 1 to {limits.texts}.")
        texts = tuple(self._part(name, n, part, limits) for n, part in enumerate(value, start=1))
        _within(name, texts, limits)
        return texts

    def _part(self, name: str, number: int, part: Any, limits: Limits) -> str:
        try:
            return super().check(name, part, limits)
        except InputError as error:
            why = str(error).removeprefix(f"{name}: ")
            raise InputError(name, f"has text {number}, which {why}") from error


@dataclass(frozen=True, kw_only=True)
class MaskedText(Kind):
    """A text with gaps; any of MASKS, or the model's own token, stands for one.

    `targets` names the parameter whose words are to be tokens of the model.
    """

    lines: int = 3
    placeholder: str = ""
    targets: str = "targets"

    def check(self, name: str, value: Any, limits: Limits) -> str:
        return Text().check(name, value, limits)


@dataclass(frozen=True, kw_only=True)
class Lines(Kind):
    """Several texts: a list of strings, or one string with a text on each line.

    `fit` cuts each to the model's window, with a note; `max_chars` refuses longer ones and `most`
    more of them (0: no limit of their own).
    """

    lines: int = 6
    placeholder: str = ""
    fit: bool = True
    max_chars: int = 0
    most: int = 0

    def check(self, name: str, value: Any, limits: Limits) -> tuple[str, ...]:
        parts = strings(name, value, "\n", limits)
        texts = tuple(text for part in parts if (text := part.strip()))
        if not texts:
            raise InputError(name, "is empty; write a text on each line.")
        most = min(self.most or limits.texts, limits.texts)
        if len(texts) > most:
            raise InputError(name, f"has {len(texts):,} texts; at most {most}.")
        if self.max_chars and any(len(text) > self.max_chars for text in texts):
            raise InputError(name, f"has a text longer than {self.max_chars} characters.")
        _within(name, texts, limits)
        return texts


def _within(name: str, texts: tuple[str, ...], limits: Limits) -> None:
    """Refuse texts that are too long together."""
    if sum(len(text.encode("utf-8")) for text in texts) > limits.text_bytes:
        raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")


@dataclass(frozen=True, kw_only=True)
class Chat(Kind):
    """Plain text to continue, or a list of `{"role", "content"}` messages ending with the user's.

    A JSON list in a string is read as messages.
    """

    lines: int = MAX_LINES_SHOWN
    placeholder: str = ""

    def check(self, name: str, value: Any, limits: Limits) -> str | list[dict[str, str]]:
        if isinstance(value, str):
            value = json_list(clean_text(name, value, limits)) or value
        if not isinstance(value, list):
            return Text().check(name, value, limits)
        return _messages(name, value, limits)


@dataclass(frozen=True, kw_only=True)
class Labels(Kind):
    """A list of short labels, or one string with commas."""

    def check(self, name: str, value: Any, limits: Limits) -> tuple[str, ...]:
        parts = (part.strip() for part in strings(name, value, ",", limits))
        labels = tuple(dict.fromkeys(part for part in parts if part))
        if not labels:
            raise InputError(name, "needs at least one label.")
        if len(labels) > limits.labels:
            raise InputError(name, f"has {len(labels)} labels; at most {limits.labels}.")
        if any(len(label) > limits.label_chars for label in labels):
            raise InputError(name, f"has a label longer than {limits.label_chars} characters.")
        return labels


@dataclass(frozen=True, kw_only=True)
class Template(Kind):
    """A sentence with exactly one bare `{}` where the label goes."""

    def check(self, name: str, value: Any, limits: Limits) -> str:
        text = clean_text(name, value, limits)
        bare = text.replace("{}", "", 1)
        if "{}" not in text or "{" in bare or "}" in bare:
            raise InputError(name, "must contain {} once, and no other braces.")
        if len(text) > limits.template_chars:
            raise InputError(name, f"is longer than {limits.template_chars} characters.")
        return text


@dataclass(frozen=True, kw_only=True)
class Strings(Kind):
    """A short list of literal strings, such as stop strings."""

    def check(self, name: str, value: Any, limits: Limits) -> tuple[str, ...]:
        found = tuple(part for part in strings(name, value, None, limits) if part)
        if len(found) > STOP_STRINGS or any(len(s) > STOP_CHARS for s in found):
            raise InputError(name, f"takes {STOP_STRINGS} strings of {STOP_CHARS} characters.")
        return found


def json_list(text: str) -> list[Any] | None:
    """The list that a string spells in JSON, or None."""
    if not text.lstrip().startswith("[{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _messages(name: str, value: list[Any], limits: Limits) -> list[dict[str, str]]:
    """Messages with known roles and text content only; anything else in them is dropped."""
    if not value or len(value) > limits.chat_messages:
        raise InputError(name, f"takes 1 to {limits.chat_messages} messages.")
    messages = [_message(name, message, limits) for message in value]
    if not messages[-1]["content"].strip():
        raise InputError(name, "ends with an empty message; write something.")
    if sum(len(m["content"].encode()) for m in messages) > limits.text_bytes:
        raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
    return messages


def _message(name: str, message: Any, limits: Limits) -> dict[str, str]:
    role = message.get("role") if isinstance(message, Mapping) else None
    if role not in ROLES:
        raise InputError(name, f"takes messages with a role of {', '.join(ROLES)}.")
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(_part(name, part) for part in content)
    return {"role": role, "content": clean_text(name, content, limits)}


def _part(name: str, part: Any) -> str:
    """The text of one content part; media by URL or path in a chat are never followed."""
    text = part.get("text") if isinstance(part, Mapping) else part
    if not isinstance(text, str):
        raise InputError(name, "takes text messages only.")
    return text
