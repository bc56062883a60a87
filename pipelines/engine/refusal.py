"""What the libraries say when they refuse a value, as a sentence that may be shown."""

from __future__ import annotations

import re

PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.\-]+){2,}")
REASON_CHARS = 200


def reason_of(error: BaseException) -> str:
    """The first line of an error without paths of this machine; its type where it says nothing."""
    said = PATH.sub("…", str(error).strip().partition("\n")[0])[:REASON_CHARS]
    return f"The model refused this: {said or type(error).__name__}"
