"""A stream of events that breaks off ends like any other: its last event says why."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Breaks:
    """ASGI middleware that ends an answer which was refused after it had begun.

    Gradio looks for the events of a caller while it streams them (6.31): of an unknown one it says
    so and raises 404. Starlette makes a RuntimeError of that, a traceback for every such request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on everything; where the answer broke off, send its end."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except RuntimeError as error:
            if not (begun and isinstance(error.__cause__, HTTPException)):
                raise
            await send({"type": "http.response.body", "body": b""})
