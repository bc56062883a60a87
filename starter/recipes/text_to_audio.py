"""Text to audio: a small VITS that speaks the speech world's words.

transformers has no training for VITS, so the parts are trained here: the durations are known from
the words, the flow is only ever run backwards, and losses on spectrograms and samples take the
place of the posterior encoder and of the discriminators.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from starter.ask import Ask
from starter.descent import Descent, cosine
from starter.recipes import save_half
from starter.worlds.speech import SAMPLING_RATE, VOCABULARY
from starter.worlds.utterance_exam import FASTER, MEASURED, MEASURED_WORDS, SLOWER, examine
from starter.worlds.utterances import (
    FRAME,
    GAP,
    MOST_WORDS,
    PAD,
    PITCH,
    RATES,
    SPEEDS,
    SYMBOLS,
    UNKNOWN,
    VOICE,
    Utterance,
    spoken,
    utterance,
)

MINUTES = 8.0
TARGETS = {"words_read_back": 0.7}

SEED = 5
STEPS = 1800
BATCH = 12
SEGMENT = 24  # frames of each utterance that are decoded in a step
LEARNING_RATE = 1.5e-3
LAST_RATE = 0.03
WARM_UP = 100  # steps; then a cosine
CLIP_NORM = 2.0
AVERAGE = 0.995  # decay of the running average of the weights, which is what is saved
WAVE = 4.0  # weight of the difference of the samples
FOURIER = (128, 256, 512, 1024, 2048)  # points of the spectrograms compared
MELS, MEL_POINTS = 64, 1024
QUIET = 3e-3  # added to magnitudes before their logarithm
THREADS = 1

WIDTH = 64


def train(folder: Path, seed: int = SEED) -> None:
    """Train on joined words on the CPU; save model and tokenizer."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(THREADS)
    rng = np.random.default_rng(seed)
    words = spoken()
    model = build(folder)
    optimizer = torch.optim.AdamW(
        model.parameters(), LEARNING_RATE, betas=(0.8, 0.99), weight_decay=0.0
    )
    schedule = cosine(optimizer, STEPS, WARM_UP, LAST_RATE)
    descent = Descent(model, optimizer, schedule, AVERAGE, CLIP_NORM)
    compare = Comparison()
    model.train()
    for _ in descent.steps(STEPS):
        batch = [utterance(words, rng) for _ in range(BATCH)]
        sound, wave, lengths = losses(model, compare, batch, rng)
        descent.step(sound + WAVE * wave + lengths, sound=sound, wave=wave, lengths=lengths)
    save_half(descent.averaged, folder)


def build(folder: Path) -> Any:
    """An untrained model with weights that learn; its tokenizer is saved in folder."""
    import torch
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps(SYMBOLS))
    tokenizer = VitsTokenizer(
        str(vocabulary),
        pad_token=PAD,
        unk_token=UNKNOWN,
        phonemize=False,
        add_blank=True,
        normalize=True,
        language="eng",
    )
    tokenizer.save_pretrained(folder)
    model = VitsModel(
        VitsConfig(
            vocab_size=len(SYMBOLS), hidden_size=WIDTH, num_hidden_layers=3,
            num_attention_heads=2, window_size=4, ffn_dim=2 * WIDTH, layerdrop=0.0,
            hidden_dropout=0.0, attention_dropout=0.0, activation_dropout=0.0,
            use_stochastic_duration_prediction=False, duration_predictor_dropout=0.0,
            duration_predictor_filter_channels=WIDTH, flow_size=WIDTH,
            prior_encoder_num_flows=2, prior_encoder_num_wavenet_layers=4,
            posterior_encoder_num_wavenet_layers=1, spectrogram_bins=1,
            upsample_initial_channel=2 * WIDTH, upsample_rates=RATES,
            upsample_kernel_sizes=[2 * rate for rate in RATES],
            resblock_kernel_sizes=(3, 7), resblock_dilation_sizes=((1, 3), (1, 3)),
            noise_scale=0.0, noise_scale_duration=0.0, sampling_rate=SAMPLING_RATE,
            pad_token_id=SYMBOLS[PAD],
        )
    )  # fmt: skip
    with torch.no_grad():  # at the library's own scale (5.23) the decoder's tanh never leaves +-1
        model.decoder.conv_post.weight.mul_(0.05)
        for block in model.decoder.resblocks:
            for convolution in block.convs2:
                convolution.weight.mul_(0.1)
        for flow in model.flow.flows:
            flow.conv_post.weight.mul_(0.1)
    return model


def losses(
    model: Any, compare: "Comparison", batch: Sequence[Utterance], rng: np.random.Generator
) -> tuple[Any, Any, Any]:
    """How far a random segment of each utterance is off in spectrum and samples, and the lengths.

    The length in frames of a token is ceil(exp(prediction)), so the prediction is to be
    log(frames - 0.5).
    """
    import torch

    ids = _padded([u.ids for u in batch])
    frames = _padded([u.frames for u in batch])
    there = _padded([np.ones(len(u.ids), np.int64) for u in batch])
    latents, predicted = prior(model, ids, frames, there)
    starts = [int(rng.integers(0, max(0, int(u.frames.sum()) - SEGMENT) + 1)) for u in batch]
    segments = [latents[n, :, start : start + SEGMENT] for n, start in enumerate(starts)]
    short = [torch.nn.functional.pad(s, (0, SEGMENT - s.shape[1])) for s in segments]
    made = model.decoder(torch.stack(short)).squeeze(1)
    wanted = torch.zeros_like(made)
    for n, (u, start) in enumerate(zip(batch, starts, strict=True)):
        said = u.samples[start * FRAME : (start + SEGMENT) * FRAME]
        wanted[n, : len(said)] = torch.from_numpy(said)
    counted = there * torch.tensor([[u.plain] for u in batch])
    missed = (predicted - torch.log((frames - 0.5).clamp(min=0.05))) ** 2
    lengths = (missed * counted).sum() / counted.sum().clamp(min=1)
    return compare(made, wanted), (made - wanted).abs().mean(), lengths


def prior(model: Any, ids: Any, frames: Any, there: Any) -> tuple[Any, Any]:
    """What VitsModel.forward gives to its decoder (n, WIDTH, frames), with these lengths instead of
    its own; and the logarithms of its own (n, tokens)."""
    import torch

    mask = there.unsqueeze(-1).float()
    text = model.text_encoder(
        input_ids=ids, padding_mask=mask, attention_mask=there, return_dict=True
    )
    hidden = text.last_hidden_state.transpose(1, 2)
    predicted = model.duration_predictor(hidden, mask.transpose(1, 2))
    spread = [
        torch.repeat_interleave(mean, count, 0)
        for mean, count in zip(text.prior_means, frames, strict=True)
    ]
    means = torch.nn.utils.rnn.pad_sequence(spread, batch_first=True).transpose(1, 2)
    lengths = frames.sum(1, keepdim=True)
    inside = (torch.arange(means.shape[2])[None] < lengths)[:, None].float()
    return model.flow(means, inside, None, reverse=True) * inside, predicted[:, 0]


class Comparison:
    """Distance of two batches of samples (n, samples), by spectrograms of several lengths."""

    def __init__(self) -> None:
        import librosa
        import torch

        self._windows = {points: torch.hann_window(points) for points in FOURIER}
        mels = librosa.filters.mel(sr=SAMPLING_RATE, n_fft=MEL_POINTS, n_mels=MELS)
        self._mels = torch.from_numpy(mels).float()

    def __call__(self, made: Any, wanted: Any) -> Any:
        """Mean over the lengths of log magnitudes and relative error, and of mel bands once."""
        import torch

        total = torch.zeros(())
        for points in FOURIER:
            a, b = self._magnitudes(made, points), self._magnitudes(wanted, points)
            total = total + _apart(a, b, QUIET) + torch.norm(a - b) / (torch.norm(b) + 1)
            if points == MEL_POINTS:
                total = total + 2 * _apart(self._mels @ a, self._mels @ b, QUIET)
        return total / len(FOURIER)

    def _magnitudes(self, samples: Any, points: int) -> Any:
        import torch

        window = self._windows[points]
        found = torch.stft(samples, points, points // 4, window=window, return_complex=True)
        return found.abs() + 1e-5


def _apart(a: Any, b: Any, floor: float) -> Any:
    return ((a + floor).log() - (b + floor).log()).abs().mean()


def _padded(rows: Sequence[NDArray[np.int64]]) -> Any:
    import torch

    tensors = [torch.from_numpy(row) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)


def measure(ask: Ask, seed: int) -> dict[str, float]:
    """What the exam says of words said by this seed; see `examine`."""
    return examine(ask, seed)


CARD = f"""
# Starter: text to audio

Says {len(VOCABULARY)} English words, one after the other, in one voice. It is a starter: it was
trained from scratch to speak like a speech synthesizer, so that a clone of the project answers
offline. It knows nothing else: any other word comes out as babble, and letters that its words do
not have are left out. The melody of each word is always the same, and the voice buzzes.

Its words, which are those that the project's starter of automatic speech recognition hears:
{", ".join(VOCABULARY)}.

## Data

Each word once at {", ".join(str(speed) for speed in sorted(SPEEDS))} words per minute, said by
espeak-ng (voice {VOICE}, pitch {PITCH}; `starter/worlds/espeak.py`), cut to its sound and joined at
random to utterances of 1 to {MOST_WORDS} words with {GAP * FRAME / SAMPLING_RATE * 1000:.0f} ms of
silence between them. Seed {SEED}.

## Model

`VitsModel`, three layers of {WIDTH}, two flows, a decoder of {2 * WIDTH} channels, {FRAME} samples
a frame, {SAMPLING_RATE / 1000:g} kHz, no noise and no random durations, so that it says a text the
same way each time; weights in float16. transformers has no training for VITS: text encoder,
duration predictor, flow (backwards) and decoder are trained together on segments of {SEGMENT}
frames. A word's frames are spread evenly over its letters, so no aligner is needed; spectrograms of
{len(FOURIER)} lengths, mel bands and the samples are compared; no discriminator. {STEPS:,} steps of
{BATCH} utterances, AdamW, about {MINUTES:g} minutes on a CPU core. Train it again: `python -m
starter.train text-to-audio`.

## Measured how

`words_read_back`: {MEASURED} random phrases of 1 to {MEASURED_WORDS} words, spoken, then read by
the starter of automatic speech recognition; 1 - word error rate. `..._of_espeak_itself` is the
control: espeak-ng's own clips of the same words, joined the same way, read by the same recogniser.
`slower` and `faster`: the same with a speaking rate of {SLOWER} and {FASTER}. No person's ears were
part of it.
"""
