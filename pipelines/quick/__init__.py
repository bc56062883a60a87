"""Quick: the same model with less work, without a change to what it answers."""

from __future__ import annotations

from typing import Any

from pipelines.quick.attention import attend_in_products
from pipelines.quick.hearing import hear_once
from pipelines.quick.linear import multiply_with_onednn


def quicken(model: Any, device: str, attention: str) -> None:
    """Make a model quicker that stands on the device as a whole; `attention` as it was asked for.

    Must be called before the model answers, and once. Answers differ by rounding at most.
    """
    import torch

    hear_once(model)
    if device == "cpu" and model.dtype is torch.float32:
        multiply_with_onednn(model)
    elif device == "cpu" and model.dtype is torch.bfloat16 and attention == "auto":
        attend_in_products(model)
