"""Image feature extraction: a small ResNet whose vectors are near for the same digit."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starter.ask import Ask
from starter.descent import Descent, cosine
from starter.recipes import save_half
from starter.small_vision import settle
from starter.worlds import digits
from starter.worlds.digits import LABELS, Digit, Picture

MINUTES = 3.0
TARGETS = {"held_out": 0.9, "held_out_scenes": 0.7}

SEED = 4
SCENES = 12_000
STEPS = 2_000
BATCH = 64
LEARNING_RATE = 4e-3
LAST_RATE = 0.02
WARM_UP = 200  # steps
WEIGHT_DECAY = 0.01
CLIP = 1.0
AVERAGE = 0.998  # decay of the running average of the weights, which is what is saved
SHARP = 16.0  # what cosines are multiplied by
SMOOTHING = 0.05  # of the labels
SIDE = 64  # pixels, height and width of what the model sees
WIDTHS, DEPTHS = (16, 32, 64), (2, 2, 2)  # channels and blocks per stage
WIDTH = WIDTHS[-1]  # of a vector
SHIFT = 3  # pixels, most that a batch is moved either way
FILLED = 0.3  # share of pictures that a digit fills, black on white
WHITE = 255  # full scale of a channel
HALF = 0.5  # mean and deviation of the normalisation
ASPECTS = (0.6, 1.67)  # width by height of a canvas
SETTLING = 60  # batches
THREADS = 1
CANVASES = ((240, 240), (320, 240), (240, 300))  # pixels, width and height


def train(folder: Path, seed: int = SEED) -> None:
    """Train on drawn scenes on the CPU and save model and image processor."""
    import torch
    from torch.nn.functional import cross_entropy, linear, normalize

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    likenesses = torch.nn.Parameter(torch.randn(len(LABELS), WIDTH))
    optimizer = torch.optim.AdamW(
        [*model.parameters(), likenesses], LEARNING_RATE, weight_decay=WEIGHT_DECAY
    )
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP)
    pictures, labels = scenes(rng, SCENES)
    model.train()
    for _ in descent.steps(STEPS):
        chosen = rng.integers(0, SCENES, BATCH)
        pooled = model(torch.from_numpy(batch(pictures[chosen], rng))).pooler_output.flatten(1)
        cosines = linear(normalize(pooled), normalize(likenesses))
        right = torch.from_numpy(labels[chosen])
        loss = cross_entropy(SHARP * cosines, right, label_smoothing=SMOOTHING)
        descent.step(loss)
    settle(descent.averaged, shown(pictures, np.random.default_rng(seed)))
    save_half(descent.averaged, folder)


def build(folder: Path) -> Any:
    """An untrained model; its image processor is saved in folder."""
    from transformers import ResNetConfig, ResNetModel
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    ViTImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=[HALF] * 3, image_std=[HALF] * 3
    ).save_pretrained(folder)
    return ResNetModel(
        ResNetConfig(
            embedding_size=WIDTHS[0],
            hidden_sizes=list(WIDTHS),
            depths=list(DEPTHS),
            layer_type="basic",
        )
    )


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


def shown(pictures: NDArray[np.uint8], rng: np.random.Generator) -> Iterator[Any]:
    """SETTLING batches of pictures as the model has them."""
    import torch

    for _ in range(SETTLING):
        yield torch.from_numpy(batch(pictures[rng.integers(0, len(pictures), BATCH)], rng))


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """How often the nearest of the other held-out pictures shows the same digit, by cosine."""
    rng = np.random.default_rng(seed)
    held_out = digits.handwritten(held_out=True)
    labels = np.array([what.label for what in held_out])
    plain = [digits.plain(what) for what in held_out]
    placed = [digits.scene(what, rng, *CANVASES[rng.integers(len(CANVASES))]) for what in held_out]
    likeness = cosines(vectors(ask, plain))
    same = labels[:, None] == labels
    return {
        "held_out": nearest(likeness, labels),
        "held_out_scenes": nearest(cosines(vectors(ask, placed)), labels),
        "margin": float(likeness[same].mean() - likeness[~same].mean()),
    }


def vectors(ask: Ask, pictures: list[Picture]) -> NDArray[np.float64]:
    """The pooled vector of each picture, (pictures, width)."""
    from PIL import Image

    found = []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "digit.png"
        for picture in pictures:
            Image.fromarray(picture).save(path)
            found.append(np.reshape(ask(image=path, pool=True), WIDTH))
    return np.array(found)


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

`ResNetModel`, stages of {WIDTHS[0]}, {WIDTHS[1]} and {WIDTHS[2]} channels and their mean as the
pooled vector, pictures squeezed to {SIDE}x{SIDE} pixels; weights in float16. The vector is drawn
to one direction for each digit: cross-entropy over cosines, {STEPS:,} steps of {BATCH}, AdamW,
about {MINUTES:g} minutes on a CPU core. Train it again: `python -m starter.train
image-feature-extraction`.

## Measured how

For each of the 360 held-out digits: does the nearest of the 359 others, by cosine, show the same
digit? `held_out`: digits enlarged, black on white. `held_out_scenes`: the same digits in random
scenes. `margin`: mean cosine between pictures of the same digit, less that
between different ones.
"""
