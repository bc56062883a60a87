"""What the library leaves to torchvision, for where torchvision is missing or does not load.

A torchvision made for another build of torch breaks the library altogether, so the playground does
without one and uses it where it works.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from types import MethodType
from typing import Any

THIN_OUT = "post_process_for_mask_generation"
WITHOUT = "AnyToAnyPipelineWithoutTorchvision"


@cache
def works() -> bool:
    """Whether torchvision can be imported with its operators."""
    if find_spec("torchvision") is None:
        return False
    try:
        from torchvision.ops import nms
    except (ImportError, OSError, RuntimeError, AttributeError):  # a build for another torch
        return False
    return nms is not None


def pipeline_class(kind: Any) -> Any:
    """The class to make a pipeline of: the library's own, or one that does not insist.

    Any-to-any asks for torchvision by its name alone (transformers 5.23); its pictures come from
    image processors that do without.
    """
    from transformers import AnyToAnyPipeline, Pipeline

    if kind is not AnyToAnyPipeline or works():
        return kind

    return type(WITHOUT, (AnyToAnyPipeline,), {"__init__": Pipeline.__init__})


def code(pipe: Any) -> list[str]:
    """The same in Python, to be run before the pipeline is made."""
    if type(pipe).__name__ != WITHOUT or "image" not in pipe.model.input_modalities:
        return []
    return [
        "from transformers.pipelines import any_to_any",
        "any_to_any.requires_backends = lambda *_: None  # torchvision is not needed",
    ]


def mend(pipe: Any) -> Any:
    """The pipeline, its image processor able to thin out masks by itself where it has to.

    It is the only step of mask generation that asks for torchvision (transformers 5.23).
    """
    processor: Any = getattr(pipe, "image_processor", None)
    if hasattr(processor, THIN_OUT) and not works():
        setattr(processor, THIN_OUT, MethodType(_thinned, processor))
    return pipe


def setup(pipe: Any) -> list[str]:
    """The same in Python, to be run once the pipeline is made; in the project's folder."""
    if THIN_OUT not in vars(getattr(pipe, "image_processor", None) or object):
        return []
    return [
        "from pipelines.without_torchvision import mend  # torchvision is missing",
        "mend(pipe)",
    ]


def _thinned(
    self: Any, all_masks: Any, all_scores: Any, all_boxes: Any, crops_nms_thresh: float
) -> tuple[list[Any], Any, list[Any], Any]:
    """The processor's own method with the overlap test below in place of torchvision's.

    Masks come run-length encoded and leave as boolean arrays (height, width), the surest first.
    """
    from transformers.models.sam.image_processing_pil_sam import _rle_to_mask

    kept = nms(all_boxes, all_scores, crops_nms_thresh)
    encoded = [all_masks[n] for n in kept.tolist()]
    masks = [_rle_to_mask(mask) for mask in encoded]
    return masks, all_scores[kept], encoded, all_boxes[kept]


def nms(boxes: Any, scores: Any, most: float) -> Any:
    """Indices of the boxes that no surer one overlaps by more than `most` (IoU), the surest first.

    boxes: tensor (n, 4) of xmin, ymin, xmax, ymax. As torchvision.ops.nms: ties in their order, and
    boxes without area overlap nothing.
    """
    import torch

    corners = boxes.float()
    areas = (corners[:, 2:] - corners[:, :2]).prod(1)
    left = scores.argsort(descending=True, stable=True)
    kept = []
    while left.numel():
        best, left = left[0], left[1:]
        kept.append(best)
        low = torch.maximum(corners[best, :2], corners[left, :2])
        high = torch.minimum(corners[best, 2:], corners[left, 2:])
        shared = (high - low).clamp(min=0).prod(1)
        left = left[~(shared / (areas[best] + areas[left] - shared) > most)]
    return torch.stack(kept) if kept else scores.new_zeros(0, dtype=torch.long)
