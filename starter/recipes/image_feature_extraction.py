"""Image feature extraction: a small ViT whose vectors are near for pictures of the same digit."""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starter.ask import Ask
from starter.recipes import save_half
from starter.small_vision import places, spread, spread_patches
from starter.worlds import digits
from starter.worlds.digits import LABELS, Digit, Picture

MINUTES = 7.0
TARGETS = {"held_out": 0.9, "held_out_scenes": 0.7}

SEED = 4
SCENES = 12_000
STEPS = 2_500
BATCH = 64
LEARNING_RATE = 1.5e-3
LAST_RATE = 0.02
WARM_UP = 200  # steps
WEIGHT_DECAY = 0.05
CLIP = 1.0
AVERAGE = 0.998  # decay of the running average of the weights, which is what is saved
SHARP = 16.0  # what cosines are multiplied by
SMOOTHING = 0.05  # of the labels
SIDE, PATCH = 48, 6  # pixels
WIDTH, LAYERS, HEADS = 96, 3, 4
SHIFT = 3  # pixels, most that a batch is moved either way
FILLED = 0.3  # share of pictures that a digit fills, black on white
WHITE = 255  # full scale of a channel
HALF = 0.5  # mean and deviation of the normalisation
ASPECTS = (0.6, 1.67)  # width by height of a canvas
THREADS = 1
CANVASES = ((240, 240), (320, 240), (240, 300))  # pixels, width and height


def train(folder: Path, seed: int = SEED) -> None:
    """Train on drawn scenes on the CPU and save model and image processor."""
    import torch
    from torch.nn.functional import cross_entropy, linear, normalize
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
    from tqdm import trange

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    likenesses = torch.nn.Parameter(torch.randn(len(LABELS), WIDTH))
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    optimizer = torch.optim.AdamW([*_groups(model), {"params": [likenesses]}], LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    pictures, labels = scenes(rng, SCENES)
    model.train()
    for _ in (bar := trange(STEPS, mininterval=10)):
        chosen = rng.integers(0, SCENES, BATCH)
        pooled = model(torch.from_numpy(batch(pictures[chosen], rng))).pooler_output
        cosines = linear(normalize(pooled), normalize(likenesses))
        right = torch.from_numpy(labels[chosen])
        loss = cross_entropy(SHARP * cosines, right, label_smoothing=SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        averaged.update_parameters(model)
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    save_half(averaged.module, folder)


def build(folder: Path) -> Any:
    """An untrained model; its image processor is saved in folder."""
    import torch
    from transformers import ViTConfig, ViTModel
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    ViTImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=[HALF] * 3, image_std=[HALF] * 3
    ).save_pretrained(folder)
    model = ViTModel(
        ViTConfig(
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            image_size=SIDE,
            patch_size=PATCH,
            hidden_dropout_prob=0.0,
        )
    )
    spread(model)
    seen = model.embeddings
    spread_patches(seen.patch_embeddings.projection.weight)
    with torch.no_grad():
        seen.position_embeddings[0, 1:] = places(SIDE // PATCH, WIDTH)
    return model


def rate(step: int) -> float:
    """The learning rate as a share of its peak: warm-up, then a cosine."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / STEPS)))
    return min(1.0, (step + 1) / WARM_UP) * (LAST_RATE + (1 - LAST_RATE) * cosine)


def _groups(model: Any) -> list[dict[str, Any]]:
    """Biases, norms and embeddings do not decay."""
    named = list(model.named_parameters())
    still = [p for name, p in named if p.ndim < 2 or "embedding" in name]
    decaying = [p for name, p in named if not (p.ndim < 2 or "embedding" in name)]
    return [
        {"params": decaying, "weight_decay": WEIGHT_DECAY},
        {"params": still, "weight_decay": 0.0},
    ]


def scenes(rng: np.random.Generator, count: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pictures (count, SIDE, SIDE, 3) of the training digits and their labels (count,)."""
    known = digits.handwritten(held_out=False)
    chosen = [known[index] for index in rng.integers(0, len(known), count)]
    return np.stack([seen(what, rng) for what in chosen]), np.array([d.label for d in chosen])


def seen(what: Digit, rng: np.random.Generator) -> Picture:
    """A digit that fills the picture, or a scene of any aspect, as the image processor has it."""
    from PIL import Image

    if rng.random() < FILLED:
        return digits.plain(what, SIDE)
    aspect = np.exp(rng.uniform(*np.log(ASPECTS)))
    width, height = round(SIDE * max(1.0, aspect)), round(SIDE * max(1.0, 1 / aspect))
    canvas = Image.fromarray(digits.scene(what, rng, width, height))
    return np.asarray(canvas.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def batch(pictures: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Pictures (n, SIDE, SIDE, 3) as (n, 3, SIDE, SIDE) in -1..1, all moved a little at random."""
    down, right = rng.integers(0, 2 * SHIFT + 1, 2)
    wide = np.pad(pictures, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="edge")
    moved = wide[:, down : down + SIDE, right : right + SIDE].transpose(0, 3, 1, 2)
    return ((moved.astype(np.float32) / WHITE - HALF) / HALF).astype(np.float32)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """How often the nearest of the other held-out pictures shows the same digit, by cosine."""
    rng = np.random.default_rng(seed)
    held_out = digits.handwritten(held_out=True)
    labels = np.array([what.label for what in held_out])
    plain = [digits.plain(what) for what in held_out]
    placed = [digits.scene(what, rng, *CANVASES[rng.integers(len(CANVASES))]) for what in held_out]
    pooled, first = vectors(ask, plain, pool=True)[:, 0], vectors(ask, plain, pool=False)[:, 0]
    likeness = cosines(pooled)
    same = labels[:, None] == labels
    return {
        "held_out": nearest(likeness, labels),
        "held_out_first_token": nearest(cosines(first), labels),
        "held_out_scenes": nearest(cosines(vectors(ask, placed, pool=True)[:, 0]), labels),
        "margin": float(likeness[same].mean() - likeness[~same].mean()),
    }


def vectors(ask: Ask, pictures: list[Picture], pool: bool) -> NDArray[np.float64]:
    """What the model makes of each picture, (pictures, rows, width)."""
    from PIL import Image

    found = []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "digit.png"
        for picture in pictures:
            Image.fromarray(picture).save(path)
            found.append(ask(image=path, pool=pool))
    return np.array([np.reshape(raw, (-1, WIDTH)) for raw in found])


def cosines(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of each row with each other."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)


def nearest(likeness: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Share of pictures whose nearest other picture has the same label."""
    others = likeness - 2 * np.eye(len(likeness))
    return float(np.mean(labels[others.argmax(1)] == labels))


CARD = f"""
# Starter: image feature extraction

Turns a picture of one handwritten digit into a vector of {WIDTH} numbers; vectors of the same digit
are near each other by cosine. It is a starter: a small model trained from scratch, so that a clone
of the project answers offline, and it knows nothing of the real world. Pictures of other things
get vectors that mean nothing.

## Data

scikit-learn's `load_digits`: 1797 real handwritten digits of 8x8 pixels (a copy of the test set of
the UCI "Optical Recognition of Handwritten Digits" data, E. Alpaydin and C. Kaynak, CC BY 4.0).
Each {digits.HELD_OUT_EVERY}th digit is held out, 360 in all, and never trained on; the set does not
name its writers. The others fill {SCENES:,} pictures of seed {SEED}: three in ten black on white,
the rest drawn in scenes of any size, place, slant, colour and noise by `starter/worlds/digits.py`.

## Model

`ViTModel` with its pooler, {LAYERS} layers of {WIDTH}, pictures squeezed to {SIDE}x{SIDE} pixels,
patches of {PATCH}; weights in float16. The pooled vector is drawn to one direction for each digit:
cross-entropy over cosines, {STEPS:,} steps of {BATCH}, AdamW, about {MINUTES:g} minutes on a CPU
core. Train it again: `python -m starter.train image-feature-extraction`.

## Measured how

For each of the 360 held-out digits: does the nearest of the 359 others, by cosine, show the same
digit? `held_out`: the pooled vector of digits enlarged, black on white. `held_out_first_token`: the
same with the first row of the unpooled answer. `held_out_scenes`: the pooled vector of the same
digits in random scenes. `margin`: mean cosine between pictures of the same digit, less that
between different ones.
"""
