"""Uploads: a file that a request names, checked for its place before anything opens it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.limits import Limits

SHOWN_NAME_CHARS = 100


@dataclass(frozen=True)
class Upload:
    """A file that the request names: a checked path in the upload folder, or a URL to fetch."""

    name: str
    path: Path | None = None
    url: str | None = None


def remote_upload(name: str, url: str, limits: Limits) -> Upload:
    """A web address to fetch later; refused where fetching is switched off (R11)."""
    if not limits.fetch_urls:
        raise InputError(name, "takes uploaded files only; fetching URLs is switched off here.")
    tail = url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return Upload(name=_shown_name(tail) or "download", url=url)


def local_upload(name: str, place: str, value: Any, limits: Limits) -> Upload:
    """A path is real, resolved, and inside an upload folder; otherwise it does not exist for us."""
    try:
        path = Path(place).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        raise InputError(name, "is not an uploaded file; upload it again.") from None
    inside = any(path.is_relative_to(root.resolve()) for root in limits.upload_roots)
    if not inside or not path.is_file():
        raise InputError(name, "is not an uploaded file; upload it again.")
    shown = value.get("orig_name") if isinstance(value, Mapping) else None
    named = _shown_name(Path(shown).name) if isinstance(shown, str) else ""
    return Upload(name=named or path.name, path=path)


def _shown_name(name: str) -> str:
    """A client's file name as it may be shown: short, without NUL and lone surrogates."""
    plain = name[:SHOWN_NAME_CHARS].replace("\x00", "")
    return plain.encode("utf-8", "replace").decode("utf-8")
