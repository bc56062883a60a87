"""The language worlds: same seed same text, a held-out split by construction, whole answers."""

import random
import re
import subprocess
import sys
from typing import Any

import pytest

from starter.worlds import (
    entailment,
    topics,
    topics_exam,
    village,
    village_exam,
    village_talk,
    village_texts,
)
from starter.worlds.language import Split, in_split, split_of, typed, with_article

SEED = 7
TURNS = 3
TALKS = 300
SAMPLES = 400
VILLAGE_WORDS = 1100
TOPIC_WORDS = 3200
FEWEST_HELD_OUT_SHARE, MOST_HELD_OUT_SHARE = 0.1, 0.25
STORY_SENTENCES = 6
BALANCE_TOLERANCE = 0.1
MOST_BY_CHANCE = 0.2
SPLITS: tuple[Split, ...] = ("train", "held_out")


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_worlds_do_not_import_torch() -> None:
    code = "import sys, starter.worlds.village_talk; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_same_seed_gives_the_same_talk() -> None:
    first, second = (village_talk.conversation(random.Random(SEED), TURNS) for _ in range(2))
    assert first == second
    assert first != village_talk.conversation(random.Random(SEED + 1), TURNS)


def test_same_seed_gives_the_same_sample() -> None:
    first, second = (topics.sample(random.Random(SEED), "train") for _ in range(2))
    assert first == second


def test_every_fact_is_asked_in_train_and_no_question_is_in_both_splits() -> None:
    asked = {split: {q for f in village.facts() for q in f.asked(split)} for split in SPLITS}
    assert not asked["train"] & asked["held_out"]
    assert all(fact.asked("train") for fact in village.facts())
    share = len(asked["held_out"]) / (len(asked["train"]) + len(asked["held_out"]))
    assert FEWEST_HELD_OUT_SHARE < share < MOST_HELD_OUT_SHARE


def test_no_question_has_two_answers() -> None:
    answers: dict[str, str] = {}
    for fact in village.facts():
        for question in fact.questions:
            assert answers.setdefault(question, fact.answer) == fact.answer, question


def test_every_answer_is_made_of_whole_sentences() -> None:
    for fact in village.facts():
        assert all(village.is_whole(part) for part in village.sentences(fact.answer)), fact.key


def test_talks_hold_train_turns_only() -> None:
    rng = random.Random(SEED)
    held_out = {q for fact in village.facts() for q in fact.asked("held_out")}
    turns = [turn for _ in range(TALKS) for turn in village_talk.conversation(rng, TURNS)]
    assert not held_out & {turn.question for turn in turns}
    assert {turn.kind for turn in turns} >= {*village_talk.TURN_WEIGHTS, "follow", "what about"}


def test_follow_ups_ask_about_the_person_named_before() -> None:
    rng = random.Random(SEED)
    before = village_talk.opening(rng, "train", "about")
    for split in SPLITS:
        turn = village_talk.follow_up(before, rng, split)
        assert before.person in turn.answer
        assert before.person not in turn.question


def test_statements_and_pronoun_statements_are_among_the_truths() -> None:
    rng = random.Random(SEED)
    assert "Mia is a baker." in village.truths()
    for _ in range(TALKS):
        told = village.sentences(village_talk.paragraph(rng))
        known = [village.subject_named(line, village.first_named(told[0])) for line in told]
        assert set(known) <= village.truths()


def test_strangers_are_not_villagers() -> None:
    rng = random.Random(SEED)
    assert not {village_talk.stranger(rng) for _ in range(TALKS)} & set(village.people())


@pytest.mark.parametrize("name", ["Mia", "Emil"])
def test_stories_are_long_and_agree_with_the_facts(name: str) -> None:
    rng = random.Random(SEED)
    possible = {line for part in village_talk.story_parts(name) for line in part}
    told = village.sentences(village_talk.story(name, rng))
    assert len(told) >= STORY_SENTENCES
    assert set(told) <= possible
    assert all(village.is_whole(line) for line in told)


def test_vocabularies_are_bounded() -> None:
    said = {w for f in village.facts() for t in (f.answer, *f.questions) for w in words(t)}
    assert len(said) < VILLAGE_WORDS
    entries = [e for t in topics.topics() for p in topics.PARTS for e in topics.words_of(t, p)]
    assert len({word for entry in entries for word in words(entry)}) < TOPIC_WORDS


def test_every_content_entry_and_label_has_one_meaning() -> None:
    entries = [e for t in topics.topics() for p in topics.PARTS for e in topics.words_of(t, p)]
    assert len(entries) == len(set(entries))
    names = [label for meaning in topics.labels().values() for label in meaning]
    assert len(names) == len(set(names))
    assert not set(names) & set(topics.listed("unknown_labels"))


def test_held_out_samples_pair_entries_as_no_train_sample_does() -> None:
    rng = random.Random(SEED)
    for split in SPLITS:
        for _ in range(SAMPLES):
            drawn = topics.plain_sample(rng, split, rng.choice(topics.topics()))
            assert len(drawn.things) == 1 or split_of("|".join(drawn.things)) == split


def test_frames_and_templates_are_split() -> None:
    for table in (topics.world()["frames"], topics.world()["templates"]):
        train, held_out = (in_split(table, split) for split in SPLITS)
        assert train
        assert held_out
        assert not set(train) & set(held_out)


def test_two_topic_samples_name_both_topics() -> None:
    drawn = topics.sample(random.Random(SEED), "held_out", 2)
    assert len(set(drawn.topics)) == 2


def test_about_half_of_the_pairs_are_true() -> None:
    rng = random.Random(SEED)
    pairs = [entailment.clean_pair(rng) for _ in range(SAMPLES)]
    share = sum(pair.entailed for pair in pairs) / len(pairs)
    assert abs(share - 0.5) < BALANCE_TOLERANCE


def test_every_training_text_ends_with_the_end_mark_and_teaches_something() -> None:
    rng = random.Random(SEED)
    for _ in range(SAMPLES):
        pieces = village_texts.text(rng)
        assert pieces[-1][0].endswith(village_texts.END)
        assert pieces[-1][1]


def test_exam_gives_full_marks_to_right_answers_and_none_to_silence() -> None:
    answers = {q: fact.answer for fact in village.facts() for q in fact.questions}

    def oracle(text: Any, **_params: object) -> list[dict[str, str]]:
        asked = text if isinstance(text, str) else text[-1]["content"]
        return [{"generated_text": answers.get(asked, "")}]

    right = village_exam.examine(oracle, SEED)
    assert all(right[kind] == 1 for kind in village_exam.ASKED_KINDS)
    silent = village_exam.examine(lambda **_: [{"generated_text": ""}], SEED)
    assert silent["true_answers"] == silent["continuation"] == silent["story"] == 0


def test_topic_exam_counts_the_first_label_and_the_sure_ones() -> None:
    def first_come(candidate_labels: list[str], **_params: object) -> dict[str, list[Any]]:
        return {"labels": candidate_labels, "scores": [0.0] * len(candidate_labels)}

    scores = topics_exam.examine(first_come, SEED)
    assert scores["two_topics_exact"] == 0
    assert scores["top1_all_topics"] < MOST_BY_CHANCE


def test_verbs_are_inflected() -> None:
    forms = (topics.ing("run a marathon"), topics.past("fry an egg"), topics.third("catch it"))
    assert forms == ("running a marathon", "fried an egg", "catches it")


def test_articles_follow_the_sound() -> None:
    assert with_article("A owl is a animal of a unit.") == "An owl is an animal of a unit."


def test_typing_habits_keep_the_words() -> None:
    rng = random.Random(SEED)
    assert all("mia" in typed("Where does Mia live?", rng).lower() for _ in range(SAMPLES))
