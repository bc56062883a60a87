"""Image segmentation: a small SegFormer that says of every pixel which shape it belongs to."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.descent import Descent, cosine
from starter.recipes import save_half
from starter.worlds import shape_batches, shapes

MINUTES = 9.0
TARGETS = {"mean_iou": 0.85, "mean_iou_wide": 0.8}

SEED = 3
SCENES = 6_000
STEPS = 4_000
BATCH = 12
LEARNING_RATE = 2e-3
LAST_RATE = 0.02
WARM_UP = 100  # steps
WEIGHT_DECAY = 0.01
CLIP = 1.0
AVERAGE = 0.995
SIDE = shapes.SIDE
HALF = 0.5  # mean and deviation of the normalisation
GROUND = "background"
NAMES = (GROUND, *shapes.KINDS)
THREADS = 1
MEASURED = 150
WIDE = ((320, 240), (240, 320))  # pixels


def train(folder: Path, seed: int = SEED) -> None:
    """Train on drawn scenes on the CPU and save model and image processor."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP)
    pack = shape_batches.packed(seed, SCENES)
    model.train()
    for _ in descent.steps(STEPS):
        batch = shape_batches.draw(pack, rng, BATCH)
        pictures = (torch.from_numpy(batch.pictures) - HALF) / HALF
        wanted = torch.from_numpy(classes(batch.ids, batch.labels))
        loss = model(pixel_values=pictures, labels=wanted).loss
        descent.step(loss)
    save_half(descent.averaged, folder)


def build(folder: Path) -> Any:
    """An untrained model; its image processor is saved in folder."""
    import transformers
    from transformers.models.segformer.image_processing_pil_segformer import (
        SegformerImageProcessorPil,
    )

    SegformerImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=[HALF] * 3, image_std=[HALF] * 3
    ).save_pretrained(folder)
    config = transformers.SegformerConfig(
        num_encoder_blocks=4, depths=[1, 1, 1, 1], sr_ratios=[8, 4, 2, 1],
        hidden_sizes=[16, 32, 64, 96], patch_sizes=[7, 3, 3, 3], strides=[4, 2, 2, 2],
        num_attention_heads=[1, 2, 4, 4], mlp_ratios=[2, 2, 2, 2], decoder_hidden_size=48,
        classifier_dropout_prob=0.0, hidden_dropout_prob=0.0, drop_path_rate=0.0,
        id2label=dict(enumerate(NAMES)), label2id={name: n for n, name in enumerate(NAMES)},
    )  # fmt: skip
    return transformers.SegformerForSemanticSegmentation(config)


def classes(ids: Any, labels: Any) -> Any:
    """The class of every pixel (n, side, side): an index into NAMES."""
    kinds = np.where(labels >= 0, labels % len(shapes.KINDS) + 1, 0)
    table = np.concatenate([np.zeros((len(kinds), 1), np.int64), kinds], axis=1)
    return np.take_along_axis(table, ids.reshape(len(ids), -1).astype(np.int64), 1).reshape(
        ids.shape
    )


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Mean over the classes of intersection over union, of square scenes and of others."""
    rng = np.random.default_rng(seed)
    square, wide = overlaps(ask, rng, [(SIDE, SIDE)]), overlaps(ask, rng, WIDE)
    each = {f"iou_{name}": square[n] for n, name in enumerate(NAMES)}
    return {
        "mean_iou": float(np.mean(square)), "mean_iou_wide": float(np.mean(wide)), **each
    }  # fmt: skip


def overlaps(ask: Ask, rng: np.random.Generator, sizes: Any) -> list[float]:
    """Intersection over union of each class over all pixels of MEASURED fresh scenes."""
    from PIL import Image

    both, either = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.png"
        for n in range(MEASURED):
            scene = shapes.scene(rng, *sizes[n % len(sizes)])
            Image.fromarray(scene.picture).save(path)
            kinds = [0, *(shapes.KINDS.index(shape.kind) + 1 for shape in scene.shapes)]
            truth = np.array(kinds)[scene.ids]
            masks = {part["label"]: np.asarray(part["mask"]) > 0 for part in ask(image=path)}
            for k, name in enumerate(NAMES):
                found = masks.get(name, np.zeros(truth.shape, bool))
                both[k] += (found & (truth == k)).sum()
                either[k] += (found | (truth == k)).sum()
    return [float(share) for share in both / np.maximum(either, 1)]


CARD = f"""
# Starter: image segmentation

Says of every pixel whether it belongs to a circle, a square, a triangle, a star or the background.
It is a starter: a small model trained from scratch, so that a clone of the project answers offline,
and it knows nothing of the real world. Two shapes of one kind are one mask.

## Data

Scenes of one to {shapes.MOST} shapes on greyish, noisy grounds, drawn by
`starter/worlds/shapes.py`, square ones and others squeezed to {SIDE}x{SIDE}: {SCENES:,} of seed
{SEED}, flipped and brightened at random.

## Model

`SegformerForSemanticSegmentation` of four small stages, the first at a quarter of the picture;
weights in float16. {STEPS:,} steps of {BATCH}, AdamW, about {MINUTES:g} minutes on a core. Train
it again: `python -m starter.train image-segmentation`.

## Measured how

`mean_iou`: intersection over union of each of the {len(NAMES)} classes over all pixels of
{MEASURED} fresh square scenes, and their mean; `_wide`: of scenes of {WIDE[0][0]}x{WIDE[0][1]} and
{WIDE[1][0]}x{WIDE[1][1]} pixels.
"""
