"""Fixtures that load models; nothing here costs anything until a test asks for it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine_room import Room
from tests.loopback_hub import Hub, serve

if TYPE_CHECKING:
    from tests.door import Take

COLLECT_EVERY = 20_000
"""Objects; at Python's 700 a twelfth of the fast layer's time would go into looking for garbage."""


def pytest_configure() -> None:
    """Collect no garbage among what imports make (pipelines/imports.py says why)."""
    gc.disable()


def pytest_collection_finish() -> None:
    """All test files are imported: leave alone what they made."""
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _unserved() -> Iterator[None]:
    """Panels that are built for a look at them need no server; one costs more than the panel."""
    if "gradio" not in sys.modules:
        yield
        return
    from ui.unserved import unserved

    with unserved():
        yield


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
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, served.url)
        monkeypatch.setattr(constants, "ENDPOINT", served.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(hub, "_probe", (float("-inf"), False))
        yield served


@pytest.fixture(scope="module")
def room(checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A Runner for which every tiny checkpoint is a starter."""
    import torch

    from pipelines import loading

    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "STARTERS", checkpoints["bert-nli"].parent)
        yield Room(tmp_path_factory.mktemp("room"))


@pytest.fixture
def nothing_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of fakes has no memory that is worth collecting."""
    from pipelines import cache

    monkeypatch.setattr(cache, "give_memory_back", lambda: None)


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """What a test makes, as it comes out of the door for files."""
    from tests.door import door

    return door(tmp_path)
