"""A delivery: the files of a model at a commit; those that lack on the disk arrive one by one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.arrivals import Wanted, arrive

HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

Report = Callable[[int, int, str], None]
"""Called with bytes done and bytes in all of what is not there yet, and the file that arrives; what
it raises ends the waiting. Where all is there, it is called without a file."""


class Delivery:
    """`files` are the siblings of the Hub's answer on the model, with their metadata."""

    def __init__(
        self, model: str, commit: str, token: bool | str | None, report: Report, files: list[Any]
    ) -> None:
        from huggingface_hub import try_to_load_from_cache

        self._model, self._commit, self._token = model, commit, token
        self._report = report
        self._files = {file.rfilename: file for file in files}
        self.lacking = {
            name: file.size or 0
            for name, file in self._files.items()
            if not isinstance(try_to_load_from_cache(model, name, revision=commit), str)
        }
        """Bytes of the files that are not on the disk."""
        self._total = sum(self.lacking.values())
        self._done = 0

    def bring(self, name: str) -> Path:
        """The file's path, once it is there; raises what `report` and the client raise."""
        from huggingface_hub import hf_hub_download

        if name in self.lacking and self._hash(name):
            place = list(self.lacking).index(name) + 1
            said = f"{name}, file {place} of {len(self.lacking)}"
            self._arrive(name, said)
            self._done += self.lacking[name]
        return Path(hf_hub_download(self._model, name, revision=self._commit, token=self._token))

    def _arrive(self, name: str, said: str) -> None:
        from huggingface_hub.utils._headers import build_hf_headers

        headers = build_hf_headers(token=self._token)
        arrive(
            self._file(name),
            headers,
            lambda seen: self._report(self._done + seen, self._total, said),
        )

    def _file(self, name: str) -> Wanted:
        from huggingface_hub import constants, hf_hub_url
        from huggingface_hub.file_download import repo_folder_name

        cache, hash = Path(constants.HF_HUB_CACHE), self._hash(name)
        folder = repo_folder_name(repo_id=self._model, repo_type="model")
        return Wanted(
            name=name,
            url=hf_hub_url(self._model, name, revision=self._commit),
            blob=cache / folder / "blobs" / hash,
            lock=cache / ".locks" / folder / f"{hash}.lock",
            size=self.lacking[name],
            hash=hash,
        )

    def _hash(self, name: str) -> str:
        """As the Hub lists it; nothing where it does not, or has the file not over plain HTTP."""
        from huggingface_hub import constants

        file = self._files[name]
        if not file.size or file.size > constants.MAX_HTTP_DOWNLOAD_SIZE:
            return ""
        found = str(file.lfs.sha256 if file.lfs else file.blob_id or "")
        return found if HASH.fullmatch(found) else ""
