"""MCP tools answer in JSON, as their descriptions say; Gradio writes Python of it (6.31)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def in_json(server: Any) -> Any:
    """The same GradioMCPServer, whose text of an answer is JSON: no None, no single quotes."""
    if server is not None:
        server.postprocess_output_data = _written(server.postprocess_output_data)
    return server


def _written(show: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def shown(answers: Any, root_url: str) -> Any:
        return show([json.dumps(answer, ensure_ascii=False) for answer in answers], root_url)

    return shown
