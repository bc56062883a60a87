"""Zero-shot audio classification: a small CLAP that knows sounds by what they are called."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starter.ask import Ask
from starter.descent import Descent
from starter.recipes import save_half
from starter.small_vision import spread
from starter.worlds import sound_names, sounds, speech
from starter.worlds.sound_names import FIRST_TRAITS, TRAITS
from starter.worlds.sounds import LABELS, SAMPLING_RATE

MINUTES = 7.0
TARGETS = {"free_text": 0.85, "others_lose": 0.95}

SEED = 4
CLIPS = 3_500
STEPS = 2_200
BATCH = 32
LEARNING_RATE = 1.5e-3  # peak of one cycle
WEIGHT_DECAY = 0.02
SMOOTHING = 0.05
CLIP = 1.0
AVERAGE = 0.998
TRAIT_SHARE = 0.3  # of the loss
SCALE = 10.0  # of the first likeness, as a logarithm's power
MELS = 32
SECONDS = 2  # that the model hears at once
HOP = 256  # samples
FRAMES = SECONDS * SAMPLING_RATE // HOP + 1
SHORT = 0.2  # share of pictures that show less than SECONDS
SHORTEST = 40  # frames
FLOOR = -100.0  # dB, of the extractor
LEVELS = (-10.0, 10.0)  # dB, added to a picture
WIDTH = 40  # of the first stage; the second has twice as much
TEXT_WIDTH = 64
PROJECTION = 64
THREADS = 1
MEASURED = 280
CANDIDATES = 6  # labels in one question


def train(folder: Path, seed: int = SEED) -> None:
    """Train on pieces of freshly made sounds on the CPU and save model and processors."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    model, tokenizer = build(folder)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, STEPS, pct_start=0.1)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP, buffers=True)
    stream = batches(seed)
    model.train()
    for _ in descent.steps(STEPS):
        mels, labels, traits = next(stream)
        asked = [*sound_names.queries(rng), *sound_names.trait_queries(rng)]
        logits = likeness(model, tokenizer, torch.from_numpy(mels), asked)
        plain = logits[:, : -2 * len(TRAITS)]
        loss = cross_entropy(plain, torch.from_numpy(labels), label_smoothing=SMOOTHING)
        loss = loss + TRAIT_SHARE * _traits(logits[:, -2 * len(TRAITS) :], traits)
        descent.step(loss)
    save_half(descent.averaged, folder)


def build(folder: Path) -> tuple[Any, Any]:
    """An untrained model and its tokenizer; tokenizer and feature extractor are saved in folder."""
    import torch
    import transformers

    tokenizer, ids = sound_names.tokenizer(), sound_names.vocabulary()
    tokenizer.save_pretrained(folder)
    _extractor(SECONDS).save_pretrained(folder)
    config = transformers.ClapConfig(
        text_config={
            "vocab_size": len(ids), "hidden_size": TEXT_WIDTH, "num_hidden_layers": 1,
            "num_attention_heads": 4, "intermediate_size": 2 * TEXT_WIDTH,
            "max_position_embeddings": sound_names.MOST_TOKENS + 2,
            "pad_token_id": ids[sound_names.PAD], "bos_token_id": ids[sound_names.FIRST],
            "eos_token_id": ids[sound_names.LAST], "hidden_dropout_prob": 0.05,
            "attention_probs_dropout_prob": 0.05,
        },
        audio_config={
            "spec_size": 64, "num_mel_bins": MELS, "window_size": 4, "patch_size": 4,
            "patch_stride": (4, 4), "patch_embeds_hidden_size": WIDTH, "hidden_size": 2 * WIDTH,
            "depths": (2, 2), "num_attention_heads": (4, 4), "num_hidden_layers": 2,
            "mlp_ratio": 2.0, "num_classes": len(LABELS), "hidden_dropout_prob": 0.0,
        },
        projection_dim=PROJECTION, logit_scale_init_value=SCALE,
    )  # fmt: skip
    model = transformers.ClapModel(config)
    spread(model)
    with torch.no_grad():
        text = model.text_model.embeddings
        text.word_embeddings.weight.normal_(0, 0.5)
        text.position_embeddings.weight.normal_(0, 0.1)
    return model, tokenizer


def _extractor(seconds: int) -> Any:
    import transformers

    return transformers.ClapFeatureExtractor(
        feature_size=MELS, sampling_rate=SAMPLING_RATE, hop_length=HOP, max_length_s=seconds,
        fft_window_size=512, frequency_min=50, frequency_max=SAMPLING_RATE // 2,
        truncation="rand_trunc", padding="pad",
    )  # fmt: skip


def likeness(model: Any, tokenizer: Any, mels: Any, texts: list[str]) -> Any:
    """How alike each sound and each text are, (sounds, texts)."""
    from torch.nn.functional import normalize

    tokens = tokenizer(texts, padding=True, return_tensors="pt")
    read = model.text_model(**tokens).pooler_output
    heard = model.audio_model(input_features=mels).pooler_output
    one = normalize(model.audio_projection(heard), dim=-1)
    other = normalize(model.text_projection(read), dim=-1)
    return one @ other.T * model.logit_scale_a.exp()


def _traits(logits: Any, traits: NDArray[np.int64]) -> Any:
    """Cross-entropy between the two names of a trait, for the sounds that have one.

    traits (batch,) is the place of the right name among `trait_queries`, or -1.
    """
    import torch

    having = np.flatnonzero(traits >= 0)
    if not len(having):
        return logits.sum() * 0
    right = torch.from_numpy(traits[having])
    pairs = torch.stack([right // 2 * 2, right // 2 * 2 + 1], 1)
    chosen = logits[torch.from_numpy(having)].gather(1, pairs)
    return torch.nn.functional.cross_entropy(chosen, right % 2)


def trait_place(sound: sounds.Sound) -> int:
    """The place of its trait's name among `trait_queries`, or -1."""
    if not sound.trait:
        return -1
    return 2 * list(TRAITS).index(sound.label) + (sound.trait not in FIRST_TRAITS)


Batch = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]


def batches(seed: int) -> Iterator[Batch]:
    """Endless pictures (BATCH, 1, FRAMES, MELS) in dB, labels (BATCH,) and traits (BATCH,)."""
    extractor = _extractor(math.ceil(sounds.SECONDS[1] + sounds.OFFSET))
    pool, labels, traits = [], [], []
    for made in sounds.sounds(seed, CLIPS):
        mel = extractor(made.samples, sampling_rate=SAMPLING_RATE)["input_features"][0][0]
        pool.append(mel[: 1 + len(made.samples) // HOP].astype(np.float16))
        labels.append(LABELS.index(made.label))
        traits.append(trait_place(made))
    rng, known, having = np.random.default_rng(seed), np.array(labels), np.array(traits)
    while True:
        chosen = rng.integers(0, CLIPS, BATCH)
        pictures = np.stack([_piece(pool[index], rng) for index in chosen])
        yield pictures[:, None], known[chosen], having[chosen]


def _piece(mel: NDArray[np.float16], rng: np.random.Generator) -> NDArray[np.float32]:
    """FRAMES of a clip from anywhere in it, or fewer and silence after them; louder or softer."""
    most = rng.integers(SHORTEST, FRAMES) if rng.random() < SHORT else FRAMES
    start = rng.integers(0, max(1, len(mel) - most + 1))
    part = mel[start : start + most].astype(np.float32)
    picture = np.full((FRAMES, MELS), FLOOR, np.float32)
    picture[: len(part)] = np.maximum(part + rng.uniform(*LEVELS), FLOOR)
    return picture


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """Share of right answers over free-text labels, and how often what is not there loses."""
    import soundfile

    rng = np.random.default_rng(seed)
    free, plain, lose, traits = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "sound.wav"
        for made in sounds.sounds(seed, MEASURED, voices=speech.UNSEEN_VOICES):
            soundfile.write(path, made.samples[: SECONDS * SAMPLING_RATE], SAMPLING_RATE)
            others = [label for label in LABELS if label != made.label]
            wrong = [str(label) for label in rng.permutation(others)[: CANDIDATES - 1]]
            asked = [_named(rng, label) for label in (made.label, *wrong)]
            free.append(best(ask, path, asked) == asked[0])
            plain.append(best(ask, path, list(LABELS)) == made.label)
            things = rng.permutation([*sound_names.THINGS, *sound_names.UNKNOWN])
            lost = [asked[0], *(str(thing) for thing in things[: CANDIDATES - 1])]
            lose.append(best(ask, path, lost) == asked[0])
            if made.trait:
                pair = [names[0] for names in TRAITS[made.label]]
                traits.append(best(ask, path, pair) == pair[made.trait not in FIRST_TRAITS])
    found = {"free_text": free, "all_labels": plain, "others_lose": lose, "low_or_high": traits}
    return {name: float(np.mean(each)) for name, each in found.items()}


def _named(rng: np.random.Generator, label: str) -> str:
    names = sound_names.NAMES[label]
    return names[rng.integers(len(names))]


def best(ask: Ask, path: Path, labels: list[str]) -> str:
    """The label that scores best."""
    return str(ask(audio=path, candidate_labels=labels)[0]["label"])


CARD = f"""
# Starter: zero-shot audio classification

Finds which of your own labels names a sound: {", ".join(LABELS)}, also by other names ("church
bell", "police siren", "the sound of a ticking clock") and, for tones, beeps, bells, clicks and
drums, low or high, slow or fast. It is a starter: a small model trained from scratch, so that a
clone of the project answers offline, and it knows nothing of the real world: its bells and engines
are made of sines and noise. Words that it does not know are all alike to it. It hears {SECONDS} s
at once.

## Data

Sounds made by `starter/worlds/sounds.py` ({CLIPS:,} clips of seed {SEED}, pieces from anywhere in
them), speech by espeak-ng in {len(speech.VOICES)} voices; names by `starter/worlds/sound_names.py`.
Each step asks for every sound by one of its names, and for things that none of them is.

## Model

`ClapModel`: an HTSAT of two stages ({WIDTH} and {2 * WIDTH} channels, {MELS} mel bands, {FRAMES}
frames) for sounds, one layer of {TEXT_WIDTH} for texts of whole words; weights in float16. Trained
with a softmax over the texts of a step, not over its pairs: sounds of the same name are no rivals.
{STEPS:,} steps of {BATCH}, AdamW, about {MINUTES:g} minutes on a CPU core. Train it again:
`python -m starter.train zero-shot-audio-classification`.

## Measured how

{MEASURED} fresh clips, every label equally often, their first {SECONDS} s, speech by voices that
were never trained on. `free_text`: {CANDIDATES} labels, each by one of its names. `all_labels`: the
{len(LABELS)} plain names at once. `others_lose`: the right name against {CANDIDATES - 1} things
that make no such sound ("dog", "piano") or that it has no word for. `low_or_high`: the two names of
a trait.
"""
