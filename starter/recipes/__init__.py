"""Recipes: one module per task that trains and measures its starter checkpoint."""

import json
from pathlib import Path
from typing import Any


def save_half(model: Any, folder: Path) -> None:
    """Save the model with float16 weights that load as float32: half the size, full speed on a CPU.

    Float16 arithmetic is slower there: 12 against 5 ms for a sentence of speech recognition.
    """
    model.half().save_pretrained(folder)
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "dtype": "float32"}, indent=2))
