"""What a loaded model is and can do, read off its pipeline."""

from __future__ import annotations

from typing import Any

from pipelines.languages import languages_of
from pipelines.placement import devices_of, in_memory, places_of
from pipelines.spec import ModelFacts
from pipelines.traits import TRAITS, reads_then_writes

UNBOUNDED_TOKENS = 1_000_000
"""Tokenizers without a limit carry a huge number instead."""
FRAME_SECONDS = 0.01
"""From one frame of an audio spectrogram transformer to the next."""


def read_facts(model_id: str, commit: str, pipe: Any, way: str = "") -> ModelFacts:
    """What is really loaded: device, dtype and bytes are read off the model."""
    model = pipe.model
    extractor = getattr(pipe, "feature_extractor", None)
    rows, columns = _table_size(model.config)
    places = places_of(model)
    return ModelFacts(
        model=model_id,
        revision=commit,
        model_type=model.config.model_type,
        traits=frozenset(name for name, trait in TRAITS.items() if trait.holds(pipe)),
        max_tokens=_max_tokens(pipe),
        mask_token=str(getattr(pipe.tokenizer, "mask_token", None) or ""),
        max_rows=rows,
        max_columns=columns,
        vocabulary=int(getattr(_text_config(model.config), "vocab_size", 0) or 0),
        sampling_rate=int(
            getattr(extractor, "sampling_rate", 0) or getattr(pipe, "sampling_rate", 0) or 0
        ),
        frames=_frames(model.config),
        way=way,
        languages=languages_of(pipe.tokenizer) if reads_then_writes(pipe) else (),
        pair=_pair(pipe.tokenizer),
        prefixes=_prefixes(model.config),
        min_seconds=_min_seconds(model.config, extractor),
        max_seconds=_max_seconds(extractor),
        device=devices_of(places) or str(model.device),
        dtype=str(model.dtype).removeprefix("torch."),
        bytes=in_memory(places) if places else int(model.get_memory_footprint()),
        places=places,
    )


def _min_seconds(config: Any, extractor: Any) -> float:
    """What convolutions over the samples need before they give anything."""
    needed = 1
    sizes = (getattr(config, "conv_kernel", None) or (), getattr(config, "conv_stride", None) or ())
    for kernel, stride in reversed(tuple(zip(*sizes, strict=True))):
        needed = (needed - 1) * stride + kernel
    return needed / extractor.sampling_rate if sizes[0] and extractor else 0.0


def _max_seconds(extractor: Any) -> float:
    """Where an extractor cuts: CLAP and Whisper count samples, AST counts frames."""
    rate = getattr(extractor, "sampling_rate", 0)
    samples = getattr(extractor, "nb_max_samples", 0) or getattr(extractor, "n_samples", 0)
    if rate and samples:
        return float(samples / rate)
    frames = getattr(extractor, "max_length", None) if hasattr(extractor, "num_mel_bins") else None
    return frames * FRAME_SECONDS if isinstance(frames, int) else 0.0


def _max_tokens(pipe: Any) -> int:
    """The longest text the model reads, in tokens; 0 when neither part says."""
    config = _text_config(pipe.model.config)
    limits = [
        getattr(pipe.tokenizer, "model_max_length", 0) or 0,
        _positions(config) - _positions_lost(pipe.model),
    ]
    return min((n for n in limits if 0 < n < UNBOUNDED_TOKENS), default=0)


def _text_config(config: Any) -> Any:
    """The part that reads the text; of an encoder and a decoder with a config each, the former."""
    try:
        return config.get_text_config()
    except ValueError:
        return config.get_text_config(encoder=True)


def _positions(config: Any) -> int:
    """Places that a token can have; TAPAS counts them anew in every cell, so they bound nothing."""
    if getattr(config, "reset_position_index_per_cell", False):
        return 0
    return getattr(config, "max_position_embeddings", 0) or 0


def _table_size(config: Any) -> tuple[int, int]:
    """Rows and columns that a TAPAS has numbers for, the header's not counted.

    A larger number is an index out of range (transformers 5.23), and so is a rank beyond its own.
    """
    sizes: list[int] = list(getattr(config, "type_vocab_sizes", None) or ())
    if len(sizes) < 6:
        return 0, 0
    columns = min(sizes[1], getattr(config, "max_num_columns", sizes[1]))
    return min(sizes[2], sizes[4], sizes[5]) - 1, columns - 1


def _positions_lost(model: Any) -> int:
    """RoBERTa and its kin count positions from the padding id + 1 on."""
    for name, module in model.named_modules():
        if (
            name.endswith("position_embeddings")
            and getattr(module, "padding_idx", None) is not None
        ):
            return int(module.padding_idx) + 1
    return 0


def _pair(tokenizer: Any) -> tuple[str, ...]:
    """Source and target language of a tokenizer that is for one translation only (Marian)."""
    told = getattr(tokenizer, "init_kwargs", None) or {}
    pair = tuple(told.get(f"{side}_lang") for side in ("source", "target"))
    return tuple(str(code) for code in pair if code) if all(pair) else ()


def _prefixes(config: Any) -> dict[str, str]:
    """T5 and its kin say in their config which words were put in front of a text for which task."""
    tasks = getattr(config, "task_specific_params", None) or {}
    params = {str(name): task for name, task in tasks.items() if isinstance(task, dict)}
    return {name: str(task["prefix"]) for name, task in params.items() if "prefix" in task}


def _frames(config: Any) -> int:
    """How many pictures of a video the model reads; V-JEPA calls them otherwise."""
    number = getattr(config, "num_frames", None) or getattr(config, "frames_per_clip", None)
    return number if isinstance(number, int) else 0
