"""The one door for files: what a test makes goes through it as an upload for "field"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import media
from pipelines.errors import InputError
from pipelines.kinds import Kind
from pipelines.limits import Limits
from pipelines.uploads import Upload
from tests import made

NO_PARAMS: dict[str, Any] = {}
LIMITS = Limits()
REFUSAL_SECONDS = 0.5
REFUSAL_BYTES = 100_000_000
"""The most that refusing a file may take."""

Take = Callable[..., media.Decoded]
"""take(kind, content, params, rate, limits): `content` as it comes out of the door."""


def door(folder: Path) -> Take:
    """Uploads lie in the folder."""

    def take(
        kind: Kind,
        content: bytes,
        params: dict[str, Any] = NO_PARAMS,
        rate: int = made.RATE,
        limits: Limits = LIMITS,
    ) -> media.Decoded:
        path = folder / "upload.exe"
        path.write_bytes(content)
        return media.decode(
            kind, Upload("upload.exe", path=path), params, rate, limits, name="field"
        )

    return take


def refusal(take: Take, *args: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        take(*args, **options)
    message = str(caught.value)
    assert "Traceback" not in message
    assert "/" not in message
    return message
