"""The few lines of HTML that the page writes itself: progress, an error, the timing line.

Everything that comes from a model, a file or a user is escaped.
"""

from __future__ import annotations

from html import escape
from typing import Any

from pipelines.engine.request import Loading, Meta, Progress, Waiting
from pipelines.limits import MB
from ui.language import told

WHOLE_MB = 10 * MB
NOTHING = ""
JSON_VALUES, JSON_ITEMS = 3_000, 20
"""An answer of more values than this shows the first items of each list."""
JSON_CHARS, JSON_SHOWN = 2_000, 100
"""A longer string (a file in base64) shows its beginning."""


def hint(text: str) -> str:
    """What to do while there is no result yet."""
    return f'<div class="hint">{escape(told(text))}</div>'


def alert(message: str) -> str:
    """One sentence that says what went wrong; read aloud by screen readers."""
    return f'<div class="alert" role="alert">{escape(told(message))}</div>'


def ready() -> str:
    """Said to who does not see that the result is there; `aloud.js` has it read."""
    return f'<div class="quiet">{escape(told("The result is ready."))}</div>'


def waiting(event: Waiting | Loading) -> str:
    """A bar with what is waited for, and with the bytes where they are known."""
    if not event.total_bytes:
        return _bar(told(event.note))
    done, total = event.done_bytes, event.total_bytes
    return _bar(f"{told(event.note)}, {told(_megabytes(done, total))}", done, total)


def _megabytes(done: float, total: float) -> str:
    """1.2 of 8.4 MB, 120 of 1,234 MB."""
    digits = 0 if total >= WHOLE_MB else 1 if total >= MB else 3
    return f"{done / MB:,.{digits}f} of {total / MB:,.{digits}f} MB"


def progress(event: Progress) -> str:
    note = told(event.note or "Running")
    if not event.total:
        return _bar(note)
    count = told(f"{event.done} of {event.total}")
    return _bar(f"{note} {count}", event.done, event.total)


def timing(meta: Meta, notes: tuple[str, ...] = ()) -> str:
    """`model@revision · device · dtype · queue · load · run · throughput`, then the notes."""
    model = f"{meta.model}@{meta.revision[:7]}" if meta.revision else meta.model
    seconds = (
        told(f"queue {meta.queue_seconds:.2f} s"),
        told(f"load {meta.load_seconds:.1f} s"),
        told(f"run {meta.run_seconds:.2f} s"),
    )
    parts = [model, meta.device, meta.dtype, *seconds]
    if meta.rate:
        parts.append(f"{_short(meta.rate)} {told(meta.unit)}")
    said = (("Stopped; this is what there was so far.",) if meta.stopped else ()) + notes
    line = "".join(f"<span>{escape(part)}</span>" for part in parts)
    return f'<div class="timing">{line}</div>' + "".join(
        f'<div class="note">{escape(told(note))}</div>' for note in said
    )


def status(text: str, ready: bool) -> str:
    """The header's line on which models answer."""
    return (
        f'<div class="models {"ready" if ready else "warming"}" role="status">{escape(text)}</div>'
    )


def _short(number: float) -> str:
    """Three digits or the whole number, whichever is longer: 0.52, 8.4, 1,234."""
    return f"{number:,.{0 if number >= 100 else 1 if number >= 10 else 2}f}"


def _bar(text: str, done: float = 0, total: float = 0) -> str:
    share = f' value="{done:g}" max="{total:g}"' if total else ""
    return (
        f'<div class="progress"><span>{escape(text)}</span>'
        f'<progress{share} aria-label="{escape(text)}"></progress></div>'
    )


def shortened(value: Any) -> Any:
    """An answer of very many values with its long lists cut, for gr.JSON draws each (gradio 6.31),
    and with its very long strings cut."""
    return _cut(value, JSON_ITEMS if _values(value) > JSON_VALUES else JSON_VALUES)


def _values(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_values, inner))


def _cut(value: Any, items: int) -> Any:
    if isinstance(value, dict):
        return {key: _cut(item, items) for key, item in value.items()}
    if isinstance(value, str) and len(value) > JSON_CHARS:
        return f"{value[:JSON_SHOWN]}… {told(f'{len(value) - JSON_SHOWN:,} more characters')}"
    if not isinstance(value, list):
        return value
    more = len(value) - items
    kept = [_cut(item, items) for item in value[:items]]
    return [*kept, f"… {told(f'{more:,} more')}"] if more > 0 else kept
