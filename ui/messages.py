"""The one place where an error becomes a sentence: for the page, the API and MCP alike.

Whoever catches an error to show it asks `message_of`; whoever has to raise one to Gradio raises
`refusal`. Nothing else in ui/ formats an exception.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

import gradio as gr

from pipelines.engine.request import Failed
from pipelines.errors import InputError, PipelineError
from pipelines.spec import TaskSpec
from ui.language import told

logger = logging.getLogger(__name__)

MESSAGE_CHARS = 1_000
"""Longest message; an error may quote what the user sent."""


def message_of(error: BaseException, labels: Mapping[str, str] | None = None) -> str:
    """The sentence for the user; an unexpected error becomes an id, and its details a log entry.

    With the `labels` of the page's fields it names those by them.
    """
    if isinstance(error, InputError):
        return _short(labelled(error.field, str(error), labels or {}))
    if isinstance(error, gr.Error):
        return _short(str(error.message))
    if isinstance(error, PipelineError):
        return _short(str(error))
    mark = uuid.uuid4().hex[:8]
    logger.error("unexpected error, id %s", mark, exc_info=error)
    return f"Something went wrong here (id {mark}); try again."


def refusal(error: BaseException | Failed) -> gr.Error:
    """The error that Gradio's clients show as it is, without a traceback on the console."""
    text = _short(error.message) if isinstance(error, Failed) else message_of(error)
    return gr.Error(told(text), print_exception=False)


def labels_of(spec: TaskSpec) -> dict[str, str]:
    """The labels of a row's fields by their names."""
    return {f.name: f.label for f in spec.fields}


def labelled(field: str, message: str, labels: Mapping[str, str]) -> str:
    """The field by the label that the page shows, not by its name in the API."""
    start = f"{field}: "
    if field in labels and message.startswith(start):
        return f"“{told(labels[field])}” {told(message.removeprefix(start))}"
    return message


def by_label(message: str, labels: Mapping[str, str]) -> str:
    """A sentence that a job has kept: the name of a field before it becomes its label."""
    return labelled(message.partition(": ")[0], message, labels)


def _short(text: str) -> str:
    """One line, cut to MESSAGE_CHARS."""
    line = " ".join(text.split())
    return line if len(line) <= MESSAGE_CHARS else f"{line[:MESSAGE_CHARS]}…"
