"""Subtitles keep every letter, stay readable and have times that a player accepts."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.subtitles import CUE_MS, LINE_CHARS, cues, to_json, to_srt, to_txt, to_vtt

SRT_TIME = re.compile(r"(\d{2,}):(\d\d):(\d\d),(\d{3}) --> (\d{2,}):(\d\d):(\d\d),(\d{3})")
SECONDS = st.none() | st.floats(-10, 400_000) | st.sampled_from([math.nan, math.inf, -math.inf])
TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("ab ,.!?你好ไ\n<&>-"), max_size=120
)
CHUNKS = st.lists(
    st.fixed_dictionaries({"text": TEXT, "timestamp": st.tuples(SECONDS, SECONDS)}), max_size=12
)


def chunk(text: str, start: float | None, end: float | None) -> dict[str, Any]:
    return {"text": text, "timestamp": [start, end]}


def spoken(sentence: str, seconds: float = 0.4) -> list[dict[str, Any]]:
    """Word chunks without pauses, as a CTC model gives them."""
    return [chunk(w, i * seconds, (i + 1) * seconds) for i, w in enumerate(sentence.split())]


def parse_srt(srt: str) -> list[tuple[int, int, list[str]]]:
    """(start, end, lines) of each cue, with times in milliseconds; checks the numbering."""
    parsed = []
    blocks = srt.split("\n\n")[:-1]
    for number, block in enumerate(blocks, 1):
        first, times, *lines = block.split("\n")
        assert first == str(number)
        found = SRT_TIME.fullmatch(times)
        assert found, times
        h1, m1, s1, f1, h2, m2, s2, f2 = map(int, found.groups())
        start, end = ((h1 * 60 + m1) * 60 + s1) * 1000 + f1, ((h2 * 60 + m2) * 60 + s2) * 1000 + f2
        parsed.append((start, end, lines))
    return parsed


def letters(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=60)
@given(CHUNKS)
def test_srt_reads_back_with_every_letter_in_order(chunks: list[dict[str, Any]]) -> None:
    shown = "".join(line for _, _, lines in parse_srt(to_srt(chunks)) for line in lines)
    assert letters(shown) == letters("".join(c["text"] for c in chunks))


@settings(max_examples=60)
@given(CHUNKS)
def test_cues_are_monotone_short_and_at_most_two_narrow_lines(chunks: list[dict[str, Any]]) -> None:
    before = 0
    for start, end, lines in parse_srt(to_srt(chunks)):
        assert before <= start < end <= start + CUE_MS
        assert 1 <= len(lines) <= 2
        assert all(line.strip() and len(line) <= LINE_CHARS for line in lines)
        before = end


@settings(max_examples=60)
@given(CHUNKS)
def test_vtt_text_holds_no_arrow_and_no_tag(chunks: list[dict[str, Any]]) -> None:
    head, *blocks = to_vtt(chunks).split("\n\n")
    assert head == "WEBVTT"
    for block in blocks[:-1]:
        times, *lines = block.split("\n")
        assert times.count("-->") == 1
        assert not re.search("[<>]|&(?!amp;|lt;|gt;)", "".join(lines))


@settings(max_examples=30)
@given(TEXT, CHUNKS)
def test_txt_keeps_every_letter(text: str, chunks: list[dict[str, Any]]) -> None:
    wanted = letters("".join(c["text"] for c in chunks)) or letters(text)
    assert letters(to_txt(text, chunks)) == wanted


def test_words_are_joined_into_balanced_lines() -> None:
    (cue,) = cues(spoken("the quick brown fox jumps over the lazy dog near the river", 0.3))
    assert cue.lines == ("the quick brown fox jumps over", "the lazy dog near the river")
    assert (cue.start, cue.end) == (0, 3600)


def test_a_pause_and_the_end_of_a_sentence_start_a_new_cue() -> None:
    said = [*spoken("Hello there. How are"), chunk("you", 3.0, 3.3)]
    assert [c.lines for c in cues(said)] == [("Hello there.",), ("How are",), ("you",)]


def test_a_cue_lasts_seven_seconds_at_most() -> None:
    assert [c.lines for c in cues(spoken("aa bb cc dd ee ff gg hh", 1.0))] == [
        ("aa bb cc dd ee ff gg",),
        ("hh",),
    ]


def test_characters_become_words() -> None:
    said = [chunk(c, i * 0.1, i * 0.1 + 0.1) for i, c in enumerate("one two")]
    (cue,) = cues(said)
    assert cue.lines == ("one two",)


def test_spaces_of_whisper_words_are_kept_as_they_are() -> None:
    said = [chunk(" don", 0, 0.2), chunk("'t", 0.2, 0.3), chunk(" go", 0.3, 0.5)]
    assert cues(said)[0].lines == ("don't go",)


def test_a_long_segment_is_cut_and_shares_its_time() -> None:
    text = " ".join(["word"] * 40)
    found = cues([chunk(text, 0.0, 20.0)])
    assert len(found) > 2
    assert found[0].start == 0
    assert found[-1].end == pytest.approx(20_000, abs=1)


def test_chinese_is_broken_without_spaces_and_punctuation_stays() -> None:
    found = cues([chunk("今天天气很好，" * 8 + "我们走吧。", 0.0, 12.0)])
    lines = [line for c in found for line in c.lines]
    assert all(len(line) <= LINE_CHARS // 2 and " " not in line for line in lines)
    assert not any(line.startswith(("，", "。")) for line in lines)


@pytest.mark.parametrize(
    ("chunks", "times"),
    [
        ([chunk("a", 1.0, None)], [(1000, 3000)]),
        ([chunk("A.", 1.0, None), chunk("B.", 1.5, 2.9)], [(1000, 1500), (1500, 2900)]),
        ([chunk("A.", 1.0, 4.0), chunk("B.", 2.0, 5.0)], [(1000, 2000), (2000, 5000)]),
        ([chunk("A.", 1.0, 1.0), chunk("B.", 1.0, 1.0)], [(1000, 1040), (1040, 2040)]),
        ([chunk("A.", 5.0, 6.0), chunk("B.", 2.0, 3.0)], [(5000, 6000), (6000, 7000)]),
        ([chunk("A.", None, None)], [(0, 2000)]),
    ],
    ids=["open end", "open end before another", "overlap", "zero length", "backwards", "no times"],
)
def test_times_are_repaired(chunks: list[dict[str, Any]], times: list[tuple[int, int]]) -> None:
    assert [(c.start, c.end) for c in cues(chunks)] == times


def test_hours_may_have_three_digits() -> None:
    assert "100:00:00,000 --> 100:00:02,500" in to_srt([chunk("late", 360_000.0, 360_002.5)])


def test_vtt_escapes_arrows_tags_and_ampersands() -> None:
    assert "&lt;b&gt; R&amp;D --&gt; x" in to_vtt([chunk("<b> R&D --> x", 0.0, 1.0)])


def test_txt_breaks_at_long_pauses_only() -> None:
    said = [chunk("one", 0, 1), chunk("two", 2, 3), chunk("three", 6, 7)]
    assert to_txt("ignored", said) == "one two\nthree\n"
    assert to_txt(" no  times ") == "no times\n"


def test_nothing_said_gives_empty_subtitles() -> None:
    assert to_srt([]) == ""
    assert to_vtt([chunk(" ", 0.0, 1.0)]) == "WEBVTT\n\n"


def test_json_is_strict() -> None:
    written = to_json({"text": "é", "chunks": [chunk("é", 0.0, math.nan)]})
    assert "é" in written
    assert json.loads(written)["chunks"][0]["timestamp"] == [0.0, None]
