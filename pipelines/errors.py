"""Errors a person can act on: the message is one sentence with the next step."""

from __future__ import annotations


class PipelineError(Exception):
    """Base of every refusal that reaches the user; its text is shown as it is."""


class InputError(PipelineError):
    """A value of the request is missing, mistyped, out of range or unreadable."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class ModelError(PipelineError):
    """The model cannot be found, reached, loaded or does not fit the task."""


class EngineError(PipelineError):
    """The engine could not finish the work: stopped, crashed, out of memory or time."""


class Cancelled(PipelineError):
    """The user stopped the run; raised inside the model's forward pass."""

    def __init__(self) -> None:
        super().__init__("Stopped.")
