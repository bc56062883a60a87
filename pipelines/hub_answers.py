"""Why the Hub said no, or nothing: one sentence with the next step."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

UNAUTHORIZED, TOO_MANY = 401, 429
CLOSED = (UNAUTHORIZED, 403)
"""The Hub's words for "private, or not there", and for what a token may not read."""
BAD_TOKEN = "invalid credentials"
"""How the Hub begins its word on a token that it does not know (header X-Error-Message)."""


def refusal(error: Exception, model: str, revision: str, token: bool = False) -> str | None:
    """The sentence where trying again would not help; `token` says that a visitor gave one."""
    from huggingface_hub import errors

    if _status(error) == UNAUTHORIZED and _word(error).startswith(BAD_TOKEN):
        return WRONG_TOKEN if token else WRONG_LOGIN
    sentences = {**REFUSALS, **(WITH_TOKEN if token else {})}
    for cause in _causes(error):
        for name, sentence in sentences.items():
            if isinstance(cause, getattr(errors, name)):
                return sentence.format(model=model, revision=revision)
    if _status(error) in CLOSED:
        return sentences["RepositoryNotFoundError"].format(model=model)
    return None


def failure(error: Exception, model: str, token: bool = False) -> str:
    """The sentence for a Hub that answers badly or not at all, or a full disk."""
    if any(getattr(cause, "errno", 0) == errno.ENOSPC for cause in _causes(error)):
        return f"The disk filled up while {model} arrived; make room or choose a smaller model."
    if _status(error) == TOO_MANY:
        more = "" if token else ", or give your own token under Model"
        return f"The Hub asks for fewer requests (HTTP 429); try again in {_wait(error)}{more}."
    why = f"HTTP {_status(error)}" if _status(error) else type(error).__name__
    return f"The Hub did not deliver {model} ({why}); try again in a minute."


def offline(model: str) -> str:
    """The sentence for a model that is not on the disk, and no Hub to fetch it from."""
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return OFFLINE.format(model=model, why="HF_HUB_OFFLINE is set", then="without it")
    return OFFLINE.format(model=model, why="the Hub cannot be reached", then="when online")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _response(error: Exception) -> Any:
    return getattr(error, "response", None)


def _status(error: Exception) -> int:
    """The HTTP status that an error is about, or 0."""
    return int(getattr(_response(error), "status_code", 0))


def _word(error: Exception) -> str:
    headers = getattr(_response(error), "headers", None) or {}
    return str(headers.get("X-Error-Message", "")).lower()


def _wait(error: Exception) -> str:
    """How long the Hub asks to wait."""
    from huggingface_hub.utils._http import parse_ratelimit_headers

    headers = getattr(_response(error), "headers", None) or {}
    told = parse_ratelimit_headers(headers)
    after = str(headers.get("Retry-After", ""))
    seconds = told.reset_in_seconds if told else int(after) if after.isdecimal() else 0
    return f"{seconds} s" if seconds else "a minute"


OFFLINE = "{model} is not on this machine and {why}; use the starter model, or try again {then}."
ASK_OFFLINE = (
    "{model} was fetched with somebody's token, and the Hub cannot be reached to ask whether you "
    "may read it; try again when online."
)
WRONG_TOKEN = "The Hub does not know this token; give another one under Model, or none."
WRONG_LOGIN = "The Hub does not know the host's token; its host has to log in again."
REFUSALS = {
    "GatedRepoError": "{model} is gated: accept its terms on the Hub, then give your own token "
    "under Model (oauth_token over the API).",
    "RevisionNotFoundError": "{model} has no revision {revision}; leave the revision empty.",
    "DisabledRepoError": "{model} is switched off on the Hub; choose another model.",
    "RepositoryNotFoundError": "{model} is not on the Hub, or is private; check the spelling, or "
    "give your own token under Model (oauth_token over the API).",
    "HFValidationError": "{model} is not a model id; write it as owner/name.",
}
"""Exceptions of huggingface_hub.errors by name; the special ones before their bases."""
WITH_TOKEN = {
    "GatedRepoError": "{model} is gated, and not open to your token: accept its terms on the Hub, "
    "and let the token read gated models.",
    "RepositoryNotFoundError": "{model} is not on the Hub, or not open to your token; check the "
    "spelling, and what the token may read.",
}
"""The same where a visitor gave a token."""
