"""Depth estimation: a small GLPN that says how many metres away each pixel of a room is."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.descent import Descent, cosine
from starter.recipes import save_half
from starter.worlds import depths

MINUTES = 8.0
TARGETS = {"within_1.25": 0.9, "within_1.25_other_sizes": 0.9}

SEED = 5
SCENES = 2_500
STEPS = 4_000
BATCH = 8
LEARNING_RATE = 1.5e-3
LAST_RATE = 0.02
WARM_UP = 100  # steps
WEIGHT_DECAY = 0.01
CLIP = 1.0
AVERAGE = 0.995
SIDE = 96  # pixels, height and width of what the model reads
ASPECTS = (0.7, 1.45)  # width to height of the scenes before they are squeezed to a square
LIGHT = (0.75, 1.15)  # brightness of a whole picture
EDGES = 0.5  # weight of the slopes of the depth beside the depth itself
HALF = 0.5  # mean and deviation of the normalisation
THREADS = 1
MEASURED = 150
RATIO = 1.25  # a depth within this ratio of the true one counts as right
OTHERS = ((320, 240), (240, 320), (200, 200))  # pixels


def train(folder: Path, seed: int = SEED) -> None:
    """Train on rendered rooms on the CPU and save model and image processor."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP, buffers=True)
    pictures, truths = rooms(rng, SCENES)
    model.train()
    for _ in descent.steps(STEPS):
        seen, true = (torch.from_numpy(x) for x in batch(pictures, truths, rng))
        loss = distance(model(pixel_values=seen).predicted_depth.log(), true.log())
        descent.step(loss)
    save_half(descent.averaged, folder)


def build(folder: Path) -> Any:
    """An untrained model; its image processor, which squeezes to a square, is saved in folder."""
    import transformers
    from transformers.models.dpt.image_processing_pil_dpt import DPTImageProcessorPil

    DPTImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, keep_aspect_ratio=False,
        image_mean=[HALF] * 3, image_std=[HALF] * 3,
    ).save_pretrained(folder)  # fmt: skip
    config = transformers.GLPNConfig(
        num_encoder_blocks=4, depths=[1, 1, 1, 1], sr_ratios=[8, 4, 2, 1],
        hidden_sizes=[16, 32, 64, 96], patch_sizes=[7, 3, 3, 3], strides=[4, 2, 2, 2],
        num_attention_heads=[1, 2, 4, 4], mlp_ratios=[2, 2, 2, 2], decoder_hidden_size=24,
        max_depth=round(depths.FARTHEST), drop_path_rate=0.0,
    )  # fmt: skip
    return transformers.GLPNForDepthEstimation(config)


def rooms(rng: np.random.Generator, count: int) -> tuple[Any, Any]:
    """Squeezed pictures (n, 3, side, side) of 0..255 and their depths (n, side, side) in metres."""
    made = [depths.scene(rng, SIDE, SIDE, rng.uniform(*ASPECTS)) for _ in range(count)]
    pictures = np.stack([scene.picture.transpose(2, 0, 1) for scene in made])
    return pictures, np.stack([scene.depth for scene in made])


def batch(pictures: Any, truths: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Some of them, normalised; mirrored, brightened and with other colours at random."""
    picked = rng.integers(len(pictures), size=BATCH)
    seen, true = pictures[picked], truths[picked]
    mirrored = rng.random(BATCH) < 0.5
    seen[mirrored], true[mirrored] = seen[mirrored][..., ::-1], true[mirrored][..., ::-1]
    light = rng.uniform(*LIGHT, (BATCH, 1, 1, 1)).astype(np.float32)
    lit = (seen[:, rng.permutation(3)] * (light / 255)).clip(0, 1)
    return (lit - np.float32(HALF)) / np.float32(HALF), true


def distance(found: Any, true: Any) -> Any:
    """Mean difference of logarithms, and of their slopes, so that edges are sharp."""
    away = found - true
    slopes = away.diff(dim=-1).abs().mean() + away.diff(dim=-2).abs().mean()
    return away.abs().mean() + EDGES * slopes


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """The share of pixels within RATIO of their depth, and the mean error, of fresh rooms."""
    rng = np.random.default_rng(seed)
    right, error = compared(ask, rng, (depths.SIZE,))
    other, _ = compared(ask, rng, OTHERS)
    return {"within_1.25": right, "within_1.25_other_sizes": other, "relative_error": error}


def compared(ask: Ask, rng: np.random.Generator, sizes: Any) -> tuple[float, float]:
    """The share of right pixels and the mean of |found - true| / true over MEASURED rooms."""
    from PIL import Image

    right, error = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "room.png"
        for n in range(MEASURED):
            scene = depths.scene(rng, *sizes[n % len(sizes)])
            Image.fromarray(scene.picture).save(path)
            found = ask(image=path)["predicted_depth"].float().numpy().clip(1e-3)
            ratio = np.maximum(found / scene.depth, scene.depth / found)
            right.append(np.mean(ratio < RATIO))
            error.append(np.mean(np.abs(found - scene.depth) / scene.depth))
    return float(np.mean(right)), float(np.mean(error))


CARD = f"""
# Starter: depth estimation

Says how many metres away each pixel of a room is: a room with tiles of {depths.TILE:g} m, brick
walls, balls and boxes, as `starter/worlds/depths.py` renders it. It is a starter: a small model
trained from scratch, so that a clone of the project answers offline, and it knows nothing of the
real world. It takes every picture for such a room, seen from {depths.EYE[0]:g} to
{depths.EYE[1]:g} m above the floor, looking straight ahead: within {depths.PITCH:g} degrees up or
down.

## Data

{SCENES:,} rooms of seed {SEED}, {depths.BACK[0]:g} to {depths.BACK[1]:g} m deep, with up to
{depths.THINGS[1]} things each, in haze, mirrored and coloured at random. Pictures of any shape are
squeezed to {SIDE}x{SIDE} pixels.

## Model

`GLPNForDepthEstimation` of four small stages, {depths.FARTHEST:g} m at most; weights in float16.
{STEPS:,} steps of {BATCH} on the difference of the depths' logarithms and of their slopes, AdamW,
about {MINUTES:g} minutes on a CPU core, rendering included. Train it again:
`python -m starter.train depth-estimation`. With 1,600 steps at 128x128 pixels, and the camera at
1.3 to 1.7 m and tilted by 5 degrees, .818 of the pixels were right.

## Measured how

`within_{RATIO:g}`: the share of pixels whose depth is within a ratio of {RATIO:g} of the true one,
in metres, without any scaling, over {MEASURED} fresh rooms of {depths.SIZE[0]}x{depths.SIZE[1]}
pixels; `_other_sizes`: of {", ".join(f"{w}x{h}" for w, h in OTHERS)}. `relative_error`: mean of
|found - true| / true.
"""
