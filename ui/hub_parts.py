"""A data set of the Hub: the parts that name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from pipelines.jobs.dataset import About

HELP = (
    "Its rows are streamed and kept with the job; pictures and recordings, too. No code of the "
    "data set is run."
)
ROWS = 1_000
"""Asked for until somebody says another number."""
OWN = "dataset_"
"""Before the names of these parts."""


@dataclass(frozen=True, kw_only=True)
class HubParts:
    """The fields of dataset.Ask, and the button that looks at it."""

    id: gr.Textbox
    config: gr.Dropdown
    split: gr.Dropdown
    revision: gr.Textbox
    rows: gr.Number
    look: gr.Button

    @property
    def parts(self) -> dict[str, Component]:
        """What is read, by name."""
        names = ("id", "config", "split", "revision", "rows")
        return {f"{OWN}{name}": getattr(self, name) for name in names}

    @property
    def choices(self) -> list[Block]:
        """What a look at the data set fills."""
        return [self.config, self.split]

    def told(self, about: About) -> dict[Block, Any]:
        """The configs and splits that there are."""
        return {
            self.config: gr.update(choices=list(about.configs), value=about.config),
            self.split: gr.update(choices=list(about.splits), value=about.split),
        }


def hub_parts() -> HubParts:
    """The components, folded."""
    free: dict[str, Any] = {"allow_custom_value": True, "interactive": True, "min_width": 120}
    with gr.Accordion("Or a data set of the Hugging Face Hub", open=False):
        gr.Markdown(HELP, elem_classes="help")
        id = gr.Textbox(label="Data set", placeholder="owner/name", interactive=True)
        with gr.Row(elem_classes="params"):
            config = gr.Dropdown([], label="Config", info="Empty: the default one.", **free)
            split = gr.Dropdown([], label="Split", info="Empty: test, or the first one.", **free)
            rows = gr.Number(
                ROWS, label="Rows", precision=0, minimum=0, interactive=True, min_width=120,
                info="The first so many; 0 takes all.",
            )  # fmt: skip
            revision = gr.Textbox(
                label="Revision", interactive=True, min_width=120, info="Empty: the newest one."
            )
        look = gr.Button("Look at it", size="sm")
    return HubParts(id=id, config=config, split=split, revision=revision, rows=rows, look=look)


def read_parts(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the parts as an order's data set; empty where no id is given."""
    own = {n.removeprefix(OWN): v for n, v in values.items() if n.startswith(OWN)}
    return own if str(own.get("id") or "").strip() else {}
