"""Sounds: a seeded world of fourteen everyday and synthetic sounds, as a microphone hears them.

Every clip carries its label and, where it has one, its trait: a low or a high tone, slow or fast
clicks. Speech comes from the speech world and is optional, for it needs espeak-ng.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starter.worlds import speech
from starter.worlds.sound_makers import MAKERS, SAMPLING_RATE, Rng, Wave, coloured, faded

Samples = NDArray[np.float32]

SECONDS = (1.0, 3.5)  # of a clip, least and most
PEAKS = (0.1, 0.95)  # of the loudest sample; full scale is 1
SNR = (14.0, 50.0)  # dB, sound to the noise behind it
OFFSET = 0.35  # s, most before a sound starts
GRAIN = 320  # samples that every length is a multiple of: transforms of odd lengths are slow
LONGEST_SAID = 4  # words of a spoken sentence
SPEECH = "speech"
LABELS = (*MAKERS, SPEECH)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sound:
    """Mono float32 samples (n,) in -1..1 at SAMPLING_RATE; trait is "" where there is none."""

    samples: Samples
    label: str
    trait: str = ""


def sounds(seed: int, count: int, *, voices: Sequence[str] = speech.VOICES) -> Iterator[Sound]:
    """`count` sounds, every label in turn; a smaller count is a prefix."""
    said = _said(seed, -(-count // len(LABELS)), voices)
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        label = LABELS[index % len(LABELS)]
        if label == SPEECH:
            yield recorded(next(said), SPEECH, "", rng)
        else:
            yield sound(label, rng)


def sound(label: str, rng: Rng, seconds: float | None = None) -> Sound:
    """One sound that is not speech, as a microphone may hear it."""
    wave, trait = MAKERS[label](rng, _even(seconds or rng.uniform(*SECONDS)))
    return recorded(wave, label, trait, rng)


def recorded(wave: Wave | Samples, label: str, trait: str, rng: Rng) -> Sound:
    """At a random loudness, a little late, with noise behind it."""
    late = np.zeros(round(_even(rng.uniform(0, OFFSET)) * SAMPLING_RATE))
    rest = np.zeros(-len(wave) % GRAIN)
    whole = np.concatenate([late, wave, rest])
    whole *= rng.uniform(*PEAKS) / (np.abs(whole).max() + 1e-9)
    power = np.sqrt(np.mean(whole**2)) * 10 ** (-rng.uniform(*SNR) / 20)
    whole += power * coloured(rng, len(whole), 20, 8000, rng.uniform(0, 0.7))
    return Sound(samples=whole.clip(-1, 1).astype(np.float32), label=label, trait=trait)


def scene(rng: Rng, labels: Sequence[str], seconds: Sequence[float]) -> Samples:
    """Sounds that are not speech, one after the other, each as long as said."""
    parts = []
    for label, length in zip(labels, seconds, strict=True):
        wave, _ = MAKERS[label](rng, length)
        wave = faded(wave * (rng.uniform(0.3, 0.9) / (np.abs(wave).max() + 1e-9)))
        parts.append(wave + 1e-3 * rng.standard_normal(len(wave)))
    return np.concatenate(parts).clip(-1, 1).astype(np.float32)


def _even(seconds: float) -> float:
    return round(seconds * SAMPLING_RATE / GRAIN) * GRAIN / SAMPLING_RATE


def _said(seed: int, count: int, voices: Sequence[str]) -> Iterator[Samples]:
    """Spoken sentences of a few words, clean."""
    for clip in speech.utterances(seed, count, voices=voices, most_words=LONGEST_SAID):
        yield clip.samples[: round(SECONDS[1] * SAMPLING_RATE)]
