"""Descent: steps down a loss, and beside the model the average of its weights on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


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
