"""What the libraries say when they refuse a value, as a sentence that may be shown."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator

from pipelines.device import is_out_of_memory
from pipelines.errors import EngineError
from pipelines.release import give_memory_back

logger = logging.getLogger(__name__)

RUST_PANIC = "PanicException"
"""What tokenizers raises where its Rust code gives up; it is no Exception (pyo3)."""
PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.\-]+){2,}")
REASON_CHARS = 200
CROWDED = re.compile(
    "Truncation error: Sequence to truncate too short|`stride` must be strictly less than"
    "|tokens of the text, too few for an overlap"
)
"""How tokenizers and our own reading say that a question leaves the text no room."""
CROWDED_SAID = (
    "The question leaves too little of the model's window to the text; shorten the question, or "
    "choose a longer window or a smaller overlap."
)
SAID = {
    CROWDED: CROWDED_SAID,
    re.compile("num_return_sequences"): (
        "Several answers (num_return_sequences) need sampling (do_sample), or at least as many "
        "beams (num_beams) as answers; set one of them."
    ),
    re.compile("was not able to be formatted with the target labels"): (
        "The first of the labels is {}, the mark of a gap; write it in words."
    ),
}
"""What the libraries say -> our sentence with the next step."""


def reason_of(error: BaseException) -> str:
    """The first line of an error without paths of this machine; its type where it says nothing.

    What is in SAID has its next step.
    """
    for pattern, sentence in SAID.items():
        if pattern.search(str(error)):
            return sentence
    said = PATH.sub("…", str(error).strip().partition("\n")[0])[:REASON_CHARS]
    return f"The model refused this: {said or type(error).__name__}"


@contextlib.contextmanager
def memory() -> Iterator[None]:
    """Memory that ran out becomes a sentence, and is given back."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        give_memory_back()
        raise EngineError(
            "Out of memory; use a smaller batch size, shorter input or a smaller model."
        ) from error


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """The libraries say no to a value with a ValueError or a panic: its first line, no paths."""
    try:
        yield
    except BaseException as error:
        if not _refuses(error):
            raise
        logger.warning("the pipeline refused a value", exc_info=True)
        raise EngineError(reason_of(error)) from error


def _refuses(error: BaseException) -> bool:
    """Where its Rust code finds no room, tokenizers raises a bare Exception."""
    refused = isinstance(error, ValueError) or type(error).__name__ == RUST_PANIC
    return refused or (type(error) is Exception and bool(CROWDED.search(str(error))))
