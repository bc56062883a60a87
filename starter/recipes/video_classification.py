"""Video classification: a small VideoMAE that tells how a shape moves."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starter.ask import Ask
from starter.descent import Descent, cosine, parameter_groups
from starter.recipes import save_half
from starter.small_vision import spread, spread_patches
from starter.worlds import motions
from starter.worlds.motions import LABELS

MINUTES = 8.0
TARGETS = {"accuracy": 0.9}

SEED = 5
STEPS = 3_000
BATCH = 16
LEARNING_RATE = 1.2e-3
LAST_RATE = 0.02
WARM_UP = 200  # steps
WEIGHT_DECAY = 0.02
CLIP = 1.0
AVERAGE = 0.998  # decay of the running average of the weights, which is what is saved
SMOOTHING = 0.05  # of the labels
FRAMES, SIDE = 8, 48  # what the model sees; pixels
PATCH, TUBE = 8, 2  # pixels, frames
WIDTH = 96
WHITE = 255  # full scale of a channel
HALF = 0.5  # mean and deviation of the normalisation
THREADS = 1

CANVASES = ((96, 96), (128, 96), (96, 128))  # pixels, width and height of a measured clip
STEP = 2  # a measured clip has so many frames for each that the model sees
MEASURED_EACH = 24  # clips of each motion


def train(folder: Path, seed: int = SEED) -> None:
    """Train on ever new clips on the CPU and save model and image processor."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    optimizer = torch.optim.AdamW(
        parameter_groups(model, WEIGHT_DECAY), LEARNING_RATE, betas=(0.9, 0.98)
    )
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP)
    model.train()
    for _ in descent.steps(STEPS):
        pixels, labels = batch(rng)
        logits = model(pixel_values=torch.from_numpy(pixels)).logits
        loss = cross_entropy(logits, torch.from_numpy(labels), label_smoothing=SMOOTHING)
        descent.step(loss)
    save_half(descent.averaged, folder)


def build(folder: Path) -> Any:
    """An untrained model; its image processor is saved in folder."""
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification
    from transformers.models.videomae.image_processing_pil_videomae import (
        VideoMAEImageProcessorPil,
    )

    VideoMAEImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False,
        image_mean=[HALF] * 3, image_std=[HALF] * 3,
    ).save_pretrained(folder)  # fmt: skip
    model = VideoMAEForVideoClassification(
        VideoMAEConfig(
            image_size=SIDE, patch_size=PATCH, num_frames=FRAMES, tubelet_size=TUBE,
            hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=3,
            num_attention_heads=4, decoder_hidden_size=WIDTH, decoder_num_hidden_layers=1,
            id2label=dict(enumerate(LABELS)),
            label2id={label: index for index, label in enumerate(LABELS)},
        )
    )  # fmt: skip
    spread(model)
    spread_patches(model.videomae.embeddings.patch_embeddings.projection.weight)
    return model


def batch(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Fresh clips (BATCH, FRAMES, 3, SIDE, SIDE) in -1..1 and labels (BATCH,)."""
    labels = rng.integers(0, len(LABELS), BATCH)
    clips = np.stack([seen(rng, LABELS[label]) for label in labels]).transpose(0, 1, 4, 2, 3)
    scaled = (clips.astype(np.float32) / WHITE - HALF) / HALF
    return np.ascontiguousarray(scaled, np.float32), labels


def seen(rng: np.random.Generator, label: str) -> motions.Clip:
    """A clip as the image processor has it; two of three are wider or higher and squeezed."""
    width, height = CANVASES[rng.integers(len(CANVASES))]
    return motions.clip(rng, label, FRAMES, SIDE, SIDE, aspect=width / height)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Share of right first labels for fresh clips in MP4, in all and for each motion."""
    rng = np.random.default_rng(seed)
    right: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "clip.mp4"
        for label in LABELS:
            answers = []
            for _ in range(MEASURED_EACH):
                size = CANVASES[rng.integers(len(CANVASES))]
                motions.write(motions.clip(rng, label, FRAMES * STEP, *size), path)
                raw = ask(video=str(path), top_k=1, frame_sampling_rate=STEP)
                answers.append(raw[0]["label"] == label)
            right[label.replace(" ", "_")] = float(np.mean(answers))
    return {"accuracy": float(np.mean(list(right.values()))), **right}


CARD = f"""
# Starter: video classification

Tells how the one coloured shape of a short clip moves: {", ".join(LABELS)}. It is a starter: a
small model trained from scratch, so that a clone of the project answers offline, and it knows
nothing of the real world. Whatever else a clip shows, it is called one of these motions. Spinning
is what it sees worst: a small shape that spins may be said to stand still.

## Data

Clips of a circle, square, triangle or star on a greyish ground, with noise and a little shaking,
drawn ever anew by `starter/worlds/motions.py`, seed {SEED}; square ones and squeezed ones.

## Model

`VideoMAEForVideoClassification`: {FRAMES} frames of {SIDE}x{SIDE} pixels spread over the motion,
tubes of {TUBE} frames and {PATCH} pixels, three layers of {WIDTH}; weights in float16. {STEPS:,}
steps of {BATCH} clips, AdamW, about {MINUTES:g} minutes on a CPU core. Train it again: `python -m
starter.train video-classification`.

## Measured how

{MEASURED_EACH} fresh clips of each motion, {FRAMES * STEP} frames written as MP4 (H.264); the
pipeline takes every {STEP}nd frame. `accuracy`: share of right first labels; below it, by motion.
"""
