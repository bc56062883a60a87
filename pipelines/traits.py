"""Traits: what a loaded model is known by, and what fields of a row ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, get_args

MUSICIANS = ("musicgen", "musicgen_melody")
"""Model types whose text describes a sound, and is not said."""


@dataclass(frozen=True, kw_only=True)
class Trait:
    """How a trait is seen on a pipeline; `means` completes "only models that ..."."""

    holds: Callable[[Any], bool]
    means: str


def reads_then_writes(pipe: Any) -> bool:
    """Whether it has an encoder for text and a decoder; those of sound and pictures are others."""
    encodes = bool(getattr(pipe.model.config, "is_encoder_decoder", False))
    text = pipe.model.main_input_name == "input_ids"
    return encodes and text and bool(pipe.model.can_generate())


def _modalities(pipe: Any, side: str) -> frozenset[str]:
    """What the model takes ("input") or gives ("output"); a lone word stands for itself."""
    found = getattr(pipe.model, f"{side}_modalities", None) or ()
    return frozenset((found,) if isinstance(found, str) else found)


def _pools(model: Any) -> bool:
    """Whether the answer has a pooled vector: its class says so, and the layer is not left out."""
    outputs = signature(type(model).forward).return_annotation
    made = [outputs, *get_args(outputs)]
    offered = any("pooler_output" in getattr(kind, "__dataclass_fields__", ()) for kind in made)
    return offered and getattr(model, "pooler", offered) is not None


def _generation(pipe: Any, name: str) -> Any:
    return getattr(getattr(pipe.model, "generation_config", None), name, None)


def _metric(pipe: Any) -> bool:
    """Whether depth comes in metres: by the config, or by how all of a family were trained."""
    config = pipe.model.config
    backbone = getattr(getattr(config, "backbone_config", None), "model_type", "")
    told = getattr(config, "depth_estimation_type", "") == "metric"
    return told or (config.model_type, backbone) == ("dpt", "dinov2") or config.model_type in METRIC


METRIC = ("glpn", "zoedepth", "depth_pro", "tipsv2_dpt")
INVERSE = ("dpt", "depth_anything", "prompt_depth_anything")
"""Families whose depth is of no unit, and larger where it is nearer, unless they say metric."""


def _segments(pipe: Any, subtask: str) -> bool:
    """Whether the image processor makes this kind of masks; the pipeline asks it the same way."""
    return hasattr(pipe.image_processor, f"post_process_{subtask}_segmentation")


TRAITS: dict[str, Trait] = {
    "ctc": Trait(
        holds=lambda pipe: str(getattr(pipe, "type", "")).startswith("ctc"),
        means="spell what they hear (CTC)",
    ),
    "whisper": Trait(
        holds=lambda pipe: bool(pipe.model.config.model_type == "whisper"),
        means="are of the Whisper family",
    ),
    "multilingual": Trait(
        holds=lambda pipe: bool(_generation(pipe, "is_multilingual")),
        means="know several languages (Whisper)",
    ),
    "generates": Trait(
        holds=lambda pipe: bool(pipe.model.can_generate()),
        means="write their answer token by token",
    ),
    "chat": Trait(
        holds=lambda pipe: any(
            getattr(part, "chat_template", None)
            for part in (pipe.tokenizer, getattr(pipe, "processor", None))
        ),
        means="have a chat template",
    ),
    "reads-then-writes": Trait(
        holds=reads_then_writes,
        means="read a text and write another one (encoder and decoder)",
    ),
    "points": Trait(
        holds=lambda pipe: bool(getattr(pipe, "points", False)),
        means="point at the answer in the text",
    ),
    "picks": Trait(
        holds=lambda pipe: hasattr(pipe, "sequential_inference"),
        means="pick cells of the table",
    ),
    "ranks": Trait(
        holds=lambda pipe: bool(getattr(pipe, "ranks", False)),
        means="choose among the answers that they know",
    ),
    "sees": Trait(
        holds=lambda pipe: "image" in _modalities(pipe, "input"),
        means="look at pictures",
    ),
    "hears": Trait(
        holds=lambda pipe: "audio" in _modalities(pipe, "input"),
        means="listen to recordings",
    ),
    "pooler": Trait(
        holds=lambda pipe: _pools(pipe.model),
        means="make one vector of their own (a pooler)",
    ),
    "thinks": Trait(
        holds=lambda pipe: "enable_thinking" in str(getattr(pipe.tokenizer, "chat_template", "")),
        means="can be told not to think aloud",
    ),
    "pads": Trait(
        holds=lambda pipe: pipe.tokenizer is None or pipe.tokenizer.pad_token_id is not None,
        means="can fill up short inputs",
    ),
    "offsets": Trait(
        holds=lambda pipe: bool(getattr(pipe.tokenizer, "is_fast", False)),
        means="know where in the text their tokens stand",
    ),
    "speaks": Trait(
        holds=lambda pipe: (
            hasattr(pipe, "vocoder") and pipe.model.config.model_type not in MUSICIANS
        ),
        means="speak",
    ),
    "whole": Trait(
        holds=lambda pipe: bool(
            pipe.model.can_generate()
            and getattr(pipe, "_passes_generation_params_to_submodels", None) is False
        ),
        means="make their sound token by token and in one part, as MusicGen does",
    ),
    "paced": Trait(
        holds=lambda pipe: hasattr(pipe.model, "speaking_rate"),
        means="can be told how fast to speak (VITS)",
    ),
    "voices": Trait(
        holds=lambda pipe: (getattr(pipe.model.config, "num_speakers", 0) or 0) > 1,
        means="have several voices",
    ),
    "pictures": Trait(
        holds=lambda pipe: getattr(pipe.processor, "image_processor", None) is not None,
        means="see pictures",
    ),
    "words": Trait(
        holds=lambda pipe: bool(pipe.model.config.model_type != "vision-encoder-decoder"),
        means="read the words of the page",
    ),
    "pixels": Trait(
        holds=lambda pipe: pipe.image_processor is not None,
        means="look at the pixels of a picture",
    ),
    "panoptic": Trait(
        holds=lambda pipe: _segments(pipe, "panoptic"),
        means="tell things and grounds apart (panoptic)",
    ),
    "instance": Trait(
        holds=lambda pipe: _segments(pipe, "instance"),
        means="tell things apart (instance)",
    ),
    "semantic": Trait(
        holds=lambda pipe: _segments(pipe, "semantic"),
        means="give every pixel a kind (semantic)",
    ),
    "metric": Trait(holds=_metric, means="estimate depth in metres"),
    "inverse": Trait(
        holds=lambda pipe: pipe.model.config.model_type in INVERSE and not _metric(pipe),
        means="give larger numbers to what is nearer",
    ),
}
"""Words that a row's Field.needs may use."""
