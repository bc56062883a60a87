"""Makers of sounds: thirteen everyday and synthetic ones, of sines and noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]
Rng = np.random.Generator

SAMPLING_RATE = 16_000  # Hz
FADE = 0.02  # s, of a sound that would start or end with a crack

Made = tuple[Wave, str]
"""A wave in about -1..1, and its trait."""


def _times(seconds: float) -> Wave:
    return np.arange(round(seconds * SAMPLING_RATE)) / SAMPLING_RATE


def _sweep_of(frequencies: Wave) -> Wave:
    """The phase of a tone whose frequency (Hz) changes from sample to sample."""
    return np.asarray(2 * np.pi * np.cumsum(frequencies) / SAMPLING_RATE)


def faded(wave: Wave, seconds: float = FADE) -> Wave:
    count = min(round(seconds * SAMPLING_RATE), len(wave) // 2)
    if count:
        ramp = np.linspace(0, 1, count)
        wave[:count] *= ramp
        wave[-count:] *= ramp[::-1]
    return wave


def coloured(rng: Rng, count: int, low: float, high: float, slope: float = 0.0) -> Wave:
    """Noise between two frequencies (Hz) that falls off with frequency ** slope; deviation 1."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLING_RATE)
    shape = np.maximum(hertz, 20.0) ** -slope
    shape *= 1 / (1 + (hertz / high) ** 8) * (hertz > low)
    wave = np.fft.irfft(spectrum * shape, count)
    return np.asarray(wave / (wave.std() + 1e-12))


def _pitch(rng: Rng, low: tuple[float, float], high: tuple[float, float]) -> tuple[float, str]:
    """A frequency (Hz) of one of two ranges, and which: "low" or "high"."""
    trait = "low" if rng.random() < 0.5 else "high"
    return _between(rng, low if trait == "low" else high), trait


def _between(rng: Rng, ends: tuple[float, float]) -> float:
    """A number between two ends, even on a scale of ratios."""
    return float(np.exp(rng.uniform(*np.log(ends))))


def _pace(rng: Rng, slow: tuple[float, float], fast: tuple[float, float]) -> tuple[float, str]:
    """Events a second, and "slow" or "fast"."""
    trait = "slow" if rng.random() < 0.5 else "fast"
    return _between(rng, slow if trait == "slow" else fast), trait


def tone(rng: Rng, seconds: float) -> Made:
    hertz, trait = _pitch(rng, (150, 500), (1200, 4500))
    t = _times(seconds)
    wave = np.sin(2 * np.pi * hertz * t) + rng.uniform(0, 0.15) * np.sin(4 * np.pi * hertz * t)
    return faded(wave), trait


def buzzer(rng: Rng, seconds: float) -> Made:
    """A square wave."""
    hertz = _between(rng, (110, 420))
    phase = (_times(seconds) * hertz) % 1
    return faded(np.where(phase < rng.uniform(0.35, 0.5), 1.0, -1.0)), ""


def _sweep(rng: Rng, seconds: float, up: bool) -> Made:
    """One slide over one to three octaves, again and again with pauses."""
    wave = np.zeros(round(seconds * SAMPLING_RATE))
    start = 0
    while start < len(wave):
        t = _times(rng.uniform(0.5, 1.1))
        low = _between(rng, (200, 700))
        ratio = rng.uniform(2.2, 6.0)
        shape = t / t[-1] if up else 1 - t / t[-1]
        slide = faded(np.sin(_sweep_of(low * ratio**shape)))[: len(wave) - start]
        wave[start : start + len(slide)] = slide
        start += len(t) + round(rng.uniform(0.25, 0.7) * SAMPLING_RATE)
    return wave, ""


def rising(rng: Rng, seconds: float) -> Made:
    return _sweep(rng, seconds, up=True)


def falling(rng: Rng, seconds: float) -> Made:
    return _sweep(rng, seconds, up=False)


def static(rng: Rng, seconds: float) -> Made:
    """Even hiss."""
    count = round(seconds * SAMPLING_RATE)
    return coloured(rng, count, 20, 8000, rng.uniform(-0.1, 0.25)) / 4, ""


def wind(rng: Rng, seconds: float) -> Made:
    """Low noise that swells and sinks."""
    count = round(seconds * SAMPLING_RATE)
    gusts = coloured(rng, count, 0.05, rng.uniform(0.6, 1.6))
    loud = np.exp(0.7 * gusts)
    body = coloured(rng, count, 30, _between(rng, (250, 900)), 0.6)
    whistle = coloured(rng, count, 300, 1400, 0.5) * rng.uniform(0, 0.25)
    return (body + whistle) * loud / 5, ""


def _struck(
    rng: Rng, seconds: float, pace: float, hit: Callable[[], Wave], wobble: float = 0.03
) -> Wave:
    """`hit` at a steady pace (a second), a little early or late."""
    wave = np.zeros(round(seconds * SAMPLING_RATE))
    for n in range(int(seconds * pace) + 1):
        start = round((n + rng.uniform(0, wobble)) / pace * SAMPLING_RATE)
        piece = hit()[: max(0, len(wave) - start)]
        wave[start : start + len(piece)] += piece
    return wave


def clicks(rng: Rng, seconds: float) -> Made:
    pace, trait = _pace(rng, (1.8, 3.5), (7, 14))
    decay = _between(rng, (0.0015, 0.006))
    ring = _between(rng, (1500, 5000))

    def hit() -> Wave:
        t = _times(0.04)
        return np.exp(-t / decay) * (
            np.cos(2 * np.pi * ring * t) + 0.7 * rng.standard_normal(len(t))
        )

    return _struck(rng, seconds, pace, hit), trait


def siren(rng: Rng, seconds: float) -> Made:
    """A tone that goes up and down without a pause, gliding or in two steps."""
    pace = rng.uniform(1.1, 3.0)
    middle, depth = _between(rng, (550, 1100)), rng.uniform(0.18, 0.42)
    swing = np.sin(2 * np.pi * pace * _times(seconds) + rng.uniform(0, 6.28))
    if rng.random() < 0.4:
        swing = np.tanh(12 * swing)
    phase = _sweep_of(middle * 2 ** (2 * depth * swing))
    return faded(np.sin(phase) + rng.uniform(0, 0.4) * np.sin(2 * phase)), ""


def beeps(rng: Rng, seconds: float) -> Made:
    hertz, trait = _pitch(rng, (350, 800), (1600, 3500))
    pace = _between(rng, (2.0, 5.0))
    length = rng.uniform(0.3, 0.6) / pace
    wave = _struck(
        rng, seconds, pace, lambda: faded(np.sin(2 * np.pi * hertz * _times(length)), 0.008), 0.0
    )
    return wave, trait


def drum(rng: Rng, seconds: float) -> Made:
    """Thumps that sink in pitch."""
    pace, trait = _pace(rng, (1.4, 2.4), (4.5, 7.0))
    deep, snap = _between(rng, (50, 110)), rng.uniform(0.05, 0.3)

    def hit() -> Wave:
        t = _times(0.35)
        body = np.sin(_sweep_of(deep * (1 + 1.6 * np.exp(-t / 0.02)))) * np.exp(-t / 0.09)
        return body + snap * rng.standard_normal(len(t)) * np.exp(-t / 0.015)

    return _struck(rng, seconds, pace, hit, 0.12), trait


def bell(rng: Rng, seconds: float) -> Made:
    """Partials that are no whole multiples and ring on."""
    hertz, trait = _pitch(rng, (220, 450), (900, 1700))
    decay = rng.uniform(0.35, 0.9)
    partials = ((0.5, 0.4), (1.0, 1.0), (1.19, 0.5), (2.0, 0.6), (2.74, 0.45), (3.76, 0.3))

    def hit() -> Wave:
        t = _times(2.5)
        return np.sum(
            [
                rng.uniform(0.7, 1.3) * loud * np.sin(2 * np.pi * hertz * ratio * t)
                * np.exp(-t * (0.6 + 0.5 * ratio) / decay)
                for ratio, loud in partials
            ],
            axis=0,
        )  # fmt: skip

    return _struck(rng, seconds, rng.uniform(0.6, 1.1), hit, 0.1), trait


def hum(rng: Rng, seconds: float) -> Made:
    """The mains: 50 or 60 Hz and some of its multiples."""
    t = _times(seconds)
    mains = 50.0 if rng.random() < 0.5 else 60.0
    loud = (1.0, rng.uniform(0.4, 1.0), rng.uniform(0.1, 0.5), rng.uniform(0.05, 0.3))
    wave = sum(
        (a * np.sin(2 * np.pi * mains * (n + 1) * t + rng.uniform(0, 6.28))
         for n, a in enumerate(loud)),
        start=np.zeros(len(t)),
    )  # fmt: skip
    return faded(wave), ""


def engine(rng: Rng, seconds: float) -> Made:
    """A rough, uneven row of strokes at 18 to 45 a second."""
    t = _times(seconds)
    rev = _between(rng, (18, 45)) * (1 + 0.15 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * t))
    turn = np.cumsum(rev) / SAMPLING_RATE
    stroke = np.exp(-7 * (turn % 1)) - 0.14
    noise = coloured(rng, len(t), 60, 2500, 0.5)
    uneven = 1 + 0.35 * np.sin(np.pi * turn)
    return faded(uneven * (stroke * (1 + 0.5 * noise) + 0.08 * noise)), ""


MAKERS: dict[str, Callable[[Rng, float], Made]] = {
    "tone": tone,
    "buzzer": buzzer,
    "rising sweep": rising,
    "falling sweep": falling,
    "static": static,
    "wind": wind,
    "clicks": clicks,
    "siren": siren,
    "beeps": beeps,
    "drum": drum,
    "bell": bell,
    "hum": hum,
    "engine": engine,
}
