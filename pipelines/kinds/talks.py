"""Conversations whose messages hold text and uploaded files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds.base import Kind, clean_text
from pipelines.kinds.files import Audio, FileKind, Image
from pipelines.kinds.texts import MAX_LINES_SHOWN, ROLES, json_list
from pipelines.limits import Limits

Part = dict[str, Any]
"""{"type": "text", "text": str}, or {"type": medium, medium: Upload}."""
Message = dict[str, Any]
"""{"role": str, "content": [parts]}."""

MEDIA: dict[str, FileKind] = {"image": Image(), "audio": Audio()}
"""What a file of a message may be."""
SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".webm", ".mp4")
"""A file with one of these endings is a recording, any other a picture."""
FILE = "file"
"""Type of a part that does not say what its file is."""


@dataclass(frozen=True, kw_only=True)
class MediaChat(Kind):
    """A message with files, or a list of `{"role", "content"}` messages.

    A message is a text, `{"text", "files"}`, or a list of parts: `{"type": "text", "text"}` and
    `{"type": "image", "image": file}`. Files are uploads or, where that is allowed, addresses; no
    other string is taken for one. `media` says which ones are taken; `presets` are questions to
    pick from, the first of which is asked where only a file is given.
    """

    lines: int = MAX_LINES_SHOWN
    placeholder: str = ""
    media: tuple[str, ...] = ("image",)
    presets: tuple[tuple[str, str], ...] = ()
    """Pairs of a short label and the question."""

    def check(self, name: str, value: Any, limits: Limits) -> list[Message]:
        if isinstance(value, str):
            text = clean_text(name, value, limits)
            value = json_list(text) or {"text": text}
        if isinstance(value, Mapping):
            value = [{"role": ROLES[1], "content": value}]
        if not isinstance(value, list) or not 1 <= len(value) <= limits.chat_messages:
            raise InputError(name, f"takes a message, or a list of 1 to {limits.chat_messages}.")
        messages = [self._message(name, message, limits) for message in value]
        if not messages[-1]["content"]:
            raise InputError(name, "is empty; write something or add a file.")
        if sum(len(text.encode()) for text in texts(messages)) > limits.text_bytes:
            raise InputError(name, f"is too long: at most {limits.text_bytes:,} bytes are read.")
        if (count := sum(1 for _ in files(messages))) > limits.chat_files:
            raise InputError(name, f"has {count} files; at most {limits.chat_files} are read.")
        return messages

    def _message(self, name: str, message: Any, limits: Limits) -> Message:
        role = message.get("role") if isinstance(message, Mapping) else None
        if role not in ROLES:
            raise InputError(name, f"takes messages with a role of {', '.join(ROLES)}.")
        parts = [self._part(name, part, limits) for part in _parts(name, message.get("content"))]
        return {"role": role, "content": [p for p in parts if p.get("text", "-").strip()]}

    def _part(self, name: str, part: Any, limits: Limits) -> Part:
        if isinstance(part, str):
            part = {"text": part}
        if not isinstance(part, Mapping):
            raise InputError(name, "takes messages of texts and files only.")
        said = part.get("type", "text" if "text" in part else FILE)
        if said == "text":
            return {"type": "text", "text": clean_text(name, part.get("text"), limits)}
        if said not in (FILE, *MEDIA):
            raise InputError(name, f"takes parts of type text, {', '.join(self.media)} or file.")
        return self._file(name, said, part, limits)

    def _file(self, name: str, said: str, part: Mapping[str, Any], limits: Limits) -> Part:
        """The file stands under the name of its type, or the part is an upload itself."""
        given = next((part[key] for key in (said, FILE) if part.get(key)), part)
        upload = FileKind().check(name, given, limits)
        medium = _medium(upload.name) if said == FILE else said
        if medium not in self.media:
            raise InputError(name, f"takes files of type {' and '.join(self.media)} only.")
        return {"type": medium, medium: upload}


def texts(messages: list[Message]) -> Iterator[str]:
    """Every text of a conversation."""
    return (part["text"] for m in messages for part in m["content"] if part["type"] == "text")


def files(messages: list[Message]) -> Iterator[tuple[str, Any]]:
    """Every file of a conversation, with its medium, in order."""
    for message in messages:
        for part in message["content"]:
            if part["type"] != "text":
                yield part["type"], part[part["type"]]


def _parts(name: str, content: Any) -> list[Any]:
    """The parts of a message; of a text with files, the files come first."""
    if isinstance(content, Mapping) and "type" not in content and "path" not in content:
        given = content.get("files") or []
        if not isinstance(given, list | tuple):
            raise InputError(name, "takes files as a list.")
        return [*({"type": FILE, FILE: file} for file in given), content.get("text") or ""]
    return list(content) if isinstance(content, list | tuple) else [content]


def _medium(file_name: str) -> str:
    return "audio" if PurePath(file_name).suffix.lower() in SOUNDS else "image"
