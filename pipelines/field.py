"""A field: one named value of a request, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.errors import InputError
from pipelines.kinds import Kind
from pipelines.limits import Limits

# Where a parameter goes.
CALL = "call"  # keyword of pipe(...)
GENERATE = "generate_kwargs"  # inside pipe(..., generate_kwargs={...})
FORWARD = "forward_params"  # inside pipe(..., forward_params={...})
ENGINE = "engine"  # read by the engine or by the row, never passed on
LOAD = "load"  # part of LoadSettings

MISSING = "is missing; add it and run again."


@dataclass(frozen=True, kw_only=True)
class Field:
    """One named value of a request: its kind, its control and where it goes.

    A default of None means "left to the model". `needs` names a trait of the loaded model
    (see ModelFacts.traits) without which the parameter does not apply.
    """

    name: str
    kind: Kind
    label: str
    help: str = ""
    default: Any = None
    required: bool = False
    advanced: bool = False
    route: str = CALL
    needs: str = ""
    docs: str = ""

    def check(self, value: Any, limits: Limits) -> Any:
        """The checked value; a missing one becomes the default, or is refused if required."""
        if value is None or (value == "" and not self.required):
            if self.required:
                raise InputError(self.name, MISSING)
            return self.default
        return self.kind.check(self.name, value, limits)
