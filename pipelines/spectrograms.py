"""What a recording looks like: its outline and its mel spectrogram, small enough for a page.

numpy alone: to import librosa.feature takes seconds, and this is drawn with the first answer. The
size does not grow with the recording: of a long one, a few moments are looked at for each column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Floats = NDArray[np.float64]

COLUMNS = 480
"""Most columns of the spectrogram, and of the outline."""
MELS = 64
LOOKS = 3
"""Moments of a column that are looked at."""
FRAME_SECONDS = 0.04
SHORTEST_STEP = 0.004
"""Seconds between two moments at least."""
RANGE_DB = 80.0
"""From the loudest to what is drawn as silence."""
SILENCE = 1e-10
BREAK_HZ, LINEAR_STEP = 1000.0, 200.0 / 3
LOG_STEP = float(np.log(6.4)) / 27
"""Slaney's mel scale: linear below BREAK_HZ, logarithmic above (as in librosa)."""


def picture(samples: Samples, rate: int) -> dict[str, Any]:
    """{"seconds", "wave": int8 (2, n) least and greatest in -127..127, "mel": uint8 (mels, columns)
    from silence to the loudest, "hertz": middle of each mel band} of mono samples at rate Hz."""
    return {
        "seconds": len(samples) / rate,
        "wave": outline(samples),
        "mel": mel_picture(samples, rate),
        "hertz": [round(hertz) for hertz in band_edges(rate)[1:-1].tolist()],
    }


def outline(samples: Samples) -> NDArray[np.int8]:
    """Least and greatest sample of each of up to COLUMNS parts, (2, parts) in -127..127."""
    parts = min(COLUMNS, len(samples))
    edges = np.linspace(0, len(samples), parts, endpoint=False).astype(int)
    ends = np.stack([np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)])
    drawn: NDArray[np.int8] = np.rint(np.clip(ends, -1, 1) * 127).astype(np.int8)
    return drawn


def mel_picture(samples: Samples, rate: int) -> NDArray[np.uint8]:
    """(MELS, columns), low bands first: 0 is RANGE_DB below the loudest, 255 the loudest."""
    size = 2 ** round(np.log2(rate * FRAME_SECONDS))
    columns = int(np.clip(len(samples) / (rate * SHORTEST_STEP * LOOKS), 1, COLUMNS))
    middles = (np.arange(columns * LOOKS) + 0.5) * len(samples) / (columns * LOOKS)
    padded = np.pad(samples, size // 2)
    frames = padded[middles.astype(int)[:, None] + np.arange(size)] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames.astype(np.float32))) ** 2
    bands = (power @ bank(rate, size).T).reshape(columns, LOOKS, MELS).mean(axis=1)
    decibels = 10 * np.log10(np.maximum(bands, SILENCE))
    shade = (decibels - decibels.max() + RANGE_DB) / RANGE_DB
    loud = shade if bands.max() > SILENCE else np.zeros_like(shade)
    drawn: NDArray[np.uint8] = np.rint(np.clip(loud.T, 0, 1) * 255).astype(np.uint8)
    return drawn


def band_edges(rate: int) -> Floats:
    """Edges of the bands in Hz, (MELS + 2,), even on the mel scale from 0 to half the rate."""
    top = rate / 2
    highest = (
        BREAK_HZ / LINEAR_STEP + np.log(top / BREAK_HZ) / LOG_STEP
        if top > BREAK_HZ
        else top / LINEAR_STEP
    )
    mels = np.linspace(0, highest, MELS + 2)
    above = mels > BREAK_HZ / LINEAR_STEP
    hertz = mels * LINEAR_STEP
    hertz[above] = BREAK_HZ * np.exp(LOG_STEP * (mels[above] - BREAK_HZ / LINEAR_STEP))
    return hertz


def bank(rate: int, size: int) -> NDArray[np.float32]:
    """Triangular filters (MELS, bins), each of the area that Slaney gives them."""
    edges, bins = band_edges(rate), np.fft.rfftfreq(size, 1 / rate)
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    area = 2 / (edges[2:] - edges[:-2])
    return (np.clip(np.minimum(rise, fall), 0, None) * area[:, None]).astype(np.float32)
