"""The form of each task's answer over the API, as a JSON schema."""

from __future__ import annotations

from typing import Any

NUMBER, TEXT, SHARE = {"type": "number"}, {"type": "string"}, {"type": "number", "maximum": 1}
COUNT = {"type": "integer", "minimum": 0}


def items(required: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list of objects with exactly these keys."""
    return {"type": "array", "minItems": 1, "items": record(required)}


def record(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


PAIR = {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 2, "maxItems": 2}
BOX = record(dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), COUNT))
HEARD = {
    "type": "array",
    "items": record({"label": TEXT, "score": SHARE}, scores={"type": "array", "items": SHARE}),
    "minItems": 1,
}
POINT = record({"x": NUMBER, "y": NUMBER})
ANSWERS = {
    "object-detection": items({"label": TEXT, "score": SHARE, "box": BOX}),
    "mask-generation": items({"mask": TEXT, "score": NUMBER, "box": BOX, "area": COUNT}),
    "image-segmentation": {
        "type": "array",
        "items": record({"label": TEXT, "mask": TEXT}, score=SHARE),
    },
    "zero-shot-object-detection": items({"label": TEXT, "score": SHARE, "box": BOX}),
    "automatic-speech-recognition": record(
        {"text": TEXT}, chunks=items({"text": TEXT, "timestamp": PAIR})
    ),
    "image-classification": items({"label": TEXT, "score": SHARE}),
    "zero-shot-classification": items({"label": TEXT, "score": SHARE}),
    "document-question-answering": items(
        {"answer": TEXT, "score": NUMBER, "start": COUNT, "end": COUNT, "page": COUNT}
    ),
    **dict.fromkeys(
        ("text-generation", "image-text-to-text", "any-to-any"), record({"generated_text": TEXT})
    ),
    "text2text-generation": record({"generated_text": TEXT}),
    "summarization": record({"summary_text": TEXT}),
    "translation": record({"translation_text": TEXT}),
    "question-answering": items({"answer": TEXT, "score": SHARE, "start": COUNT, "end": COUNT}),
    "visual-question-answering": items({"answer": TEXT, "score": SHARE}),
    "image-captioning": record({"generated_text": TEXT}),
    "text-classification": items({"label": TEXT, "score": SHARE}),
    "token-classification": items(
        {"entity_group": TEXT, "score": SHARE, "word": TEXT, "start": COUNT, "end": COUNT}
    ),
    "fill-mask": items({"sequence": TEXT, "score": SHARE, "token": COUNT, "token_str": TEXT}),
    "audio-classification": HEARD,
    "zero-shot-audio-classification": HEARD,
    "table-question-answering": items(
        {
            "answer": TEXT,
            "coordinates": {"type": "array", "items": {"type": "array", "items": COUNT}},
            "cells": {"type": "array", "items": TEXT},
            "aggregator": TEXT,
            "result": TEXT,
        }
    ),
    "decision": {
        "type": "object",
        "additionalProperties": {"type": "object", "required": ["type"]},
        "minProperties": 1,
    },
    "feature-extraction": {"type": "array", "items": {"type": "array", "items": NUMBER}},
    "depth-estimation": record(
        {"predicted_depth": {"type": "array", "items": {"type": "array"}}, "depth": TEXT}
    ),
    "text-to-audio": record({"audio": TEXT, "sampling_rate": COUNT}),
    "keypoint-matching": items(
        {"keypoint_image_0": POINT, "keypoint_image_1": POINT, "score": SHARE}
    ),
}
ANSWERS |= {
    "zero-shot-image-classification": items({"label": TEXT, "score": SHARE}),
    "video-classification": items({"label": TEXT, "score": SHARE}),
    "image-feature-extraction": {"type": "array", "items": {"type": "array", "items": NUMBER}},
}
