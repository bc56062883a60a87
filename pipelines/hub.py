"""The Hugging Face Hub: is it there, what files does a model need, and why it said no."""

from __future__ import annotations

import fnmatch
import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.errors import ModelError

logger = logging.getLogger(__name__)

PROBE_SECONDS = 1.5
PROBE_VALID_SECONDS = 30.0
ANSWER_SECONDS = 10.0
SIDE_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.tiktoken", "merges*", "vocab*")
INDEX = "model.safetensors.index.json"
WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors")

Report = Callable[[int, int], None]
"""Called with bytes done and bytes in all while files arrive."""

_probe: tuple[float, bool] = (float("-inf"), False)


def reachable() -> bool:
    """Whether the Hub takes a connection; asked at most every 30 s, answers within 1.5 s."""
    global _probe
    asked, answer = _probe
    if time.monotonic() - asked > PROBE_VALID_SECONDS:
        answer = _connects()
        _probe = (time.monotonic(), answer)
    return answer


def fetch_model(model: str, revision: str, report: Report) -> tuple[Path, str]:
    """A local folder with the model's files and its commit hash; raises ModelError.

    Only configuration, tokenizer and safetensors files are ever fetched. With no connection the
    files on disk serve.
    """
    from huggingface_hub import snapshot_download

    online = reachable()
    try:
        if online:
            return _download(model, revision, report)
        folder = Path(snapshot_download(model, revision=revision, local_files_only=True))
    except Exception as error:
        raise ModelError(_sentence(error, model, revision, online)) from error
    _require_weights(model, [str(p.relative_to(folder)) for p in folder.rglob("*")])
    return folder, folder.name


def _connects() -> bool:
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return False
    parts = urlsplit(constants.ENDPOINT)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def _download(model: str, revision: str, report: Report) -> tuple[Path, str]:
    from huggingface_hub import HfApi, hf_hub_download

    listing = HfApi().model_info(
        model, revision=revision, files_metadata=True, timeout=ANSWER_SECONDS, token=False
    )
    sizes = {s.rfilename: s.size or 0 for s in listing.siblings or []}
    files = _wanted(model, list(sizes))
    total = sum(sizes[name] for name in files)
    commit = listing.sha or revision
    done = 0
    path = Path()
    for name in files:
        report(done, total)
        path = Path(hf_hub_download(model, name, revision=commit, token=False))
        done += sizes[name]
    report(total, total)
    depth = len(Path(files[-1]).parts)
    return path.parents[depth - 1], commit


def _wanted(model: str, names: list[str]) -> list[str]:
    """The files to fetch: side files at the top of the repository, and its safetensors weights."""
    _require_weights(model, names)
    top = [name for name in names if "/" not in name]
    patterns = (*SIDE_FILES, *WEIGHTS)
    return [n for n in top if any(fnmatch.fnmatch(n, pattern) for pattern in patterns)]


def _require_weights(model: str, names: list[str]) -> None:
    if not any(fnmatch.fnmatch(n, pattern) for n in names for pattern in WEIGHTS):
        raise ModelError(
            f"{model} has no safetensors weights; choose a model that offers them (pickled "
            "weights can run code and are not loaded here)."
        )


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _sentence(error: Exception, model: str, revision: str, online: bool) -> str:
    """One sentence with the next step for a failure of the Hub client."""
    if isinstance(error, ModelError):
        return str(error)
    known = _known_causes()
    for cause in _causes(error):
        for kind, sentence in known.items():
            if isinstance(cause, kind):
                return sentence.format(model=model, revision=revision)
    logger.warning("the Hub failed for %s@%s", model, revision, exc_info=error)
    if not online:
        return f"{model} is not on this machine and the Hub cannot be reached; use starter/… instead."
    return f"The Hub did not deliver {model} ({_status(error)}); try again in a minute."


def _status(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"HTTP {response.status_code}" if response is not None else type(error).__name__


def _known_causes() -> dict[type[BaseException], str]:
    """Exceptions of huggingface_hub in the order in which they must be asked."""
    from huggingface_hub import errors

    table: dict[str, str] = {
        "GatedRepoError": "{model} is gated: accept its terms on the Hub, then start the "
        "playground with your HF_TOKEN.",
        "RevisionNotFoundError": "{model} has no revision {revision}; leave the revision empty.",
        "RepositoryNotFoundError": "{model} is not on the Hub, or is private; check the spelling.",
        "HFValidationError": "{model} is not a model id; write it as owner/name.",
        "LocalEntryNotFoundError": "{model} is not on this machine and the Hub cannot be "
        "reached; use the starter model, or try again when online.",
    }
    found: dict[type[BaseException], str] = {
        getattr(errors, name): text for name, text in table.items() if hasattr(errors, name)
    }
    found[OSError] = "{model} could not be read: connection lost or disk full; try again."
    return found


