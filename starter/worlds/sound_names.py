"""Names of sounds as people ask for them: in synonyms and short phrases; and sounds not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from starter.worlds import sounds

Rng = np.random.Generator

NAMES: dict[str, tuple[str, ...]] = {
    "tone": ("tone", "pure tone", "steady tone", "sine wave", "sine tone", "steady whistle"),
    "buzzer": ("buzzer", "square wave", "harsh buzz", "buzz", "buzzing"),
    "rising sweep": ("rising sweep", "rising tone", "rising chirp", "tone going up", "slide up"),
    "falling sweep": (
        "falling sweep", "falling tone", "falling chirp", "tone going down", "slide down",
    ),
    "static": ("static", "white noise", "hiss", "hissing", "radio static", "noise"),
    "wind": ("wind", "strong wind", "wind blowing", "storm", "gusts of wind"),
    "clicks": ("clicks", "clicking", "ticking", "ticking clock", "clock", "metronome"),
    "siren": ("siren", "ambulance siren", "police siren", "fire truck siren", "alarm siren"),
    "beeps": ("beeps", "beeping", "alarm clock beeping", "timer beeping", "repeated beeps"),
    "drum": ("drum", "drums", "drumming", "drum beat", "bass drum"),
    "bell": ("bell", "bells", "church bell", "bell ringing", "ringing bell", "gong"),
    "hum": ("hum", "humming", "electric hum", "mains hum", "transformer hum"),
    "engine": ("engine", "motor", "car engine", "engine running", "motorcycle", "engine idling"),
    "speech": ("speech", "talking", "person talking", "voice", "human voice", "someone speaking"),
}  # fmt: skip
TRAITS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tone": (("low tone", "deep tone"), ("high tone", "shrill tone")),
    "beeps": (("low beeps", "deep beeps"), ("high beeps", "shrill beeps")),
    "bell": (("low bell", "deep bell", "big bell"), ("high bell", "small bell")),
    "clicks": (("slow clicks", "slow ticking"), ("fast clicks", "fast ticking", "quick clicks")),
    "drum": (("slow drum", "slow drumming"), ("fast drum", "fast drumming", "quick drumming")),
}
"""How a low or slow one, and a high or fast one, is called."""
FIRST_TRAITS = ("low", "slow")
PHRASES = (
    *("{}", "{}", "a {}", "the {}", "the sound of a {}", "the sound of {}", "sound of a {}"),
    *("an audio of a {}", "a recording of {}", "some {}", "one {}", "i hear a {}", "loud {}"),
)
TEMPLATES = ("This is a sound of {}.", "This is a sound of {}.", "{}", "{}", "I can hear {}.")
THINGS = (
    "dog cat cow horse sheep bird rooster frog cricket baby child laughter crying cough sneeze "
    "guitar piano violin flute trumpet saxophone choir song music singing rain thunder fire water "
    "river waves door knock footsteps glass paper scissors typing keyboard telephone vacuum "
    "cleaner washing machine train plane helicopter boat bus bicycle gun firework applause crowd "
    "snoring barking meow chicken pig owl bee mosquito elephant lion saw hammer drill toilet "
    "shower kettle camera silence"
).split()
FRAME = (
    "a an the this is sound sounds of audio recording some one i can hear loud quiet big".split()
)
UNKNOWN = "zebra pizza laptop mountain umbrella skateboard banana castle dragon pencil".split()
"""Never in the vocabulary: they stand for everything that the model has no word for."""
OTHERS = 14  # sounds in one list of queries that nothing makes
PAD, UNKNOWN_WORD, FIRST, LAST = "<pad>", "<unk>", "<s>", "</s>"
MOST_TOKENS = 24


def vocabulary() -> dict[str, int]:
    """Word -> id; padding is 1 as RoBERTa has it, which counts positions from there on."""
    known = " ".join([*FRAME, *(n for names in NAMES.values() for n in names), *THINGS])
    traits = " ".join(name for pair in TRAITS.values() for names in pair for name in names)
    words = dict.fromkeys([FIRST, PAD, LAST, UNKNOWN_WORD, *known.split(), *traits.split()])
    return {word: n for n, word in enumerate(words)}


def tokenizer() -> Any:
    """Whole words in small letters without punctuation, between marks."""
    import transformers
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    ids = vocabulary()
    raw = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN_WORD))
    plain = [normalizers.Lowercase(), normalizers.Replace(Regex(r"[^\w\s]"), " ")]
    raw.normalizer = normalizers.Sequence(plain)
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.post_processor = processors.TemplateProcessing(
        single=f"{FIRST} $A {LAST}",
        pair=f"{FIRST} $A {LAST} $B {LAST}",
        special_tokens=[(FIRST, ids[FIRST]), (LAST, ids[LAST])],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=FIRST, eos_token=LAST, pad_token=PAD, cls_token=FIRST,
        sep_token=LAST, unk_token=UNKNOWN_WORD, model_max_length=MOST_TOKENS,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def queries(rng: Rng) -> list[str]:
    """A sentence for every label in the order of sounds.LABELS, then OTHERS that nothing makes."""
    template = _one(rng, TEMPLATES)
    named = [_phrase(rng, _one(rng, NAMES[label])) for label in sounds.LABELS]
    return [template.format(text) for text in [*named, *(_other(rng) for _ in range(OTHERS))]]


def trait_queries(rng: Rng) -> list[str]:
    """Two sentences for every label of TRAITS, in their order: the low or slow one, the other."""
    template = _one(rng, TEMPLATES)
    return [
        template.format(_phrase(rng, _one(rng, names)))
        for pair in TRAITS.values()
        for names in pair
    ]


def _other(rng: Rng) -> str:
    kind = rng.random()
    if kind < 0.6:
        return _phrase(rng, _one(rng, THINGS))
    if kind < 0.8:
        return _phrase(rng, f"{_one(rng, THINGS)} {_one(rng, THINGS)}")
    return _phrase(rng, _one(rng, UNKNOWN))


def _phrase(rng: Rng, name: str) -> str:
    return _one(rng, PHRASES).format(name)


def _one(rng: Rng, choices: Any) -> str:
    return str(choices[rng.integers(len(choices))])
