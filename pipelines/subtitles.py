"""A transcript as subtitles: SRT, WebVTT, plain text and JSON.

Chunks are those of the speech pipeline, `{"text", "timestamp": [start, end]}` in seconds: words,
segments or single characters. They are cut into words with times, and the words are joined into
cues that a viewer can read. Times that are missing, overlap or run backwards are repaired; text is
never lost, nor changed but for white space.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.strict_json import to_json as strict

LINE_CHARS = 42
"""Width of a line; a full-width character counts twice."""
CUE_MS = 7_000
READABLE_MS = 1_000
"""A shorter cue stays on for this long if the next one leaves it the time."""
SHORTEST_MS = 40
PAUSE_SECONDS = 0.8
PARAGRAPH_SECONDS = 2.0
OPEN_END_SECONDS = 2.0
"""Length of a chunk without an end and without a successor."""
SENTENCE_ENDS = (*".!?…", "。", "！", "？", "।", "؟")
CLOSERS = "\"'”’»)]」』"
NO_SPACES = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x312F), (0x31A0, 0x9FFF),
    (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Unicode blocks of scripts without spaces between words: Thai, Lao, Burmese, Khmer, CJK."""

Chunk = Mapping[str, Any]


@dataclass(frozen=True)
class Word:
    """A piece of text that is not broken, with its time in seconds."""

    text: str
    start: float
    end: float
    spaced: bool = True
    """Whether a space stands before it."""

    @property
    def ends_sentence(self) -> bool:
        return self.text.rstrip(CLOSERS).endswith(SENTENCE_ENDS)


@dataclass(frozen=True)
class Cue:
    """Lines that are shown together, from `start` to `end` in milliseconds."""

    start: int
    end: int
    lines: tuple[str, ...]


def to_srt(chunks: Sequence[Chunk]) -> str:
    """SubRip: numbered cues with a comma before the milliseconds."""
    blocks = (
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n" + "\n".join(cue.lines)
        for number, cue in enumerate(cues(chunks), 1)
    )
    return "".join(f"{block}\n\n" for block in blocks)


def to_vtt(chunks: Sequence[Chunk]) -> str:
    """WebVTT; `&`, `<` and `>` are escaped, so no text can be read as an arrow or a tag."""
    blocks = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n"
        + "\n".join(map(_escaped, cue.lines))
        for cue in cues(chunks)
    )
    return "WEBVTT\n\n" + "".join(f"{block}\n\n" for block in blocks)


def to_txt(text: str, chunks: Sequence[Chunk] = ()) -> str:
    """The text, with a new line after each long pause where the times are known."""
    groups = _groups(words(chunks), _paragraph_ends)
    paragraphs = [_joined(group) for group in groups] or [" ".join(text.split())]
    return "\n".join(paragraphs) + "\n"


def to_json(answer: Any) -> str:
    """The answer as strict JSON for people: indented, letters as they are."""
    return json.dumps(strict(answer), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def cues(chunks: Sequence[Chunk]) -> list[Cue]:
    """Readable cues in order, none of which overlap or are empty."""
    groups = list(_groups(words(chunks), _cue_ends))
    starts = [round(group[0].start * 1000) for group in groups]
    done: list[Cue] = []
    for i, group in enumerate(groups):
        start = max(starts[i], done[-1].end if done else 0)
        later = starts[i + 1] if i + 1 < len(groups) else start + CUE_MS
        end = max(round(group[-1].end * 1000), min(start + READABLE_MS, later))
        end = max(min(end, start + CUE_MS), start + SHORTEST_MS)
        done.append(Cue(start, end, _lines(group)))
    return done


def words(chunks: Sequence[Chunk]) -> list[Word]:
    """The words of words, segments or characters, each with a time; starts never run backwards."""
    spans = list(_repaired(chunks))
    if spans and all(len(text) == 1 for text, _, _ in spans):
        spans = list(_without_characters(spans))
    literal = any(text != text.strip() for text, _, _ in spans)
    return [
        Word(part, start, end, spaced)
        for text, first, last in spans
        for part, start, end, spaced in _parts(text, first, last, literal)
    ]


Span = tuple[str, float, float]
"""Text with its start and end in seconds."""


def _repaired(chunks: Sequence[Chunk]) -> Iterator[Span]:
    """Chunks with finite times: start <= end, and not before the chunk in front."""
    begun = until = 0.0
    for i, chunk in enumerate(chunks):
        first, last = _times(chunk)
        start = max(begun, until if first is None else first)
        following = _times(chunks[i + 1])[0] if i + 1 < len(chunks) else None
        later = following if following is not None and following > start else None
        if last is None:
            last = start + OPEN_END_SECONDS if later is None else later
        end = max(start, last if later is None else min(last, later))
        begun, until = start, end
        yield str(chunk["text"]), start, end


def _times(chunk: Chunk) -> tuple[float | None, float | None]:
    first, last = chunk.get("timestamp") or (None, None)
    return _finite(first), _finite(last)


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _without_characters(spans: Iterable[Span]) -> Iterator[Span]:
    """Words of single characters; white space is where one ends."""
    word: list[Span] = []
    for span in (*spans, (" ", 0.0, 0.0)):
        if not span[0].isspace():
            word.append(span)
        elif word:
            yield "".join(text for text, _, _ in word), word[0][1], word[-1][2]
            word = []


def _parts(
    text: str, first: float, last: float, literal: bool
) -> Iterator[tuple[str, float, float, bool]]:
    """The words of one chunk, which share its time by their length.

    `literal`: the chunks hold their own spaces, as Whisper's do; otherwise one belongs between two.
    """
    parts = list(_unbroken(text, not literal or text[:1].isspace()))
    seconds_each = (last - first) / (sum(len(part) for part, _ in parts) or 1)
    start = first
    for part, spaced in parts:
        end = start + len(part) * seconds_each
        yield part, start, end, spaced
        start = end


def _unbroken(text: str, spaced: bool) -> Iterator[tuple[str, bool]]:
    """Words; single characters of scripts without spaces; pieces of words longer than a line."""
    for word in text.split():
        piece = ""
        for char in word:
            if piece and (_breaks(piece[-1], char) or _full(piece)):
                yield piece, spaced
                piece, spaced = "", False
            piece += char
        yield piece, spaced
        spaced = True


def _breaks(before: str, char: str) -> bool:
    """Whether a line may end between these two; punctuation stays with what it follows."""
    return _stands_alone(char) or (_stands_alone(before) and char.isalnum())


def _stands_alone(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in NO_SPACES) and char.isalpha()


def _full(piece: str) -> bool:
    return _width(piece) + 2 > LINE_CHARS


def _groups(
    all_words: Iterable[Word], ends: Callable[[list[Word], Word], bool]
) -> Iterator[list[Word]]:
    """Words in groups; ends(group, next word) says that the group is complete."""
    group: list[Word] = []
    for word in all_words:
        if group and ends(group, word):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _cue_ends(group: list[Word], word: Word) -> bool:
    paused = word.start - group[-1].end > PAUSE_SECONDS
    too_long = (word.end - group[0].start) * 1000 > CUE_MS
    return paused or too_long or group[-1].ends_sentence or not _lines([*group, word])


def _paragraph_ends(group: list[Word], word: Word) -> bool:
    return word.start - group[-1].end > PARAGRAPH_SECONDS


def _lines(group: Sequence[Word]) -> tuple[str, ...]:
    """One line, or the two most even ones; nothing if it does not fit."""
    whole = _joined(group)
    if _width(whole) <= LINE_CHARS:
        return (whole,)
    halves = [(_joined(group[:i]), _joined(group[i:])) for i in range(1, len(group))]
    fitting = [pair for pair in halves if max(map(_width, pair)) <= LINE_CHARS]
    return min(fitting, key=lambda pair: abs(_width(pair[0]) - _width(pair[1])), default=())


def _joined(group: Sequence[Word]) -> str:
    """The words with their spaces; none where a script without spaces touches its like."""
    text = ""
    for word in group:
        glued = not word.spaced or (
            text and _stands_alone(text[-1]) and _stands_alone(word.text[0])
        )
        text += word.text if glued or not text else f" {word.text}"
    return text


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _clock(ms: int, point: str) -> str:
    """Hours (at least two digits), minutes, seconds and milliseconds."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
