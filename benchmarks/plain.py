"""The baseline of clients.py: a plain pipeline behind Gradio, as anyone would write it.

`python -m benchmarks.plain FOLDER TASK PORT` serves the checkpoint FOLDER/TASK in float32.
"""

from __future__ import annotations

import sys

import gradio as gr

INPUTS = {"text-classification": gr.Textbox, "image-classification": lambda: gr.Image(type="pil")}

if __name__ == "__main__":
    from transformers import pipeline

    folder, task, port = sys.argv[1:]
    pipe = pipeline(task, model=f"{folder}/{task}", device="cpu", dtype="float32")
    demo = gr.Interface(
        lambda value: pipe(value, top_k=1), INPUTS[task](), gr.JSON(), api_name="predict"
    )
    demo.launch(server_port=int(port))
