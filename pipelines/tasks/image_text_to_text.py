"""Image-text-to-text: chat about pictures, questions on them, captions."""

from __future__ import annotations

from pipelines.kinds import MediaChat
from pipelines.spec import Model, Starter
from pipelines.tasks.fields import docs
from pipelines.tasks.talks import PRESETS, WITHHELD, asking, talk_row

ROW = talk_row(
    MediaChat(placeholder="Add a picture and ask about it", presets=PRESETS),
    docs("ImageTextToTextPipeline"),
    id="image-text-to-text",
    title="Chat about pictures",
    place=0,
    aliases=("image-to-text",),
    help="Ask about one or several pictures, or have them described.",
    models=(
        Model(id="Qwen/Qwen3-VL-2B-Instruct", revision="8964489", note="2B, chat, reads text"),
        Model(id="HuggingFaceTB/SmolVLM-256M-Instruct", note="0.3B, chat, runs on a CPU"),
        Model(id="llava-hf/llava-interleave-qwen-0.5b-hf", note="0.9B, chat, several pictures"),
        Model(id="Qwen/Qwen2.5-VL-3B-Instruct", note="4B, chat, documents and places"),
        Model(id="Salesforce/blip-image-captioning-base", note="0.2B, captions, no chat"),
        Model(id="microsoft/git-base-coco", note="0.2B, captions, no chat"),
    ),
    starter=Starter(
        knows="up to three circles, squares, triangles and stars in six colours: which and how "
        "many; of where they are it mostly guesses",
    ),
    examples=(
        asking("Describe the picture.", "talk_three.png", "A red circle"),
        asking("How many shapes are there?", "talk_stars.png", "Three"),
        asking("What colour is the circle?", "talk_three.png", "Red"),
        asking("What shape is it?", "talk_triangle.png", "A triangle."),
    ),
    withheld=WITHHELD,
)
