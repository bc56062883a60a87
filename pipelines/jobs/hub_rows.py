"""The child process that reads a data set of the Hub: `python -m pipelines.jobs.hub_rows < ask`.

It alone imports `datasets`, and works in an empty folder, so that no id is taken for a path there.
Pictures and recordings are never decoded: their bytes are written to files, and a row names them.
Lines of JSON on stdout: {"about": ...}, then {"row": ...} for each, at last {"end": true}; or
{"error": sentence, "passing": whether it may work later}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

LEAST_VERSION = 4
"""Of datasets: older ones run a repository's own code."""
BUILDERS = ("parquet", "arrow", "json", "csv", "text", "imagefolder", "audiofolder", "videofolder")
"""Readers of plain files; none of them runs code or unpickles."""
MEDIA = ("Image", "Audio", "Video")
"""Feature types whose cells are files."""


class Refused(Exception):
    """A sentence for the user; `passing` where the same may work later."""

    def __init__(self, sentence: str, passing: bool = False) -> None:
        super().__init__(sentence)
        self.passing = passing


def main() -> None:
    """Read the ask, write lines."""
    lines = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is no line of ours
    ask = json.load(sys.stdin)
    try:
        for line in read(ask):
            lines.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            lines.flush()
        last: dict[str, Any] = {"end": True}
    except Refused as refused:
        last = {"error": str(refused), "passing": refused.passing}
    except Exception as error:  # noqa: BLE001  the library raises anything for a strange repository
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        last = _told(error, ask)
    lines.write(json.dumps(last) + "\n")
    lines.flush()
    os._exit(0)  # threads of the library that still fetch are not waited for


def read(ask: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What is known of the data set, then its rows from `skip` on, at most `count`."""
    from datasets import load_dataset

    id, revision, options = _checked(ask)
    about = _about(id, revision, ask, options)
    stream = load_dataset(
        id, about["config"], split=about["split"], revision=revision, streaming=True, **options
    )
    names = dict(stream.features or {})
    media = [n for n, kind in names.items() if type(kind).__name__ in MEDIA]
    dropped = [n for n in media if ask["media"] is not None and n not in ask["media"]]
    if media:
        stream = stream.decode(False)  # first: after another step it decodes and encodes anew (5.2)
    if dropped:
        stream = stream.remove_columns(dropped)
    rows = iter(stream.skip(ask["skip"]) if ask["skip"] else stream)
    first = next(rows, None)
    columns = [n for n in (names or first or {}) if n not in dropped]
    yield {"about": {**about, "id": id, "revision": revision, "columns": columns}}
    taken = Taken(id, revision, names, ask, options)
    for number, row in enumerate(islice(_after(first, rows), ask["count"]), start=ask["skip"]):
        yield {"row": {name: taken.cell(number, name, cell) for name, cell in row.items()}}


def _after(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
        yield from rest


def _checked(ask: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """The whole id, the commit, and the login; a repository that points elsewhere is refused."""
    import datasets
    from huggingface_hub import HfApi

    if int(datasets.__version__.split(".")[0]) < LEAST_VERSION:
        raise Refused(f"datasets {datasets.__version__} is too old: pip install -U datasets.")
    options = {"token": ask["token"] or (None if ask["login"] else False)}
    api: Any = HfApi()
    told = api.dataset_info(ask["id"], revision=ask["revision"] or None, **options)
    card = told.card_data.to_dict() if told.card_data else {}
    for pattern in _strings(card.get("configs")):
        if "://" in pattern or "::" in pattern or pattern.startswith(("/", "~")) or ".." in pattern:
            raise Refused(f"{told.id} names files outside itself; it is not read.")
    if "/" not in told.id or not told.sha:
        raise Refused(f"{told.id} has no owner in its name; give owner/name.")
    return told.id, told.sha, options


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value


def _about(id: str, revision: str, ask: Mapping[str, Any], options: Any) -> dict[str, Any]:
    """Configs, splits and the number of rows, after a look at where the files lie."""
    from datasets import get_dataset_config_names, load_dataset_builder

    configs = get_dataset_config_names(id, revision=revision, **options)
    config = _chosen("config", ask["config"], configs, "default")
    builder = load_dataset_builder(id, config, revision=revision, **options)
    reader = type(builder).__module__.split(".")[-1]
    if reader not in BUILDERS:
        raise Refused(f"{id} is read with {reader}; only {', '.join(BUILDERS)} are.")
    files = builder.config.data_files or {}
    home = f"hf://datasets/{id}@{revision}/"
    if not all(_at_home(str(file), home) for listed in files.values() for file in listed):
        raise Refused(f"{id} names files outside itself; it is not read.")
    known = builder.info.splits or {}
    splits = list(known) or [str(name) for name in files]
    split = _chosen("split", ask["split"], splits, "test")
    rows = known[split].num_examples if split in known else None
    return {
        "configs": configs, "config": config, "splits": splits, "split": split, "rows": rows or None
    }  # fmt: skip


def _at_home(file: str, home: str) -> bool:
    """Whether an address is of the repository itself, also one inside a ZIP of it."""
    inner, _, outer = file.rpartition("::")
    return outer.startswith(home) and (not inner or inner.startswith("zip://"))


def _chosen(what: str, wanted: str, there: list[str], usual: str) -> str:
    if not there:
        raise Refused(f"There is no {what} with files in it.")
    if wanted and wanted not in there:
        raise Refused(f"There is no {what} {wanted!r}; there are {', '.join(there[:20])}.")
    return wanted or (usual if usual in there else there[0])


class Taken:
    """Cells as JSON; files among them are written to the folder."""

    def __init__(
        self, id: str, revision: str, names: Mapping[str, Any], ask: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self.home = f"hf://datasets/{id}@{revision}/"
        self.names = names
        self.folder = Path(ask["folder"])
        self.most, self.left = ask["file_bytes"], ask["all_bytes"]
        self.options = options

    def cell(self, number: int, name: str, value: Any) -> Any:
        """A label as its name, a file as the name of a file in the folder."""
        kind: Any = self.names.get(name)
        if hasattr(kind, "int2str") and isinstance(value, int):
            return kind.int2str(value) if value >= 0 else None
        if isinstance(value, Mapping) and set(value) == {"bytes", "path"}:
            return self._file(number, name, value)
        return _plain(value)

    def _file(self, number: int, name: str, value: Mapping[str, Any]) -> str | None:
        content = value["bytes"] or self._fetched(value["path"])
        if content is None:
            return None
        column = "".join(c if c.isalnum() else "-" for c in name)[:40]
        path = self.folder / f"{number:07}-{[*self.names].index(name)}-{column}"
        kept = content[: self.most + 1]  # what is too large is refused later
        self.left -= path.write_bytes(kept)
        if self.left < 0:
            raise Refused("brings more bytes than one job may; ask for fewer rows.")
        return path.name

    def _fetched(self, path: Any) -> bytes | None:
        """The bytes of a file of the repository; no other address is followed."""
        from datasets import DownloadConfig
        from datasets.utils.file_utils import xopen

        if not isinstance(path, str) or not _at_home(path, self.home):
            return None
        with xopen(path, "rb", download_config=DownloadConfig(**self.options)) as file:
            return bytes(file.read(self.most + 1))


def _plain(value: Any) -> Any:
    """What JSON can hold; bytes inside of lists are not kept."""
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _told(error: Exception, ask: Mapping[str, Any]) -> dict[str, Any]:
    """The sentence for what a library raised."""
    from huggingface_hub import errors

    sentences: dict[type[Exception], str] = {
        errors.GatedRepoError: "is gated: accept its terms on its page, then give your own token.",
        errors.RepositoryNotFoundError: "is not on the Hub, or is private; check its name.",
        errors.RevisionNotFoundError: "has no such revision; leave it empty for the newest one.",
    }
    for kind, sentence in sentences.items():
        if isinstance(error, kind):
            return {"error": f"{ask['id']} {sentence}", "passing": False}
    if isinstance(error, OSError | errors.HfHubHTTPError) or "Connect" in type(error).__name__:
        return {"error": "The Hub does not answer; try again later.", "passing": True}
    return {"error": f"{ask['id']} cannot be read: {str(error)[:200]}", "passing": False}


if __name__ == "__main__":
    main()
