"""Conversations with files over the API: what gradio_client sends arrives as uploads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from gradio_client.exceptions import AppError

from pipelines.kinds.talks import files, texts
from tests.served import Served, serve

NAME = "/image_text_to_text"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("api")) as served:
        yield served


def arrived(app: Served, value: Any) -> Any:
    answer = app.client.predict(text=value, api_name=NAME)
    assert set(answer) == {"generated_text"}
    return app.engine.requests[-1].inputs["text"]


@pytest.mark.parametrize("count", [0, 3])
def test_a_message_brings_its_files(app: Served, count: int) -> None:
    talk = arrived(app, {"text": "look", "files": [app.upload() for _ in range(count)]})
    assert list(texts(talk)) == ["look"]
    found = list(files(talk))
    assert [medium for medium, _ in found] == ["image"] * count
    assert all(upload.path.read_bytes() == app.picture.read_bytes() for _, upload in found)


def test_a_conversation_brings_its_files(app: Served) -> None:
    picture = {"type": "image", "image": app.upload()}
    talk = arrived(
        app,
        [
            {"role": "user", "content": [picture, {"type": "text", "text": "look"}]},
            {"role": "assistant", "content": "a star"},
            {"role": "user", "content": "which colour?"},
        ],
    )
    assert list(texts(talk)) == ["look", "a star", "which colour?"]
    ((_, upload),) = files(talk)
    assert upload.path.read_bytes() == app.picture.read_bytes()


def test_r1_a_path_of_the_server_is_no_file(app: Served) -> None:
    for value in (
        {"text": "x", "files": ["/etc/passwd"]},
        [{"role": "user", "content": [{"type": "image", "image": "/etc/passwd"}]}],
        [{"role": "user", "content": [{"type": "image", "path": "/etc/passwd"}]}],
    ):
        with pytest.raises(AppError, match="text: is not an uploaded file"):
            app.client.predict(text=value, api_name=NAME)
