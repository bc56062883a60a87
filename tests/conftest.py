"""Fixtures that load models; nothing here costs anything until a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback_hub import Hub, serve


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny checkpoints by name, built once."""
    from tests.tiny import build_all

    return build_all(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A Hub on loopback that this process uses, with an empty cache of its own."""
    from huggingface_hub import constants

    from pipelines import hub

    with serve(Hub()) as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(hub, "_probe", (float("-inf"), False))
        yield served
