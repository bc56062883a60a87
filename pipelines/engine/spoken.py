"""What of a text a model can say: its pieces, and a note on what is left out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pipelines.errors import InputError, ModelError
from pipelines.loading import Loaded
from pipelines.sentences import sentences

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
NAMED = 5
"""At most so many words or letters stand in a note."""


@dataclass(frozen=True)
class Pieces:
    """Texts that are said one by one, and what the user should know of them."""

    texts: tuple[str, ...]
    notes: tuple[str, ...] = ()


def pieces_of(
    name: str, text: str, loaded: Loaded, apart: bool, vocabulary: Sequence[str]
) -> Pieces:
    """The text whole, or `apart` by sentences; raises InputError where nothing can be said.

    `vocabulary` is every word that the model knows; empty means that it knows the language.
    """
    tokenizer, model = loaded.pipe.tokenizer, loaded.facts.model
    _check_phonemes(tokenizer, model)
    known = _letters(tokenizer)
    texts = sentences(text) if apart else (text,)
    if known:
        texts = tuple(t for t in texts if any(_reads(known, letter) for letter in t.strip()))
    if not texts:
        letters = " ".join(sorted(letter for letter in known if letter.isalpha()))
        reads = f" It reads these letters: {letters}." if known else ""
        raise InputError(name, f"has nothing that {model} can say.{reads}")
    _check_window(name, texts, loaded)
    return Pieces(texts, tuple(_notes(text, known, vocabulary)))


def _notes(text: str, known: set[str], vocabulary: Sequence[str]) -> Iterable[str]:
    words = dict.fromkeys(WORD.findall(text.lower())) if vocabulary else {}
    said = [word for word in words if not known or any(_reads(known, letter) for letter in word)]
    strange = [word for word in said if word not in vocabulary]
    if strange:
        yield (
            f"Not among the {len(vocabulary)} words of this starter, so it is babble: "
            f"{_listed(strange)}."
        )
    missing = dict.fromkeys(
        letter for letter in text if known and _written(letter) and not _reads(known, letter)
    )
    if missing:
        yield f"Left out, for the model has no letter for it: {_listed(list(missing))}."


def _listed(parts: Sequence[str]) -> str:
    shown = ", ".join(f"“{part}”" for part in parts[:NAMED])
    return f"{shown} and {len(parts) - NAMED} more" if len(parts) > NAMED else shown


def _letters(tokenizer: Any) -> set[str]:
    """Every letter that a tokenizer of letters has; empty where tokens are pieces of words.

    VITS leaves out what it has no letter for, without a word, and fails where nothing is left
    (transformers 5.23). Letters of other scripts it may spell with uroman, where that is there.
    """
    spells = hasattr(tokenizer, "add_blank") and tokenizer.normalize and not tokenizer.phonemize
    if not spells or (tokenizer.is_uroman and find_spec("uroman")):
        return set()
    return {token for token in tokenizer.get_vocab() if len(token) == 1}


def _reads(known: set[str], letter: str) -> bool:
    return not letter.isspace() and (letter in known or letter.lower() in known)


def _written(letter: str) -> bool:
    """Whether a person would miss it: no blank and no mark of punctuation."""
    return not letter.isspace() and not unicodedata.category(letter).startswith(("P", "C"))


def _check_phonemes(tokenizer: Any, model: str) -> None:
    if getattr(tokenizer, "phonemize", False) and not find_spec("phonemizer"):
        raise ModelError(
            f"{model} reads sounds, not letters, and phonemizer, which writes them, is not "
            "installed: pip install phonemizer, or choose another model."
        )


def _check_window(name: str, texts: Sequence[str], loaded: Loaded) -> None:
    """Beyond its window a model stops or crashes; sentences are short enough as a rule."""
    window = loaded.facts.max_tokens
    if not window:
        return
    longest = max(len(loaded.pipe.tokenizer(text, verbose=False)["input_ids"]) for text in texts)
    if longest > window:
        raise InputError(
            name, f"has {longest:,} tokens at once; {loaded.facts.model} reads {window:,}."
        )
