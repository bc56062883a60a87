"""Linear layers whose float32 products oneDNN computes, where it is quicker than MKL.

On a processor, torch gives float32 products to MKL, which leaves half of an AMD processor idle (it
does without AVX-512 there) and is slow with a few rows on every processor: the last layer of a
Whisper that writes three windows at once takes 15 ms by MKL and 2.6 ms by oneDNN (51,865 x 384).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

WORTH = 1 << 21
"""Multiplications of a product from which oneDNN's start, some ten microseconds, is won back."""
PROBE = (208, 768, 3_072)
"""Rows, inputs and outputs of the product that is timed once; about that of 8 sentences in BERT."""
ROUNDS = 5
QUICKER = 0.8
"""Part of MKL's time that oneDNN may take; nearer to it, nothing is changed."""


def multiply_with_onednn(model: Any) -> None:
    """Give the products of a float32 model's linear layers to oneDNN, if that is quicker here."""
    if not _quicker():
        return
    ours = _classes()
    for module in model.modules():
        if (changed := ours.get(type(module))) is not None:
            module.__class__ = changed


@cache
def _quicker() -> bool:
    """Whether oneDNN's product of a common size takes less time than torch's own."""
    import torch

    if not torch.backends.mkldnn.is_available() or not hasattr(
        torch.ops.mkldnn, "_linear_pointwise"
    ):
        return False
    rows, inputs, outputs = PROBE
    with torch.inference_mode():
        x, weight = torch.rand(rows, inputs), torch.rand(outputs, inputs)
        best = {_onednn: float("inf"), torch.nn.functional.linear: float("inf")}
        for _ in range(ROUNDS):
            for product in best:
                best[product] = min(best[product], _seconds(product, x, weight))
    return best[_onednn] < QUICKER * best[torch.nn.functional.linear]


def _seconds(product: Callable[..., Any], x: Any, weight: Any) -> float:
    began = time.perf_counter()
    product(x, weight, None)
    return time.perf_counter() - began


def _onednn(x: Any, weight: Any, bias: Any) -> Any:
    """x (…, inputs), weight (outputs, inputs), bias (outputs) or None -> (…, outputs).

    The operation is the one that torch's own compiler writes; its last arguments say that nothing
    is applied to the product.
    """
    import torch

    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def _is_worth(x: Any, weight: Any) -> bool:
    """Whether a product is float32, on the processor and large; x (…, inputs)."""
    import torch

    return (
        x.dtype is weight.dtype is torch.float32
        and x.device.type == "cpu"
        and x.numel() // x.shape[-1] * weight.numel() >= WORTH
    )


@cache
def _classes() -> dict[type, type]:
    """Linear layers, and GPT-2's with its weight the other way round -> ours of the same weights.

    A layer that is used by its weight alone, or that a subclass computes, stays as it is.
    """
    from torch.nn import Linear
    from transformers.pytorch_utils import Conv1D

    class OneDnnLinear(Linear):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return (
                _onednn(x, self.weight, self.bias)
                if _is_worth(x, self.weight)
                else super().forward(x)
            )

    class OneDnnConv1D(Conv1D):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return (
                _onednn(x, self.weight.t(), self.bias)
                if _is_worth(x, self.weight)
                else super().forward(x)
            )

    return {Linear: OneDnnLinear, Conv1D: OneDnnConv1D}
