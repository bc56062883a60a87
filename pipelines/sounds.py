"""Recordings: any allowed file becomes float32 mono at one sampling rate, within limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

from pipelines.confined import confined
from pipelines.container import CODECS, DEMUXERS, SAMPLE_BYTES
from pipelines.limits import Limits
from pipelines.sources import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Block = tuple[int, Samples]

BLOCK_SAMPLES = 262_144
KEPT_RATE_HZ = 48_000
"""With its own rate kept, a recording holds as many samples as the longest one at this rate."""
UNKNOWN_FRAMES = 2**62
"""libsndfile gives 2**63 - 1 where a FLAC header does not say, and then fails at the end."""
SILENCE_PEAK = 0.001
"""-60 dB of full scale."""
LOUD_PEAK = 1.5
"""Above this the file is not in [-1, 1] on purpose; below it is a decoder's overshoot."""


def decode_sound(
    source: Source, sampling_rate: int, limits: Limits
) -> tuple[Samples, tuple[str, ...]]:
    """Samples of shape (n,), float32 mono in [-1, 1] at `sampling_rate` Hz (0: its own); notes.

    Headers are checked first, but not believed: seconds are counted while decoding, which stops
    at limits.audio_seconds. Raises InputError.
    """
    import numpy as np

    parts = list(_resampled(source, sampling_rate, limits))
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return _levelled(source, samples)


def _counted(source: Source, limits: Limits) -> Iterator[Block]:
    """(rate in Hz, mono samples) block by block, finite, within the limits of time and length."""
    seconds = 0.0
    for rate, block in READERS[source.format](source, limits):
        source.check_time()
        seconds += len(block) / rate
        if seconds > limits.audio_seconds:
            _too_long(source, limits)
        yield rate, _mono(source, block)
    if seconds < limits.audio_min_seconds:
        source.refuse(
            f"lasts {seconds:.2f} s; at least {limits.audio_min_seconds:g} s are needed."
            " Record a little longer."
        )


def _mono(source: Source, block: Samples) -> Samples:
    """(n, channels) -> (n,): the mean of the channels."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        mono: Samples = block.mean(axis=1, dtype=np.float32) if block.shape[1] > 1 else block[:, 0]
    if not np.isfinite(mono).all():
        source.refuse("holds samples that are not numbers (NaN or infinity); export it again.")
    return mono


def _resampled(source: Source, target: int, limits: Limits) -> Iterator[Samples]:
    """The sound at `target` Hz, block by block: memory follows the output, not the input rate."""
    import numpy as np
    import soxr

    resampler, kept = None, 0
    for rate, mono in _counted(source, limits):
        resampler = resampler or soxr.ResampleStream(rate, target or rate, 1, dtype="float32")
        part = resampler.resample_chunk(mono)
        kept += len(part)
        if kept > limits.audio_seconds * KEPT_RATE_HZ:
            source.refuse(f"is too long for its rate of {rate} Hz; export it at {KEPT_RATE_HZ} Hz.")
        yield part
    if resampler is not None:
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _levelled(source: Source, samples: Samples) -> tuple[Samples, tuple[str, ...]]:
    """Scaled down to [-1, 1] where it is louder; a note for silence and for a real change."""
    import numpy as np

    peak = float(max(samples.max(initial=0), -samples.min(initial=0)))
    if not np.isfinite(peak):
        source.refuse("holds samples that are not numbers (NaN or infinity); export it again.")
    if peak > 1:
        samples = samples / np.float32(peak)
    if peak > LOUD_PEAK:
        return samples, (f"The recording goes to {peak:.4g} times full scale; it was scaled down.",)
    if peak < SILENCE_PEAK:
        return samples, ("The recording is silent: its loudest sample is below -60 dB.",)
    return samples, ()


def _soundfile_blocks(source: Source, limits: Limits) -> Iterator[Block]:
    """WAV, FLAC, OGG and MP3 through libsndfile; blocks of shape (n, channels)."""
    import soundfile

    # The plain file: an exception cannot pass through libsndfile's callbacks.
    with soundfile.SoundFile(source.file) as sound:
        _check_header(source, limits, sound.samplerate, sound.channels)
        if sound.frames >= UNKNOWN_FRAMES:
            yield from _container_blocks(source, limits)
            return
        if sound.frames > limits.audio_seconds * sound.samplerate:
            _too_long(source, limits)
        while len(block := sound.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)):
            yield sound.samplerate, block


def _container_blocks(source: Source, limits: Limits) -> Iterator[Block]:
    """M4A (MP4) and WEBM through FFmpeg in a process of its own; blocks of shape (n, channels)."""
    args = (DEMUXERS[source.format], limits.audio_seconds)
    with confined("pipelines.container", args, source.file, source.seconds_left()) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline() or b"{}")
        if "refused" in said:
            _refuse_container(source, said["refused"], limits)
        rate, channels = said.get("rate", 0), said.get("channels", 0)
        if said:
            _check_header(source, limits, rate, channels)
        while said and (block := process.stdout.read(BLOCK_SAMPLES * channels * SAMPLE_BYTES)):
            yield rate, _interleaved(block, channels)
        source.check_time()
        if process.wait():
            source.refuse("is not a readable recording; it may be cut short or damaged.")


def _interleaved(block: bytes, channels: int) -> Samples:
    """Bytes of float32 as (n, channels); what a dying process has left of a sample is dropped."""
    import numpy as np

    whole = len(block) - len(block) % (channels * SAMPLE_BYTES)
    return np.frombuffer(block[:whole], np.float32).reshape(-1, channels)


def _refuse_container(source: Source, why: str, limits: Limits) -> NoReturn:
    if why == "long":
        _too_long(source, limits)
    source.refuse(
        {
            "silent": "has no sound in it; give a recording.",
            "codec": f"holds a codec that is not read here; use one of {', '.join(CODECS)}.",
        }[why]
    )


READERS: dict[str, Callable[[Source, Limits], Iterator[Block]]] = {
    "WAV": _soundfile_blocks,
    "FLAC": _soundfile_blocks,
    "OGG": _soundfile_blocks,
    "MP3": _soundfile_blocks,
    "M4A": _container_blocks,
    "MP4": _container_blocks,
    "MOV": _container_blocks,
    "WEBM": _container_blocks,
}
SOUND_FORMATS = tuple(READERS)


def _check_header(source: Source, limits: Limits, rate: int, channels: int) -> None:
    low, high = limits.audio_rate_low, limits.audio_rate_high
    if not low <= rate <= high:
        source.refuse(f"has a rate of {rate} Hz; {low} to {high} Hz are read. Export it again.")
    if not 1 <= channels <= limits.audio_channels:
        source.refuse(
            f"has {channels} channels; at most {limits.audio_channels} are read. Export it in mono."
        )


def _too_long(source: Source, limits: Limits) -> NoReturn:
    source.refuse(
        f"lasts more than {limits.audio_seconds / 60:g} minutes, which is the limit; cut it."
    )
