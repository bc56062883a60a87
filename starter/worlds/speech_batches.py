"""Batches of recordings with their words, heard as a small conformer hears them."""

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from starter.worlds import speech
from starter.worlds.speech import SAMPLING_RATE, Clip

BATCH = 16
POOL = 12  # batches sorted by length together, against padding
LONG = (0.12, 3)  # share of long clips, and how many sentences they join
EMPTY = 0.02  # share of clips without a word
MASKED_FRAMES, MASKED_BINS = 8, 12  # widest masks in time (frames) and frequency (mel bins)
# Wav2Vec2BertConfig says 2 * feature_projection_input_dim samples per logit, so only 80 mel bins
# with a hop of 160 samples give true times in the pipeline; the stride is free.
MEL_BINS = 80
STRIDE = 3  # mel frames per logit
FRAME = 2 * MEL_BINS * STRIDE  # samples per logit: 480, i.e. 30 ms
# Of SeamlessM4TFeatureExtractor: samples, samples, points, and its floors.
WINDOW, HOP, FFT, PRE_EMPHASIS = 400, 160, 512, 0.97
MEL_FLOOR, VARIANCE_FLOOR = 1.192092955078125e-07, 1e-7
BLANK, DELIMITER, UNKNOWN = "<pad>", "|", "<unk>"
LETTERS = sorted({letter for word in speech.VOCABULARY for letter in word})
SYMBOLS = {symbol: index for index, symbol in enumerate([BLANK, DELIMITER, UNKNOWN, *LETTERS])}
IGNORED = -100  # frame label without a loss
# mel features float16 (frames, MEL_BINS * STRIDE), symbol ids of the text, frame labels (frames,)
Example: TypeAlias = tuple[NDArray[np.float16], list[int], NDArray[np.int64]]


def extractor() -> Any:
    """The feature extractor: mono samples at SAMPLING_RATE to (frames, MEL_BINS * STRIDE)."""
    from transformers import SeamlessM4TFeatureExtractor

    return SeamlessM4TFeatureExtractor(
        feature_size=MEL_BINS,
        num_mel_bins=MEL_BINS,
        stride=STRIDE,
        sampling_rate=SAMPLING_RATE,
    )


def examples(seed: int, clips: int) -> list[Example]:
    """So many sentences as training examples; some are joined, some are noise without a word."""
    from tqdm import tqdm

    rng = np.random.default_rng(seed)
    mel = extractor()
    made: list[Example] = []
    sentences = iter(tqdm(speech.utterances(seed, clips), total=clips, mininterval=10))
    for clip in sentences:
        if rng.random() < LONG[0]:
            clip = speech.recording([clip, *islice(sentences, LONG[1] - 1)])
        made.append(example(clip, mel))
        if rng.random() < EMPTY:
            made.append(example(empty(rng), mel))
    return made


def empty(rng: np.random.Generator) -> Clip:
    """1..3 s of faint noise."""
    samples = rng.standard_normal(int(rng.uniform(1, 3) * SAMPLING_RATE)) * 10 ** rng.uniform(
        -4, -2
    )
    return Clip(samples=samples.astype(np.float32), words=(), voice=speech.Voice())


def example(clip: Clip, mel: Any) -> Example:
    """The clip's features, text and frame labels."""
    frames = features(clip.samples, mel).astype(np.float16)
    ids = [SYMBOLS[symbol] for symbol in clip.text.replace(" ", DELIMITER)]
    return frames, ids, aligned(clip, len(frames))


def features(samples: NDArray[np.float32], mel: Any) -> NDArray[np.float64]:
    """What the feature extractor gives for one clip, (frames, MEL_BINS * STRIDE), 20 times faster.

    transformers 5.23 loops over the frames in Python; the steps here are those of its
    `spectrogram` and `SeamlessM4TFeatureExtractor`.
    """
    windows = np.lib.stride_tricks.sliding_window_view(samples * 2.0**15, WINDOW)[::HOP]
    windows = windows - windows.mean(axis=1, keepdims=True)
    before = np.concatenate([windows[:, :1], windows[:, :-1]], axis=1)
    spectrum = np.fft.rfft((windows - PRE_EMPHASIS * before) * mel.window, FFT)
    bins = np.log(np.maximum(MEL_FLOOR, np.abs(spectrum) ** 2 @ mel.mel_filters))
    deviation = np.sqrt(bins.var(axis=0, ddof=1) + VARIANCE_FLOOR)
    scaled: NDArray[np.float64] = (bins - bins.mean(axis=0)) / deviation
    return scaled[: len(bins) // STRIDE * STRIDE].reshape(-1, MEL_BINS * STRIDE)


def aligned(clip: Clip, frames: int) -> NDArray[np.int64]:
    """A label per frame: each word's letters spread evenly over its time, blank between words.

    The delimiter is at the middle of a gap; the frames around it, where it may be, are IGNORED.
    """
    labels = np.full(frames, SYMBOLS[BLANK])
    spans = [
        (round(word.start * SAMPLING_RATE / FRAME), round(word.end * SAMPLING_RATE / FRAME))
        for word in clip.words
    ]
    for word, (start, end) in zip(clip.words, spans, strict=True):
        letters = [SYMBOLS[letter] for letter in separated(word.text)]
        end = min(end, frames)
        labels[start:end] = [
            letters[int(position)] for position in np.linspace(0, len(letters) - 0.01, end - start)
        ]
    for (_, end), (start, _) in pairwise(spans):
        middle = min((start + end) // 2, frames - 1)
        labels[max(0, middle - 1) : middle + 1] = IGNORED
        labels[middle] = SYMBOLS[DELIMITER]
    return labels


def separated(word: str) -> list[str]:
    """The letters of a word with a blank between equal neighbours, as CTC needs it."""
    letters = [word[0]]
    for before, letter in pairwise(word):
        letters += [BLANK, letter] if letter == before else [letter]
    return letters


def batches(made: Sequence[Example], rng: np.random.Generator) -> Iterator[list[list[Any]]]:
    """Endless batches of clips of about the same length, as [features, ids, labels]."""
    while True:
        order = rng.permutation(len(made))
        for start in range(0, len(order), BATCH * POOL):
            pool = sorted(
                order[start : start + BATCH * POOL], key=lambda index: len(made[index][0])
            )
            groups = [pool[first : first + BATCH] for first in range(0, len(pool), BATCH)]
            for group in rng.permutation(len(groups)):
                chosen = [made[index] for index in groups[group]]
                yield [
                    [masked(features, rng) for features, _, _ in chosen],
                    [ids for _, ids, _ in chosen],
                    [labels for _, _, labels in chosen],
                ]


def masked(features: NDArray[np.float16], rng: np.random.Generator) -> NDArray[np.float32]:
    """The features with a random stretch of time and a band of mel bins set to their mean, 0."""
    spectrum = features.astype(np.float32).reshape(-1, MEL_BINS)
    width, height = int(rng.integers(MASKED_FRAMES)), int(rng.integers(MASKED_BINS))
    left, low = rng.integers(0, max(1, len(spectrum) - width)), rng.integers(0, MEL_BINS - height)
    spectrum[left : left + width] = 0
    spectrum[:, low : low + height] = 0
    return spectrum.reshape(features.shape)
