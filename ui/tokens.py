"""A visitor's own token of the Hub: the box for it, and where it is kept while the page is open."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import gradio as gr

from pipelines.errors import PipelineError
from pipelines.token import NO_TOKEN, Token
from ui import say
from ui.quiet import AT_ONCE

MOST_KEPT = 500
"""Visits whose token is kept; the one that was given first goes first."""
HELP = (
    "Gated and private models need a token of yours; one that can only read is enough. It stays in "
    "this server's memory until you close the page, or until the jobs that you started end, and "
    "serves your runs alone."
)
KEPT = "Your token is used for what you run here, on every tab."
NONE = "No token: public models only."


class Tokens:
    """Tokens by visit, in memory only. Safe to call from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Token] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, session: str | None, token: Token) -> None:
        """Remember a visit's token, or forget it where it is none."""
        if session is None:
            return
        with self._lock:
            self._kept.pop(session, None)
            if token:
                self._kept[session] = token
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def of(self, session: str | None) -> Token:
        """The token of a visit."""
        with self._lock:
            return self._kept.get(session or "", NO_TOKEN)


def token_box(tokens: Tokens) -> None:
    """A folded box for the token; one serves the whole page, whichever tab it is given on."""
    with gr.Accordion("Your Hugging Face token", open=False) as folded:
        gr.Markdown(HELP, elem_classes="help")
        with gr.Row(elem_classes="params"):
            box = gr.Textbox(
                label="Token", type="password", placeholder="hf_…", max_lines=1, min_width=180,
                html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
            )  # fmt: skip
        with gr.Row(elem_classes="buttons"):
            use = gr.Button("Use it", size="sm", min_width=90, elem_classes="gap")
            forget = gr.Button("Forget it", size="sm", min_width=90, elem_classes="gap")
        said = gr.HTML()
    folded.expand(_look(tokens), None, said, **AT_ONCE)
    gr.on([use.click, box.submit], _keep(tokens), box, [box, said], **AT_ONCE)
    forget.click(_forget(tokens), None, [box, said], **AT_ONCE)


def _look(tokens: Tokens) -> Callable[..., str]:
    def look(session: gr.Request) -> str:
        return say.hint(KEPT if tokens.of(session.session_hash) else NONE)

    return look


def _keep(tokens: Tokens) -> Callable[..., tuple[Any, str]]:
    def keep(text: Any, session: gr.Request) -> tuple[Any, str]:
        """Take the token out of the box; a wrong one stays there to be mended."""
        try:
            token = Token.checked(text)
        except PipelineError as error:
            return gr.skip(), say.alert(str(error).replace("token: ", "This ", 1))
        tokens.keep(session.session_hash, token)
        return "", say.hint(KEPT if token else NONE)

    return keep


def _forget(tokens: Tokens) -> Callable[..., tuple[str, str]]:
    def forget(session: gr.Request) -> tuple[str, str]:
        tokens.keep(session.session_hash, NO_TOKEN)
        return "", say.hint(NONE)

    return forget
