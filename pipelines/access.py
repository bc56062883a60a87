"""Access: with whose token the Hub is asked, and which models it must be asked about each time.

A model that a visitor's token fetched lies on the host's disk and in its memory. A mark beside its
files says so, and nobody else is answered before the Hub has said that they may read it too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.token import NO_TOKEN, Token

logger = logging.getLogger(__name__)

GRANT_SECONDS = 300.0
"""How long the Hub's yes holds; a permission that is taken back ends within that time."""
MOST_GRANTS = 1_000
MARK = ".needs-token"


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a fetch may use (R14): a visitor's token, else the host's where that is lent.

    `memory_bytes` is the most that the weights may have (0: any).
    """

    token: Token = NO_TOKEN
    lent: bool = False
    memory_bytes: int = 0

    @property
    def shown(self) -> str | bool | None:
        """The client's `token` argument: None is the host's own login, False is none at all."""
        if self.token:
            return self.token.reveal()
        return None if self.lent else False

    @property
    def who(self) -> str:
        """Who asks, for the table of grants."""
        if self.token:
            return self.token.mark
        return "host" if self.lent else ""


_grants: dict[tuple[str, str], float] = {}
_guarded: set[str] = set()
_table = threading.Lock()


def permit(model: str, access: Access) -> None:
    """Ask the Hub whether this one may read the model's files; raises what the client raises."""
    from huggingface_hub import HfApi

    HfApi().auth_check(model, token=access.shown)
    with _table:
        if len(_grants) >= MOST_GRANTS:
            _grants.clear()
        _grants[model, access.who] = time.monotonic()


def permitted(model: str, access: Access) -> bool:
    """Whether the Hub has said yes of late."""
    with _table:
        said = _grants.get((model, access.who), float("-inf"))
    return time.monotonic() - said < GRANT_SECONDS


def guard(model: str) -> None:
    """Mark a model that a visitor's token fetches, before the first of its files is there."""
    with _table:
        _guarded.add(model)
    mark = _mark(model)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    logger.info("%s is for those who may read it on the Hub", model)


def guarded(model: str) -> bool:
    """Whether the Hub must be asked before anyone gets this model."""
    return model in _guarded or _mark(model).exists()


def require(model: str, access: Access, ask: Callable[[str, Access], None]) -> None:
    """Let pass who may have the model; `ask` asks the Hub and raises the sentence of its no."""
    if guarded(model) and not permitted(model, access):
        ask(model, access)


def _mark(model: str) -> Path:
    """In the model's own folder of the cache: it goes when the files go."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = repo_folder_name(repo_id=model, repo_type="model")
    return Path(constants.HF_HUB_CACHE) / folder / MARK
