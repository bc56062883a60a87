"""A value of every kind of output as its display gets it, and of the inputs that are objects."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from pipelines.kinds import Kind, Questions, Table
from pipelines.outputs import (
    Answers,
    Boxes,
    Captions,
    Cells,
    Decisions,
    Depth,
    Fills,
    Filmstrip,
    Heard,
    Likeness,
    Masks,
    Matches,
    Matrix,
    Passages,
    Patches,
    Spans,
    Spectrogram,
    TextMatrix,
    Transcript,
    Vectors,
)
from pipelines.spec import ModelFacts
from pipelines.spectrograms import picture
from pipelines.tasks import task
from pipelines.tasks.masks import runs

FACTS = ModelFacts(
    model="starter/fake", revision="0123456789", sampling_rate=16_000, mask_token="[MASK]"
)
TEXTS = ("The cat sleeps on the warm stove.", "A kitten naps near the fire.",
         "Bread is sold at the mill.", "The baker opens at seven.", "Rain falls on the hills.",
         "A storm comes from the sea.")  # fmt: skip
TABLE = {"Name": ["Mia", "Tom", "Anna"], "Apples": ["12", "30", "7"], "Pears": ["4", "11", "9"]}
QUESTIONS = {
    "team": {
        "type": "choice",
        "instructions": "Which team should handle this?",
        "criteria": {"billing": "bills", "delivery": None, "repairs": "broken things"},
    },
    "urgency": {
        "type": "score",
        "instructions": "How urgent is it?",
        "criteria": ["can wait", "this week", "today"],
    },
    "refund": {"type": "noul", "instructions": "Is a refund requested?"},
}
OBJECTS: dict[type[Kind], Any] = {Table: TABLE, Questions: QUESTIONS}
"""A value of each kind that takes an object."""


def page() -> Image.Image:
    """An invoice of a few lines, 800 x 1000 pixels, RGB."""
    image = Image.new("RGB", (800, 1000), "white")
    draw = ImageDraw.Draw(image)
    for n, line in enumerate(("INVOICE  2041", "Mill Bakery", "Bread  12.00", "Total  42.00 EUR")):
        draw.text((80, 100 + 120 * n), line, fill="black", font_size=44)
    return image


def _answers() -> dict[str, Any]:
    """Of a document of 12 pages, two with answers; the second one is dark."""
    looks = {}
    for number, image in ((3, page()), (11, ImageOps.invert(page()))):
        file = io.BytesIO()
        image.save(file, "JPEG")
        looks[number] = {"jpeg": file.getvalue(), "size": (1_600, 2_000)}
    return {
        "pages": looks,
        "total": 12,
        "answers": [
            {"answer": "42.00 EUR", "score": 0.97, "page": 3,
             "boxes": [(430, 930, 660, 1_010), (680, 930, 860, 1_010)]},
            {"answer": "12.00", "score": 0.02, "page": 11, "boxes": [(444, 690, 660, 770)]},
            {"answer": "2041", "score": 0.01, "page": 3, "boxes": [(400, 210, 600, 270)]},
        ],
    }  # fmt: skip


def _transcript() -> dict[str, Any]:
    words = "the quick brown fox jumps over the lazy dog and runs home".split()
    chunks = [{"text": w, "timestamp": [0.3 * n, 0.3 * n + 0.25]} for n, w in enumerate(words)]
    chunks[-1] = {"text": words[-1], "timestamp": [3.3, None]}
    return {"text": " ".join(words), "chunks": chunks}


def _spans() -> dict[str, Any]:
    text = "Mia Weber bakes bread in Millbrook. On Monday the Mill Bakery sent Tom to Paris."
    found = (("Mia Weber", "PER", 0.998), ("Millbrook", "LOC", 0.93), ("Monday", "DATE", 0.87),
             ("Mill Bakery", "ORG", 0.71), ("Tom", "PER", 0.99),
             ("Paris", "LOC", 0.42))  # fmt: skip
    spans = [
        {"label": label, "score": score, "word": word, "start": text.index(word),
         "end": text.index(word) + len(word)}
        for word, label, score in found
    ]  # fmt: skip
    return {"text": text, "spans": spans}


def _fills() -> dict[str, Any]:
    words = (("bread", "cake", "flour", "milk"), ("morning", "evening", "village", "winter"))
    fills = [
        [{"token_str": word, "score": 0.71 / 4**n} for n, word in enumerate(gap)] for gap in words
    ]
    return {"parts": ["The baker sells ", " in the ", "."], "fills": fills}


def _vectors() -> dict[str, Any]:
    turns = np.arange(len(TEXTS)) // 2 * 1.1 + np.arange(len(TEXTS)) % 2 * 0.3
    vectors = np.stack([np.cos(turns), np.sin(turns), 0.3 * np.cos(3 * turns)], axis=1)
    return {"texts": list(TEXTS), "vectors": vectors.tolist()}


def _depth() -> dict[str, Any]:
    """A floor that reaches back to a wall, in metres."""
    depth = np.repeat(np.minimum(6.0, 60 / np.arange(1, 61, dtype=np.float32)), 80)
    picture = page().resize((80, 60))
    found = depth.reshape(60, 80)
    return {"picture": picture, "depth": found, "unit": "m", "larger": "farther"}


def _matches() -> dict[str, Any]:
    """A page and its copy, moved by 20 and 10 pixels; every tenth match is wrong."""
    places = np.random.default_rng(0).uniform(100, 700, (40, 2)).round(1).tolist()
    matches = [
        {
            "points": [(x, y), (x + 20, y + 10) if n % 10 else (y, x)],
            "score": 1 - n / 40,
        }
        for n, (x, y) in enumerate(places)
    ]
    return {"pictures": [page(), page()], "matches": matches}


def _picture() -> Image.Image:
    """A street of flat colours, 640 x 400 pixels, RGB."""
    image = Image.new("RGB", (640, 400), "#9db4c0")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 260, 640, 400), fill="#5c6b73")
    draw.rectangle((60, 200, 240, 320), fill="#c1121f")
    draw.ellipse((420, 120, 520, 360), fill="#e9c46a")
    return image


def _boxes() -> dict[str, Any]:
    found = (("car", 0.97, (60, 200, 240, 320)), ("person", 0.91, (420, 120, 520, 360)),
             ("car", 0.62, (70, 205, 250, 325)), ("dog", 0.08, (300, 280, 360, 340)))  # fmt: skip
    edges = ("xmin", "ymin", "xmax", "ymax")
    boxes = [
        {"label": label, "score": score, "box": dict(zip(edges, box, strict=True))}
        for label, score, box in found
    ]
    return {"picture": _picture(), "boxes": boxes, "labels": ["car", "person", "dog"], "asked": [],
            "threshold": 0.5}  # fmt: skip


def _sounds() -> dict[str, Any]:
    """A tone that rises for four seconds, in seven windows of one."""
    rate = 8_000
    t = np.arange(4 * rate) / rate
    turns = np.linspace(0, 1, 7, dtype=np.float32)
    return {
        "scores": [{"label": "rising tone", "score": 0.5}, {"label": "<b>siren</b>", "score": 0.5}],
        "times": [(n / 2, n / 2 + 1) for n in range(7)],
        "timeline": np.stack([turns, 1 - turns]),
        **picture((0.5 * np.sin(400 * t * (1 + t))).astype(np.float32), rate),
    }


def _masks() -> dict[str, Any]:
    """The two things of the picture, and the street."""
    ids = np.zeros((400, 640), np.uint8)
    ids[260:] = 3
    ids[200:320, 60:240] = 1
    ids[120:360, 420:520] = 2
    named = ((1, "car", 0.97), (2, "person", 0.91), (3, "street", None))
    masks = [{"label": label, "score": score, "rle": runs(ids == n)} for n, label, score in named]
    return {"picture": _picture(), "masks": masks, "size": (640, 400)}


def _likeness() -> dict[str, Any]:
    shades = ((200, 40, 40), (40, 40, 200), (210, 60, 50))
    pictures = [Image.new("RGB", (96, 64), shade) for shade in shades]
    return {"pictures": pictures, "vectors": [[1.0, 0.1, 0.0], [0.0, 1.0, 0.2], [0.98, 0.2, 0.0]]}


def _patches() -> dict[str, Any]:
    """Two rows of three patches; the first is like the fourth."""
    alike = np.eye(6) + 0.5 * np.eye(6, k=3) + 0.5 * np.eye(6, k=-3)
    return {
        "picture": _picture().resize((96, 64)), "shape": (2, 3), "joined": 1,
        "alike": (127 * alike).astype(np.int8),
        "wholes": {"mean": np.arange(6, dtype=np.int8) * 20},
    }  # fmt: skip


def _matrix() -> dict[str, Any]:
    shades = ((200, 40, 40), (40, 40, 200), (210, 60, 50))
    return {
        "pictures": [Image.new("RGB", (96, 64), shade) for shade in shades],
        "labels": ("red", "blue", "<b>red"),
        "scores": np.array([[0.7, 0.1, 0.2], [0.05, 0.9, 0.05], [0.5, 0.2, 0.3]], np.float32),
    }


def _text_matrix() -> dict[str, Any]:
    return {
        "texts": [
            "A goal!\nAnd what a <b>goal",
            "Rain is coming from the west tonight. " * 20,
            "Tea",
        ],
        "labels": ("sports", "weather", "<b>food"),
        "scores": np.array([[0.9, 0.06, 0.04], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], np.float32),
    }


def _filmstrip() -> dict[str, Any]:
    pictures = [Image.new("RGB", (96, 72), (30 * n, 90, 200 - 20 * n)) for n in range(8)]
    return {"pictures": pictures, "times": [0.25 * n for n in range(8)]}


def _cells() -> dict[str, Any]:
    rows = [list(row) for row in zip(*TABLE.values(), strict=True)]
    asked = [
        {"question": "How many apples did Mia sell?", "answer": "12", "coordinates": [[0, 1]],
         "cells": ["12"], "aggregator": "NONE", "result": "12", "how": ""},
        {"question": "How many pears were sold in total?", "answer": "SUM > 4, 11, 9",
         "coordinates": [[0, 2], [1, 2], [2, 2]], "cells": ["4", "11", "9"],
         "aggregator": "SUM", "result": "24", "how": "SUM: 4 + 11 + 9 = 24."},
    ]  # fmt: skip
    return {"columns": list(TABLE), "rows": rows, "answers": asked}


def _decisions() -> dict[str, Any]:
    row = task("decision")
    inputs = {"state": "The lamp is late.", "questions": QUESTIONS}
    return dict(row.read_output(row.raw_example, inputs, {}, FACTS)["decisions"])


def _passages() -> dict[str, Any]:
    context = "Mia lost her red umbrella by the river. In the evening Tom saw it at the bridge."
    found = (("Tom", 0.81), ("Mia", 0.12), ("Mia lost her red umbrella", 0.03), ("", 0.02))
    answers = [
        {"answer": words, "score": score, "start": context.index(words),
         "end": context.index(words) + len(words)}
        for words, score in found
    ]  # fmt: skip
    return {"context": context, "answers": answers}


def _captioned() -> dict[str, Any]:
    pictures = [Image.new("RGB", (96, 64), shade) for shade in ("#a33", "#33a")]
    texts = [["a red square", "a <b>square"], ["a blue square", "a wall"]]
    return {"pictures": pictures, "texts": texts}


MADE: dict[type, Callable[[], Any]] = {
    Answers: _answers,
    Transcript: _transcript,
    Spans: _spans,
    Fills: _fills,
    Vectors: _vectors,
    Passages: _passages,
    Depth: _depth,
    Matches: _matches,
    Boxes: _boxes,
    Masks: _masks,
    Heard: _sounds,
    Spectrogram: lambda: {**_sounds(), "marks": [(0.5, 1.0, "<b>one"), (1.5, None, "two")]},
    Likeness: _likeness,
    Matrix: _matrix,
    TextMatrix: _text_matrix,
    Patches: _patches,
    Filmstrip: _filmstrip,
    Captions: _captioned,
    Cells: _cells,
    Decisions: _decisions,
}
