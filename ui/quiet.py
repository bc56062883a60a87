"""Quiet events: what nearly every event of the page is told."""

from __future__ import annotations

from typing import Any

QUIET: dict[str, Any] = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "show_progress_on": (),
}
"""No part of the API, and nothing of Gradio's own is drawn over what it changes.

`show_progress_on` matters even where nothing is shown: else the page takes every output that an
event ever had, reads its value and looks it up in the tree again, with each step of every later
event (gradio 6.31). After ten tabs with an answer each, that was most of a run.
"""
AT_ONCE: dict[str, Any] = {**QUIET, "queue": False}
"""Answered beside those that wait for a model."""
LATEST: dict[str, Any] = {**AT_ONCE, "trigger_mode": "always_last"}
"""Of many in a row, as of a slider that is drawn, the last one counts."""
