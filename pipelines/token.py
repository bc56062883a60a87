"""A visitor's own token of the Hub: kept in memory, told to the Hub and to nobody else."""

from __future__ import annotations

import hashlib
import re
import secrets

from pipelines.errors import InputError

FORM = re.compile(r"hf_[A-Za-z0-9_.-]{5,4000}", re.ASCII)
"""Access tokens, and the longer ones of a login; nothing in it could end a header line."""
_SALT = secrets.token_bytes(32)


class Token:
    """A token, or none. It shows itself in no log, message or JSON; `reveal` is for the Hub alone.

    It can be pickled, for the process that holds the models is another one.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    @classmethod
    def checked(cls, value: object) -> Token:
        """The token in a visitor's text; raises InputError, which does not repeat it."""
        text = value.strip() if isinstance(value, str) else value
        if text is None or text == "":
            return cls()
        if not isinstance(text, str) or not FORM.fullmatch(text):
            raise InputError("token", "is no access token of the Hub; those start with hf_.")
        return cls(text)

    def reveal(self) -> str:
        """The token itself."""
        return self._value

    @property
    def mark(self) -> str:
        """Tells tokens apart in this process, and cannot be turned back."""
        return hashlib.blake2b(self._value.encode(), key=_SALT).hexdigest()

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Token({'given' if self._value else ''})"


NO_TOKEN = Token()
