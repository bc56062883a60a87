"""Mask generation: a small SAM that cuts out the shape that a point lies on."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.descent import Descent, cosine, parameter_groups
from starter.recipes import save_half
from starter.small_vision import places
from starter.worlds import shape_batches, shapes

MINUTES = 9.0
TARGETS = {"prompted_iou": 0.8, "found": 0.8}

SEED = 4
SCENES = 4_000
STEPS = 1_400
BATCH = 8
CLICKS = 4  # points a picture: all but the last on shapes, the last on the background
LEARNING_RATE = 1.2e-3
LAST_RATE = 0.02
WARM_UP = 200  # steps
WEIGHT_DECAY = 0.01
CLIP = 1.0
AVERAGE = 0.99
SINGLE = 7  # every so many steps the mask for a sure prompt is trained, else the three others
SIDE, PATCH, MASK = shapes.SIDE, 8, 64  # pixels: the picture, a patch, a mask
WIDTH = 96
SHARPER = 6.0  # mask logits are multiplied by this at the end: soft edges pass for unstable
SURER = (0.5, 0.49)  # factor and term of the predicted overlap, for the default thresholds
HALF = 0.5  # mean and deviation of the normalisation
THREADS = 1
MEASURED = 40
POINTS = 8  # the grid that the playground asks with
GOOD = 0.8  # overlap from which a shape counts as found


def train(folder: Path, seed: int = SEED) -> None:
    """Train on drawn scenes on the CPU and save model and image processor."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    optimizer = torch.optim.AdamW(
        parameter_groups(model, WEIGHT_DECAY, "embed", "rel_pos"), LEARNING_RATE, betas=(0.9, 0.98)
    )
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP)
    pack = shape_batches.packed(seed, SCENES)
    model.train()
    for step in descent.steps(STEPS):
        batch = shape_batches.draw(pack, rng, BATCH)
        points, chosen = clicks(batch.ids, rng)
        made = model(
            pixel_values=(torch.from_numpy(batch.pictures) - HALF) / HALF,
            input_points=torch.from_numpy(points),
            multimask_output=step % SINGLE != 0,
        )
        mask, score = losses(made, torch.from_numpy(batch.ids), torch.from_numpy(chosen))
        descent.step(mask + score, mask=mask, score=score)
    save_half(sharpened(descent.averaged), folder)


def build(folder: Path) -> Any:
    """An untrained model with weights that learn; its image processor is saved in folder."""
    import torch
    import transformers
    from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

    SamImageProcessorPil(
        size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE},
        mask_size={"longest_edge": MASK}, mask_pad_size={"height": MASK, "width": MASK},
        image_mean=[HALF] * 3, image_std=[HALF] * 3,
    ).save_pretrained(folder)  # fmt: skip
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": WIDTH, "output_channels": 64, "num_hidden_layers": 3,
            "num_attention_heads": 4, "image_size": SIDE, "patch_size": PATCH, "window_size": 8,
            "global_attn_indexes": [1, 2], "num_pos_feats": 32, "mlp_dim": 192,
            "initializer_range": 0.02,
        },
        prompt_encoder_config={
            "hidden_size": 64, "image_size": SIDE, "patch_size": PATCH, "mask_input_channels": 8,
        },
        mask_decoder_config={
            "hidden_size": 64, "mlp_dim": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
            "iou_head_hidden_dim": 64,
        },
    )  # fmt: skip
    model = transformers.SamModel(config)
    grid = SIDE // PATCH
    waves = torch.randn(2, 32)  # at the library's own scale neighbours look unrelated (5.23)
    for name, weight in model.named_parameters():
        if _spreads(name, weight):
            flat = weight.ndim == 4 and "upscale" not in name
            torch.nn.init.xavier_uniform_(weight.view(weight.shape[0], -1) if flat else weight)
    with torch.no_grad():
        model.vision_encoder.pos_embed.copy_(places(grid, WIDTH).view(1, grid, grid, WIDTH))
        model.shared_image_embedding.positional_embedding.copy_(waves)
        model.prompt_encoder.shared_embedding.positional_embedding.copy_(waves)
        for name, weight in model.named_parameters():
            if any(part in name for part in ("mask_tokens", "iou_token")):
                weight.normal_(0, 0.5)
            elif any(part in name for part in ("point_embed", "not_a_point", "no_mask")):
                weight.normal_(0, 0.1)
    return model


def _spreads(name: str, weight: Any) -> bool:
    owner = name.split(".")[-2] if "." in name else ""
    kept = "rel_pos" in name or "pos_embed" in name or "embed" in owner or "token" in name
    return weight.ndim >= 2 and not kept


def clicks(ids: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Points float32 (n, CLICKS, 1, 2) as x, y in pixels, and the shape under each (n, CLICKS)."""
    points = np.zeros((len(ids), CLICKS, 1, 2), np.float32)
    chosen = np.zeros((len(ids), CLICKS), np.int64)
    for n, picture in enumerate(ids):
        there = np.arange(1, picture.max() + 1)
        if len(there):
            chosen[n, :-1] = rng.choice(there, CLICKS - 1, replace=len(there) < CLICKS - 1)
        for k, shape in enumerate(chosen[n]):
            rows, columns = np.nonzero(picture == shape)
            at = rng.integers(len(rows))
            points[n, k, 0] = columns[at], rows[at]
    return points, chosen


def losses(made: Any, ids: Any, chosen: Any) -> tuple[Any, Any]:
    """The loss of the masks (all of them are to be the same shape), and that of their scores.

    A point on the background is to give an empty mask and a score of 0.
    """
    import torch
    from torch.nn import functional

    exact = ((ids[:, None] == chosen[..., None, None]) & (chosen > 0)[..., None, None]).float()
    soft = functional.avg_pool2d(exact, SIDE // MASK)
    logits = made.pred_masks
    wanted = soft[:, :, None].expand_as(logits)
    shape = (chosen > 0).float()[:, :, None]
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    entropy, sure = entropy.mean((-1, -2)), logits.sigmoid()
    shared, both = (sure * wanted).sum((-1, -2)), sure.sum((-1, -2)) + wanted.sum((-1, -2))
    dice = 1 - (2 * shared + 1) / (both + 1)
    with torch.no_grad():
        found, true = logits > 0, wanted > 0.5
        overlap = (found & true).sum((-1, -2)) / ((found | true).sum((-1, -2)) + 1e-6) * shape
    on_shapes = ((5 * entropy + dice) * shape).sum() / (shape.sum() * logits.shape[2])
    on_ground = 0.5 * (entropy * (1 - shape)).mean()
    return on_shapes + on_ground, functional.mse_loss(made.iou_scores, overlap)


def sharpened(model: Any) -> Any:
    """The model with harder edges and higher scores, so that the default thresholds suit it."""
    import torch

    with torch.no_grad():
        for head in model.mask_decoder.output_hypernetworks_mlps:
            head.proj_out.weight.mul_(SHARPER)
            head.proj_out.bias.mul_(SHARPER)
        last, (factor, term) = model.mask_decoder.iou_prediction_head.proj_out, SURER
        last.weight.mul_(factor)
        last.bias.mul_(factor).add_(term)
    return model


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Overlap of the mask that one point gives, and shapes found by asking for everything."""
    rng = np.random.default_rng(seed)
    prompted = [iou for _ in range(MEASURED) for iou in _prompted(ask, rng)]
    found, extra = _everything(ask, rng)
    return {
        "prompted_iou": float(np.mean(prompted)),
        "prompted_above_0.8": float(np.mean(np.array(prompted) > GOOD)),
        "found": found,
        "wrong_masks_per_picture": extra,
    }


def _prompted(ask: Ask, rng: np.random.Generator) -> list[float]:
    """One random point on each shape of a fresh scene; the overlap of the best scored mask."""
    import torch
    from PIL import Image

    pipe = ask.args[0]  # type: ignore[attr-defined]
    scene = shapes.scene(rng)
    points = []
    for n in range(len(scene.shapes)):
        rows, columns = np.nonzero(scene.ids == n + 1)
        at = rng.integers(len(rows))
        points.append([[float(columns[at]), float(rows[at])]])
    if not points:
        return []
    given = pipe.image_processor(images=Image.fromarray(scene.picture), return_tensors="pt")
    with torch.no_grad():
        made = pipe.model(pixel_values=given["pixel_values"], input_points=torch.tensor([points]))
    masks = pipe.image_processor.post_process_masks(
        made.pred_masks, given["original_sizes"], given["reshaped_input_sizes"]
    )[0]
    best = made.iou_scores[0].argmax(-1)
    return [_iou(masks[n, best[n]].numpy(), scene.ids == n + 1) for n in range(len(scene.shapes))]


def _everything(ask: Ask, rng: np.random.Generator) -> tuple[float, float]:
    """Share of the shapes of fresh scenes that have a mask, and masks that are of no shape."""
    from PIL import Image

    found, extra = [], 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scene.png"
        for _ in range(MEASURED):
            scene = shapes.scene(rng)
            Image.fromarray(scene.picture).save(path)
            masks = [np.asarray(m) for m in ask(image=path, points_per_crop=POINTS)["masks"]]
            truth = [scene.ids == n + 1 for n in range(len(scene.shapes))]
            found += [any(_iou(mask, true) >= GOOD for mask in masks) for true in truth]
            extra += sum(all(_iou(mask, true) < GOOD for true in truth) for mask in masks)
    return float(np.mean(found)), extra / MEASURED


def _iou(found: Any, true: Any) -> float:
    return float((found & true).sum() / max(1, (found | true).sum()))


CARD = f"""
# Starter: mask generation

Cuts out circles, squares, triangles and stars: one mask for each. It is a starter: a small model
trained from scratch, so that a clone of the project answers offline, and it knows nothing of the
real world.

## Data

Scenes of one to {shapes.MOST} shapes on greyish, noisy grounds, drawn by
`starter/worlds/shapes.py`, square ones and others squeezed to {SIDE}x{SIDE}: {SCENES:,} of seed
{SEED}, flipped and brightened at random, {CLICKS - 1} points on shapes and one on the background
each.

## Model

`SamModel`: three layers of {WIDTH} for pictures, masks of {MASK}x{MASK}; weights in float16. All
three masks of a point are trained to be the shape. At the end the mask logits are multiplied by
{SHARPER:g} and the predicted overlap is raised, so that the default thresholds suit them.
{STEPS:,} steps of {BATCH} pictures, AdamW, about {MINUTES:g} minutes on a CPU core. Train it again:
`python -m starter.train mask-generation`.

## Measured how

`prompted_iou`: one random point on each shape of {MEASURED} fresh scenes, the mask with the best
predicted overlap, intersection over union with the shape. `found`: share of the shapes of as many
scenes for which asking for everything ({POINTS}x{POINTS} points, default thresholds) gives a mask
with an overlap of at least {GOOD}; `wrong_masks_per_picture`: masks that are of no shape.
"""
