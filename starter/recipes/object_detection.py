"""Object detection: a small RT-DETR that finds coloured shapes and names them."""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from starter import boxes
from starter.ask import Ask
from starter.boxes import Tally
from starter.descent import Descent, cosine, parameter_groups
from starter.recipes import save_half
from starter.worlds import shape_batches, shapes

MINUTES = 14.0
TARGETS = {"precision": 0.8, "recall": 0.8, "precision_wide": 0.8, "recall_wide": 0.8}

SEED = 1
SCENES = 12_000
STEPS = 2_300
BATCH = 16
LEARNING_RATE = 1.5e-3
LAST_RATE = 0.02  # share of the learning rate at the end of the cosine
WARM_UP = 150  # steps
WEIGHT_DECAY = 1e-4
CLIP = 1.0  # norm of the gradient
AVERAGE = 0.998  # decay of the running average of the weights, which is what is saved
GRIDS = ((16, 8), (8, 16))  # cells a side and pixels a cell of the two levels
LARGE = 0.3  # longest side, of the picture, from which a shape is found on the coarse level
NEAR = 0.72  # distance in cells from a shape's centre within which a cell should propose it
SETTLING = 100  # batches that the batch norms are measured on
FEWEST = 0.3  # weight that the proposals' loss falls to
SHIFT = 0.45  # taken off the class logits: the default threshold then weighs both errors alike
SIDE = shapes.SIDE
THREADS = 1
MEASURED = 200
WIDE = ((320, 240), (240, 320))  # pixels, width and height of the scenes that are no square


def train(folder: Path, seed: int = SEED) -> None:
    """Train on drawn scenes on the CPU and save model and image processor."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    optimizer = torch.optim.AdamW(parameter_groups(model, WEIGHT_DECAY), LEARNING_RATE)
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP)
    seen: dict[str, Any] = {}
    model.model.register_forward_hook(lambda module, given, made: seen.update(made=made))
    pack = shape_batches.packed(seed, SCENES)
    model.train()
    for step in descent.steps(STEPS):
        batch = shape_batches.draw(pack, rng, BATCH)
        corners, labels = torch.from_numpy(batch.boxes), torch.from_numpy(batch.labels)
        there = labels >= 0
        wanted = [
            {"class_labels": labels[n, there[n]], "boxes": boxes.to_centres(corners[n, there[n]])}
            for n in range(BATCH)
        ]
        own = model(pixel_values=torch.from_numpy(batch.pictures), labels=wanted).loss
        near = proposals(seen["made"], corners, labels, there)
        loss = own + near * max(FEWEST, 1 - 1.5 * step / STEPS)
        descent.step(loss, loss=own, near=near)
    with torch.no_grad():
        descent.averaged.model.decoder.class_embed[-1].bias.sub_(SHIFT)
    settle(descent.averaged, pack, rng)
    save_half(descent.averaged, folder)


def settle(model: Any, pack: shape_batches.Pack, rng: np.random.Generator) -> None:
    """Measure the batch norms' statistics anew for the averaged weights.

    An average of them would not do: deep in the model the variances are so small that what is left
    of the 1 that they began with outweighs them.
    """
    import torch

    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    model.train()
    with torch.no_grad():
        for _ in range(SETTLING):
            batch = shape_batches.draw(pack, rng, BATCH)
            model(pixel_values=torch.from_numpy(batch.pictures))


def build(folder: Path) -> Any:
    """An untrained model, no part of it frozen; its image processor is saved in folder."""
    import transformers
    from transformers.models.rt_detr.image_processing_pil_rt_detr import RTDetrImageProcessorPil

    RTDetrImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=32, hidden_sizes=[32, 64, 96], depths=[1, 1, 1], layer_type="basic",
        out_indices=[2, 3],
    )  # fmt: skip
    config = transformers.RTDetrConfig(
        backbone_config=backbone, freeze_backbone_batch_norms=False, encoder_hidden_dim=64,
        encoder_in_channels=[64, 96], feat_strides=[8, 16], encode_proj_layers=[1],
        encoder_layers=1, encoder_ffn_dim=128, encoder_attention_heads=4, d_model=64,
        num_queries=30, decoder_in_channels=[64, 64], decoder_ffn_dim=128, num_feature_levels=2,
        decoder_n_points=4, decoder_layers=2, decoder_attention_heads=4, num_denoising=20,
        label_noise_ratio=0.3, hidden_expansion=0.5, id2label=dict(enumerate(shapes.LABELS)),
        label2id={label: n for n, label in enumerate(shapes.LABELS)},
    )  # fmt: skip
    return transformers.RTDetrForObjectDetection(config)


def proposals(made: Any, corners: Any, labels: Any, there: Any) -> Any:
    """A loss on the encoder's proposals: the cells at a shape's centre propose it.

    The model's own loss reaches these cells through one best match only, and learns slower.
    """
    import torch

    at, level, reach = _cells()
    centres = boxes.to_centres(corners)
    coarse = (centres[..., 2:].amax(-1) > LARGE).long()
    apart = (at[None, None] - centres[:, :, None, :2]).abs().amax(-1)
    near = (apart <= reach) & (level == coarse[..., None]) & there[..., None]
    closest, which = apart.masked_fill(~near, math.inf).min(1)
    n, cell = closest.isfinite().nonzero(as_tuple=True)
    shape = which[n, cell]
    logits = made.enc_outputs_class
    wanted = torch.zeros_like(logits)
    wanted[n, cell, labels[n, shape]] = 1
    sure = logits.sigmoid()
    weight = torch.where(wanted > 0, 1.5 * (1 - sure) ** 2, 0.5 * sure**2).detach()
    name = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, wanted, weight, reduction="sum"
    )
    guess, truth = made.enc_outputs_coord_logits[n, cell].sigmoid(), corners[n, shape]
    place = 5 * (guess - boxes.to_centres(truth)).abs().sum(1)
    overlap = 2 * (1 - boxes.generalized_iou(boxes.to_corners(guess), truth))
    return name / max(1, len(n)) + (place + overlap).mean()


def _cells() -> tuple[Any, Any, Any]:
    """Centres (cells, 2) from 0 to 1, level (cells,), and how near a shape's centre must be."""
    import torch

    centres, levels, reaches = [], [], []
    for level, (count, pixels) in enumerate(GRIDS):
        axis = (torch.arange(count) + 0.5) / count
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        centres.append(torch.stack([x, y], -1).view(-1, 2))
        levels.append(torch.full((count * count,), level))
        reaches.append(torch.full((count * count,), NEAR * pixels / SIDE))
    return torch.cat(centres), torch.cat(levels), torch.cat(reaches)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Precision and recall at the default threshold, name and place right, and of wide scenes."""
    rng = np.random.default_rng(seed)
    square = _tally(ask, rng, [(SIDE, SIDE)])
    wide = _tally(ask, rng, WIDE)
    return {
        "precision": square.precision,
        "recall": square.recall,
        "precision_wide": wide.precision,
        "recall_wide": wide.recall,
    }


def _tally(ask: Ask, rng: np.random.Generator, sizes: Any) -> Tally:
    from PIL import Image

    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "scene.png"
        for n in range(MEASURED):
            scene = shapes.scene(rng, *sizes[n % len(sizes)])
            Image.fromarray(scene.picture).save(path)
            truth = [(shape.label, shape.box) for shape in scene.shapes]
            tally.add(boxes.found(ask(image=path)), truth)
    return tally


CARD = f"""
# Starter: object detection

Finds circles, squares, triangles and stars in six colours, each with its box: "red circle",
"blue star" and so on, {len(shapes.LABELS)} names in all. It is a starter: a small model trained
from scratch, so that a clone of the project answers offline, and it knows nothing of the real
world. On a photograph it finds nothing, or nonsense.

## Data

Scenes of one to {shapes.MOST} shapes on greyish, noisy grounds with thin lines, drawn by
`starter/worlds/shapes.py`; square ones and others, which the image processor squeezes to
{SIDE}x{SIDE}. {SCENES:,} scenes of seed {SEED}, flipped and brightened at random.

## Model

`RTDetrForObjectDetection` with a three-stage ResNet, two levels and two decoder layers, nothing
frozen; weights in float16. Beside the model's own loss, the encoder's proposals at the centre of
each shape are trained directly. What is saved is a running average of the weights, with the batch
norms measured anew for it. {SHIFT} is taken off the class logits, so that precision and recall meet
at the pipeline's default threshold of 0.5. {STEPS:,} steps of {BATCH}, AdamW, about {MINUTES:g}
minutes on a CPU core. Train it again: `python -m starter.train object-detection`.

## Measured how

{MEASURED} fresh square scenes, and as many of {WIDE[0][0]}x{WIDE[0][1]} and
{WIDE[1][0]}x{WIDE[1][1]} pixels (`_wide`). A box is right when its name is, and its overlap (IoU)
with the true box is at least {boxes.OVERLAP}.
"""
