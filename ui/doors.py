"""The door of the page and the API: what Gradio would do to a request before our code sees it.

Gradio reads every payload for files first: it downloads a file whose path is a URL (without our
limits) and answers a path outside its cache with an error that has no text. It also keeps a copy
of the page's configuration for every caller. GuardedBlocks puts our rules in front of all that,
for every component and payload shape, so neither handlers nor components need to know of it.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio.block_function import BlockFunction
from gradio.data_classes import BlocksConfigDict
from gradio.exceptions import InvalidPathError
from gradio.route_utils import FnIndexInferError
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder
from gradio_client.utils import is_http_url_like
from starlette.middleware import Middleware

from pipelines.errors import InputError
from pipelines.quota import Quota
from pipelines.spec import TaskSpec
from settings import Settings, upload_folder
from ui.bodies import Bodies, swept
from ui.breaks import Breaks
from ui.full_queue import told_when_full
from ui.language import Languages
from ui.messages import refusal
from ui.refusals import refuse_body, refuse_call
from ui.tools import in_json

QUEUE_SIZE = 256
PUBLIC_QUEUE_SIZE = 64
"""Events that may wait; a further one is refused with HTTP 503 and a sentence."""
CONCURRENT = 32
"""Events of one function at once; most of them wait for the engine, which has its own lanes."""
THREADS = 256
"""Threads for handlers that wait for the engine, apart from those that serve pages and files."""
MOST_DEPTH = 50
"""Of lists and objects in each other in one value."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A public endpoint: its row, and its parameters and returns in Gradio's API description."""

    spec: TaskSpec
    parameters: list[dict[str, Any]]
    returns: list[dict[str, Any]]


class GuardedBlocks(gr.Blocks):
    """gr.Blocks with checked files, errors as sentences and light sessions.

    `endpoints` are the public endpoints by name; ui/api.py fills it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        super().__init__(*args, **kwargs)

    @property
    def mcp_server_obj(self) -> Any:
        """Gradio's server of the MCP tools, which answer in JSON; None where there is none."""
        return self._tools

    @mcp_server_obj.setter
    def mcp_server_obj(self, server: Any) -> None:
        self._tools = in_json(server)

    def queue(self, *args: Any, **kwargs: Any) -> GuardedBlocks:
        """The queue without statistics; they are for the monitoring page, which is off."""
        super().queue(*args, **kwargs)
        # gradio 6.31 spells it so, and makes a pandas data frame after every event by default
        self._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
        self._queue.push = told_when_full(self._queue)  # type: ignore[method-assign]
        return self

    async def process_api(  # type: ignore[override]
        self,
        block_fn: BlockFunction | int,
        inputs: list[Any],
        *args: Any,
        session_hash: str | None = None,
        event_id: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Run an event; whatever fails in it becomes one sentence."""
        try:
            return await super().process_api(
                block_fn, inputs, *args, session_hash=session_hash, event_id=event_id, **kwargs
            )
        except gr.Error:
            raise
        except InvalidPathError:
            raise refusal(InputError("file", "is not an uploaded file; upload it again.")) from None
        except Exception as error:  # noqa: BLE001
            raise refusal(error) from None
        finally:
            if session_hash is not None and session_hash == event_id:
                self._forget(session_hash)

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], *args: Any, **kwargs: Any
    ) -> list[Any]:
        """Check the shape and the files of a payload, then let Gradio read it."""
        checked = self._checked(block_fn, inputs)
        return await super().preprocess_data(block_fn, checked, *args, **kwargs)

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: Any, *args: Any, **kwargs: Any
    ) -> list[Any]:
        """A handler that has nothing to update gives no updates, which Gradio miscounts (6.31)."""
        if predictions == {} and block_fn.api_name not in self.endpoints:
            predictions = gr.skip()
        return await super().postprocess_data(block_fn, predictions, *args, **kwargs)

    def get_api_info(self, *args: Any, **kwargs: Any) -> Any:
        """Gradio's description of the API with the rows' own parameters in it."""
        info = super().get_api_info(*args, **kwargs)
        for name, endpoint in self.endpoints.items():
            named = info["named_endpoints"].get(f"/{name}")
            if named is not None:
                named.update(parameters=endpoint.parameters, returns=endpoint.returns)
        return info

    def get_config_file(self) -> BlocksConfigDict:
        """The page's configuration; a box without a number stays empty.

        Gradio leaves out what is None, and the box then says 0 and sends it (6.31).
        """
        config = super().get_config_file()
        for component in config["components"]:
            if component["type"] == "number":
                component["props"].setdefault("value", None)
        return config

    def _checked(self, block_fn: BlockFunction, inputs: list[Any]) -> list[Any]:
        """One value per input, and no file in it that Gradio would fetch.

        An endpoint may leave out values at the end. Its files reach the row's own check as plain
        path or URL, which Gradio does not touch.
        """
        if deeper(inputs, MOST_DEPTH):
            raise InputError("data", f"is nested deeper than {MOST_DEPTH}; send plainer values.")
        given, wanted = len(inputs), len(block_fn.inputs)
        if block_fn.api_name in self.endpoints:
            if given > wanted:
                raise InputError("data", f"has {given} values; this takes {wanted}.")
            return [without_meta(value) for value in inputs] + [None] * (wanted - given)
        if any(map(names_remote_file, inputs)):
            raise InputError("file", "is an address; only uploaded files are read here.")
        if given < wanted:
            raise InputError("data", f"has {given} values; this takes {wanted}.")
        return inputs

    def _forget(self, session_hash: str) -> None:
        """Drop the session of a caller that has none: it was made for this event alone."""
        with self.state_holder.lock:
            self.state_holder.session_data.pop(session_hash, None)
            self.state_holder.time_last_used.pop(session_hash, None)


def without_meta(value: Any) -> Any:
    """The same JSON value without the mark by which Gradio knows a file.

    >>> without_meta({"path": "http://a/b.png", "meta": {"_type": "gradio.FileData"}})
    {'path': 'http://a/b.png'}
    """
    if isinstance(value, dict):
        is_file = "path" in value
        return {k: without_meta(v) for k, v in value.items() if not (is_file and k == "meta")}
    if isinstance(value, list | tuple):
        return [without_meta(item) for item in value]
    return value


def deeper(value: Any, most: int) -> bool:
    """Whether lists and objects lie in each other more than so many times."""
    level = [value]
    for _ in range(most + 2):
        level = [
            part
            for whole in level
            if isinstance(whole, list | dict)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
    return any(isinstance(part, list | dict) for part in level)


def names_remote_file(value: Any) -> bool:
    """Whether Gradio would find a file to download anywhere in this JSON value."""
    return any(is_http_url_like(path) for path in _marked_paths(value))


def _marked_paths(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        path = value.get("path")
        if "meta" in value and isinstance(path, str):
            yield path
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _marked_paths(item)


class LightSession(SessionState):
    """A session that keeps the configuration of the components it used, not of the whole page.

    Gradio copies the configuration of every component for every session (for deep links).
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]


class LightSessions(StateHolder):
    """StateHolder of LightSession."""

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = LightSession(self.blocks)
        return super().__getitem__(session_id)


def lifespan(quota: Quota) -> Callable[[App], AbstractAsyncContextManager[None]]:
    """Of the server: LightSessions before its first request, and swept uploads."""

    @asynccontextmanager
    async def light_sessions(app: App) -> AsyncIterator[None]:
        holder = LightSessions()
        app.state_holder = holder
        holder.set_blocks(app.get_blocks())
        async with swept(quota):
            yield

    return light_sessions


def queue_options(settings: Settings) -> dict[str, Any]:
    """Arguments of `Blocks.queue`: bounded, and no way around it (R19)."""
    return {
        "max_size": PUBLIC_QUEUE_SIZE if settings.public else QUEUE_SIZE,
        "default_concurrency_limit": CONCURRENT,
        "api_open": False,
    }


def launch_options(settings: Settings) -> dict[str, Any]:
    """Arguments of `Blocks.launch` that belong to the doors; monitoring is off (R19)."""
    limits = settings.limits
    handled = (TypeError, KeyError, FnIndexInferError)
    quota = Quota(upload_folder(), limits)
    return {
        "max_file_size": max(
            limits.image_bytes, limits.audio_bytes, limits.document_bytes, limits.video_bytes
        ),
        "max_threads": THREADS,
        "mcp_server": settings.mcp,
        "show_error": False,
        "enable_monitoring": False,
        "app_kwargs": {
            "lifespan": lifespan(quota),
            "middleware": [
                Middleware(Languages),
                Middleware(Breaks),
                Middleware(Bodies, limits=limits, quota=quota),
            ],
            "exception_handlers": {
                **dict.fromkeys(handled, refuse_call),
                RequestValidationError: refuse_body,
            },
        },
    }
