"""The sounds world: seeded, of every label, in names that a text encoder can tell apart."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from starter.worlds import sound_names, sounds
from starter.worlds.sounds import LABELS, MAKERS, SAMPLING_RATE

every_label = pytest.mark.parametrize("label", MAKERS)


@every_label
def test_a_sound_is_the_same_for_the_same_seed(label: str) -> None:
    one, again, other = (sounds.sound(label, np.random.default_rng(n)) for n in (1, 1, 2))
    assert np.array_equal(one.samples, again.samples)
    assert not np.array_equal(one.samples[:8_000], other.samples[:8_000])
    assert one.samples.dtype == np.float32
    assert len(one.samples) % sounds.GRAIN == 0


@every_label
@pytest.mark.parametrize("seed", range(4))
def test_a_sound_is_audible_and_in_range(label: str, seed: int) -> None:
    made = sounds.sound(label, np.random.default_rng(seed), 1.0)
    peak = np.abs(made.samples).max()
    assert 0.05 < peak <= 1
    assert 1.0 <= len(made.samples) / SAMPLING_RATE <= 1.0 + sounds.OFFSET + 0.1


@pytest.mark.parametrize("label", ["tone", "beeps", "bell"])
def test_a_high_one_is_higher_than_a_low_one(label: str) -> None:
    made = [sounds.sound(label, np.random.default_rng(n), 1.5) for n in range(12)]
    middles: dict[str, list[float]] = {"low": [], "high": []}
    for one in made:
        power = np.abs(np.fft.rfft(one.samples)) ** 2
        middles[one.trait].append(float(power.argmax() / len(one.samples) * SAMPLING_RATE))
    assert max(middles["low"]) < min(middles["high"])


def test_every_label_comes_in_turn_and_speech_too() -> None:
    made = list(sounds.sounds(3, len(LABELS)))
    assert [one.label for one in made] == list(LABELS)
    shorter = list(islice(sounds.sounds(3, 5), 5))
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(shorter, made, strict=False))


def test_a_scene_is_as_long_as_its_sounds() -> None:
    whole = sounds.scene(np.random.default_rng(0), ["bell", "hum"], [1.0, 2.0])
    assert len(whole) == 3 * SAMPLING_RATE
    assert np.abs(whole).max() <= 1


@pytest.mark.filterwarnings("default")
@pytest.mark.slow
def test_names_are_known_words_and_unknown_ones_are_not() -> None:
    tokenizer = sound_names.tokenizer()
    unknown = tokenizer.unk_token_id
    known = [name for names in sound_names.NAMES.values() for name in names]
    known += [name for pair in sound_names.TRAITS.values() for names in pair for name in names]
    for name in known:
        assert unknown not in tokenizer(f"This is a sound of {name}.")["input_ids"], name
    assert all(unknown in tokenizer(word)["input_ids"] for word in sound_names.UNKNOWN)
    assert not set(known) & set(sound_names.THINGS)


def test_a_list_of_queries_has_one_for_every_label() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        asked = sound_names.queries(rng)
        assert len(asked) == len(LABELS) + sound_names.OTHERS
        assert len(sound_names.trait_queries(rng)) == 2 * len(sound_names.TRAITS)
        for label, text in zip(LABELS, asked, strict=False):
            assert any(name in text for name in sound_names.NAMES[label])
