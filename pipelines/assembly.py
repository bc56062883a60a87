"""Assembly: a model and its tokenizer and processors become a pipeline."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import device as devices
from pipelines import own, without_torchvision
from pipelines.errors import ModelError
from pipelines.kinds import Document, Video
from pipelines.maps import keep_maps
from pipelines.processors import check_size, leave_the_words, processors_of
from pipelines.spec import TaskSpec
from pipelines.videos import take_frames

if TYPE_CHECKING:
    from pipelines.loading import LoadSettings

logger = logging.getLogger(__name__)


def assemble(
    spec: TaskSpec, way: str, settings: LoadSettings, folder: Path, model: Any
) -> tuple[Any, tuple[str, ...]]:
    """The pipeline, and the names of the processors that it was given, all from the folder."""
    import transformers

    kind = own.class_of(way)
    place = {} if settings.placed else {"device": settings.device}
    try:
        parts = processors_of(kind, folder, model.config.model_type)
        if settings.processor:
            check_size(parts, model, settings.model, settings.processor)
        if way in own.OWN:
            return kind(model=model, task=way, **parts, **place), tuple(parts)
        pipe = transformers.pipeline(
            way,
            model=model,
            config=model.config,
            pipeline_class=without_torchvision.pipeline_class(kind),
            trust_remote_code=False,
            **parts,
            **place,
        )
        if any(isinstance(f.kind, Video) for f in spec.inputs):
            take_frames(pipe)
        if any(isinstance(f.kind, Document) for f in spec.inputs):
            leave_the_words(pipe)
        if spec.maps:
            keep_maps(pipe)
        return without_torchvision.mend(pipe), tuple(parts)
    except ModelError:
        raise
    except Exception as error:  # a damaged tokenizer raises anything
        logger.warning("no pipeline for %s", settings.model, exc_info=True)
        if devices.is_out_of_memory(error):
            raise ModelError(
                f"{settings.model} does not fit in memory; choose a smaller one or a device map."
            ) from error
        lacking = settings.processor or settings.model
        raise ModelError(
            f"{lacking} lacks a tokenizer or processor for {spec.id}; choose another model."
        ) from error
