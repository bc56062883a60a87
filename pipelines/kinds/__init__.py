"""The closed vocabulary of field kinds, and how a value of each is checked.

A field kind turns an untrusted JSON value into a checked Python value or raises
InputError. Nothing is opened, decoded or loaded here.
"""

from pipelines.kinds.base import Kind, clean_text
from pipelines.kinds.files import (
    TAKES_FILES,
    Audio,
    Document,
    FileKind,
    Image,
    Images,
    Pictures,
    Video,
)
from pipelines.kinds.questions import MOST_OPTIONS, QUESTION_TYPES, Questions
from pipelines.kinds.tables import Grid, Table
from pipelines.kinds.talks import MediaChat
from pipelines.kinds.texts import (
    MASKS,
    MAX_LINES_SHOWN,
    ROLES,
    STOP_CHARS,
    STOP_STRINGS,
    Chat,
    Labels,
    Lines,
    MaskedText,
    Spoken,
    Strings,
    Template,
    Text,
    Texts,
)
from pipelines.kinds.values import (
    DEVICE,
    MODEL_ID,
    REVISION,
    WORD,
    Choice,
    Flag,
    Integer,
    Number,
    Pattern,
)

__all__ = [
    "DEVICE",
    "MASKS",
    "MAX_LINES_SHOWN",
    "MODEL_ID",
    "MOST_OPTIONS",
    "QUESTION_TYPES",
    "REVISION",
    "ROLES",
    "STOP_CHARS",
    "STOP_STRINGS",
    "TAKES_FILES",
    "WORD",
    "Audio",
    "Chat",
    "Choice",
    "Document",
    "FileKind",
    "Flag",
    "Grid",
    "Image",
    "Images",
    "Integer",
    "Kind",
    "Labels",
    "Lines",
    "MaskedText",
    "MediaChat",
    "Number",
    "Pattern",
    "Pictures",
    "Questions",
    "Spoken",
    "Strings",
    "Table",
    "Template",
    "Text",
    "Texts",
    "Video",
    "clean_text",
]
