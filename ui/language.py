"""The language of whoever looks at the page: that of its address (`?lang=es`), or the browser's.

Rows and code are written in English. What a page is laid out with is translated where it leaves the
server; what an event says is translated by `told` where it is written. What has no translation is
said in English. The API, which has no reader, and the terminal speak English always.

Gradio's own way (`gr.I18n`, 6.31) sends every language to every visitor, and leaves out choices,
headings of tables, HTML and whatever an event sends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.catalogue import Catalogue, read_catalogue

FOLDER = Path(__file__).parent / "languages"
ENGLISH = "en"
LANGUAGES = (ENGLISH, "es")
HEADER = "accept-language"
HTML = "text/html"
CHOSEN = re.compile(rf"[?&]lang=({'|'.join(LANGUAGES)})(?=[&#]|$)")
"""In an address."""
CALL = "/call/"
"""In the paths of the API."""
LABELS = ("label", "info", "placeholder")
"""Properties that are said as they are, whatever the component."""
MARKDOWN = re.compile(r"^(#+ |- `[^`]*` )?(.*)$", re.MULTILINE)
"""What stands in front of a line of Markdown, and the line."""
HTML_TEXT = re.compile(r"(>|\b(?:aria-label|alt|title)=\")([^<>\"]+)")
"""What comes before a text of our own HTML, and the text."""

PLAIN = b'lang="en"'
MARKED = 'lang="{0}" data-lang="{0}"'
"""How the page says its language. Gradio's script puts the browser's own into `lang` (6.31), which
may be none that is spoken here; `aloud.js` puts it right."""

HEAD = b"<head>"
INSTEAD = (
    HEAD
    + b"""<script>
Object.defineProperty(navigator, "language", {value: document.documentElement.dataset.lang});
</script>"""
)
"""By this property Gradio chooses the language of its own words (6.31)."""

_now: ContextVar[str] = ContextVar("language", default=ENGLISH)


def wanted(headers: Mapping[str, str], query: str = "") -> str:
    """The language of a request: that of the page's address, else the browser's.

    What a page asks for names the page as its referrer, so nothing has to be stored for it, and it
    works in a frame of another site. A page that is opened by a link of ours is another page.
    """
    place = "" if HTML in headers.get("accept", "") else headers.get("referer", "")
    chosen = CHOSEN.search(f"?{query}") or CHOSEN.search(place)
    return chosen[1] if chosen else preferred(headers.get(HEADER, ""))


def preferred(header: str) -> str:
    """The first language of an `Accept-Language` header that is spoken here; English for others.

    >>> preferred("es-MX,es;q=0.9,en;q=0.8")
    'es'
    """
    for weight, tag in sorted(map(_weighed, header.split(",")), key=lambda pair: -pair[0]):
        if weight and tag in LANGUAGES:
            return tag
    return ENGLISH


def _weighed(choice: str) -> tuple[float, str]:
    """How much a language is wished for, 0 to 1, and its name without the country."""
    tag, _, weight = choice.partition(";")
    share = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
    return float(share[1]) if share else float(not weight), tag.strip().split("-")[0].lower()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """In here `told` speaks this language, in the threads that it is run in, too."""
    token = _now.set(language)
    try:
        yield
    finally:
        _now.reset(token)


def spoken() -> str:
    """The language of this request."""
    return _now.get()


def told(text: str) -> str:
    """A sentence of ours, its gaps filled in, in the language of this request."""
    catalogue = catalogue_of(spoken())
    return (catalogue.find(text) if catalogue else None) or text


def choices(names: Iterable[str]) -> list[tuple[str, str]]:
    """What is seen of each choice, and what it stands for, where an event sets them anew."""
    return [(told(name), name) for name in names]


@cache
def catalogue_of(language: str) -> Catalogue | None:
    """Read when it is first asked for; English has none."""
    files = sorted((FOLDER / language).glob("*.json"))
    return read_catalogue(files) if language != ENGLISH else None


def laid_out(config: Any) -> Any:
    """A page's configuration, or a rendered part's, in the language of this request; a copy."""
    catalogue = catalogue_of(spoken())
    return config if catalogue is None else translated(config, catalogue)


def translated(config: Any, catalogue: Catalogue) -> Any:
    """A configuration whose components say what the catalogue says."""
    return {**config, "components": [_component(c, catalogue) for c in config["components"]]}


def _component(component: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    props = component["props"]
    kind = component["type"]
    said = {name: _said(props[name], catalogue) for name in LABELS if name in props}
    for name, say in OWN.get(kind, {}).items():
        if props.get(name):
            said[name] = say(props[name], catalogue)
    return {**component, "props": {**props, **said}}


def _said(value: Any, catalogue: Catalogue) -> Any:
    return catalogue.find(value, deep=True) or value if isinstance(value, str) else value


def _all(values: Any, catalogue: Catalogue) -> list[Any]:
    return [_said(value, catalogue) for value in values]


def _headed(table: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A table that is laid out has headings, and no rows yet."""
    return {**table, "headers": _all(table["headers"], catalogue)}


def _choices(pairs: Any, catalogue: Catalogue) -> list[list[Any]]:
    """What is seen of each choice; what it stands for stays as it is."""
    return [[_said(label, catalogue), value] for label, value in pairs]


def _markdown(value: str, catalogue: Catalogue) -> str:
    def line(found: re.Match[str]) -> str:
        return f"{found[1] or ''}{_said(found[2], catalogue)}"

    return MARKDOWN.sub(line, value)


def _html(value: str, catalogue: Catalogue) -> str:
    def node(found: re.Match[str]) -> str:
        text = unescape(found[2])
        said = _said(text, catalogue)
        return found[0] if said == text else f"{found[1]}{escape(said)}"

    return HTML_TEXT.sub(node, value)


OWN: Mapping[str, Mapping[str, Any]] = {
    "button": {"value": _said, "link": _said},
    "checkboxgroup": {"choices": _choices},
    "dataframe": {"headers": _all, "value": _headed},
    "dataset": {"sample_labels": _all},
    "dropdown": {"choices": _choices},
    "html": {"value": _html},
    "markdown": {"value": _markdown},
    "radio": {"choices": _choices},
}
"""Further properties that are texts, by the type of the component."""


class Languages:
    """ASGI middleware: every answer is made in the language that its request asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on every request; the page says in which language it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        plain = CALL in scope["path"]
        query = scope["query_string"].decode("latin-1")
        language = ENGLISH if plain else wanted(Headers(scope=scope), query)
        with speaking(language):
            await self._app(scope, receive, _marked(send, bool(CHOSEN.search(f"?{query}"))))


def _marked(send: Send, chosen: bool) -> Send:
    """The same answer; a page of HTML names its language, and that it depends on the header.

    Where the language was chosen, Gradio's own words are to be in it, too.
    """
    held: Message | None = None

    async def marked(message: Message) -> None:
        nonlocal held
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith(HTML):
                headers.add_vary_header("Accept-Language")
                held = message
                return
        elif held is not None and message["type"] == "http.response.body":
            body = message.get("body", b"")
            named = body.replace(PLAIN, MARKED.format(spoken()).encode(), 1)
            named = named.replace(HEAD, INSTEAD, 1) if chosen else named
            headers = MutableHeaders(scope=held)
            if "content-length" in headers:
                longer = int(headers["content-length"]) + len(named) - len(body)
                headers["content-length"] = str(longer)
            message = {**message, "body": named}
            await send(held)
            held = None
        await send(message)

    return marked
