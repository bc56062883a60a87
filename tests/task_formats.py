"""What the answers of tasks look like by Hugging Face's task specifications, as JSON schemas.

Shortened from the outputs in packages/tasks of huggingface/huggingface.js (Apache-2.0): words that
describe and names of types are left out, so are the details of a text server. Two slips of theirs
are mended: lengths of arrays are `minItems` and `maxItems`, and the token of a gap is `token_str`.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}


def of(properties: Schema, *required: str) -> Schema:
    """An object with these properties, of which some have to be there."""
    return {"type": "object", "properties": properties, "required": list(required)}


def listed(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


LABELS = listed(of({"label": TEXT, "score": NUMBER}, "label", "score"))
SPAN = {"score": NUMBER, "start": WHOLE, "end": WHOLE}
BOX = of(dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), WHOLE), "xmin", "xmax", "ymin", "ymax")
BOXES = listed(of({"label": TEXT, "score": NUMBER, "box": BOX}, "box", "label", "score"))
CHUNK = of({"text": TEXT, "timestamp": listed(NUMBER, minItems=2, maxItems=2)}, "text", "timestamp")
FORMATS: dict[str, Schema] = {
    "audio-classification": LABELS,
    "automatic-speech-recognition": of({"text": TEXT, "chunks": listed(CHUNK)}, "text"),
    "depth-estimation": of({"predicted_depth": {}, "depth": {}}),
    "document-question-answering": listed(
        of({"answer": TEXT, **SPAN}, "answer", "score", "start", "end")
    ),
    "feature-extraction": listed(listed(NUMBER)),
    "fill-mask": listed(
        of(
            {"sequence": TEXT, "score": NUMBER, "token": WHOLE, "token_str": TEXT},
            "sequence", "score", "token", "token_str",
        )
    ),
    "image-classification": LABELS,
    "image-segmentation": listed(
        of({"label": TEXT, "mask": TEXT, "score": NUMBER}, "label", "mask")
    ),
    "object-detection": BOXES,
    "table-question-answering": listed(
        of(
            {
                "answer": TEXT,
                "coordinates": listed(listed(WHOLE, minItems=2, maxItems=2)),
                "cells": listed(TEXT),
                "aggregator": TEXT,
            },
            "answer", "cells", "coordinates",
        )
    ),
    "text-classification": LABELS,
    "text-generation": of({"generated_text": TEXT}, "generated_text"),
    "text-to-audio": of({"audio": {}, "sampling_rate": NUMBER}, "audio", "sampling_rate"),
    "token-classification": listed(
        of({"entity_group": TEXT, "entity": TEXT, "word": TEXT, **SPAN},
           "score", "word", "start", "end")
    ),
    "video-classification": LABELS,
    "zero-shot-classification": LABELS,
    "zero-shot-image-classification": LABELS,
    "zero-shot-object-detection": BOXES,
}  # fmt: skip
