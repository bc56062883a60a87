"""Made sounds: pieces become one, floats become 16-bit samples, samples a WAV file."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.int16]

FULL_SCALE = 32_767
SAMPLE_BYTES = 2


def joined(pieces: Sequence[Any], sampling_rate: int, pause: float) -> NDArray[np.float32]:
    """(n,) or (channels, n) pieces one after the other with `pause` seconds of silence between."""
    import numpy as np

    arrays = [np.asarray(piece, np.float32) for piece in pieces]
    silence = np.zeros((*arrays[0].shape[:-1], round(pause * sampling_rate)), np.float32)
    parts = [part for array in arrays for part in (silence, array)]
    return np.concatenate(parts[1:], axis=-1)


def samples_of(audio: Any) -> Samples:
    """int16 (n, channels) of floats (n,) or (channels, n) in -1..1; louder ones are cut off there.

    What is no number is silence.
    """
    import numpy as np

    array = np.nan_to_num(np.asarray(audio, np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
    scaled = np.rint(array.clip(-1, 1) * FULL_SCALE).astype(np.int16)
    return np.ascontiguousarray(np.atleast_2d(scaled).T)


def to_wav(samples: Samples, sampling_rate: int) -> bytes:
    """A WAV file of int16 (n, channels)."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(sampling_rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def seconds(wav: bytes) -> float:
    """How long a WAV file of `to_wav` lasts."""
    with wave.open(io.BytesIO(wav), "rb") as file:
        return file.getnframes() / file.getframerate()
