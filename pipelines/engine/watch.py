"""A run under watch: it can be stopped between forward passes, counted and streamed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from pipelines.errors import Cancelled, EngineError

STREAM_SECONDS = 0.05
"""Shortest time between two partial answers."""
HALF_CHARACTER = "\ufffd"


class Watch:
    """Counts the forward passes of one run and ends it when it was stopped or takes too long.

    `items` counts what the pipeline handed to the model (chunks, labels, pages), `forwards` the
    model's forward passes (tokens, for a model that generates).
    """

    def __init__(
        self, cancelled: threading.Event, seconds: float, on_items: Callable[[int], None]
    ) -> None:
        self.forwards = 0
        self.items = 0
        self._cancelled = cancelled
        self._seconds = seconds
        self._end = float("inf")
        self._on_items = on_items

    @contextlib.contextmanager
    def over(self, pipe: Any, batch_size: int) -> Iterator[None]:
        """Watch the pipeline for the length of the block; the caller holds its lock.

        Pipelines divide nothing by nothing where an answer is flat (depth, transformers 5.23).
        """
        import numpy as np

        self._end = time.monotonic() + self._seconds
        passed = Counter[Any]()

        def before_forward(module: Any, args: Any) -> None:
            self.check()
            passed[module] += 1
            self.forwards = max(passed.values())

        hooks = [part.register_forward_pre_hook(before_forward) for part in _writers(pipe.model)]
        forward = pipe.forward

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.check()
            result = forward(*args, **kwargs)
            self.items += batch_size
            self._on_items(self.items)
            return result

        pipe.forward = counted
        try:
            with np.errstate(divide="ignore", invalid="ignore"):
                yield
        finally:
            del pipe.forward
            for hook in hooks:
                hook.remove()

    def check(self) -> None:
        """Raise Cancelled or EngineError if the run should end here."""
        if self._cancelled.is_set():
            raise Cancelled
        if time.monotonic() > self._end:
            raise EngineError(
                f"The run took longer than {self._seconds:g} s; use less input, a smaller model, "
                "or raise --run-timeout."
            )


def _writers(model: Any) -> list[Any]:
    """The model and the parts of it that generate: BLIP leaves all of it to one of them."""
    parts = (part for part in model.modules() if hasattr(part, "generate"))
    return list(dict.fromkeys([model, *parts]))


class TokenStream:
    """A streamer for `generate`: decodes the tokens so far and hands the texts on.

    A text is decoded as a whole each time; half a character at its end waits for its other half.
    Where several are written one after the other, the last one is under way.
    """

    def __init__(
        self, decode: Callable[[list[int]], str], emit: Callable[[list[str]], None]
    ) -> None:
        self._ids: list[int] = []
        self._done: list[str] = []
        self._decode = decode
        self._emit = emit
        self._prompt_seen = False
        self._last = 0.0

    @property
    def texts(self) -> list[str]:
        """The texts so far."""
        return [*self._done, *([self._decode(self._ids)] if self._ids else [])]

    def put(self, value: Any) -> None:
        """Take token ids of shape (1, prompt length) once, then (1,) each step."""
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        self._ids += value.flatten().tolist()
        if time.monotonic() - self._last >= STREAM_SECONDS:
            *done, last = self.texts
            self._emit([*done, last.rstrip(HALF_CHARACTER)])
            self._last = time.monotonic()

    def end(self) -> None:
        """Hand on what is left; the next text, where there are several, has a prompt again."""
        self._prompt_seen = False
        self._done, self._ids = [*self._done, self._decode(self._ids)], []
        self._emit(self.texts)
