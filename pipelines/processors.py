"""The tokenizer and the processors that a pipeline works with, loaded from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def processors_of(kind: Any, folder: Path, model_type: str) -> dict[str, Any]:
    """What the pipeline class needs, and what it can use and is there, loaded by us.

    Given a folder, `pipeline()` (transformers 5.23) asks the Hub for the files of "None".
    """
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    loaders = {
        "tokenizer": (kind._load_tokenizer, transformers.AutoTokenizer),
        "feature_extractor": (kind._load_feature_extractor, transformers.AutoFeatureExtractor),
        "image_processor": (kind._load_image_processor, transformers.AutoImageProcessor),
        "processor": (kind._load_processor, transformers.AutoProcessor),
    }
    names = ("preprocessor_config.json", "processor_config.json")
    has_preprocessor = any((folder / name).is_file() for name in names)
    parts = {}
    for name, (needed, auto) in loaders.items():
        known = has_preprocessor or (name == "processor" and model_type in PROCESSOR_MAPPING_NAMES)
        if needed or (needed is None and known):
            try:
                parts[name] = auto.from_pretrained(folder, trust_remote_code=False)
            except Exception:
                if needed:
                    raise
    _check_vocabulary(parts.get("tokenizer"))
    _check_vocabulary(getattr(parts.get("processor"), "tokenizer", None))
    return parts


def _check_vocabulary(tokenizer: Any) -> None:
    """Where its files are missing, transformers 5.23 makes a tokenizer of special tokens only."""
    if tokenizer is not None and set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ValueError("the tokenizer knows no words")
