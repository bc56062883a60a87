"""A stand-in for the few doors of `datasets` that are used: Parquet files of a Hub, whole.

The Hub is HF_ENDPOINT; split SPLIT of a repository is its file data/SPLIT.parquet. Features are
read from the schema, as the library writes them there.
"""

from __future__ import annotations

import io
import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

__version__ = "5.0.0"


class DownloadConfig(SimpleNamespace):
    """Arguments of a download."""


class Value(SimpleNamespace):
    """A plain cell."""


class Image(SimpleNamespace):
    """A picture; its cell is {"bytes", "path"} where decoding is off."""


class ClassLabel(SimpleNamespace):
    """The number of a name."""

    names: list[str]

    def int2str(self, number: int) -> str:
        return self.names[number]


KINDS: dict[str, type[SimpleNamespace]] = {"Image": Image, "ClassLabel": ClassLabel}


class Builder:
    """The builder of a repository."""

    __module__ = "datasets.packaged_modules.parquet.parquet"

    def __init__(self, id: str, revision: str) -> None:
        api = f"{os.environ['HF_ENDPOINT']}/api/datasets/{id}/tree/{revision}?recursive=true"
        found = [f["path"] for f in json.loads(_read(api)) if f["path"].endswith(".parquet")]
        home = f"hf://datasets/{id}@{revision}/"
        files = {p.removeprefix("data/").removesuffix(".parquet"): [home + p] for p in found}
        self.config = SimpleNamespace(data_files=files)
        self.info = SimpleNamespace(splits={})


def get_dataset_config_names(id: str, **_: Any) -> list[str]:
    return ["default"]


def load_dataset_builder(id: str, config: str, *, revision: str, token: Any) -> Builder:
    return Builder(id, revision)


def load_dataset(
    id: str, config: str, *, split: str, revision: str, streaming: bool, token: Any
) -> Stream:
    from pyarrow.parquet import read_table

    assert streaming
    place = f"{os.environ['HF_ENDPOINT']}/datasets/{id}/resolve/{revision}/data/{split}.parquet"
    table = read_table(io.BytesIO(_read(place)))
    told = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    kinds = {name: KINDS.get(f.pop("_type"), Value)(**f) for name, f in told.items()}
    return Stream(table.to_pylist(), kinds)


@dataclass
class Stream:
    """Rows that are read one after the other."""

    rows: list[dict[str, Any]]
    features: dict[str, Any]
    decoded: bool = field(default=True)

    def remove_columns(self, names: list[str]) -> Stream:
        self._check()  # datasets 5.2 decodes, and encodes anew, what is told so later
        kept = [{n: v for n, v in row.items() if n not in names} for row in self.rows]
        left = {n: v for n, v in self.features.items() if n not in names}
        return Stream(kept, left, self.decoded)

    def decode(self, enable: bool) -> Stream:
        return Stream(self.rows, self.features, enable)

    def skip(self, n: int) -> Stream:
        return Stream(self.rows[n:], self.features, self.decoded)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._check()
        return iter(self.rows)

    def _check(self) -> None:
        if self.decoded and any(isinstance(f, Image) for f in self.features.values()):
            raise RuntimeError("a picture would be decoded here")


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())
