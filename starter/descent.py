"""Descent: steps down a loss, how long they are, and the average of the weights on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def cosine(optimizer: Any, steps: int, warm_up: int, last: float) -> Any:
    """A warm-up, then a cosine from the whole learning rate down to the share `last` of it."""
    import torch

    def share(step: int) -> float:
        falling = 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
        return min(1.0, (step + 1) / warm_up) * (last + (1 - last) * falling)

    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)


def parameter_groups(model: Any, decay: float, *still: str) -> list[dict[str, Any]]:
    """What is trained: biases, norms and what has one of `still` in its name do not decay."""
    decaying: list[Any] = []
    others: list[Any] = []
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            stays = weight.ndim < 2 or any(part in name for part in still)
            (others if stays else decaying).append(weight)
    return [
        {"params": decaying, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]


class Descent:
    """`average` is the share of the average that stays at each step; gradients end at `clip`.

    With `buffers` the statistics of norms are averaged too.
    """

    def __init__(
        self, model: Any, optimizer: Any, schedule: Any, average: float, clip: float = math.inf,
        buffers: bool = False,
    ) -> None:  # fmt: skip
        from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

        self._model, self._optimizer, self._schedule = model, optimizer, schedule
        self._clip = clip
        self._average = AveragedModel(
            model, multi_avg_fn=get_ema_multi_avg_fn(average), use_buffers=buffers
        )

    @property
    def averaged(self) -> Any:
        """The model with the average of the weights."""
        return self._average.module

    def steps(self, count: int) -> Iterator[int]:
        """The number of each step, with a progress bar."""
        from tqdm import trange

        self._bar = trange(count, mininterval=10)
        yield from self._bar

    def step(self, loss: Any, /, **parts: Any) -> None:
        """One step; the bar tells the loss, or its parts."""
        from torch.nn.utils import clip_grad_norm_

        self._optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(self._model.parameters(), self._clip)
        self._optimizer.step()
        self._schedule.step()
        self._average.update_parameters(self._model)
        told = {name: f"{part.item():.3f}" for name, part in (parts or {"loss": loss}).items()}
        self._bar.set_postfix(told, refresh=False)
