"""The example recordings of the page: `python -m starter.worlds.sound_samples` writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from starter.worlds import sounds, speech
from starter.worlds.sounds import SAMPLING_RATE, Rng, Samples

FOLDER = Path(__file__).parents[1] / "examples"
SEED = 20_777  # no training uses it
SECONDS = 1.5  # with the most that a sound is late, what the starters hear at once
LONG = (("engine", 6.0), ("bell", 4.0), ("drum", 4.0))
SAID = "hello please open"
VOICE = speech.Voice(name=speech.UNSEEN_VOICES[0])


def main() -> None:
    """Write every example; the same bytes at every run but for the speech's last digits."""
    import soundfile

    with speech.Speaker() as speaker:
        voice = speech.say(speaker, SAID, VOICE).samples
    made = {
        "sound_bell.flac": _one("bell", "low"),
        "sound_siren.flac": _one("siren"),
        "sound_ticking.flac": _one("clicks", "slow"),
        "sound_voice.flac": sounds.recorded(voice, sounds.SPEECH, "", _rng()).samples,
        "sounds_long.ogg": _long(_rng()),
    }
    for name, samples in made.items():
        soundfile.write(FOLDER / name, samples, SAMPLING_RATE)


def _rng(turn: int = 0) -> Rng:
    return np.random.default_rng((SEED, turn))


def _one(label: str, trait: str = "") -> Samples:
    """The first such sound of the seed that has the trait."""
    turn = 0
    while (made := sounds.sound(label, _rng(turn), SECONDS)).trait != trait:
        turn += 1
    return made.samples


def _long(rng: Rng) -> Samples:
    labels, seconds = zip(*LONG, strict=True)
    return sounds.scene(rng, labels, seconds)


if __name__ == "__main__":
    main()
