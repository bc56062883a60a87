"""Zero-shot object detection: a small OWL-ViT that finds shapes by what they are called."""

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
from starter.small_vision import places, spread, spread_patches
from starter.worlds import shape_batches, shape_names, shapes
from starter.worlds.shapes import COLOURS, KINDS, LABELS

MINUTES = 13.0
THRESHOLD = 0.5  # of the scores: from there on precision and recall are alike
TARGETS = {"precision": 0.75, "recall": 0.8, "never_there": 0.95, "not_in_the_scene": 0.95}

SEED = 2
SCENES = 12_000
STEPS = 7_000
BATCH = 24
LEARNING_RATE = 1.2e-3
LAST_RATE = 0.02
WARM_UP = 300  # steps
WEIGHT_DECAY = 0.02
CLIP = 1.0
AVERAGE = 0.998
SIDE, PATCH = shapes.SIDE, 16  # pixels
GRID = SIDE // PATCH  # patches a side; each gives one box
NEAR = 0.62  # patches from a shape's centre within which a patch may stand for it
INSIDE = 0.3  # of a shape's longest side, within which a patch should know its name
OWN_CHOICE = 1.5  # how much a patch's own score counts against its distance
HALF = 0.5  # mean and deviation of the normalisation
THREADS = 1
MEASURED = 60
NEVER = ("cat", "a photo of a dog", "black circle", "pink square", "red car", "guitar", "tree")


def train(folder: Path, seed: int = SEED) -> None:
    """Train on drawn scenes on the CPU and save model and processor."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model, tokenizer = build(folder)
    optimizer = torch.optim.AdamW(
        parameter_groups(model, WEIGHT_DECAY, "embedding"), LEARNING_RATE, betas=(0.9, 0.98)
    )
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP)
    pack = shape_batches.packed(seed, SCENES)
    model.train()
    for _ in descent.steps(STEPS):
        batch = shape_batches.draw(pack, rng, BATCH)
        asked = embedded(model, tokenizer, shape_names.queries(rng))
        logits, places_found = looked(model, torch.from_numpy(batch.pictures), asked)
        corners, labels = torch.from_numpy(batch.boxes), torch.from_numpy(batch.labels)
        name, place = losses(logits, places_found, corners, labels)
        descent.step(name + place, name=name, place=place)
    save_half(descent.averaged, folder)


def build(folder: Path) -> tuple[Any, Any]:
    """An untrained model and its tokenizer; the processor is saved in folder."""
    import torch
    import transformers
    from transformers.models.owlvit.image_processing_pil_owlvit import OwlViTImageProcessorPil

    tokenizer, ids = shape_names.tokenizer(), shape_names.vocabulary()
    pictures = OwlViTImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=[HALF] * 3, image_std=[HALF] * 3
    )
    transformers.OwlViTProcessor(pictures, tokenizer).save_pretrained(folder)
    config = transformers.OwlViTConfig(
        text_config={
            "vocab_size": len(ids), "hidden_size": 64, "intermediate_size": 128,
            "num_hidden_layers": 1, "num_attention_heads": 4,
            "max_position_embeddings": shape_names.MOST_TOKENS,
            "bos_token_id": ids[shape_names.FIRST], "eos_token_id": ids[shape_names.LAST],
            "pad_token_id": ids[shape_names.PAD],
        },
        vision_config={
            "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 4,
            "num_attention_heads": 4, "image_size": SIDE, "patch_size": PATCH,
        },
        projection_dim=64,
    )  # fmt: skip
    model = transformers.OwlViTForObjectDetection(config)
    spread(model)
    vision, text = model.owlvit.vision_model.embeddings, model.owlvit.text_model.embeddings
    spread_patches(vision.patch_embedding.weight)
    head = model.class_head
    with torch.no_grad():
        vision.position_embedding.weight[1:] = places(GRID, 128)
        text.token_embedding.weight.normal_(0, 0.5)
        text.position_embedding.weight.normal_(0, 0.1)
        head.logit_scale.weight.mul_(0.1)
        head.logit_scale.bias.fill_(7.0)
        head.logit_shift.weight.mul_(0.1)
        head.logit_shift.bias.fill_(-0.6)
        model.box_head.dense2.weight.mul_(0.1)
    return model, tokenizer


def embedded(model: Any, tokenizer: Any, texts: list[str]) -> Any:
    """What the model makes of texts, (texts, width)."""
    tokens = tokenizer(texts, padding=True, return_tensors="pt")
    read = model.owlvit.text_model(
        input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
    )
    return model.owlvit.text_projection(read.pooler_output)


def looked(model: Any, pictures: Any, asked: Any) -> tuple[Any, Any]:
    """Logits (batch, patches, texts) and places (batch, patches, 4) before their sigmoid."""
    seen = model.image_embedder(pixel_values=(pictures - HALF) / HALF)[0]
    batch = len(pictures)
    patches = seen.reshape(batch, -1, seen.shape[-1])
    logits, _ = model.class_head(patches, asked[None].expand(batch, -1, -1), None)
    return logits, model.box_head(patches) + model.box_bias


def losses(logits: Any, found: Any, corners: Any, labels: Any) -> tuple[Any, Any]:
    """The loss of the names and that of the places.

    One patch stands for each shape (the pipeline drops no doubles), the best of those at its
    centre. Every patch inside a shape is asked for its full name, kind and colour besides: without
    that, names of the same colour are hardly told apart.
    """
    import torch
    from torch.nn import functional

    there = labels >= 0
    centres = boxes.to_centres(corners)
    apart = (_middles()[None, None] - centres[:, :, None, :2]).abs().amax(-1)
    near = (apart <= NEAR * PATCH / SIDE) & there[..., None]
    sure = logits.sigmoid().detach()
    wanted = torch.zeros_like(logits)
    n, shape, patch = _chosen(sure, apart, near, labels)
    kinds, names = len(KINDS), len(LABELS)
    full = labels[n, shape]
    for column in (full, names + full % kinds, names + kinds + full // kinds):
        wanted[n, patch, column] = 1
    each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    weight = torch.where(wanted > 0, (1 - sure) ** 2, 0.6 * sure**2)
    name = (each * weight).sum() / max(1, len(n)) / 2
    longest = (corners[..., 2:] - corners[..., :2]).amax(-1)
    inside = near | ((apart <= INSIDE * longest[..., None]) & there[..., None])
    name = name + _told_apart(logits, labels, inside)
    return name, _place(found, corners, centres, near)


def _chosen(sure: Any, apart: Any, near: Any, labels: Any) -> tuple[Any, Any, Any]:
    """Picture, shape and patch of each shape that has a patch at its centre."""
    patches = sure.shape[1]
    full = labels.clamp(min=0)[:, None, :].expand(-1, patches, -1)
    own = sure.gather(2, full).transpose(1, 2)
    cost = (apart * GRID - OWN_CHOICE * own).masked_fill(~near, math.inf)
    least, best = cost.min(2)
    n, shape = least.isfinite().nonzero(as_tuple=True)
    return n, shape, best[n, shape]


def _told_apart(logits: Any, labels: Any, inside: Any) -> Any:
    """Cross-entropy over names, kinds and colours at the patches inside shapes."""
    from torch.nn.functional import cross_entropy

    n, shape, patch = inside.nonzero(as_tuple=True)
    own, full = logits[n, patch], labels[n, shape]
    kinds, names = len(KINDS), len(LABELS)
    colours = slice(names + kinds, names + kinds + len(COLOURS))
    return (
        cross_entropy(own[:, :names], full)
        + cross_entropy(own[:, names : names + kinds], full % kinds)
        + 0.25 * cross_entropy(own[:, colours], full // kinds)
    )


def _place(found: Any, corners: Any, centres: Any, near: Any) -> Any:
    """Boxes at all patches near a centre; before the sigmoid, which is flat at the rim."""
    import torch

    n, shape, patch = near.nonzero(as_tuple=True)
    raw, truth = found[n, patch], centres[n, shape]
    flat = torch.logit(truth.clamp(1e-4, 1 - 1e-4))
    guess = raw.sigmoid()
    overlap = boxes.generalized_iou(boxes.to_corners(guess), corners[n, shape])
    return (
        torch.nn.functional.smooth_l1_loss(raw, flat, beta=0.2)
        + 5 * (guess - truth).abs().sum(1).mean()
        + 2 * (1 - overlap).mean()
    )


def _middles() -> Any:
    """Middles of the patches (GRID * GRID, 2), x and y from 0 to 1, row by row."""
    import torch

    axis = (torch.arange(GRID) + 0.5) / GRID
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y], -1).view(-1, 2)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Precision and recall of full names; how often what is not there is left alone."""
    from PIL import Image

    rng, tally = np.random.default_rng(seed), Tally()
    by_kind, by_colour = Tally(), Tally()
    silent: dict[str, list[bool]] = {"never_there": [], "not_in_the_scene": []}
    full = {f"a {label}": label for label in LABELS}
    kinds, colours = dict.fromkeys(KINDS), {f"{c} shape": c for c in COLOURS}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "scene.png"
        for _ in range(MEASURED):
            scene = shapes.scene(rng)
            Image.fromarray(scene.picture).save(path)
            raw = ask(image=path, candidate_labels=[*full, *kinds, *colours, *NEVER],
                      threshold=THRESHOLD)  # fmt: skip
            seen = boxes.found(raw)
            tally.add(
                [(full[label], box) for label, box in seen if label in full],
                [(shape.label, shape.box) for shape in scene.shapes],
            )
            by_kind.add(
                [pair for pair in seen if pair[0] in kinds],
                [(shape.kind, shape.box) for shape in scene.shapes],
            )
            by_colour.add(
                [(colours[label], box) for label, box in seen if label in colours],
                [(shape.colour, shape.box) for shape in scene.shapes],
            )
            said = {label for label, _ in seen}
            silent["never_there"] += [label not in said for label in NEVER]
            silent["not_in_the_scene"] += [
                asked not in said for asked, label in full.items() if label not in scene.labels
            ]
    return {
        "precision": tally.precision,
        "recall": tally.recall,
        "recall_by_kind": by_kind.recall,
        "recall_by_colour": by_colour.recall,
        **{name: float(np.mean(each)) for name, each in silent.items()},
    }


CARD = f"""
# Starter: zero-shot object detection

Finds circles, squares, triangles and stars in six colours by what they are called: "a red circle",
"star", "blue shape", "a photo of a green square". It is a starter: a small model trained from
scratch, so that a clone of the project answers offline, and it knows nothing of the real world.
Words that it does not know are all alike to it, and it finds none of them.

## Data

Scenes of one to {shapes.MOST} shapes on greyish, noisy grounds, drawn by
`starter/worlds/shapes.py`, square and squeezed ones: {SCENES:,} of seed {SEED}, flipped and
brightened at random. Each step asks for every name, kind and colour in phrases of
`starter/worlds/shape_names.py`, and for things that no scene shows.

## Model

`OwlViTForObjectDetection`: patches of {PATCH} of {SIDE} pixels (one box each), four layers of 128
for pictures, one of 64 for texts of whole words; weights in float16. One patch stands for each
shape; every patch inside a shape is also asked to tell its name, kind and colour from all others.
{STEPS:,} steps of {BATCH}, AdamW, about {MINUTES:g} minutes on a CPU core. Train it again:
`python -m starter.train zero-shot-object-detection`.

## Measured how

{MEASURED} fresh scenes, {len(LABELS) + len(KINDS) + len(COLOURS) + len(NEVER)} labels each, scores
of at least {THRESHOLD}. `recall`: full names, box overlap (IoU) at least {boxes.OVERLAP}.
`not_in_the_scene`: share of the full names of shapes that the scene does not show that are found
nowhere in it; `never_there`: the same for {", ".join(f'"{n}"' for n in NEVER)}.
"""
