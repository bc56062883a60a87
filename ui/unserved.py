"""A page that is built and not yet served: no server is made for it before its launch.

Gradio makes all its routes when a page is created, when its context is left, when its queue is set
and again when it is launched (6.31); only the last server ever answers, and each takes about a
tenth of the time that the whole app needs to start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradio.routes import App


@contextmanager
def unserved() -> Iterator[None]:
    """Pages that are made, left or queued in here get their server when they are launched."""
    make = App.create_app

    def make_when_launched(blocks: Any, *args: Any, **kwargs: Any) -> App | None:
        return None if kwargs == {"mcp_server": False} else make(blocks, *args, **kwargs)

    App.create_app = staticmethod(make_when_launched)
    try:
        yield
    finally:
        App.create_app = staticmethod(make)
