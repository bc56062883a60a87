"""The baseline: a Gradio app with nothing in it, on the port given as the only argument."""

from __future__ import annotations

import sys

import gradio as gr

if __name__ == "__main__":
    with gr.Blocks() as demo:
        pass
    demo.launch(server_port=int(sys.argv[1]))
