"""Made sounds: pieces become one, floats become 16-bit samples, samples a WAV file or a picture."""

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
WINDOW = 1_024
"""Samples that one column of a spectrogram looks at."""
MEL_BANDS = 64
COLUMNS = 400
"""Most columns of a spectrogram; those of a longer sound lie further apart."""
LOWEST_DB = -80.0
"""Below the loudest place of the sound; what is fainter is drawn like silence."""


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


def spectrogram(samples: Samples, sampling_rate: int) -> NDArray[np.float32]:
    """dB below the loudest place, LOWEST_DB..0, of int16 (n, channels): (MEL_BANDS, columns).

    The bands are evenly spaced in mel from 0 Hz to half the sampling rate; columns begin at 0 s and
    are evenly spaced over the sound. Shorter than a window gives one column.
    """
    import numpy as np

    mono = samples.mean(axis=1) / FULL_SCALE
    mono = np.pad(mono, (WINDOW // 2, WINDOW // 2 + max(0, WINDOW - len(mono))))
    hop = max(WINDOW // 4, -(-len(samples) // COLUMNS))
    windows = np.lib.stride_tricks.sliding_window_view(mono, WINDOW)[::hop]
    power = np.abs(np.fft.rfft(windows * np.hanning(WINDOW))) ** 2
    bands = _mel_filters(sampling_rate) @ power.T
    loudest = max(float(bands.max()), 1e-9)
    floor = 10 ** (LOWEST_DB / 10)
    found: NDArray[np.float32] = 10 * np.log10(np.maximum(bands / loudest, floor))
    return found.astype(np.float32)


def mel_places(sampling_rate: int, count: int) -> NDArray[np.float64]:
    """`count` frequencies in Hz from 0 to half the rate, evenly spaced in mel (O'Shaughnessy)."""
    import numpy as np

    top = 2595 * np.log10(1 + sampling_rate / 2 / 700)
    places: NDArray[np.float64] = 700 * (10 ** (np.linspace(0, top, count) / 2595) - 1)
    return places


def _mel_filters(sampling_rate: int) -> NDArray[np.float64]:
    """Triangles (MEL_BANDS, WINDOW // 2 + 1) from each place to its neighbours, of equal area."""
    import numpy as np

    places = mel_places(sampling_rate, MEL_BANDS + 2)
    bins = np.fft.rfftfreq(WINDOW, 1 / sampling_rate)
    low, middle, high = (places[n : MEL_BANDS + n, None] for n in range(3))
    up, down = (bins - low) / (middle - low), (high - bins) / (high - middle)
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(up, down)) * 2 / (high - low)
    return filters
