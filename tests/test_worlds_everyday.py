"""The everyday worlds: moods, entities and facts, and what their held-out split promises."""

import json
import random

import pytest

from starter.worlds.everyday import LABELS, MOODS, felt, frames, tagged
from starter.worlds.everyday_facts import answers, fact, relations, told
from starter.worlds.everyday_names import WORLD_FILE, date, names

TEXTS = 300


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("split", ["train", "held_out"])
def test_a_seed_always_gives_the_same_sentences(mood, split):
    first, second = (
        [felt(rng, split, mood) for _ in range(20)] for rng in (random.Random(3), random.Random(3))
    )
    assert first == second


@pytest.mark.parametrize("table", ["mood_frames", "plain_frames", "entity_frames"])
def test_the_splits_share_no_frame_and_lose_none(table):
    written = json.loads(WORLD_FILE.read_text(encoding="utf-8"))[table]
    assert not set(frames(table, "train")) & set(frames(table, "held_out"))
    assert sorted({*frames(table, "train"), *frames(table, "held_out")}) == sorted(written)
    assert len(written) == len(set(written))


@pytest.mark.parametrize("part", ["first", "last", "place", "org", "org_first"])
def test_some_names_are_never_in_training(part):
    assert names(part, "held_out")
    assert not set(names(part, "train")) & set(names(part, "held_out"))


def test_no_held_out_sentence_comes_up_in_training():
    rng = random.Random(1)
    trained = {felt(rng, "train", mood) for mood in MOODS[::2] for _ in range(3000)}
    held_out = {felt(rng, "held_out", mood) for mood in MOODS[::2] for _ in range(TEXTS)}
    assert len(held_out & trained) <= TEXTS // 50, "only exclamations of two or three words may"


@pytest.mark.parametrize("mood", MOODS)
def test_no_slot_stays_open_and_every_sentence_begins_well(mood):
    rng = random.Random(4)
    for text in (felt(rng, split, mood) for split in ("train", "held_out") for _ in range(TEXTS)):
        assert text
        assert not set("{}|") & set(text)
        assert text == text.strip()


@pytest.mark.parametrize("known", ["seen", "unseen", "any"])
def test_spans_lie_on_words_in_order_and_do_not_overlap(known):
    rng = random.Random(5)
    for row in (tagged(rng, "held_out", known) for _ in range(TEXTS)):
        ends = 0
        for span in row.spans:
            word = row.text[span.start : span.end]
            assert ends <= span.start < span.end <= len(row.text)
            assert word == word.strip()
            assert span.label in LABELS
            ends = span.end


def test_unseen_people_have_no_name_of_the_training():
    rng = random.Random(6)
    trained = {*names("first", "train"), *names("last", "train")}
    for row in (tagged(rng, "held_out", "unseen") for _ in range(TEXTS)):
        people = [row.text[s.start : s.end] for s in row.spans if s.label == "PER"]
        assert not trained & {word for name in people for word in name.split()}


def test_places_in_acts_are_marked_too():
    rng = random.Random(7)
    rows = [tagged(rng, "train", "seen") for _ in range(4000)]
    flown = [row for row in rows if "fly to London" in row.text or "flew to London" in row.text]
    for row in flown:
        start = row.text.index("London")
        assert any(span.start == start and span.label == "LOC" for span in row.spans)


def test_dates_come_in_many_forms():
    rng = random.Random(8)
    assert len({date(rng) for _ in range(TEXTS)}) > TEXTS // 3


def test_a_fact_is_told_in_other_ways_than_in_training():
    trained = {(row.relation, row.frame, row.a, row.b) for row in told("train")}
    held_out = {(row.relation, row.frame, row.a, row.b) for row in told("held_out")}
    assert not trained & held_out
    assert len(held_out) > len(trained) // 8


@pytest.mark.parametrize("relation", relations())
def test_every_relation_is_in_both_splits_and_a_gap_has_a_known_answer(relation):
    rng = random.Random(9)
    for split in ("train", "held_out"):
        row = fact(rng, split, relation)
        assert row.relation == relation
        assert row.b in answers(row)
        assert "[MASK]" in row.gapped("[MASK]")


def test_held_out_facts_use_words_and_frames_that_training_knows():
    trained = told("train")
    known = {(row.relation, row.a, row.b) for row in trained}
    frames_known = {(row.relation, row.frame) for row in trained}
    for row in told("held_out"):
        assert (row.relation, row.a, row.b) in known
        assert (row.relation, row.frame) in frames_known


def test_a_fact_has_one_answer():
    assert all(len(answers(row)) == 1 for row in told("train"))
