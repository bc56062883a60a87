"""Audio classification: a small Audio Spectrogram Transformer that tells fourteen sounds apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starter.ask import Ask
from starter.descent import Descent
from starter.recipes import save_half
from starter.small_vision import spread
from starter.worlds import sounds, speech
from starter.worlds.sounds import LABELS, SAMPLING_RATE

MINUTES = 6.0
TARGETS = {"held_out": 0.9, "windows": 0.85}

SEED = 3
CLIPS = 3_500
STEPS = 1_400
BATCH = 32
LEARNING_RATE = 1.5e-3  # peak of one cycle
WEIGHT_DECAY = 0.02
SMOOTHING = 0.05
CLIP = 1.0
AVERAGE = 0.998
MELS = 64
FRAMES = 192  # of 10 ms
LONGEST = 400  # frames of a clip
SHORT = 0.2  # share of pictures that show less than FRAMES
SHORTEST = 50  # frames
MEAN, SPREAD = -4.8, 4.5  # of the log-mel frames of the world
FLOOR = -15.94  # the least that the extractor gives
LEVELS = (-2.5, 2.5)  # added to a picture: natural logarithms of power
WIDTH, DEEP = 96, 3
PATCH = 16
STRIDES = (16, 10)  # in mels and frames
THREADS = 1
MEASURED = 420
SCENES = 20
PIECES = 3  # sounds of a scene
PIECE_SECONDS = 4.0


def train(folder: Path, seed: int = SEED) -> None:
    """Train on pieces of freshly made sounds on the CPU and save model and feature extractor."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    model = build(folder)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, STEPS, pct_start=0.1)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP)
    stream = batches(seed)
    model.train()
    for _ in descent.steps(STEPS):
        mels, labels = next(stream)
        logits = model(input_values=torch.from_numpy(mels)).logits
        loss = torch.nn.functional.cross_entropy(
            logits, torch.from_numpy(labels), label_smoothing=SMOOTHING
        )
        descent.step(loss)
    save_half(descent.averaged, folder)


def build(folder: Path) -> Any:
    """An untrained model; its feature extractor is saved in folder."""
    import transformers

    transformers.ASTFeatureExtractor(
        num_mel_bins=MELS, max_length=FRAMES, mean=MEAN, std=SPREAD
    ).save_pretrained(folder)
    model = transformers.ASTForAudioClassification(
        transformers.ASTConfig(
            hidden_size=WIDTH,
            num_hidden_layers=DEEP,
            num_attention_heads=4,
            intermediate_size=2 * WIDTH,
            patch_size=PATCH,
            frequency_stride=STRIDES[0],
            time_stride=STRIDES[1],
            num_mel_bins=MELS,
            max_length=FRAMES,
            id2label=dict(enumerate(LABELS)),
            label2id={label: index for index, label in enumerate(LABELS)},
        )
    )
    spread(model)
    return model


def batches(seed: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Endless pictures (BATCH, FRAMES, MELS), scaled as the extractor does, and labels (BATCH,)."""
    import transformers

    extractor = transformers.ASTFeatureExtractor(
        num_mel_bins=MELS, max_length=LONGEST, do_normalize=False
    )
    pool, labels = [], []
    for made in sounds.sounds(seed, CLIPS):
        count = 1 + (len(made.samples) - extractor.window.size) // (SAMPLING_RATE // 100)
        mel = extractor(made.samples, sampling_rate=SAMPLING_RATE)["input_values"][0]
        pool.append(mel[:count].astype(np.float16))
        labels.append(LABELS.index(made.label))
    rng, known = np.random.default_rng(seed), np.array(labels)
    while True:
        chosen = rng.integers(0, CLIPS, BATCH)
        pictures = np.stack([_piece(pool[index], rng) for index in chosen])
        yield ((pictures - MEAN) / (2 * SPREAD)).astype(np.float32), known[chosen]


def _piece(mel: NDArray[np.float16], rng: np.random.Generator) -> NDArray[np.float32]:
    """FRAMES of a clip from anywhere in it, or fewer and nothing after them; louder or softer."""
    most = rng.integers(SHORTEST, FRAMES) if rng.random() < SHORT else FRAMES
    start = rng.integers(0, max(1, len(mel) - most + 1))
    part = mel[start : start + most].astype(np.float32)
    picture = np.zeros((FRAMES, MELS), np.float32)
    picture[: len(part)] = np.maximum(part + rng.uniform(*LEVELS), FLOOR)
    return picture


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Share of right answers on fresh sounds, on speech of unseen voices, and along scenes."""
    made = list(sounds.sounds(seed, MEASURED, voices=speech.UNSEEN_VOICES))
    right = [top(ask, one.samples) == one.label for one in made]
    return {
        "held_out": float(np.mean(right)),
        **_by_label(made, right),
        "windows": along(lambda piece: top(ask, piece), seed),
    }


def top(ask: Ask, samples: NDArray[np.float32]) -> str:
    """The best label of as much of a recording as the model hears at once."""
    import soundfile

    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        soundfile.write(file.name, samples, SAMPLING_RATE)
        return str(ask(audio=file.name, top_k=1)[0]["label"])


def _by_label(made: list[sounds.Sound], right: list[bool]) -> dict[str, float]:
    """The worst label, and speech."""
    found: dict[str, list[bool]] = {label: [] for label in LABELS}
    for one, ok in zip(made, right, strict=True):
        found[one.label].append(ok)
    shares = {label: float(np.mean(each)) for label, each in found.items()}
    return {"worst_label": min(shares.values()), "speech_unseen_voices": shares[sounds.SPEECH]}


def along(best: Any, seed: int) -> float:
    """Share of windows of long scenes that are called by the sound that fills them."""
    rng, right = np.random.default_rng(seed), []
    width = round(FRAMES / 100 * SAMPLING_RATE)
    for _ in range(SCENES):
        labels = rng.permutation(list(sounds.MAKERS))[:PIECES]
        whole = sounds.scene(rng, [str(label) for label in labels], [PIECE_SECONDS] * PIECES)
        for n, label in enumerate(labels):
            for start in (0.0, PIECE_SECONDS - FRAMES / 100):
                at = round((n * PIECE_SECONDS + start) * SAMPLING_RATE)
                right.append(best(whole[at : at + width]) == label)
    return float(np.mean(right))


CARD = f"""
# Starter: audio classification

Tells {len(LABELS)} sounds apart: {", ".join(LABELS)}. It is a starter: a small model trained from
scratch, so that a clone of the project answers offline, and it knows nothing of the real world:
its bells and engines are made of sines and noise, and whatever it hears is called by one of its
names. It hears {FRAMES / 100:g} s at once.
Low beeps in a file compressed as Vorbis it may take for speech or a siren.

## Data

Sounds made by `starter/worlds/sounds.py`, of {sounds.SECONDS[0]:g} to {sounds.SECONDS[1]:g} s at
{SAMPLING_RATE // 1000} kHz, with pitch, pace, loudness, start and the noise behind them varied;
speech by espeak-ng in {len(speech.VOICES)} voices. {CLIPS:,} clips of seed {SEED}; each step takes
pieces from anywhere in them.

## Model

`ASTForAudioClassification`: {MELS} mel bands, {FRAMES} frames, {DEEP} layers of {WIDTH}; weights
in float16. {STEPS:,} steps of {BATCH}, AdamW, about {MINUTES:g} minutes on a CPU core. Train it
again: `python -m starter.train audio-classification`.

## Measured how

`held_out`: {MEASURED} fresh clips, every label equally often, their first {FRAMES / 100:g} s;
`worst_label` is the label most often missed, `speech_unseen_voices` the spoken ones, by voices
that were never trained on. `windows`: pieces from the start and the end of each sound in {SCENES}
scenes of {PIECES} sounds of {PIECE_SECONDS:g} s.
"""
