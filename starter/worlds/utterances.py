"""Utterances: words of the speech world, cut and joined as a small VITS learns them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from starter.worlds import speech
from starter.worlds.espeak import Speaker
from starter.worlds.speech import VOCABULARY, Samples, Voice

VOICE = "gmw/en-US"
PITCH = 50
SPEED = 140  # words per minute at a speaking rate of 1
SPEEDS = {SPEED: 0.84, 120: 0.08, 165: 0.08}  # share of the utterances at each
MOST_WORDS = 6  # in an utterance
RATES = (8, 4, 4, 2)  # of the decoder's upsampling
FRAME = math.prod(RATES)  # samples: 256, i.e. 16 ms
GAP = 8  # silent frames between words
SILENT = 0.01  # samples below this, at a word's ends, are cut off
AROUND = 320  # samples kept before and after the cut
FADE = 128  # samples
LETTERS = sorted({letter for word in VOCABULARY for letter in word})
PAD, UNKNOWN = "<pad>", "<unk>"
SYMBOLS = {symbol: index for index, symbol in enumerate([PAD, UNKNOWN, " ", *LETTERS])}


@dataclass(frozen=True, kw_only=True, eq=False)
class Utterance:
    """Token ids and the frames of each (tokens,); the samples (frames * FRAME,) that they say.

    `plain` is whether it has the speed that a speaking rate of 1 is to have.
    """

    ids: NDArray[np.int64]
    frames: NDArray[np.int64]
    samples: Samples
    plain: bool


def spoken() -> dict[int, dict[str, Samples]]:
    """Every word at every speed as espeak-ng says it, cut to its sound, in whole frames."""
    said: dict[int, dict[str, Samples]] = {}
    for speed in SPEEDS:
        voice = Voice(name=VOICE, speed=speed, pitch=PITCH)
        with Speaker() as speaker:
            said[speed] = {
                word: cut(speech.say(speaker, word, voice).samples) for word in VOCABULARY
            }
    return said


def cut(samples: Samples) -> Samples:
    """The samples without the silence at both ends, faded in and out, padded to whole frames."""
    loud = np.flatnonzero(np.abs(samples) > SILENT)
    kept = samples[max(0, loud[0] - AROUND) : loud[-1] + AROUND].copy()
    ramp = np.linspace(0, 1, FADE, dtype=np.float32)
    kept[:FADE] *= ramp
    kept[-FADE:] *= ramp[::-1]
    return np.pad(kept, (0, -len(kept) % FRAME))


def joined(words: Sequence[Samples]) -> Samples:
    """The words with GAP silent frames between them."""
    silence = np.zeros(GAP * FRAME, np.float32)
    parts = [part for word in words for part in (silence, word)]
    return np.concatenate(parts[1:])


def utterance(words: dict[int, dict[str, Samples]], rng: np.random.Generator) -> Utterance:
    """1..MOST_WORDS random words. Their frames are spread evenly over their tokens.

    The tokenizer puts a blank before each letter and one at the end: a word owns its letters and
    the blanks before them, a space owns its own, the last word the blank at the end too.
    """
    speed = int(rng.choice(list(SPEEDS), p=list(SPEEDS.values())))
    texts = [str(w) for w in rng.choice(VOCABULARY, rng.integers(1, MOST_WORDS + 1))]
    ids, frames = [], []
    for number, text in enumerate(texts):
        if number:
            ids += [0, SYMBOLS[" "]]
            frames += [GAP // 2, GAP - GAP // 2]
        tokens = [token for letter in text for token in (0, SYMBOLS[letter])]
        tokens += [0] if number == len(texts) - 1 else []
        ids += tokens
        ends = np.arange(len(tokens) + 1) * (len(words[speed][text]) // FRAME) // len(tokens)
        frames += list(np.diff(ends))
    return Utterance(
        ids=np.array(ids),
        frames=np.array(frames),
        samples=joined([words[speed][text] for text in texts]),
        plain=speed == SPEED,
    )
