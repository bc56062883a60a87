"""Where a panel stands: who answers it, and what of the page around it it may reach."""

from __future__ import annotations

from dataclasses import dataclass, field

import gradio as gr

from pipelines.engine.request import Engine
from pipelines.jobs.desk import Desk
from settings import Settings
from ui.tokens import Tokens

JOBS_TAB = "jobs"
MODELS_TAB = "models"


@dataclass(frozen=True)
class Place:
    """`chosen` is the id of the job that the Jobs tab shows; without a desk there is none."""

    engine: Engine
    settings: Settings
    desk: Desk | None = None
    chosen: gr.State | None = None
    tabs: gr.Tabs | None = None
    tokens: Tokens = field(default_factory=Tokens)
