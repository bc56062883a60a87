"""A page that speaks the language of its visitor, while its API speaks English."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.data_classes import BlocksConfigDict

from ui.doors import GuardedBlocks
from ui.language import ENGLISH, laid_out, speaking, told, wanted


class SpokenBlocks(GuardedBlocks):
    """GuardedBlocks whose layout and events are translated for each request."""

    @property
    def config(self) -> BlocksConfigDict:  # type: ignore[override]
        """What a page is made of, in the language of the request for it."""
        return laid_out(self._config)

    @config.setter
    def config(self, config: BlocksConfigDict) -> None:
        self._config = config

    async def process_api(  # type: ignore[override]
        self, block_fn: BlockFunction | int, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """Run an event in the language of who asks, and translate what it lays out."""
        with speaking(self._language(block_fn, kwargs.get("request"))):
            answer = await super().process_api(block_fn, *args, **kwargs)
            if answer["render_config"]:
                answer["render_config"] = laid_out(answer["render_config"])
            return answer

    async def postprocess_data(
        self, block_fn: BlockFunction, *args: Any, **kwargs: Any
    ) -> list[Any]:
        """What an event answers; a table's rows bring its headings with them (gradio 6.31)."""
        answers = await super().postprocess_data(block_fn, *args, **kwargs)
        for block, answer in zip(block_fn.outputs, answers, strict=False):
            if isinstance(block, gr.Dataframe) and isinstance(answer, dict):
                _head(block, answer.get("value", answer))
        return answers

    def _language(self, block_fn: BlockFunction | int, request: gr.Request | None) -> str:
        """The page's for its own events; an endpoint has no reader."""
        known = self.fns.get(block_fn) if isinstance(block_fn, int) else block_fn
        if not (request and request.request and known) or known.api_visibility == "public":
            return ENGLISH
        return wanted(request.headers)


def _head(table: gr.Dataframe, value: Any) -> None:
    """Translate the headings that the table was laid out with; others are somebody's data."""
    if isinstance(value, dict) and value.get("headers") == table.headers:
        value["headers"] = [told(name) for name in table.headers]
