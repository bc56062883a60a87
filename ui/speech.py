"""Sound: a player with its waveform, how long it lasts, its spectrogram, and the WAV file."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from pipelines import waves
from pipelines.spec import Output
from pipelines.spectrograms import picture as picture_of
from ui import say
from ui.displays import Player, clock
from ui.downloads import Download, downloads
from ui.language import told
from ui.panel import Display, Updates, Values
from ui.sources import WAVEFORM
from ui.waves import figure

STEM = "sound"
CHANNELS = {1: "mono", 2: "stereo"}
EMPTY = "Nothing was said; try another text or another seed."


def sound(output: Output) -> Display:
    """The player, what it plays in figures, and the spectrogram.

    Not folded away: plotly takes the width of a place that is not seen for its own 700 pixels.
    """
    with gr.Column(visible=False, elem_classes="display") as box:
        player = Player(
            label=output.label, interactive=False, buttons=[], waveform_options=WAVEFORM
        )
        facts = gr.HTML()
        picture = gr.Plot(label="Spectrogram", elem_classes="plot sounds")

    def draw(value: Values) -> Updates:
        samples, rate = value["samples"], int(value["sampling_rate"])
        if not len(samples):
            hint = say.hint(EMPTY)
            return {player: None, facts: hint, picture: gr.update(value=None, visible=False)}
        wav = waves.to_wav(samples, rate)
        path = save_bytes_to_cache(wav, f"{STEM}.wav", player.GRADIO_CACHE)
        return {
            player: path,
            facts: f'<div class="note">{said(value)}</div>' + downloads(STEM, Download("wav", wav)),
            picture: gr.update(value=_spectrogram(samples, rate), visible=True),
        }

    return Display(
        box=box,
        components=(player, facts, picture),
        draw=lambda value, inputs: draw(value),
        clear=lambda: {player: None, facts: "", picture: None},
    )


def said(value: Values) -> str:
    """Length, rate and channels in words."""
    length, channels = value["samples"].shape
    rate = int(value["sampling_rate"])
    wide = told(CHANNELS.get(channels, f"{channels} channels"))
    return f"{clock(length / rate)} · {rate / 1000:g} kHz · {wide}"


def _spectrogram(samples: Any, rate: int) -> Any:
    """The picture of the channels' mean."""
    return figure(picture_of(samples.mean(axis=1, dtype="float32") / waves.FULL_SCALE, rate))
