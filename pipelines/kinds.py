"""The closed vocabulary of field kinds, and how a value of each is checked.

A field kind turns an untrusted JSON value into a checked Python value or raises
InputError. Nothing is opened, decoded or loaded here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.errors import InputError
from pipelines.limits import Limits
from pipelines.uploads import Upload, local_upload, remote_upload

ROLES = ("system", "user", "assistant")
MODEL_ID = re.compile(r"(?!.*\.\.)(?:[A-Za-z0-9][\w.\-]{0,95}/)?[A-Za-z0-9][\w.\-]{0,95}", re.ASCII)
"""`name` or `owner/name` as the Hub writes them; never a path."""
REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w.\-/]{0,99}", re.ASCII)
"""A git reference, which cannot contain `..`: the Hub's cache makes a file path of it."""
WORD = re.compile(r"[A-Za-z][A-Za-z \-]{0,30}")
DEVICE = re.compile(r"auto|cpu|mps|cuda(?::[0-9]{1,2})?")
MASKS = ("[MASK]", "<mask>")
"""How a gap may be written, whatever the model's own token is."""
STOP_STRINGS = 16
STOP_CHARS = 100
MAX_LINES_SHOWN = 4


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Base of the field kinds; `check` returns the value or raises InputError."""

    def check(self, name: str, value: Any, limits: Limits) -> Any:
        raise TypeError(f"{type(self).__name__} has no check for {name}")


@dataclass(frozen=True, kw_only=True)
class Text(Kind):
    """A piece of text; `lines` is the height of its box.

    `fit` cuts it to the model's window, with a note; `max_chars` refuses longer ones (0: no limit).
    """

    lines: int = MAX_LINES_SHOWN
    placeholder: str = ""
    fit: bool = False
    max_chars: int = 0

    def check(self, name: str, value: Any, limits: Limits) -> str:
        text = clean_text(name, value, limits)
        if self.max_chars and len(text) > self.max_chars:
            raise InputError(name, f"is longer than {self.max_chars} characters.")
        if not text.strip():
            raise InputError(name, "is empty; write something to run on.")
        return text


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
    """Several texts: a list of strings, or one string with a text on each line."""

    lines: int = 6
    placeholder: str = ""

    def check(self, name: str, value: Any, limits: Limits) -> tuple[str, ...]:
        parts = _strings(name, value, "\n", limits)
        texts = tuple(text for part in parts if (text := part.strip()))
        if not texts:
            raise InputError(name, "is empty; write a text on each line.")
        if len(texts) > limits.texts:
            raise InputError(name, f"has {len(texts):,} texts; at most {limits.texts}.")
        if sum(len(text.encode("utf-8")) for text in texts) > limits.text_bytes:
            raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
        return texts


@dataclass(frozen=True, kw_only=True)
class Chat(Kind):
    """Plain text to continue, or a list of `{"role", "content"}` messages ending with the user's.

    A JSON list in a string is read as messages.
    """

    lines: int = MAX_LINES_SHOWN
    placeholder: str = ""

    def check(self, name: str, value: Any, limits: Limits) -> str | list[dict[str, str]]:
        if isinstance(value, str):
            value = _json_list(clean_text(name, value, limits)) or value
        if not isinstance(value, list):
            return Text().check(name, value, limits)
        return _messages(name, value, limits)


@dataclass(frozen=True, kw_only=True)
class FileKind(Kind):
    """A file by upload or URL; only its place is checked here, `media` opens it."""

    def check(self, name: str, value: Any, limits: Limits) -> Upload:
        if isinstance(value, Mapping) and "composite" in value:  # a sketch pad's picture
            value = value["composite"]
        place = value.get("path") or value.get("url") if isinstance(value, Mapping) else value
        if not isinstance(place, str) or not place:
            raise InputError(name, "is missing; give a file.")
        if re.match(r"https?://", place, re.IGNORECASE):
            return remote_upload(name, place, limits)
        return local_upload(name, place, value, limits)


@dataclass(frozen=True, kw_only=True)
class Image(FileKind):
    """A picture; `sketch` adds a pad to draw on. Decoded to PIL RGB."""

    sketch: bool = False


@dataclass(frozen=True, kw_only=True)
class Audio(FileKind):
    """A recording. Decoded to float32 mono of shape (samples,) at the model's rate."""


@dataclass(frozen=True, kw_only=True)
class Document(FileKind):
    """A page: picture or PDF. Decoded to a Page with words; `page` and `lang` name its params."""

    page: str = "page"
    lang: str = "lang"


@dataclass(frozen=True, kw_only=True)
class Labels(Kind):
    """A list of short labels, or one string with commas."""

    def check(self, name: str, value: Any, limits: Limits) -> tuple[str, ...]:
        parts = (part.strip() for part in _strings(name, value, ",", limits))
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
class Number(Kind):
    """A finite number within [low, high]; `unit` is shown beside it."""

    low: float
    high: float
    step: float = 0.01
    unit: str = ""

    def check(self, name: str, value: Any, limits: Limits) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:  # NaN is in no range
            raise InputError(name, f"must be a number from {self.low:g} to {self.high:g}.")
        return float(value)


@dataclass(frozen=True, kw_only=True)
class Integer(Kind):
    """A whole number within [low, high]."""

    low: int
    high: int
    unit: str = ""

    def check(self, name: str, value: Any, limits: Limits) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not self.low <= value <= self.high:
            raise InputError(name, f"must be a whole number from {self.low} to {self.high}.")
        return int(value)


@dataclass(frozen=True, kw_only=True)
class Flag(Kind):
    """True or false."""

    def check(self, name: str, value: Any, limits: Limits) -> bool:
        if not isinstance(value, bool):
            raise InputError(name, "must be true or false.")
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(Kind):
    """One of `options`: (shown label, transformers' own value) pairs; either is accepted."""

    options: tuple[tuple[str, Any], ...]

    def check(self, name: str, value: Any, limits: Limits) -> Any:
        for label, option in self.options:
            if value == label or (type(value) is type(option) and value == option):
                return option
        known = ", ".join(label for label, _ in self.options)
        raise InputError(name, f"must be one of: {known}.")

    def label_of(self, value: Any) -> str:
        """The label shown for a value."""
        return next(label for label, option in self.options if option == value)


@dataclass(frozen=True, kw_only=True)
class Strings(Kind):
    """A short list of literal strings, such as stop strings."""

    def check(self, name: str, value: Any, limits: Limits) -> tuple[str, ...]:
        strings = tuple(part for part in _strings(name, value, None, limits) if part)
        if len(strings) > STOP_STRINGS or any(len(s) > STOP_CHARS for s in strings):
            raise InputError(name, f"takes {STOP_STRINGS} strings of {STOP_CHARS} characters.")
        return strings


@dataclass(frozen=True, kw_only=True)
class Pattern(Kind):
    """A string that matches `regex` as a whole; `form` says what is valid."""

    regex: re.Pattern[str]
    form: str
    suggestions: tuple[str, ...] = ()

    def check(self, name: str, value: Any, limits: Limits) -> str:
        if not isinstance(value, str) or not self.regex.fullmatch(value.strip()):
            raise InputError(name, f"must be {self.form}.")
        return value.strip()


def clean_text(name: str, value: Any, limits: Limits) -> str:
    """A str without NUL and lone surrogates, within the limit in UTF-8 bytes."""
    if not isinstance(value, str):
        raise InputError(name, "must be text.")
    if len(value) > limits.text_bytes:
        raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
    text = value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if len(text.encode("utf-8")) > limits.text_bytes:
        raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
    return text


def _strings(name: str, value: Any, separator: str | None, limits: Limits) -> Iterator[str]:
    """The clean strings of a list, or of one string cut at the separator."""
    if isinstance(value, str):
        whole = clean_text(name, value, limits)
        return iter(whole.split(separator) if separator else [whole])
    if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
        raise InputError(name, "takes a string or a list of strings.")
    return (clean_text(name, part, limits) for part in value)


def _json_list(text: str) -> list[Any] | None:
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
