"""The message box that takes files with the words."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from pipelines.field import Field
from pipelines.kinds import MediaChat
from pipelines.kinds.talks import SOUNDS
from settings import EXAMPLES, Settings
from ui.chat import CONTINUES, HISTORY, RESUME
from ui.panel import Control, Values
from ui.quiet import QUIET
from ui.sources import IMAGE_FILES

ENDINGS = {"image": IMAGE_FILES, "audio": list(SOUNDS)}
ASK = "(box) => ({files: [], ...box, text: TEXT})"
"""A preset writes its question and leaves the files."""


def message(field: Field, settings: Settings) -> Control:
    """Words and files, questions to pick from; `history` is held by the display."""
    kind = field.kind
    assert isinstance(kind, MediaChat)
    box = gr.MultimodalTextbox(
        file_count="multiple",
        file_types=[ending for medium in kind.media for ending in ENDINGS[medium]],
        sources=["upload", "microphone"] if "audio" in kind.media else ["upload"],
        lines=kind.lines,
        max_lines=14,
        label=field.label,
        placeholder=kind.placeholder,
        submit_btn=False,
        max_plain_text_length=settings.limits.text_bytes,
        interactive=True,
        elem_classes="talk",
    )
    with gr.Row(elem_classes="presets"):
        for label, question in kind.presets:
            _preset(label, question, box)
    return Control(
        parts={field.name: box},
        read=lambda values: _read(field.name, values),
        fill=lambda value: {field.name: _filled(value), HISTORY: []},
        sent=lambda values: {field.name: _filled(None)},
    )


def _preset(label: str, question: str, box: gr.MultimodalTextbox) -> None:
    button = gr.Button(label, size="sm", variant="secondary", min_width=60)
    js = ASK.replace("TEXT", json.dumps(question))
    button.click(None, box, box, js=js, **QUIET)


def _read(name: str, values: Values) -> Values:
    """The message alone, or after what was said before."""
    written, history = values.get(name), values.get(HISTORY) or []
    if values.get(RESUME):
        return {name: history, CONTINUES: True}
    if not isinstance(history, list) or not history:
        return {name: written}
    return {name: [*history, {"role": "user", "content": written}]}


def _filled(value: Any) -> dict[str, Any]:
    """The value of the box for a message of an example, whose files are names."""
    if not isinstance(value, dict):
        return {"text": value or "", "files": []}
    return {"text": value["text"], "files": [str(EXAMPLES / name) for name in value["files"]]}
