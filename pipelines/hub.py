"""The Hugging Face Hub: is it there, what files does a model need, and why it said no."""

from __future__ import annotations

import fnmatch
import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.access import Access, guard, permit, permitted, require
from pipelines.delivery import Delivery, Report
from pipelines.errors import ModelError, PipelineError
from pipelines.hub_answers import ASK_OFFLINE, failure, offline, refusal
from pipelines.limits import GB
from pipelines.quota import free_bytes

logger = logging.getLogger(__name__)

PROBE_SECONDS = 1.5
PROBE_VALID_SECONDS = 30.0
ANSWER_SECONDS = 10.0
SPARE_DISK_BYTES = GB // 2
SIDE_FILES = ("*.json", "*.txt", "*.model", "*.spm", "*.jinja", "*.tiktoken", "merges*", "vocab*")
PROCESSOR_FILES = (
    "*processor_config.json", "token*", "vocab*", "*.model", "*.spm", "*.tiktoken"
)  # fmt: skip
WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors")

Inspect = Callable[[Path], None]
"""Called with the folder once the side files are there, before any weights are fetched."""

_probe: tuple[float, bool] = (float("-inf"), False)


def reachable() -> bool:
    """Whether the Hub takes a connection; asked at most every 30 s, answers within 1.5 s."""
    global _probe
    asked, answer = _probe
    if time.monotonic() - asked > PROBE_VALID_SECONDS:
        answer = _connects_in_time()
        _probe = (time.monotonic(), answer)
    return answer


def fetch_model(
    model: str, revision: str, report: Report, inspect: Inspect | None, access: Access
) -> tuple[Path, str]:
    """A local folder with the model's files and its commit hash; raises ModelError.

    Only configuration, tokenizer and safetensors files are ever fetched; without `inspect`, no
    weights. With no connection, or when the Hub has a bad moment, the files on disk serve.
    """
    require_access(model, access)
    if not reachable():
        return _on_disk(model, revision, inspect, offline(model))
    given = bool(access.token)
    try:
        return _download(model, revision, report, inspect, access)
    except PipelineError:
        raise
    except Exception as error:
        no = refusal(error, model, revision, given)
        if no:
            raise ModelError(no) from error
        logger.warning("the Hub failed for %s@%s: %s", model, revision, error)
        return _on_disk(model, revision, inspect, failure(error, model, given))


def require_access(model: str, access: Access) -> None:
    """Refuse a model that a visitor's token fetched to who may not read it; raises ModelError."""
    require(model, access, _ask)


def _ask(model: str, access: Access) -> None:
    if not reachable():
        raise ModelError(ASK_OFFLINE.format(model=model))
    given = bool(access.token)
    try:
        permit(model, access)
    except Exception as error:
        no = refusal(error, model, "", given) or failure(error, model, given)
        raise ModelError(no) from error


def _connects_in_time() -> bool:
    """The answer of _connects; no within the probe's time, for resolving a name has no timeout."""
    answers: list[bool] = []
    probe = threading.Thread(target=lambda: answers.append(_connects()), daemon=True, name="probe")
    probe.start()
    probe.join(PROBE_SECONDS)
    return bool(answers and answers[0])


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


def _on_disk(
    model: str, revision: str, inspect: Inspect | None, otherwise: str
) -> tuple[Path, str]:
    """What an earlier download left; else a ModelError that says `otherwise`."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(model, revision=revision, local_files_only=True))
    except Exception as error:
        raise ModelError(refusal(error, model, revision) or otherwise) from error
    _wanted(model, [p.name for p in folder.iterdir()], inspect)
    if inspect:
        inspect(folder)
    return folder, folder.name


def _download(
    model: str, revision: str, report: Report, inspect: Inspect | None, access: Access
) -> tuple[Path, str]:
    """Side files, a look at them, then the weights; all of one commit."""
    from huggingface_hub import HfApi

    listing = HfApi().model_info(
        model, revision=revision, files_metadata=True, timeout=ANSWER_SECONDS, token=access.shown
    )
    if listing.gated or listing.private:
        _enter(model, access)
    files = {file.rfilename: file for file in listing.siblings or []}
    weights, side = _wanted(model, list(files), inspect)
    commit = listing.sha or revision
    listed = [files[name] for name in (*side, *weights)]
    wanted = Delivery(model, commit, access.shown, report, listed)
    _require_room(model, [files[name] for name in weights], wanted.lacking, access)
    folder = Path()
    for name in side:
        folder = wanted.bring(name).parent
    if inspect:
        inspect(folder)
    for name in weights:
        wanted.bring(name)
    if revision != commit:
        _write_ref(model, side[0], revision, access)
    report(0, 0, "")
    return folder, commit


def _enter(model: str, access: Access) -> None:
    """Before anything of a model that is not for everybody: may this one, and the mark."""
    if not permitted(model, access):
        permit(model, access)
    if access.token:
        guard(model)


def _write_ref(model: str, name: str, revision: str, access: Access) -> None:
    """Writes down which commit the revision is, for offline use."""
    from huggingface_hub import hf_hub_download

    hf_hub_download(model, name, revision=revision, token=access.shown)


def _wanted(model: str, names: list[str], inspect: Inspect | None) -> tuple[list[str], list[str]]:
    """(weights, side files) at the top of the repository."""
    top = [name for name in names if "/" not in name]
    side = [name for name in top if _matches(name, SIDE_FILES)]
    if inspect is None:
        _require_processor(model, side)
        return [], side
    _require_weights(model, names)
    return [name for name in top if _matches(name, WEIGHTS)], side


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _require_processor(model: str, names: list[str]) -> None:
    if not any(_matches(name, PROCESSOR_FILES) for name in names):
        raise ModelError(f"{model} has no tokenizer and no processor; name a model that has one.")


def _require_weights(model: str, names: list[str]) -> None:
    if "config.json" not in names:
        raise ModelError(f"{model} has no config.json, so it is no transformers model.")
    if not any(_matches(name, WEIGHTS) for name in names):
        raise ModelError(
            f"{model} has no safetensors weights; choose a model that offers them (pickled "
            "weights can run code and are not loaded here)."
        )


def _require_room(model: str, files: list[Any], lacking: dict[str, int], access: Access) -> None:
    """Refuse before the download what neither disk nor memory could hold (R14)."""
    from huggingface_hub import constants

    weights = sum(file.size or 0 for file in files)
    if access.memory_bytes and weights > access.memory_bytes:
        room = f"{access.memory_bytes / GB:.1f} GB"
        raise ModelError(
            f"{model} has {weights / GB:.1f} GB of weights and the device {room} of memory; choose "
            "a smaller model or a device map."
        )
    free = free_bytes(Path(constants.HF_HUB_CACHE))
    if (size := sum(lacking.values())) and size > free - SPARE_DISK_BYTES:
        raise ModelError(
            f"{model} has {size / GB:.1f} GB to fetch and the disk {free / GB:.1f} GB left; "
            "make room or choose a smaller model."
        )
