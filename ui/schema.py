"""What a field takes, as the JSON schema, the Python type and the words of the API description.

Every schema says its type and refuses other keys: MCP clients are checked against it, and Gradio
would read a server's file for a mapping that looks like an upload in a place of any type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pipelines.field import Field
from pipelines.kinds import (
    QUESTION_TYPES,
    ROLES,
    STOP_CHARS,
    STOP_STRINGS,
    Audio,
    Chat,
    Choice,
    Document,
    Flag,
    Image,
    Images,
    Integer,
    Kind,
    Labels,
    Lines,
    MaskedText,
    MediaChat,
    Number,
    Pattern,
    Pictures,
    Questions,
    Spoken,
    Strings,
    Table,
    Template,
    Text,
    Texts,
    Video,
)
from pipelines.strict_json import to_json

Schema = dict[str, Any]

MESSAGE: Schema = {
    "type": "object",
    "properties": {"role": {"enum": list(ROLES)}, "content": {"type": "string"}},
    "required": ["role", "content"],
    "additionalProperties": False,
}
FILE: Schema = {
    "title": "FileData",
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "url": {"type": "string"},
        "orig_name": {"type": "string"},
        "meta": {
            "type": "object",
            "properties": {"_type": {"const": "gradio.FileData", "type": "string"}},
            "required": ["_type"],
        },
    },
    "required": ["path", "meta"],
}
"""An upload as Gradio's clients know it by `meta`; they show it as a file path, MCP as a URL."""
FILE_EXAMPLE = {"path": "a file or http(s) address", "meta": {"_type": "gradio.FileData"}}
TEXT_PART: Schema = {
    "type": "object",
    "properties": {"type": {"const": "text", "type": "string"}, "text": {"type": "string"}},
    "required": ["type", "text"],
    "additionalProperties": False,
}
WITH_FILES: Schema = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "files": {"type": "array", "items": FILE}},
    "required": ["text"],
    "additionalProperties": False,
}
CELL: Schema = {"type": ["string", "number", "null"]}
TABLE: Schema = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": CELL},
    "minProperties": 1,
}
WORDS: Schema = {"type": ["string", "null"]}
QUESTION: Schema = {
    "type": "object",
    "properties": {
        "type": {"enum": list(QUESTION_TYPES)},
        "instructions": {"type": "string"},
        "criteria": {
            "anyOf": [
                {"type": "object", "additionalProperties": WORDS},
                {"type": "array", "items": {"type": "string"}},
            ]
        },
    },
    "required": ["type", "instructions"],
    "additionalProperties": False,
}
QUESTIONS: Schema = {"type": "object", "additionalProperties": QUESTION, "minProperties": 1}
OBJECTS: dict[type[Kind], tuple[Any, str, Any]] = {
    Table: (dict[str, list[str]], "dict[str, list[str]]", {"Name": ["Mia"], "Apples": ["12"]}),
    Questions: (
        dict[str, dict[str, Any]],
        "dict[str, dict]",
        {"refund": {"type": "noul", "instructions": "Is a refund requested?"}},
    ),
}
"""Objects that are no files: annotation, its name in the API description, and an example."""
CHAT_EXAMPLE = [{"role": "user", "content": "Hello"}]
TALK_EXAMPLE = {"text": "Describe the picture.", "files": [FILE_EXAMPLE]}
PYTHON: dict[str, Any] = {
    "string": str, "number": float, "integer": int, "boolean": bool, "array": list[str],
    "object": str,
}  # fmt: skip
WRITTEN = {
    "string": "str", "number": "float", "integer": "int", "boolean": "bool",
    "array": "list[str]", "object": "filepath",
}  # fmt: skip
SAMPLES: dict[str, Any] = {
    "string": "text", "number": 1.0, "integer": 1, "boolean": True, "array": ["one", "two"],
    "object": FILE_EXAMPLE,
}  # fmt: skip
"""JSON schema type -> annotation, its name in the API description, and an example."""

SCHEMAS: dict[type[Kind], Callable[[Any], Schema]] = {
    Text: lambda k: {"type": "string", **({"maxLength": k.max_chars} if k.max_chars else {})},
    Spoken: lambda k: SCHEMAS[Text](k),
    Texts: lambda k: {"anyOf": [SCHEMAS[Text](k), SCHEMAS[Lines](k)]},
    Chat: lambda _: {"anyOf": [{"type": "string"}, {"type": "array", "items": MESSAGE}]},
    MediaChat: lambda k: {"anyOf": [{"type": "string"}, WITH_FILES, _talk(k.media)]},
    MaskedText: lambda _: {"type": "string"},
    Lines: lambda _: {"type": "array", "items": {"type": "string"}, "minItems": 1},
    Image: lambda _: FILE,
    Images: lambda _: {"type": "array", "items": FILE, "minItems": 1},
    Pictures: lambda _: {"anyOf": [FILE, SCHEMAS[Images](_)]},
    Audio: lambda _: FILE,
    Video: lambda _: FILE,
    Document: lambda _: FILE,
    Labels: lambda _: {"type": "array", "items": {"type": "string"}, "minItems": 1},
    Template: lambda _: {"type": "string"},
    Number: lambda k: {"type": "number", "minimum": k.low, "maximum": k.high},
    Integer: lambda k: {"type": "integer", "minimum": k.low, "maximum": k.high},
    Flag: lambda _: {"type": "boolean"},
    Choice: lambda k: {"enum": [value for _, value in k.options if value is not None]},
    Strings: lambda _: {
        "type": "array",
        "items": {"type": "string", "maxLength": STOP_CHARS},
        "maxItems": STOP_STRINGS,
    },
    Table: lambda _: TABLE,
    Questions: lambda _: QUESTIONS,
    Pattern: lambda k: {"type": "string", "examples": list(k.suggestions)},
}


UNIONS: dict[type[Kind], tuple[Any, str, Any]] = {
    Pictures: (str | list[str], "filepath | list[filepath]", FILE_EXAMPLE),
    Texts: (str | list[str], "str | list[str]", SAMPLES["string"]),
    Chat: (str | list[dict[str, str]], "str | list[dict[str, str]]", CHAT_EXAMPLE),
    MediaChat: (
        str | dict[str, Any] | list[dict[str, Any]],
        "str | dict[str, Any] | list[dict[str, Any]]",
        TALK_EXAMPLE,
    ),
}
"""Of the kinds that take several types: the annotation, its name, and an example."""


def _talk(media: tuple[str, ...]) -> Schema:
    """Messages whose content is a text, or a list of texts and files."""
    parts = [TEXT_PART] + [
        {
            "type": "object",
            "properties": {"type": {"const": medium, "type": "string"}, medium: FILE},
            "required": ["type", medium],
            "additionalProperties": False,
        }
        for medium in media
    ]
    content = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"anyOf": parts}}]}
    properties = {**MESSAGE["properties"], "content": content}
    return {"type": "array", "items": {**MESSAGE, "properties": properties}}


def schema_of(kind: Kind) -> Schema:
    """The JSON schema of a kind; raises TypeError for one that SCHEMAS does not know."""
    write = SCHEMAS.get(type(kind))
    if write is None:
        known = ", ".join(known.__name__ for known in SCHEMAS)
        raise TypeError(f"{type(kind).__name__} has no schema; known kinds: {known}")
    return write(kind)


def annotation_of(field: Field) -> Any:
    """The Python type of a field, with None where it may be left to the model."""
    schema = schema_of(field.kind)
    if "enum" in schema:
        hint: Any = Literal[tuple(schema["enum"])]
    elif "anyOf" in schema:
        hint = UNIONS[type(field.kind)][0]
    elif type(field.kind) in OBJECTS:
        hint = OBJECTS[type(field.kind)][0]
    else:
        hint = PYTHON[schema["type"]]
    return hint if field.required or field.default is not None else hint | None


def written_type(field: Field) -> str:
    """The type as the API description writes it; `filepath` makes clients offer an upload.

    Clients add "| None" themselves where the default is None.
    """
    schema = schema_of(field.kind)
    if type(field.kind) in OBJECTS:
        return OBJECTS[type(field.kind)][1]
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    if _of_files(schema):
        return f"list[{WRITTEN['object']}]"
    return UNIONS[type(field.kind)][1] if "anyOf" in schema else WRITTEN[schema["type"]]


def _of_files(schema: Schema) -> bool:
    return schema.get("items") is FILE


def range_of(kind: Kind) -> str:
    """The range of a number in words, or nothing."""
    if not isinstance(kind, Number | Integer):
        return ""
    return f"From {kind.low:,} to {kind.high:,} {kind.unit}".rstrip() + "."


def example_of(field: Field) -> Any:
    """A value that the parameter takes: its default, or a sample of its type."""
    schema = schema_of(field.kind)
    if not field.required:
        return to_json(field.default)
    if type(field.kind) in OBJECTS:
        return OBJECTS[type(field.kind)][2]
    if "enum" in schema:
        return schema["enum"][0]
    if _of_files(schema):
        return [FILE_EXAMPLE]
    return UNIONS[type(field.kind)][2] if "anyOf" in schema else SAMPLES[schema["type"]]
