"""Loading one model in a test, and the sentence with which it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.errors import ModelError
from pipelines.loading import Loaded, LoadSettings, load
from pipelines.tasks import task


def loaded(id: str, model: str, **changes: Any) -> Loaded:
    settings = {"device": "cpu", "dtype": "float32", **changes}
    return load(task(id), LoadSettings(task=id, model=model, **settings), lambda *_: None)


def refusal(id: str, model: str, **changes: Any) -> str:
    """The one sentence; it names no path of this machine."""
    with pytest.raises(ModelError) as refused:
        loaded(id, model, **changes)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert "/tmp" not in sentence
    assert len(sentence) < 300
    return sentence
