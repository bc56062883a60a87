"""One example of every task through the engine: does this installation answer?"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Engine, Event, Failed
from pipelines.errors import PipelineError
from pipelines.limits import Limits
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json

ANSWER_CHARS = 60
"""As much of an answer as a line shows."""


def check(
    rows: Iterable[TaskSpec],
    engine: Engine,
    limits: Limits,
    examples: Path,
    say: Callable[[str], None],
) -> bool:
    """Run the first example of each row; `say` gets a line for each. True if all answered."""
    answered = [_answers(row, engine, limits, examples, say) for row in rows]
    say(f"{sum(answered)} of {len(answered)} tasks answered.")
    return all(answered)


def _answers(
    row: TaskSpec, engine: Engine, limits: Limits, examples: Path, say: Callable[[str], None]
) -> bool:
    began = time.monotonic()
    last = _last_event(row, engine, limits, examples)
    seconds = time.monotonic() - began
    if isinstance(last, Done):
        say(f"ok    {row.id:32} {seconds:5.1f} s  {last.meta.model}  {shown(last.answer)}")
        return True
    reason = last.message if isinstance(last, Failed) else "the run ended without an answer"
    say(f"FAIL  {row.id:32} {seconds:5.1f} s  {reason}")
    return False


def _last_event(row: TaskSpec, engine: Engine, limits: Limits, examples: Path) -> Event:
    """How the run of the first example ends; a refused request ends it too."""
    if not row.examples:
        return Failed("has no example")
    try:
        request = request_from(row, row.examples[0].located(examples), limits, owner="check")
        return deque(engine.run(request), maxlen=1)[0]
    except PipelineError as error:
        return Failed(str(error))


def shown(answer: Any) -> str:
    """The beginning of an answer on one line."""
    text = json.dumps(to_json(answer), ensure_ascii=False)
    return text if len(text) <= ANSWER_CHARS else f"{text[: ANSWER_CHARS - 1]}…"
