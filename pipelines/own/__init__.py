"""Pipelines of the playground's own, for tasks that transformers 5 has taken out.

Each keeps the name of the task it did. A row says by which pipelines it can be answered
(TaskSpec.ways); those that are not here are the library's. The modules below import torch and
transformers, and are themselves imported where a model is loaded only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Own:
    """Where the class of a pipeline is, and the classes of transformers that load its models."""

    module: str
    name: str
    classes: tuple[str, ...]


OWN: dict[str, Own] = {
    "text2text-generation": Own(
        module="pipelines.own.seq2seq", name="Seq2SeqPipeline", classes=("AutoModelForSeq2SeqLM",)
    ),
    "table-to-text": Own(
        module="pipelines.own.seq2seq",
        name="TapexPipeline",
        classes=("BartForConditionalGeneration",),
    ),
    "question-answering": Own(
        module="pipelines.own.extraction",
        name="ExtractionPipeline",
        classes=("AutoModelForQuestionAnswering",),
    ),
    "visual-question-answering": Own(
        module="pipelines.own.pictures",
        name="PicturePipeline",
        classes=("ViltForQuestionAnswering", "BlipForQuestionAnswering"),
    ),
    "image-to-text": Own(
        module="pipelines.own.pictures",
        name="PicturePipeline",
        classes=(
            "BlipForConditionalGeneration",
            "GitForCausalLM",
            "Pix2StructForConditionalGeneration",
            "VisionEncoderDecoderModel",
        ),
    ),
}


def class_of(way: str) -> Any:
    """The pipeline class of a way: one of ours, else the library's for that task."""
    import transformers
    from transformers.pipelines import SUPPORTED_TASKS

    if way in OWN:
        return getattr(import_module(OWN[way].module), OWN[way].name)
    return getattr(transformers, SUPPORTED_TASKS[way]["impl"].rpartition(".")[2])


def loaders_of(way: str) -> tuple[Any, ...]:
    """The classes that load a model for this way; those that are no Auto class load one kind."""
    import transformers
    from transformers.pipelines import SUPPORTED_TASKS

    if way in OWN:
        return tuple(getattr(transformers, name) for name in OWN[way].classes)
    return tuple(SUPPORTED_TASKS[way]["pt"])


def fitting(loader: Any, config: Any) -> list[str]:
    """Names of the model classes that the loader makes of a checkpoint with this config."""
    if not hasattr(loader, "_model_mapping"):
        return [loader.__name__] if isinstance(config, loader.config_class) else []
    made = loader._model_mapping.get(type(config), None)
    return [c.__name__ for c in (made if isinstance(made, tuple) else (made,)) if c]


def own_pipeline(way: str, folder: Path) -> Any:
    """One of our pipelines with the checkpoint in folder, on the CPU, for measuring it."""
    from transformers import AutoConfig, AutoImageProcessor, AutoTokenizer

    config, kind = AutoConfig.from_pretrained(folder), class_of(way)
    model = next(_that_fit(way, config)).from_pretrained(folder).eval()
    parts = {"tokenizer": AutoTokenizer.from_pretrained(folder)}
    if kind._load_image_processor:
        parts["image_processor"] = AutoImageProcessor.from_pretrained(folder)
    return kind(model=model, task=way, device="cpu", **parts)


def _that_fit(way: str, config: Any) -> Iterator[Any]:
    (made,) = config.architectures
    return (loader for loader in loaders_of(way) if made in fitting(loader, config))
