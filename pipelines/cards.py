"""Cards: the examples that a model's card has for the Hub's own widget, as examples of a row.

A card is written by anyone: it is read up to a size, and an example counts only if every value of
it passes the row's own checks.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.hub import reachable
from pipelines.kinds import (
    Chat,
    FileKind,
    Images,
    Kind,
    Labels,
    Lines,
    MaskedText,
    MediaChat,
    Spoken,
    Table,
    Text,
)
from pipelines.limits import Limits
from pipelines.spec import Example, TaskSpec

logger = logging.getLogger(__name__)

ADDRESS = "https://"
MOST_EXAMPLES = 6
MOST_TRIED = 50
TITLE_CHARS = 40
CARD_BYTES = 1_000_000
"""An answer of the Hub that is longer is not read."""
ANSWER_SECONDS = 5.0
KEPT_SECONDS = 300.0
MOST_KEPT = 200
WRITTEN: tuple[type[Kind], ...] = (Text, Spoken, MaskedText, Lines, Chat, MediaChat)
"""Kinds that the `text` of a card may fill."""

_kept: dict[tuple[str, str], tuple[float, list[Any]]] = {}
_table = threading.Lock()


def card_examples(spec: TaskSpec, model: str, revision: str, limits: Limits) -> tuple[Example, ...]:
    """At most MOST_EXAMPLES; none, and no error, where there are none or the Hub is out of reach.

    Answers are kept for KEPT_SECONDS.
    """
    found: list[Example] = []
    for entry in _widget(model, revision)[:MOST_TRIED]:
        example = example_of(spec, entry, limits)
        if example and len(found) < MOST_EXAMPLES:
            found.append(example)
    return tuple(found)


def example_of(spec: TaskSpec, entry: Any, limits: Limits) -> Example | None:
    """One entry of a card as the row's fields, or None where it does not fill them."""
    if not isinstance(entry, Mapping):
        return None
    needed = [*spec.inputs, *(param for param in spec.params if param.required)]
    free = {key: entry[key] for key in ("text", "src", "messages") if entry.get(key)}
    values: dict[str, Any] = {}
    for f in needed:
        if (value := _value(f, entry, free)) is None:
            continue
        try:
            f.check(value, limits)
        except InputError:
            return None
        values[f.name] = value
    if free or any(f.required and f.name not in values for f in needed):
        return None
    return Example(label=_title(entry, values), values=values)


def _value(f: Field, entry: Mapping[str, Any], free: dict[str, Any]) -> Any:
    """What the entry has for a field; what it takes of `free` no other field gets."""
    if isinstance(f.kind, FileKind | Images):
        source = free.pop("src", None)
        return source if isinstance(source, str) and source.startswith(ADDRESS) else None
    if isinstance(f.kind, Chat) and "messages" in free:
        free.pop("text", None)
        return free.pop("messages")
    if f.name in entry and f.name not in free:
        given = entry[f.name]
        if isinstance(f.kind, Labels) and isinstance(given, str):
            return [label.strip() for label in given.split(",") if label.strip()]
        return given if isinstance(f.kind, (*WRITTEN, Labels, Table)) else None
    if isinstance(f.kind, WRITTEN) and isinstance(free.get("text"), str):
        text = free.pop("text")
        return [text] if isinstance(f.kind, Lines) else text
    return None


def _title(entry: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """The entry's own title, else the beginning of what it says, or the name of its file."""
    said = [s for s in (entry.get("example_title"), *values.values()) if isinstance(s, str)]
    text = next((" ".join(s.split()) for s in said if s.strip()), "Example")
    if text.startswith(ADDRESS):
        text = unquote(PurePosixPath(urlsplit(text).path).name) or "File"
    return text if len(text) <= TITLE_CHARS else f"{text[:TITLE_CHARS].rstrip()}…"


def _widget(model: str, revision: str) -> list[Any]:
    """The entries of the card as the Hub has read them; anything may be in them."""
    key = (model, revision)
    with _table:
        asked, entries = _kept.get(key, (float("-inf"), []))
    if time.monotonic() - asked < KEPT_SECONDS:
        return entries
    if not reachable():
        return []
    try:
        entries = _asked(model, revision)
    except Exception as error:  # noqa: BLE001  a card that cannot be had is no error of the user
        logger.warning("no card of %s: %s", model, error)
        return []
    with _table:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = (time.monotonic(), entries)
    return entries


def _asked(model: str, revision: str) -> list[Any]:
    """The Hub's answer without a login, up to CARD_BYTES of it."""
    from huggingface_hub import constants, get_session

    path = f"{model}/revision/{quote(revision, safe='')}" if revision else model
    url = f"{constants.ENDPOINT}/api/models/{path}"
    body = bytearray()
    with get_session().stream(
        "GET", url, params={"expand": "widgetData"}, timeout=ANSWER_SECONDS
    ) as response:
        if response.status_code != 200:
            return []
        for block in response.iter_bytes():
            body += block
            if len(body) > CARD_BYTES:
                logger.warning("the card of %s is longer than %s bytes", model, CARD_BYTES)
                return []
    found = json.loads(body)
    entries = found.get("widgetData") if isinstance(found, dict) else None
    return entries if isinstance(entries, list) else []
