"""The conversation: a message box that is read, and the history that is drawn and read back."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components.chatbot import FileMessage
from gradio.data_classes import FileData
from gradio_client.utils import get_mimetype

from pipelines.field import Field
from pipelines.kinds import Chat
from pipelines.spec import Output
from pipelines.uploads import Upload
from settings import Settings
from ui.panel import Control, Display, Updates, Values

CHAT, PLAIN = "Chat", "Plain"
MODE, HISTORY, WRITTEN, RESUME = "mode", "history", "written", "resume"
"""Names of parts beside the message itself: the switch, what was said, and "go on from there"."""
CONTINUES = "continue_final_message"
HEIGHT = 460
NEW, MARK = "new", "#a5b4fc"
"""Name and colour of the part that the model wrote."""

Messages = list[dict[str, Any]]
"""Content is a text, or a list of parts with texts and uploads."""


def message(field: Field, settings: Settings) -> Control:
    """A message box with a Chat | Plain switch; `history` is held by the display."""
    assert isinstance(field.kind, Chat)
    mode = gr.Radio(
        [CHAT, PLAIN], value=CHAT, label="Kind of text", container=False, elem_classes="switch",
        interactive=True,
    )  # fmt: skip
    box = gr.Textbox(
        lines=field.kind.lines,
        max_lines=14,
        label=field.label,
        placeholder=field.kind.placeholder,
        interactive=True,
    )
    return Control(
        parts={field.name: box, MODE: mode},
        switch=mode,
        read=lambda values: _read(field.name, values),
        fill=lambda value: _filled(field.name, value),
        sent=lambda values: {field.name: ""} if values.get(MODE) == CHAT else {},
    )


def _filled(name: str, value: Any) -> Values:
    """A text to continue, or messages: the last one to send, the others as what was said."""
    if not isinstance(value, list):
        mode = {MODE: PLAIN} if value else {}  # what is emptied stays as it was chosen
        return {name: value or "", HISTORY: [], WRITTEN: None, **mode}
    *before, last = value
    return {
        name: last["content"], HISTORY: [_bubble(m) for m in before], WRITTEN: None, MODE: CHAT,
    }  # fmt: skip


def _read(name: str, values: Values) -> Values:
    """What the model gets: text to continue, or the history with the new message."""
    text, history = values.get(name), values.get(HISTORY) or []
    if values.get(MODE) == PLAIN:
        return {name: _spoken(values.get(WRITTEN)) if values.get(RESUME) else text}
    if values.get(RESUME):
        return {name: history, CONTINUES: True}
    if not isinstance(text, str) or not text.strip() or not isinstance(history, list):
        return {name: text}
    return {name: [*history, {"role": "user", "content": text}]}


def _spoken(written: Any) -> Any:
    """The whole text of the plain view: prompt and continuation."""
    if not isinstance(written, list):
        return written
    return "".join(str(span.get("token", "")) for span in written if isinstance(span, dict))


def conversation(output: Output) -> Display:
    """A chat, or a text with its new part marked, whichever the message box is set to."""
    with gr.Column(visible=False, elem_classes="display") as box:
        said = gr.Chatbot(
            label="Conversation",
            height=HEIGHT,
            buttons=["copy", "copy_all"],
            feedback_options=None,
            layout="bubble",
        )
        written = gr.HighlightedText(
            label=output.label,
            visible=False,
            color_map={NEW: MARK},
            show_inline_category=False,
            elem_classes="written",
        )
        others = gr.Textbox(label="Other answers", visible=False, lines=6, buttons=["copy"])
        again = gr.Button("Continue", size="sm", visible=False, elem_classes="again")
    return Display(
        box=box,
        components=(said, written, others, again),
        draw=lambda value, inputs: {
            **_drawn(value, next(iter(inputs.values())), said, written),
            others: gr.update(value=_rest(value), visible=len(value) > 1),
        },
        clear=lambda: {
            said: [], written: None,
            others: gr.update(value=None, visible=False), again: gr.update(visible=False),
        },
        held={HISTORY: said, WRITTEN: written},
        views={CHAT: said, PLAIN: written},
        stays=True,
        again=again,
    )  # fmt: skip


def _drawn(
    value: list[str], asked: str | Messages, said: gr.Chatbot, written: gr.HighlightedText
) -> Updates:
    first = value[0] if value else ""
    if isinstance(asked, str):
        return {written: [(asked, None), (first.removeprefix(asked), NEW)]}
    return {said: [_bubble(m) for m in said_so_far(asked, first)]}


def said_so_far(asked: Messages, new: str) -> Messages:
    """The conversation with the answer so far; a continued answer grows its last message."""
    last = asked[-1]
    if last["role"] != "assistant":
        return [*asked, {"role": "assistant", "content": new}]
    before = "".join(p.get("text", "") for p in _parts(last))
    return [*asked[:-1], {"role": "assistant", "content": before + new.removeprefix(before)}]


def _bubble(message: dict[str, Any]) -> dict[str, Any]:
    """Content as parts, for Gradio dedents plain strings (6.31)."""
    return {"role": message["role"], "content": [_seen(part) for part in _parts(message)]}


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def _seen(part: dict[str, Any]) -> Any:
    """A file as the page's own, the address of one that has yet to be fetched as text."""
    if part["type"] == "text":
        return part
    upload: Upload = part[part["type"]]
    if upload.path is None:
        return {"type": "text", "text": f"`{upload.url}`"}
    shown = FileData(
        path=str(upload.path), orig_name=upload.name, mime_type=get_mimetype(upload.name)
    )
    return FileMessage(file=shown, alt_text=upload.name)


def _rest(value: list[str]) -> str:
    return "\n\n".join(f"{n}. {text}" for n, text in enumerate(value[1:], start=2))
