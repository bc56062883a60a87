"""Keypoint matching: a small SuperPoint that finds corners, a small LightGlue that pairs them.

Neither class of transformers takes labels, so their parts are trained here one after the other.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.descent import cosine
from starter.recipes import save_half
from starter.worlds import views
from starter.worlds.view_exam import MEASURED, RIGHT, SQUARE, examine
from starter.worlds.view_pairs import CELL, ground, looks, visible

MINUTES = 4.5
TARGETS = {"right_shift": 0.6, "right_turn": 0.4, "right_zoom": 0.4, "right_tilt": 0.4}

SEED = 6
SURFACES = 160
WIDTH, HEIGHT = views.SIZE  # what the model reads
DUST = CELL * CELL  # the class of a cell without a corner

POINT_STEPS, PAIRS, PATCH = 1_500, 6, (128, 96)  # SuperPoint: steps, pairs in a batch, their size
GLUE_STEPS, GLUE_PAIRS = 350, 3  # LightGlue, on whole views
POINT_RATE, GLUE_RATE = 2e-3, 5e-4
LAST_RATE = 0.02
WARM_UP = 60  # steps
CLIP = 1.0
CORNERS = 40  # compared in one pair of patches, at most
SHARP = 0.07  # temperature of the comparison of descriptors
NEAR = 3.0  # pixels within which two keypoints are the same
THREADS = 1


def train(folder: Path, seed: int = SEED) -> None:
    """Train the detector and the descriptors, then the matcher; save model and processor."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model = build(folder)
    grounds = [ground(rng) for _ in range(SURFACES)]
    train_points(model.keypoint_detector, grounds, rng)
    train_glue(model, grounds, rng)
    save_half(model, folder)


def build(folder: Path) -> Any:
    """An untrained model whose matcher leaves descriptors alone; its processor is saved."""
    import torch
    import transformers
    from transformers.models.lightglue.image_processing_pil_lightglue import (
        LightGlueImageProcessorPil,
    )

    LightGlueImageProcessorPil(size={"height": HEIGHT, "width": WIDTH}).save_pretrained(folder)
    points = transformers.SuperPointConfig(
        encoder_hidden_sizes=[16, 32, 48, 64], decoder_hidden_size=64, descriptor_decoder_dim=64,
        keypoint_threshold=0.01, max_keypoints=256, nms_radius=3, border_removal_distance=4,
    )  # fmt: skip
    # A depth_confidence of 1 never stops early, a width_confidence of 1 never drops a point.
    config = transformers.LightGlueConfig(
        keypoint_detector_config=points, descriptor_dim=64, num_hidden_layers=2,
        num_attention_heads=2, depth_confidence=1.0, width_confidence=1.0, filter_threshold=0.1,
    )  # fmt: skip
    model = transformers.LightGlueForKeypointMatching(config)
    with torch.no_grad():
        for name, weight in model.keypoint_detector.named_parameters():
            if weight.ndim == 4:
                torch.nn.init.kaiming_normal_(weight)
            elif name.endswith("bias"):
                weight.zero_()
        for layer in model.transformer_layers:
            for mlp in (layer.self_mlp, layer.cross_mlp):
                mlp.fc2.weight.zero_()
                mlp.fc2.bias.zero_()
        for assign in model.match_assignment_layers:
            scale = math.sqrt(math.sqrt(config.descriptor_dim) / SHARP)
            assign.final_projection.weight.copy_(torch.eye(config.descriptor_dim) * scale)
            assign.final_projection.bias.zero_()
            assign.matchability.weight.zero_()
            assign.matchability.bias.fill_(1.0)
        torch.nn.init.normal_(model.positional_encoder.projector.weight, std=2.0)
        for confidence in model.token_confidence:
            confidence.token.weight.zero_()
            confidence.token.bias.fill_(-10.0)
    return model


def train_points(detector: Any, grounds: Any, rng: np.random.Generator) -> None:
    """Corners by cross-entropy over the pixels of a cell, descriptors by contrast."""
    import torch
    from tqdm import trange

    optimizer = torch.optim.AdamW(detector.parameters(), POINT_RATE, weight_decay=1e-4)
    schedule = cosine(optimizer, POINT_STEPS, WARM_UP, LAST_RATE)
    detector.train()
    for _ in (bar := trange(POINT_STEPS, mininterval=10)):
        seen, places, corners = looks(grounds, rng, PAIRS, PATCH)
        coarse = detector.encoder(seen)[0]
        shown = [visible(c, p, PATCH) for c, p in zip(corners, places, strict=True)]
        found = corner_loss(detector.keypoint_decoder, coarse, [points for points, _ in shown])
        alike = contrast(detector.descriptor_decoder, coarse, shown, rng)
        optimizer.zero_grad()
        (found + alike).backward()
        torch.nn.utils.clip_grad_norm_(detector.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        bar.set_postfix(corners=f"{found.item():.3f}", alike=f"{alike.item():.3f}", refresh=False)


def corner_loss(head: Any, coarse: Any, shown: Any) -> Any:
    """Cross-entropy of the pixel of each cell that is a corner, or of none."""
    import torch

    logits = head.conv_score_b(head.relu(head.conv_score_a(coarse)))
    wanted = torch.full((len(coarse), *coarse.shape[-2:]), DUST)
    for n, points in enumerate(shown):
        x, y = np.rint(points[::-1]).astype(int).T  # the strongest last, so that it stays
        wanted[n, y // CELL, x // CELL] = torch.from_numpy(y % CELL * CELL + x % CELL)
    return torch.nn.functional.cross_entropy(logits, wanted)


def contrast(head: Any, coarse: Any, shown: Any, rng: np.random.Generator) -> Any:
    """How badly the descriptors of one view tell which corner is which in the other."""
    import torch

    maps = head.conv_descriptor_b(head.relu(head.conv_descriptor_a(coarse)))
    maps = torch.nn.functional.normalize(maps, dim=1)
    losses = []
    for n in range(0, len(coarse), 2):
        (one, names), (other, others) = shown[n], shown[n + 1]
        _, left, right = np.intersect1d(names, others, return_indices=True)
        if len(left) < 4:
            continue
        picked = rng.permutation(len(left))[:CORNERS]
        a = described(head, maps[n], one[left[picked]], rng)
        b = described(head, maps[n + 1], other[right[picked]], rng)
        alike = a @ b.T / SHARP
        same = torch.arange(len(picked))
        losses += [torch.nn.functional.cross_entropy(m, same) for m in (alike, alike.T)]
    return torch.stack(losses).mean() if losses else maps.sum() * 0


def described(head: Any, coarse: Any, points: Any, rng: np.random.Generator) -> Any:
    """The descriptors (n, width) at points, which are off by up to a pixel."""
    import torch

    about = torch.from_numpy(points + rng.uniform(-1, 1, points.shape)).float()
    return head._sample_descriptors(about[None], coarse[None], CELL)[0].T


def train_glue(model: Any, grounds: Any, rng: np.random.Generator) -> None:
    """The matcher, on what the trained detector finds in whole views."""
    import torch
    from tqdm import trange

    model.keypoint_detector.eval().requires_grad_(False)
    weights = [w for w in model.parameters() if w.requires_grad]
    optimizer = torch.optim.AdamW(weights, GLUE_RATE, weight_decay=1e-3)
    schedule = cosine(optimizer, GLUE_STEPS, WARM_UP, LAST_RATE)
    for _ in (bar := trange(GLUE_STEPS, mininterval=10)):
        seen, places, _ = looks(grounds, rng, GLUE_PAIRS, (WIDTH, HEIGHT))
        with torch.no_grad():
            found = model.keypoint_detector(seen.expand(-1, 3, -1, -1))
        if not found.mask.any(1).all():  # attention to nothing is no number
            continue
        loss = assignment_loss(model, found, places)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)


def assignment_loss(model: Any, found: Any, places: Any) -> Any:
    """Negative log-likelihood of the true pairs, and of having none for the others."""
    import torch
    from transformers.models.lightglue.modeling_lightglue import normalize_keypoints

    points = found.keypoints * torch.tensor([WIDTH, HEIGHT])
    places_of = model.positional_encoder(normalize_keypoints(points, HEIGHT, WIDTH))[0]
    states = model.input_projection(found.descriptors)
    mask = (found.mask[:, None, None] > 0).expand(-1, 1, -1, -1)
    for layer in model.transformer_layers:
        states = layer(states, places_of, attention_mask=mask)[0]
    scores = model.match_assignment_layers[-1](states, found.mask)
    losses = []
    for n in range(len(scores)):
        counts = [int(found.mask[2 * n + side].sum()) for side in (0, 1)]
        one, other = (points[2 * n + side, : counts[side]].numpy() for side in (0, 1))
        left, right = same_points(one, other, np.linalg.inv(places[2 * n + 1]) @ places[2 * n])
        if not len(left):
            continue
        alone = [np.setdiff1d(np.arange(c), m) for c, m in zip(counts, (left, right), strict=True)]
        losses += [-scores[n, left, right].mean()]
        losses += [-scores[n, alone[0], -1].mean()] if len(alone[0]) else []
        losses += [-scores[n, -1, alone[1]].mean()] if len(alone[1]) else []
    return torch.stack(losses).mean()


def same_points(one: Any, other: Any, homography: Any) -> tuple[Any, Any]:
    """Indices of the points of two views that are the same: each other's nearest, and near."""
    away = np.linalg.norm(views.projected(homography, one)[:, None] - other[None], axis=-1)
    if not away.size:
        return np.zeros(0, int), np.zeros(0, int)
    nearest, back = away.argmin(1), away.argmin(0)
    left = np.arange(len(one))
    kept = (back[nearest] == left) & (away[left, nearest] < NEAR)
    return left[kept], nearest[kept]


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """The share of right matches for each motion, their mean number, and of unrelated views."""
    return examine(ask, seed)


CARD = f"""
# Starter: keypoint matching

Finds corners in two pictures and says which are the same, with a score. It is a starter: a small
model trained from scratch on drawn surfaces (`starter/worlds/views.py`: patches of colour with
figures and signs on them), so that a clone of the project answers offline. It is made for a flat
thing seen twice from about the same side: moved, turned by up to {views.TURN[1]:g} degrees, up to
{views.ZOOM[1]:g} times nearer. It was never shown a photograph. Between two
pictures that have nothing in common it finds matches too.

## Data

{SURFACES} surfaces of seed {SEED}; every step draws fresh views of some, turned, zoomed and
tilted, in other light and with noise. What a corner is follows Shi and Tomasi, measured on the
surface.

## Model

`LightGlueForKeypointMatching` of two layers with a `SuperPointForKeypointDetection` of four small
stages; weights in float16. transformers has no loss for either, so `starter/recipes/
keypoint_matching.py` trains the parts: corners by cross-entropy, descriptors by contrast
({POINT_STEPS:,} steps of {PAIRS} pairs), then the matcher on what the detector finds
({GLUE_STEPS} steps of {GLUE_PAIRS} pairs); about {MINUTES:g} minutes on a CPU core. Train it again:
`python -m starter.train keypoint-matching`.

## Measured how

On {MEASURED} fresh pairs of {WIDTH}x{HEIGHT} pixels for each motion, `right_...` is the mean share
of matches within {RIGHT:.0%} of the width of their true place; `matches` is how many there are, and
`matches_unrelated` how many are found between two views of different surfaces, all of them wrong.
Pictures are squeezed to squares of {SQUARE} pixels first: transformers 5.23 mixes up width and
height when it scales the points back, and in a square they are the same.
"""
