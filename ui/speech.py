"""Sound: a player with its waveform, how long it lasts, its spectrogram, and the WAV file."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from pipelines import waves
from pipelines.spec import Output
from ui.controls import WAVEFORM
from ui.displays import Player, clock
from ui.downloads import Download, downloads
from ui.panel import Display, Updates, Values
from ui.theme import ACCENT

STEM = "sound"
HEIGHT = 260
"""Of the spectrogram, in pixels."""
TICKS_HZ = (0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000)
CHANNELS = {1: "mono", 2: "stereo"}
EMPTY = "Nothing was said; try another text or another seed."


def sound(output: Output) -> Display:
    """The player first; the spectrogram is folded away."""
    with gr.Column(visible=False, elem_classes="display") as box:
        player = Player(
            label=output.label, interactive=False, buttons=[], waveform_options=WAVEFORM
        )
        told = gr.HTML()
        with gr.Accordion("Spectrogram", open=False):
            picture = gr.Plot(show_label=False, container=False, elem_classes="plot")

    def draw(value: Values) -> Updates:
        samples, rate = value["samples"], int(value["sampling_rate"])
        if not len(samples):
            return {player: None, told: f'<div class="hint">{EMPTY}</div>', picture: None}
        wav = waves.to_wav(samples, rate)
        path = save_bytes_to_cache(wav, f"{STEM}.wav", player.GRADIO_CACHE)
        return {
            player: path,
            told: f'<div class="note">{said(value)}</div>' + downloads(STEM, Download("wav", wav)),
            picture: gr.update(value=_spectrogram(samples, rate)),
        }

    return Display(
        box=box,
        components=(player, told, picture),
        draw=lambda value, inputs: draw(value),
        clear=lambda: {player: None, told: "", picture: None},
    )


def said(value: Values) -> str:
    """Length, rate and channels in words."""
    length, channels = value["samples"].shape
    rate = int(value["sampling_rate"])
    wide = CHANNELS.get(channels, f"{channels} channels")
    return f"{clock(length / rate)} · {rate / 1000:g} kHz · {wide}"


def _spectrogram(samples: Any, rate: int) -> Any:
    """Time across, pitch up, in dB below the loudest place."""
    import numpy as np
    from plotly import graph_objects

    bands = waves.spectrogram(samples, rate)
    heights = waves.mel_places(rate, len(bands) + 2)[1:-1]
    seconds = len(samples) / rate
    times = np.linspace(0, seconds, bands.shape[1]).round(3)
    rows = np.arange(len(bands))
    figure = graph_objects.Figure(
        graph_objects.Heatmap(
            z=bands.round().astype(int).tolist(), x=times.tolist(), y=rows.tolist(),
            customdata=[[round(hertz)] * len(times) for hertz in heights.tolist()],
            zmin=waves.LOWEST_DB, zmax=0, colorbar={"thickness": 10, "ticksuffix": " dB"},
            colorscale=[[0, "rgba(0,0,0,0)"], [0.5, ACCENT.c200], [1, ACCENT.c700]],
            hovertemplate="%{x:.2f} s<br>%{customdata} Hz<br>%{z} dB<extra></extra>",
        )
    )  # fmt: skip
    shown = [hertz for hertz in TICKS_HZ if hertz <= rate / 2]
    figure.update_yaxes(
        tickvals=np.interp(shown, heights, rows).tolist(),
        ticktext=[f"{hertz:,} Hz" for hertz in shown],
        automargin=True,
    )
    figure.update_xaxes(ticksuffix=" s", automargin=True)
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure
