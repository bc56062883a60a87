"""The tokenizer and the processors that a pipeline works with, loaded from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.errors import ModelError

PARTS = {
    "tokenizer": "AutoTokenizer",
    "feature_extractor": "AutoFeatureExtractor",
    "image_processor": "AutoImageProcessor",
    "processor": "AutoProcessor",
}
"""Keyword of a pipeline -> the class that loads it, if the pipeline insists on no other."""


def processors_of(kind: Any, folder: Path, model_type: str) -> dict[str, Any]:
    """What the pipeline class needs, and what it can use and is there, loaded by us.

    Given a folder, `pipeline()` (transformers 5.23) asks the Hub for the files of "None".
    """
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    names = ("preprocessor_config.json", "processor_config.json")
    has_preprocessor = any((folder / name).is_file() for name in names)
    parts = {}
    for name, auto in PARTS.items():
        needed = getattr(kind, f"_load_{name}")
        known = has_preprocessor or (name == "processor" and model_type in PROCESSOR_MAPPING_NAMES)
        if needed or (needed is None and known):
            try:
                loader = getattr(transformers, getattr(kind, f"{name}_class", auto))
                parts[name] = loader.from_pretrained(folder, trust_remote_code=False)
            except Exception:
                if needed:
                    raise
    _check_vocabulary(parts.get("tokenizer"))
    _check_vocabulary(getattr(parts.get("processor"), "tokenizer", None))
    return parts


def check_size(parts: dict[str, Any], model: Any, name: str, processor: str) -> None:
    """Refuse another model's tokenizer that has more words than the model: it would crash.

    Raises ModelError.
    """
    tokenizer = parts.get("tokenizer") or getattr(parts.get("processor"), "tokenizer", None)
    try:
        known = getattr(model.get_input_embeddings(), "num_embeddings", 0)
    except NotImplementedError:  # transformers' word for a model that reads no tokens
        return
    words = max(tokenizer.get_vocab().values()) + 1 if tokenizer is not None else 0
    if known and words > known:
        raise ModelError(
            f"The tokenizer of {processor} has {words:,} words and {name} knows {known:,}; choose "
            "the one that it was trained with."
        )


def _check_vocabulary(tokenizer: Any) -> None:
    """Where its files are missing, transformers 5.23 makes a tokenizer of special tokens only."""
    if tokenizer is not None and set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ValueError("the tokenizer knows no words")


def leave_the_words(pipe: Any) -> None:
    """Give the reading of pages to us alone: the processors of LayoutLMv2 and 3 read them too."""
    if getattr(pipe.image_processor, "apply_ocr", False):
        pipe.image_processor.apply_ocr = False
