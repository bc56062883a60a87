"""One Runner over tiny checkpoints, the files that its requests bring, and what it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image, ImageDraw, ImageFont

from pipelines.engine.call import Prepared
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, RunnerSettings
from pipelines.engine.runner import Runner
from pipelines.limits import Limits
from pipelines.tasks import task
from starter.worlds import motions
from tests.tiny import MODELS

RATE = 16_000
PAGE = ("Invoice number 42", "Total amount due 17 dollars", "Date 2 May")


def make_files(folder: Path) -> None:
    """noise.wav (3 s), picture.png, clear.png (see-through), page.png, page.pdf, blank.png.

    wide.png is of 1,600 x 200 pixels, clip.mp4 of 24 frames, pages.pdf and pages.tif have a page
    for each line.
    """
    random = np.random.default_rng(0)
    noise = (random.standard_normal(3 * RATE) * 0.1).astype(np.float32)
    soundfile.write(folder / "noise.wav", noise, RATE)
    pixels = random.integers(0, 255, (48, 48, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "clear.png")
    Image.fromarray(pixels[..., :3]).save(folder / "picture.png")
    Image.fromarray(pixels[..., :3]).resize((1_600, 200)).save(folder / "wide.png")
    page = Image.new("RGB", (600, 300), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(28)
    for row, text in enumerate(PAGE):
        pen.text((30, 40 + 60 * row), text, "black", font=font)
    lines = [Image.new("RGB", (600, 120), "white") for _ in PAGE]
    for line, text in zip(lines, PAGE, strict=True):
        ImageDraw.Draw(line).text((30, 40), text, "black", font=font)
    for name in ("pages.tif", "pages.pdf"):
        lines[0].save(folder / name, save_all=True, append_images=lines[1:])
    page.save(folder / "page.png")
    page.save(folder / "page.pdf")
    Image.new("RGB", (300, 300), "white").save(folder / "blank.png")
    motions.write(motions.clip(random, "moving left", 24, 64, 48), folder / "clip.mp4")


@dataclass
class Room:
    """Runs requests to their end in this thread."""

    folder: Path
    limits: Limits = field(init=False)
    runner: Runner = field(init=False)

    def __post_init__(self) -> None:
        make_files(self.folder)
        self.limits = Limits(upload_roots=(self.folder.resolve(),))
        self.runner = Runner(RunnerSettings(limits=self.limits, models="starter"))

    def given(self, id: str) -> dict[str, Any]:
        """The least that a request of the task brings."""
        return {
            "automatic-speech-recognition": {"audio": self.file("noise.wav")},
            "image-classification": {"image": self.file("picture.png")},
            "depth-estimation": {"image": self.file("picture.png")},
            "keypoint-matching": {
                "image_0": self.file("picture.png"),
                "image_1": self.file("page.png"),
            },
            "zero-shot-classification": {
                "text": "the team scored a goal",
                "candidate_labels": ["sports", "cooking", "rain"],
            },
            "document-question-answering": {
                "image": self.file("page.png"),
                "question": "what is the total?",
            },
            "text-generation": {"text": "the quick", "max_new_tokens": 12, "do_sample": False},
            "text-classification": {"text": "the team scored a goal"},
            "token-classification": {"text": "the team scored a goal"},
            "fill-mask": {"text": "the team scored a [MASK]"},
            "table-question-answering": {
                "table": {"Name": ["fox", "dog"], "Total": ["12", "30"]},
                "query": ["what is the total?"],
            },
            "decision": {
                "state": "the team scored a goal",
                "questions": {
                    "topic": {
                        "type": "choice",
                        "instructions": "what is it about?",
                        "criteria": {"sports": "a match", "cooking": None},
                    },
                    "amount": {
                        "type": "score",
                        "instructions": "what is the amount?",
                        "criteria": ["a", "total", "dollars"],
                    },
                    "rain": {"type": "noul", "instructions": "is it rain?"},
                },
            },
            "text2text-generation": {"text": "the quick brown fox", "max_new_tokens": 12},
            "summarization": {"text": "the team scored a goal", "max_new_tokens": 12},
            "translation": {"text": "the team scored a goal", "max_new_tokens": 12},
            "question-answering": {
                "question": "who scored a goal?",
                "context": "the team scored a goal . rain is about weather",
            },
            "feature-extraction": {"text": ["the team scored", "a goal"]},
            "zero-shot-object-detection": {
                "image": self.file("picture.png"),
                "candidate_labels": ["a red circle", "cat"],
                "threshold": 0.0,
            },
            "mask-generation": {
                "image": self.file("picture.png"),
                "points_per_crop": 4,
                "pred_iou_thresh": 0.0,
                "stability_score_thresh": 0.0,
            },
            "image-segmentation": {"image": self.file("picture.png")},
            "object-detection": {"image": self.file("picture.png"), "threshold": 0.0},
            "audio-classification": {"audio": self.file("noise.wav")},
            "zero-shot-audio-classification": {
                "audio": self.file("noise.wav"),
                "candidate_labels": ["the rain", "a dog"],
            },
            **{
                id: {
                    "text": {"text": "what is it?", "files": [self.file("picture.png")]},
                    "max_new_tokens": 12,
                }
                for id in ("image-text-to-text", "any-to-any")
            },
            "visual-question-answering": {
                "image": self.file("picture.png"),
                "question": ["what is it?", "who jumps over the dog?"],
            },
            "image-captioning": {
                "image": [self.file("picture.png"), self.file("clear.png")],
                "max_new_tokens": 12,
            },
            "text-to-audio": {"text": "hello there. how are you", "seed": 1},
            "video-classification": {"video": self.file("clip.mp4")},
            "zero-shot-image-classification": {
                "image": self.file("picture.png"),
                "candidate_labels": ["dog", "rain", "train"],
            },
            "image-feature-extraction": {
                "image": [self.file("picture.png"), self.file("clear.png")]
            },
        }[id]

    def noise(self, name: str, size: tuple[int, int], mode: str = "RGB") -> str:
        """A picture of noise of this width and height."""
        pixels = np.random.default_rng(3).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(self.folder / name)
        return self.file(name)

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def events(
        self,
        id: str,
        model: str = "",
        *,
        cancelled: threading.Event | None = None,
        hear: Callable[[Event], None] = lambda event: None,
        **values: Any,
    ) -> list[Event]:
        """Every event of a run; `hear` is told of each as it comes."""
        events: list[Event] = []

        def emit(event: Event) -> None:
            events.append(event)
            hear(event)

        named = {"model": f"starter/{model or MODELS[id]}", "dtype": "float32", "device": "cpu"}
        request = request_from(task(id), {**named, **self.given(id), **values}, self.limits)
        self.runner.execute(request, emit, cancelled or threading.Event())
        return events

    def run(self, id: str, model: str = "", **values: Any) -> Done:
        last = self.events(id, model, **values)[-1]
        assert isinstance(last, Done), last
        return last

    def refusal(self, id: str, model: str = "", **values: Any) -> Failed:
        """The refusal of a run: a sentence for the user, no bug, no path of this machine."""
        last = self.events(id, model, **values)[-1]
        assert isinstance(last, Failed), last
        assert last.expected, last
        assert "/tmp" not in last.message
        return last

    def call(self, id: str, model: str = "", **values: Any) -> dict[str, Any]:
        """The keywords with which the pipeline is called."""
        return dict(self.prepared(id, model, **values).call.kwargs)

    def prepared(self, id: str, model: str = "", **values: Any) -> Prepared:
        """What a request becomes before the pipeline is called."""
        from pipelines.engine.call import prepare
        from pipelines.loading import LoadSettings, load

        named = {**self.given(id), **values}
        request = request_from(task(id), named, self.limits)
        load_settings = LoadSettings(
            task=id, model=f"starter/{model or MODELS[id]}", device="cpu", dtype="float32"
        )
        with self.runner.cache.lease(
            load_settings, lambda take: load(task(id), load_settings, lambda *_: None, take=take)
        ) as loaded:
            return prepare(task(id), request, loaded, self.limits)
