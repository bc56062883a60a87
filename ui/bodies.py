"""The size of what a request brings, checked before any route reads it (R20, R21).

Gradio limits each uploaded file and nothing else (6.31): neither a whole upload nor a JSON body.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.limits import MB, Limits
from pipelines.quota import Quota
from ui.language import told

UPLOAD = "/upload"
"""The end of the path of the one route that takes files."""
SWEEP_SECONDS = 600.0
TOO_LARGE = "The request has more than {limit:,.0f} MB, the most that is taken here; send less."
NO_LENGTH = "An upload says its Content-Length; send it with one."


class Bodies:
    """ASGI middleware that refuses bodies over the limit: 413, and 507 where the disk is full."""

    def __init__(self, app: ASGIApp, limits: Limits, quota: Quota) -> None:
        self._app = app
        self._limits = limits
        self._quota = quota

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a body that is too large, hand on every other one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = _length(scope)
        upload = scope["method"] == "POST" and scope["path"].endswith(UPLOAD)
        most = self._limits.upload_bytes if upload else self._limits.body_bytes
        if length is not None and length > most:
            await _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(most), scope, send)
        elif upload:
            await self._upload(length, scope, receive, send)
        else:
            await self._app(scope, _counted(receive, most), send)

    async def _upload(self, length: int | None, scope: Scope, receive: Receive, send: Send) -> None:
        if length is None:
            await _refuse(HTTPStatus.LENGTH_REQUIRED, NO_LENGTH, scope, send)
            return
        room = self._quota.room_for(length)
        why = await asyncio.to_thread(room.__enter__)
        try:
            if why:
                await _refuse(HTTPStatus.INSUFFICIENT_STORAGE, told(why), scope, send)
            else:
                await self._app(scope, receive, send)
        finally:
            await asyncio.to_thread(room.__exit__, None, None, None)


@asynccontextmanager
async def swept(quota: Quota) -> AsyncIterator[None]:
    """Sweep the uploads now and every few minutes while the server runs."""

    async def sweep() -> None:
        while True:
            await asyncio.to_thread(quota.sweep)
            await asyncio.sleep(SWEEP_SECONDS)

    task = asyncio.create_task(sweep())
    try:
        yield
    finally:
        task.cancel()


def _length(scope: Scope) -> int | None:
    """The declared size of the body; one that is no number is the server's to refuse."""
    said = Headers(scope=scope).get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() else None


def _counted(receive: Receive, most: int) -> Receive:
    """The same body until it has more than so many bytes; it may not have said how many."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _too_large(most))
        return message

    return counted


def _too_large(most: int) -> str:
    return told(TOO_LARGE.format(limit=most / MB))


async def _refuse(status: HTTPStatus, why: str, scope: Scope, send: Send) -> None:
    """Answer before the body; what still comes is dropped by the server, so the answer arrives."""

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await JSONResponse({"detail": why}, status)(scope, nothing, send)
