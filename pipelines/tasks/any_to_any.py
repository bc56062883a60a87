"""Any-to-any: a conversation with pictures and recordings, answered in words."""

from __future__ import annotations

from pipelines.kinds import MediaChat
from pipelines.spec import Model, Starter
from pipelines.tasks.fields import docs
from pipelines.tasks.talks import PRESETS, WITHHELD, asking, talk_row

ROW = talk_row(
    MediaChat(
        placeholder="Write, add pictures or recordings", media=("image", "audio"), presets=PRESETS
    ),
    docs("AnyToAnyPipeline"),
    id="any-to-any",
    title="Any to any",
    help="Talk with a model that takes pictures and recordings with your words.",
    models=(
        Model(id="google/gemma-3n-E4B-it", revision="c1221e9", note="8B, pictures and sound"),
        Model(id="Qwen/Qwen2-Audio-7B-Instruct", note="8B, sound"),
        Model(id="Qwen/Qwen2-VL-2B-Instruct", note="2B, pictures"),
        Model(id="HuggingFaceTB/SmolVLM-256M-Instruct", note="0.3B, pictures, runs on a CPU"),
    ),
    starter=Starter(
        knows="what the starter for chat about pictures knows: coloured shapes; it hears nothing",
        shares="image-text-to-text",
    ),
    examples=(
        asking("What is in the picture?", "talk_three.png", "A red circle"),
        asking("How many shapes are there?", "talk_stars.png", "Three shapes."),
        asking("Is there a green square?", "talk_three.png", "Yes."),
    ),
    withheld={
        **WITHHELD,
        "generation_mode": "answers come in words: the voices of Qwen2.5-Omni are a pickled file, "
        "which is never fetched, and the pictures of Janus fail in the library (5.23)",
    },
)
