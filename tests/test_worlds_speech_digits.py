"""The speech and digit worlds: seeded, in their ranges, and separate for measuring."""

import ctypes.util
from itertools import pairwise

import numpy as np
import pytest

from starter.worlds import digits, speech

SEED, OTHER_SEED, COUNT = 1, 2, 6
WIDTH, HEIGHT = 90, 60

needs_espeak = pytest.mark.skipif(
    ctypes.util.find_library("espeak-ng") is None, reason="apt install espeak-ng"
)


@pytest.fixture(scope="module")
def clips() -> list[speech.Clip]:
    return list(speech.utterances(SEED, COUNT))


def test_vocabulary_has_no_word_twice_and_only_small_letters() -> None:
    assert len(set(speech.VOCABULARY)) == len(speech.VOCABULARY)
    assert all(word.isalpha() and word.islower() for word in speech.VOCABULARY)


def test_voices_for_measuring_are_not_in_training() -> None:
    assert not {*speech.UNSEEN_VOICES, *speech.UNSEEN_ACCENTS} & set(speech.VOICES)


@needs_espeak
def test_a_seed_says_the_same_clips_again(clips: list[speech.Clip]) -> None:
    again = list(speech.utterances(SEED, COUNT - 2))
    for clip, same in zip(clips, again, strict=False):
        assert clip.words == same.words
        assert np.array_equal(clip.samples, same.samples)


@needs_espeak
def test_another_seed_says_other_clips(clips: list[speech.Clip]) -> None:
    others = speech.utterances(OTHER_SEED, COUNT)
    assert [clip.text for clip in clips] != [clip.text for clip in others]


@needs_espeak
def test_clips_are_mono_float32_in_range_and_say_known_words(clips: list[speech.Clip]) -> None:
    for clip in clips:
        assert clip.samples.dtype == np.float32
        assert clip.samples.ndim == 1
        assert 0 < np.abs(clip.samples).max() <= 1
        assert 1 <= len(clip.words) <= speech.MOST_WORDS
        assert set(clip.text.split()) <= set(speech.VOCABULARY)


@needs_espeak
def test_word_times_follow_each_other_within_the_clip(clips: list[speech.Clip]) -> None:
    for clip in clips:
        assert all(0 <= word.start < word.end <= clip.seconds for word in clip.words)
        assert all(word.end <= after.start + 1e-6 for word, after in pairwise(clip.words))


@needs_espeak
def test_words_are_louder_than_what_lies_between_them() -> None:
    rng = np.random.default_rng(SEED)
    with speech.Speaker() as speaker:
        parts = [speech.trimmed(speech.say(speaker, "stop", speech.Voice())) for _ in range(2)]
    clip = speech.join(parts, [0.3, 0.3])
    inside = np.zeros(len(clip.samples), bool)
    for word in clip.words:
        start, end = (round(at * speech.SAMPLING_RATE) for at in (word.start, word.end))
        inside[start:end] = True
    assert np.abs(clip.samples[~inside]).max() == 0
    assert np.abs(speech.recorded(clip, rng).samples).max() <= 1


@needs_espeak
def test_an_unknown_voice_is_refused() -> None:
    with speech.Speaker() as speaker, pytest.raises(RuntimeError, match="no voice"):
        speech.say(speaker, "stop", speech.Voice(name="nobody"))


def test_a_recording_joins_clips_and_moves_their_times() -> None:
    word = speech.Word(text="go", start=0.1, end=0.2)
    silence = np.zeros(speech.SAMPLING_RATE, np.float32)
    clip = speech.Clip(samples=silence, words=(word,), voice=speech.Voice())
    whole = speech.recording([clip, clip])
    assert whole.text == "go go"
    assert whole.seconds == 2
    assert whole.words[1].start == pytest.approx(1.1)


def test_handwritten_digits_for_measuring_are_not_in_training() -> None:
    training, held_out = digits.handwritten(held_out=False), digits.handwritten(held_out=True)
    assert (len(training), len(held_out)) == (1437, 360)
    assert {what.label for what in held_out} == set(range(10))
    seen = {what.ink.tobytes() for what in training}
    assert not any(what.ink.tobytes() in seen for what in held_out)


def test_a_seed_draws_the_same_scene_again() -> None:
    what = digits.handwritten(held_out=False)[0]
    scenes = [
        digits.scene(what, np.random.default_rng(seed), WIDTH, HEIGHT)
        for seed in (SEED, SEED, OTHER_SEED)
    ]
    assert np.array_equal(scenes[0], scenes[1])
    assert not np.array_equal(scenes[0], scenes[2])


@pytest.mark.parametrize("label", range(10))
def test_scenes_and_glyphs_fill_their_canvas_with_ink_and_paper(label: int) -> None:
    rng = np.random.default_rng(SEED)
    what = next(each for each in digits.handwritten(held_out=True) if each.label == label)
    for picture in (
        digits.scene(what, rng, WIDTH, HEIGHT),
        digits.glyph(label, rng, WIDTH, HEIGHT),
    ):
        assert picture.shape == (HEIGHT, WIDTH, 3)
        assert picture.dtype == np.uint8
        assert np.ptp(picture) > 60


def test_thinning_leaves_a_thin_line_of_a_thick_one() -> None:
    bar = np.zeros((20, 20), bool)
    bar[3:17, 7:12] = True
    line = digits.thinned(bar)
    assert 0 < line.sum(axis=1).max() <= 2
    assert line.any(axis=1).sum() >= 9
