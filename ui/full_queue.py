"""A full queue says how many wait, and how long that takes (R20)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from gradio.queueing import Queue

from ui.language import told

FULL = "The queue is full: {waiting} requests wait, the most that may. {wait}"
SOON = "Try again in a moment."
LATER = "At the pace of the last ones that takes about {seconds:,.0f} s; try again then."
Push = Callable[..., Awaitable[tuple[bool, Any, str]]]


def told_when_full(queue: Queue) -> Push:
    """`queue.push` whose refusal of a full queue is our sentence (gradio 6.31)."""
    push: Push = queue.push

    async def pushed(*args: Any, **kwargs: Any) -> tuple[bool, Any, str]:
        success, answer, state = await push(*args, **kwargs)
        return success, full(queue) if state == "queue_full" else answer, state

    return pushed


def full(queue: Queue) -> str:
    """The sentence for a queue as it is now."""
    seconds = wait_seconds(queue)
    wait = LATER.format(seconds=seconds) if seconds >= 1 else SOON
    return told(FULL.format(waiting=len(queue), wait=wait))


def wait_seconds(queue: Queue) -> float:
    """Until those who wait have had their turn, by the mean time of each one's function."""
    turns = 0.0
    for waiting in queue.event_queue_per_concurrency_id.values():
        at_once = waiting.concurrency_limit or len(waiting.queue) or 1
        known = (queue.process_time_per_fn.get(event.fn) for event in waiting.queue)
        taken = sum(time.avg_time for time in known if time)
        turns = max(turns, taken / at_once)
    return turns
