"""Search: models of the Hub for a task, as one types."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pipelines.hub import reachable

logger = logging.getLogger(__name__)

Order = Literal["downloads", "likes", "trending_score"]
MOST_FOUND = 12
MOST_CHARS = 100
KEPT_SECONDS = 300.0
MOST_KEPT = 500
WANTED: list[Any] = ["downloads", "likes", "gated", "safetensors", "tags"]
LICENSE = "license:"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A model as the Hub lists it; parameters 0 and an empty license are unknown."""

    id: str
    parameters: int
    downloads: int
    likes: int
    license: str
    gated: bool
    on_disk: bool


_kept: dict[tuple[str, str, str], tuple[float, tuple[Found, ...]]] = {}
_table = threading.Lock()


def find_models(task: str, words: str, order: Order = "downloads") -> tuple[Found, ...]:
    """Models that were made for the task and have safetensors, the first MOST_FOUND of them.

    Nothing, and no error, where the Hub cannot be reached or has a bad moment. Answers are kept for
    KEPT_SECONDS.
    """
    key = (task, words.strip().casefold()[:MOST_CHARS], order)
    with _table:
        asked, answer = _kept.get(key, (float("-inf"), ()))
    if time.monotonic() - asked < KEPT_SECONDS:
        return tuple(replace(each, on_disk=_on_disk(each.id)) for each in answer)
    if not reachable():
        return ()
    try:
        answer = _asked(*key)
    except Exception as error:  # noqa: BLE001  a search that fails is no error of the user
        logger.warning("the Hub did not search for %s: %s", key, error)
        return ()
    with _table:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = (time.monotonic(), answer)
    return answer


def _asked(task: str, words: str, order: Any) -> tuple[Found, ...]:
    from huggingface_hub import HfApi

    models = HfApi().list_models(
        pipeline_tag=task, filter=["transformers", "safetensors"], search=words or None,
        sort=order, limit=MOST_FOUND, expand=WANTED, token=False,
    )  # fmt: skip
    return tuple(_read(model) for model in models)


def _read(model: Any) -> Found:
    tags = model.tags or []
    license = next((t.removeprefix(LICENSE) for t in tags if t.startswith(LICENSE)), "")
    weights = model.safetensors
    return Found(
        id=model.id,
        parameters=int(weights.total) if weights else 0,
        downloads=int(model.downloads or 0),
        likes=int(model.likes or 0),
        license=license,
        gated=bool(model.gated),
        on_disk=_on_disk(model.id),
    )


def _on_disk(model: str) -> bool:
    """Weights come last, so half a download has none."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(model, "config.json")
    return isinstance(config, str) and any(Path(config).parent.glob("*.safetensors"))
