"""Whisper's encoder hears a window once, and writes what it wrote before."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.quick.hearing import hear_once
from tests.engine_room import Room
from tests.tiny_hearing import whisper

TASK = "automatic-speech-recognition"
WINDOWS = {"return_timestamps": "off", "chunk_length_s": 1.2}
SAID = {
    "windows": WINDOWS,
    "a language": {**WINDOWS, "language": "fr"},
    "segments": {"return_timestamps": "segments"},
    "words": {"return_timestamps": "words"},
}


def encoded(model: Any) -> list[int]:
    """Notes how many windows each pass of the encoder has."""
    passes: list[int] = []
    original = model.get_encoder().layers[0].forward

    def forward(states: Any, *args: Any, **kwargs: Any) -> Any:
        passes.append(len(states))
        return original(states, *args, **kwargs)

    model.get_encoder().layers[0].forward = forward
    return passes


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("values", SAID.values(), ids=SAID)
def test_what_is_written_is_the_same(
    room: Room, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = room.run(TASK, "whisper", **values).answer
    loaded = next(x for x in room.runner.cache.loaded() if x.facts.model == "starter/whisper")
    encoder = loaded.pipe.model.get_encoder()
    monkeypatch.setattr(encoder, "forward", encoder.forward.__wrapped__)
    assert room.run(TASK, "whisper", **values).answer == ours


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_window_is_heard_once_and_another_one_anew() -> None:
    import torch

    model = whisper()[0].eval()
    hear_once(model)
    passes, encoder = encoded(model), model.get_encoder()
    one, other = torch.randn(2, 16, 200), torch.randn(2, 16, 200)
    with torch.no_grad():
        first = encoder(one).last_hidden_state
        assert encoder(one.clone()).last_hidden_state is first
        assert not torch.equal(encoder(other).last_hidden_state, first)
        encoder(other[:1])
        assert encoder(other, output_attentions=True).attentions is not None
    assert passes == [2, 2, 1, 2]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_windows_of_a_recording_go_through_the_encoder_once_and_together(room: Room) -> None:
    room.run(TASK, "whisper", **WINDOWS)
    loaded = next(x for x in room.runner.cache.loaded() if x.facts.model == "starter/whisper")
    passes = encoded(loaded.pipe.model)
    room.run(TASK, "whisper", **WINDOWS)
    assert len(passes) == 1
    assert passes[0] > 1
