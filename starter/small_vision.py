"""First weights for small vision transformers, and the last touch for convolutional networks.

The library's own first weights are too small to learn from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

PLACES = 0.5  # scale of the places beside the patches
LOWEST = 20.0  # longest wave against the shortest


def spread(model: Any) -> None:
    """Xavier for every linear and convolution weight; embeddings keep theirs."""
    import torch

    for name, weight in model.named_parameters():
        if weight.ndim >= 2 and "embedding" not in name:
            torch.nn.init.xavier_uniform_(weight.view(weight.shape[0], -1))


def spread_patches(weight: Any) -> None:
    """The same for the convolution that makes patches, (width, channels, size, size)."""
    import torch

    torch.nn.init.xavier_uniform_(weight.data.view(weight.shape[0], -1))


def places(side: int, width: int) -> Any:
    """Sines and cosines of where a patch is, (side * side, width), row by row."""
    import torch

    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    waves = torch.exp(torch.linspace(0, math.log(LOWEST), width // 4)) * math.pi / side / 2
    parts = [f((at.reshape(-1, 1) + 0.5) * waves) for at in (x, y) for f in (torch.sin, torch.cos)]
    return torch.cat(parts, 1) * PLACES


def settle(model: Any, pictures: Iterable[Any]) -> None:
    """The statistics of the batch norms anew, over batches of pixels as the model has them.

    Statistics that were averaged along do not fit averaged weights: with them a model told kinds
    of shape apart in 52 of 100 pictures, with its own in all of the same.
    """
    import torch

    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
    model.train()
    with torch.no_grad():
        for pixels in pictures:
            model(pixel_values=pixels)
    model.eval()
