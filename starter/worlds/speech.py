"""Speech: a seeded world of short spoken sentences from a closed vocabulary, made by espeak-ng.

Every clip carries its text, its voice and the true time of each word, so recognisers, classifiers
and speakers can all learn from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from starter.worlds.espeak import PAUSE, PHONEME, WORD, Event, Speaker

Samples = NDArray[np.float32]

SAMPLING_RATE = 16_000  # Hz, of every clip
NUMBERS = tuple("zero one two three four five six seven eight nine ten".split())
COLOURS = tuple("red green blue yellow orange purple black white".split())
SHAPES = tuple("circle square triangle star".split())
REPLIES = tuple("yes no hello please thanks".split())
ACTIONS = tuple("stop go open close play turn".split())
PLACES = tuple("left right up down".split())
THINGS = tuple("door light music water cat dog house tree".split())
VOCABULARY = NUMBERS + COLOURS + SHAPES + REPLIES + ACTIONS + PLACES + THINGS

# espeak-ng names, accent + variant. The unseen ones are for measuring only.
VOICES = (
    "gmw/en-US",
    "gmw/en-US+f2",
    "gmw/en-US+f3",
    "gmw/en-US+m3",
    "gmw/en-US+m7",
    "gmw/en-US+Annie",
    "gmw/en-US+Mike",
    "gmw/en",
    "gmw/en+f2",
    "gmw/en+m2",
    "gmw/en-GB-x-rp",
    "gmw/en-GB-x-rp+f3",
    "gmw/en-GB-scotland",
)
UNSEEN_VOICES = ("gmw/en-US+f4", "gmw/en+m4", "gmw/en-GB-x-rp+Steph")
UNSEEN_ACCENTS = ("gmw/en-029", "gmw/en-GB-x-gbcwmd")

FULL_SCALE = np.float32(32768)  # of 16-bit samples
AHEAD = 32  # clips asked for ahead, so that espeak-ng need not wait for us, nor we for it
SPEEDS = (115, 195)  # words per minute, least and most
PITCHES = (20, 80)  # espeak-ng's 0..99
MOST_WORDS = 6  # in a sentence
SILENCE = 0.8  # s, most before and after a sentence
FUSED = "no one"  # espeak-ng says it as one word, so the words' times would be lost
GAP = 0.45  # s, most between words spoken apart
APART = 0.4  # share of sentences whose words are spoken apart and joined
NOISY = 0.75  # share of clips with noise
SNR = (12.0, 45.0)  # dB, speech to noise
PEAKS = (0.08, 0.95)  # of the loudest sample; full scale is 1


@dataclass(frozen=True, kw_only=True)
class Voice:
    """An espeak-ng voice: its name, speed (words per minute) and pitch (0..99)."""

    name: str = VOICES[0]
    speed: int = 150
    pitch: int = 50


@dataclass(frozen=True, kw_only=True)
class Word:
    """One spoken word; start and end in seconds of its clip."""

    text: str
    start: float
    end: float

    def later(self, seconds: float) -> "Word":
        return replace(self, start=self.start + seconds, end=self.end + seconds)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """Mono float32 samples (n,) in -1..1 at SAMPLING_RATE, with the words they say."""

    samples: Samples
    words: tuple[Word, ...]
    voice: Voice

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLING_RATE


def utterances(
    seed: int, count: int, *, voices: Sequence[str] = VOICES, most_words: int = MOST_WORDS
) -> Iterator[Clip]:
    """`count` sentences of 1..most_words random words; a smaller count is a prefix."""
    with Speaker() as speaker:
        for first in range(0, count, AHEAD):
            plans = [
                _plan(np.random.default_rng((seed, index)), voices, most_words)
                for index in range(first, min(first + AHEAD, count))
            ]
            for plan in plans:
                for text in plan.texts:
                    _request(speaker, text, plan.voice)
            for plan in plans:
                yield _carried_out(plan, speaker)


def recording(clips: Sequence[Clip]) -> Clip:
    """The clips one after the other, as one long clip (with the first one's voice)."""
    return join(clips, [0.0] * len(clips))


def say(speaker: Speaker, text: str, voice: Voice) -> Clip:
    """The text as espeak-ng says it, clean; a fresh speaker says it the same at every call."""
    _request(speaker, text, voice)
    return _answered(speaker, text, voice)


def trimmed(clip: Clip) -> Clip:
    """The clip from its first word's start to its last word's end."""
    start, end = clip.words[0].start, clip.words[-1].end
    samples = clip.samples[round(start * SAMPLING_RATE) : round(end * SAMPLING_RATE)]
    return replace(clip, samples=samples, words=tuple(word.later(-start) for word in clip.words))


def join(clips: Sequence[Clip], gaps: Sequence[float] | NDArray[np.float64]) -> Clip:
    """The clips with gaps[i] seconds of silence after clip i."""
    samples: list[Samples] = []
    words: list[Word] = []
    length = 0
    for clip, gap in zip(clips, gaps, strict=True):
        words.extend(word.later(length / SAMPLING_RATE) for word in clip.words)
        samples += [clip.samples, np.zeros(round(gap * SAMPLING_RATE), np.float32)]
        length += len(samples[-2]) + len(samples[-1])
    return Clip(samples=np.concatenate(samples), words=tuple(words), voice=clips[0].voice)


def recorded(clip: Clip, rng: np.random.Generator) -> Clip:
    """The clip as a microphone may hear it: silence around it, another loudness, noise."""
    before, after = rng.uniform(0, SILENCE, 2)
    quiet = Clip(samples=np.zeros(0, np.float32), words=(), voice=clip.voice)
    samples = join([quiet, clip], [before, after]).samples
    samples = samples * (rng.uniform(*PEAKS) / max(1e-9, float(np.abs(samples).max())))
    if rng.random() < NOISY:
        samples = samples + noise(samples, rng)
    words = tuple(word.later(round(before * SAMPLING_RATE) / SAMPLING_RATE) for word in clip.words)
    return replace(clip, samples=samples.clip(-1, 1).astype(np.float32), words=words)


def noise(samples: Samples, rng: np.random.Generator) -> Samples:
    """Noise of samples' length, white to brown in colour, SNR dB below the samples' power."""
    length = len(samples)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    steepness = rng.uniform(0, 1)  # 0 white, 0.5 pink, 1 brown
    coloured = np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** steepness, length)
    loudness = np.sqrt(np.mean(samples**2)) * 10 ** (-rng.uniform(*SNR) / 20)
    level: float = loudness / np.sqrt(np.mean(coloured**2))
    return np.asarray(coloured * level, np.float32)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What to say: one fluent sentence, or words apart with gaps (s) after each."""

    voice: Voice
    texts: tuple[str, ...]
    gaps: NDArray[np.float64] | None
    rng: np.random.Generator


def _plan(rng: np.random.Generator, voices: Sequence[str], most_words: int) -> _Plan:
    words = [str(word) for word in rng.choice(VOCABULARY, rng.integers(1, most_words + 1))]
    voice = Voice(
        name=str(rng.choice(voices)),
        speed=int(rng.integers(*SPEEDS, endpoint=True)),
        pitch=int(rng.integers(*PITCHES, endpoint=True)),
    )
    sentence = " ".join(words)
    if rng.random() >= APART and FUSED not in sentence:
        return _Plan(voice=voice, texts=(sentence,), gaps=None, rng=rng)
    return _Plan(voice=voice, texts=tuple(words), gaps=rng.uniform(0, GAP, len(words)), rng=rng)


def _carried_out(plan: _Plan, speaker: Speaker) -> Clip:
    said = [_answered(speaker, text, plan.voice) for text in plan.texts]
    if plan.gaps is None:
        return recorded(said[0], plan.rng)
    return recorded(join([trimmed(clip) for clip in said], plan.gaps), plan.rng)


def _request(speaker: Speaker, text: str, voice: Voice) -> None:
    speaker.request(text, voice.name, voice.speed, voice.pitch)


def _answered(speaker: Speaker, text: str, voice: Voice) -> Clip:
    import soxr

    said, events = speaker.answer()
    samples = np.frombuffer(said, np.int16).astype(np.float32) / FULL_SCALE
    words = tuple(
        Word(text=word, start=start / speaker.rate, end=end / speaker.rate)
        for word, (start, end) in zip(text.split(), _times(events, len(samples)), strict=True)
    )
    resampled = soxr.resample(samples, speaker.rate, SAMPLING_RATE).astype(np.float32)
    return Clip(samples=resampled, words=words, voice=voice)


def _times(events: Sequence[Event], end: int) -> list[tuple[int, int]]:
    """The (start, end) samples of each word: from its first sound to the pause or word after it.

    Some short words are followed by the event of a second word without sounds; it is left out.
    """
    word = -1
    phonemes: list[tuple[int, int | None]] = []  # start sample, index of the word or None: pause
    for kind, sample, name in events:
        word += kind == WORD
        if kind == PHONEME:
            phonemes.append((sample, None if name.startswith(PAUSE) else word))
    times: dict[int, tuple[int, int]] = {}
    for (start, owner), (after, _) in pairwise([*phonemes, (end, None)]):
        if owner is not None:
            times[owner] = (times[owner][0] if owner in times else start, after)
    return list(times.values())
