"""The shelf: what the Hub's cache holds on this machine's disk, and how to clear it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pipelines.errors import EngineError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OnDisk:
    """A model in the cache: bytes of all its revisions, last use in seconds since the epoch."""

    model: str
    bytes: int
    revisions: int
    last_used: float


def on_disk() -> tuple[OnDisk, ...]:
    """Every model in the cache, the largest first; nothing where there is no cache."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return ()
    found = [
        OnDisk(
            model=repo.repo_id, bytes=repo.size_on_disk, revisions=len(repo.revisions),
            last_used=repo.last_accessed,
        )
        for repo in repos
        if repo.repo_type == "model"
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: -each.bytes))


def remove(model: str) -> int:
    """Delete every revision of a model; the bytes that are free again. Raises EngineError."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        cache = scan_cache_dir(constants.HF_HUB_CACHE)
    except CacheNotFound:
        raise EngineError("There is no cache on this machine.") from None
    for repo in cache.repos:
        if repo.repo_type == "model" and repo.repo_id == model:
            plan = cache.delete_revisions(*(r.commit_hash for r in repo.revisions))
            plan.execute()
            logger.info("removed %s from the disk", model)
            return int(plan.expected_freed_size)
    raise EngineError(f"{model} is not on the disk; look at the list again.")
