"""Files that are made when they are asked for: one click makes the file and saves it."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
from gradio.blocks import Block

from ui.quiet import QUIET

SAVE = """(file) => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name || 'file';
  link.click();
}"""


def save_on_click(button: gr.Button, make: Callable[..., str | None], inputs: list[Block]) -> None:
    """`make` writes a file into the upload folder and gives its path, or nothing.

    A gr.DownloadButton saves on a click what an earlier click has made (gradio 6.31).
    """
    made = gr.DownloadButton(visible="hidden")
    button.click(make, inputs, made, **QUIET).success(None, made, None, js=SAVE, **QUIET)
