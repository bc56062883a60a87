"""Zero-shot image classification: a small ALIGN that knows shapes by what they are called.

ALIGN is CLIP with a convolutional network for pictures. A CLIP of this size saw the colours at once
and told the kinds of shape apart in 58 of 100 pictures only, after 3,600 steps.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.descent import cosine, parameter_groups
from starter.recipes import save_half
from starter.small_vision import settle
from starter.worlds import shape_batches, shape_crops, shape_names, shapes
from starter.worlds.shape_names import OTHER_COLOURS, OTHERS, THINGS, UNKNOWN
from starter.worlds.shapes import COLOURS, KINDS, LABELS

MINUTES = 6.5
TARGETS = {"right_of_12": 0.9, "right_kind_of_4": 0.9, "right_colour_of_6": 0.9}

SEED = 3
PICTURES = 8_000
SEVERAL = 0.1  # share of them that show one to five shapes in a scene
STEPS = 2_000
BATCH = 48
LEARNING_RATE = 3e-3
LAST_RATE = 0.02
WARM_UP = 100  # steps
WEIGHT_DECAY = 0.02
CLIP = 1.0
AVERAGE = 0.998  # decay of the running average of the weights, which is what is saved
SIDE = 64  # pixels, height and width of what the model sees
STEM, WIDTHS = 32, (16, 24, 48, 96)  # channels per stage
TEXT_WIDTH, SHARED = 64, 96
FRAMES = ("{}", "{}", "this is {}", "this is a photo of {}", "it shows {}")
WORDS = ("this", "that", "is", "it", "shows", "here", "there", "with", "in", "and", "some")
WHITE = 255  # full scale of a channel
HALF = 0.5  # mean and deviation of the normalisation
SHARPEST = 1 / 60  # least temperature
SETTLING = 60  # batches
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
    optimizer = torch.optim.AdamW(
        parameter_groups(model, WEIGHT_DECAY, "embedding"), LEARNING_RATE, betas=(0.9, 0.98)
    )
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
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
            model.temperature.clamp_(min=SHARPEST)
        averaged.update_parameters(model)
        bar.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
    settle(averaged.module.vision_model, seen(pack, np.random.default_rng(seed)))
    save_half(averaged.module, folder)


def seen(pack: shape_batches.Pack, rng: np.random.Generator) -> Iterator[Any]:
    """SETTLING batches of pictures as the model has them."""
    import torch

    for _ in range(SETTLING):
        yield (torch.from_numpy(shape_batches.draw(pack, rng, BATCH).pictures) - HALF) / HALF


def build(folder: Path) -> tuple[Any, Any]:
    """An untrained model and its tokenizer; image processor and tokenizer are saved in folder."""
    import transformers
    from tokenizers import pre_tokenizers
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    tokenizer, ids = shape_names.tokenizer(WORDS), shape_names.vocabulary(WORDS)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation("removed"), pre_tokenizers.WhitespaceSplit()]
    )
    tokenizer.save_pretrained(folder)
    ViTImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=[HALF] * 3, image_std=[HALF] * 3
    ).save_pretrained(folder)
    config = transformers.AlignConfig(
        text_config={
            "vocab_size": len(ids), "hidden_size": TEXT_WIDTH, "intermediate_size": 2 * TEXT_WIDTH,
            "num_hidden_layers": 2, "num_attention_heads": 4, "type_vocab_size": 1,
            "max_position_embeddings": shape_names.MOST_TOKENS, "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0, "pad_token_id": ids[shape_names.PAD],
        },
        vision_config={
            "image_size": SIDE, "width_coefficient": 1.0, "depth_coefficient": 1.0,
            "in_channels": [STEM, *WIDTHS[:-1]], "out_channels": list(WIDTHS),
            "kernel_sizes": [3] * 4, "strides": [1, 2, 2, 2], "num_block_repeats": [1, 2, 2, 1],
            "expand_ratios": [1, 3, 3, 3], "hidden_dim": SHARED, "drop_connect_rate": 0.0,
            "batch_norm_momentum": 0.05,
        },
        projection_dim=SHARED, temperature_init_value=0.1,
    )  # fmt: skip
    model = transformers.AlignModel(config)
    _spread(model)
    return model, tokenizer


def _spread(model: Any) -> None:
    """First weights: He for convolutions, Xavier for layers, words well apart."""
    import torch

    for name, weight in model.named_parameters():
        if weight.ndim == 4:
            torch.nn.init.kaiming_normal_(
                weight, mode="fan_out" if weight.shape[1] == 1 else "fan_in"
            )
        elif weight.ndim == 2 and "embedding" not in name:
            torch.nn.init.xavier_uniform_(weight)
    with torch.no_grad():
        model.text_model.embeddings.word_embeddings.weight.normal_(0, 0.5)


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
show one shape, cut out of a scene and squeezed to a square, one in ten a scene of up to
{shapes.MOST}; flipped and brightened at random. Each step sets them against every name, kind and
colour in phrases of `starter/worlds/shape_names.py`, and against {OTHERS} things that no picture
shows.

## Model

`AlignModel`: an EfficientNet of {WIDTHS[0]} to {WIDTHS[-1]} channels for pictures of {SIDE}x{SIDE}
pixels, a BERT of two layers of {TEXT_WIDTH} for texts of whole words (at most
{shape_names.MOST_TOKENS} with their marks); weights in float16. Cross-entropy of each picture over
the phrases, {STEPS:,} steps of {BATCH}, AdamW, about {MINUTES:g} minutes on a CPU core. Train it
again: `python -m starter.train zero-shot-image-classification`.

## Measured how

{MEASURED} fresh pictures of one shape, template "{TEMPLATE}". `right_of_12`: the right name is
first among {CHOICES}, of which eight are other shapes and three are things that no picture shows,
one of them in a word that was never learnt. `right_kind_of_4`, `right_colour_of_6`: the same for "a
circle" and "a red shape". `in_scenes`: in {MEASURED // 3} scenes of one to {shapes.MOST} small
shapes, the first of all {len(LABELS)} names belongs to one of them.
"""
