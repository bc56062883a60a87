"""Zero-shot image classification: a small CLIP that knows shapes by what they are called."""

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.recipes import save_half
from starter.small_vision import places, spread, spread_patches
from starter.worlds import shape_batches, shape_crops, shape_names, shapes
from starter.worlds.shape_names import OTHER_COLOURS, OTHERS, THINGS, UNKNOWN
from starter.worlds.shapes import COLOURS, KINDS, LABELS

MINUTES = 8.0
TARGETS = {"right_of_12": 0.9, "right_kind_of_4": 0.9, "right_colour_of_6": 0.9}

SEED = 3
PICTURES = 8_000
SEVERAL = 0.2  # share of them that show one to five shapes in a scene
STEPS = 3_600
BATCH = 48
LEARNING_RATE = 1.5e-3
LAST_RATE = 0.02
WARM_UP = 200  # steps
WEIGHT_DECAY = 0.02
CLIP = 1.0
AVERAGE = 0.998  # decay of the running average of the weights, which is what is saved
SIDE, PATCH = 64, 8  # pixels
WIDTH, TEXT_WIDTH, SHARED = 96, 64, 64
FRAMES = ("{}", "{}", "this is {}", "this is a photo of {}", "it shows {}")
WORDS = ("this", "that", "is", "it", "shows", "here", "there", "with", "in", "and", "some")
WHITE = 255  # full scale of a channel
HALF = 0.5  # mean and deviation of the normalisation
SHARPEST = math.log(60)  # most that the scores are multiplied by
THREADS = 1

TEMPLATE = "This is a photo of {}."  # the pipeline's own
MEASURED = 300
CHOICES = 12


def train(folder: Path, seed: int = SEED) -> None:
    """Train on drawn pictures on the CPU and save model and processor."""
    import torch
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
    from tqdm import trange

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model, tokenizer = build(folder)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    optimizer = torch.optim.AdamW(_groups(model), LEARNING_RATE, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    pack = shape_crops.packed(seed, PICTURES, SIDE, SEVERAL)
    model.train()
    for _ in (bar := trange(STEPS, mininterval=10)):
        batch = shape_batches.draw(pack, rng, BATCH)
        tokens = tokenizer(shape_names.queries(rng, FRAMES), padding=True, return_tensors="pt")
        pixels = (torch.from_numpy(batch.pictures) - HALF) / HALF
        logits = model(pixel_values=pixels, **tokens).logits_per_image
        loss = contrast(logits, torch.from_numpy(batch.labels))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=SHARPEST)
        averaged.update_parameters(model)
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    save_half(averaged.module, folder)


def build(folder: Path) -> tuple[Any, Any]:
    """An untrained model and its tokenizer; the processor is saved in folder."""
    import torch
    import transformers
    from tokenizers import pre_tokenizers
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer, ids = shape_names.tokenizer(WORDS), shape_names.vocabulary(WORDS)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation("removed"), pre_tokenizers.WhitespaceSplit()]
    )
    pictures = CLIPImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False,
        image_mean=[HALF] * 3, image_std=[HALF] * 3,
    )  # fmt: skip
    transformers.CLIPProcessor(pictures, tokenizer).save_pretrained(folder)
    config = transformers.CLIPConfig(
        text_config={
            "vocab_size": len(ids), "hidden_size": TEXT_WIDTH, "intermediate_size": 128,
            "num_hidden_layers": 2, "num_attention_heads": 4,
            "max_position_embeddings": shape_names.MOST_TOKENS,
            "bos_token_id": ids[shape_names.FIRST], "eos_token_id": ids[shape_names.LAST],
            "pad_token_id": ids[shape_names.PAD],
        },
        vision_config={
            "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 3,
            "num_attention_heads": 4, "image_size": SIDE, "patch_size": PATCH,
        },
        projection_dim=SHARED,
    )  # fmt: skip
    model = transformers.CLIPModel(config)
    spread(model)
    vision, text = model.vision_model.embeddings, model.text_model.embeddings
    spread_patches(vision.patch_embedding.weight)
    with torch.no_grad():
        vision.position_embedding.weight[1:] = places(SIDE // PATCH, WIDTH)
        text.token_embedding.weight.normal_(0, 0.5)
        text.position_embedding.weight.normal_(0, 0.1)
    return model, tokenizer


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


def contrast(logits: Any, labels: Any) -> Any:
    """Cross-entropy of each picture over the phrases, logits (pictures, phrases).

    The phrases are those of `shape_names.queries`. A picture is asked for its names among all
    names, for its kinds and its colours among theirs (what is not there stands beside each), and
    for all of them at once. Several shapes in a picture share the truth evenly.
    """
    import torch
    from torch.nn.functional import one_hot

    names, kinds, colours = len(LABELS), len(KINDS), len(COLOURS)
    there = (labels >= 0).float()[..., None]
    full = labels.clamp(min=0)
    truths = [
        (one_hot(which, count) * there).sum(1)
        for which, count in ((full, names), (full % kinds, kinds), (full // kinds, colours))
    ]
    parts = list(logits.split([names, kinds, colours, OTHERS], 1))
    others = parts.pop()
    nothing = torch.zeros_like(others)
    pairs = [*zip(parts, truths, strict=True), (torch.cat(parts, 1), torch.cat(truths, 1))]
    return sum(
        _entropy(torch.cat([part, others], 1), torch.cat([truth, nothing], 1))
        for part, truth in pairs
    )


def _entropy(logits: Any, truth: Any) -> Any:
    """Cross-entropy against truths that are made to add up to 1 in each row."""
    shares = truth / truth.sum(1, keepdim=True).clamp(min=1e-6)
    return -(shares * logits.log_softmax(1)).sum(1).mean()


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Share of right first labels; each list holds what no picture shows, too."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    answers: dict[str, list[bool]] = {
        name: [] for name in ("right_of_12", "right_kind_of_4", "right_colour_of_6", "in_scenes")
    }
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "shape.png"
        for n in range(MEASURED):
            one = shape_crops.single(rng)
            Image.fromarray(one.picture).save(path)
            shape = one.shapes[0]
            answers["right_of_12"].append(
                first(ask, path, choices(rng, shape.label)) == f"a {shape.label}"
            )
            answers["right_kind_of_4"].append(
                first(ask, path, [f"a {kind}" for kind in KINDS]) == f"a {shape.kind}"
            )
            shades = [f"a {colour} shape" for colour in COLOURS]
            answers["right_colour_of_6"].append(
                first(ask, path, shades) == f"a {shape.colour} shape"
            )
            if n % 3 == 0:
                scene = shapes.scene(rng)
                Image.fromarray(scene.picture).save(path)
                said = first(ask, path, [f"a {label}" for label in LABELS])
                answers["in_scenes"].append(said.removeprefix("a ") in scene.labels)
    return {name: float(np.mean(each)) for name, each in answers.items()}


def choices(rng: np.random.Generator, right: str) -> list[str]:
    """CHOICES names: the right one, eight other shapes and three things that no picture shows."""
    wrong = rng.permutation([label for label in LABELS if label != right])[: CHOICES - 4]
    foreign = [
        f"a {rng.choice(THINGS)}",
        f"a {rng.choice(OTHER_COLOURS)} {rng.choice(KINDS)}",
        f"a {rng.choice(UNKNOWN)}",
    ]
    return [f"a {right}", *(f"a {label}" for label in wrong), *foreign]


def first(ask: Ask, path: Path, labels: list[str]) -> str:
    """The best of the labels."""
    raw = ask(image=path, candidate_labels=labels, hypothesis_template=TEMPLATE)
    return str(raw[0]["label"])


CARD = f"""
# Starter: zero-shot image classification

Says which of your own labels fits a picture of a circle, square, triangle or star in red, green,
blue, yellow, purple or orange: "a red circle", "a star", "a blue shape". It is a starter: a small
model trained from scratch, so that a clone of the project answers offline, and it knows nothing of
the real world. Words that it does not know are all alike to it.

## Data

{PICTURES:,} pictures drawn by `starter/worlds/shapes.py` and `shape_crops.py`, seed {SEED}: most
show one shape, cut out near or far and squeezed to a square, one in five a scene of up to
{shapes.MOST}; flipped and brightened at random. Each step sets them against every name, kind and
colour in phrases of `starter/worlds/shape_names.py`, and against {OTHERS} things that no picture
shows.

## Model

`CLIPModel`: patches of {PATCH} of {SIDE} pixels, three layers of {WIDTH} for pictures, two of
{TEXT_WIDTH} for texts of whole words (at most {shape_names.MOST_TOKENS} with their marks); weights
in float16. Cross-entropy of each picture over the phrases, {STEPS:,} steps of {BATCH}, AdamW, about
{MINUTES:g} minutes on a CPU core. Train it again: `python -m starter.train
zero-shot-image-classification`.

## Measured how

{MEASURED} fresh pictures of one shape, template "{TEMPLATE}". `right_of_12`: the right name is
first among {CHOICES}, of which eight are other shapes and three are things that no picture shows,
one of them in a word that was never learnt. `right_kind_of_4`, `right_colour_of_6`: the same for "a
circle" and "a red shape". `in_scenes`: in {MEASURED // 3} scenes of one to {shapes.MOST} small
shapes, the first of all {len(LABELS)} names belongs to one of them.
"""
