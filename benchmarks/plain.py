"""The baseline of clients.py: a plain pipeline behind Gradio, as anyone would write it.

`python -m benchmarks.plain FOLDER TASK PORT` serves the checkpoint FOLDER/TASK in float32.
"""

from __future__ import annotations

import sys

import gradio as gr

INPUTS = {"text-classification": gr.Textbox, "image-classification": lambda: gr.Image(type="pil")}


def main(folder: str, task: str, port: str) -> None:
    """Serve until the process is ended."""
    from transformers import pipeline

    pipe = pipeline(task, model=f"{folder}/{task}", device="cpu", dtype="float32")
    page = gr.Interface(
        lambda value: pipe(value, top_k=1), INPUTS[task](), gr.JSON(), api_name="predict"
    )
    page.launch(server_port=int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
