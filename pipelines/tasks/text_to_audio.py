"""Text to audio: a text said aloud, or a sound made from its description."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from pipelines import waves
from pipelines.field import ENGINE, FORWARD, GENERATE, Field
from pipelines.kinds import Flag, Integer, Number, Spoken
from pipelines.outputs import Sound
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks.automatic_speech_recognition import STARTER_WORDS
from pipelines.tasks.fields import docs
from pipelines.tasks.generation import generation_field

DOCS = docs("TextToAudioPipeline")
VITS_DOCS = "https://huggingface.co/docs/transformers/main/model_doc/vits"
MUSIC_DOCS = "https://huggingface.co/docs/transformers/main/model_doc/musicgen"
MOST_CHARS = 2_000
MOST_TOKENS = 1_500
"""About 30 s of MusicGen, which has no places for more."""
MOST_SPEAKERS = 10_000
PAUSE = 0.25
MADE = "sound.wav"
VOCODER = (
    "it writes spectrograms and needs a vocoder, which transformers fetches as a pickle while it "
    "loads; choose a model that makes the sound itself, such as facebook/mms-tts-eng."
)

Values = Mapping[str, Any]


def _texts_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    return Invocation((list(inputs["text"]),))


def _joined(found: Any, params: Values) -> dict[str, Any]:
    """One sound of all pieces: {"audio": float32 (n,) or (channels, n), "sampling_rate": Hz}."""
    rate = int(found[0]["sampling_rate"])
    pieces = [piece["audio"] for piece in found]
    pause = PAUSE if params["pause"] is None else params["pause"]
    return {"audio": waves.joined(pieces, rate, pause), "sampling_rate": rate}


def _code(params: Values) -> str:
    """The pieces and the silences between them go into one file."""
    pause = PAUSE if params["pause"] is None else params["pause"]
    return "\n".join(
        (
            "rate = found[0]['sampling_rate']",
            "pieces = [numpy.atleast_2d(piece['audio']) for piece in found]",
            f"silence = numpy.zeros((len(pieces[0]), round({pause} * rate)), 'float32')",
            "parts = [part for piece in pieces for part in (silence, piece)][1:]",
            f"soundfile.write('{MADE}', numpy.concatenate(parts, axis=1).T, rate)",
            f"'{MADE}'",
        )
    )


def _sound(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    samples = waves.samples_of(raw["audio"])
    return {"sound": {"samples": samples, "sampling_rate": raw["sampling_rate"]}}


def _sound_json(raw: Any) -> dict[str, Any]:
    """{"audio": a 16-bit WAV file in base64, "sampling_rate": Hz}."""
    rate = int(raw["sampling_rate"])
    wav = waves.to_wav(waves.samples_of(raw["audio"]), rate)
    return {"audio": b64encode(wav).decode(), "sampling_rate": rate}


def _seconds(raw: Any, inputs: Values, facts: ModelFacts, forwards: int) -> float:
    return float(raw["audio"].shape[-1] / raw["sampling_rate"])


ROW = TaskSpec(
    id="text-to-audio",
    aliases=("text-to-speech",),
    modality="Audio",
    title="Text to speech",
    help="Let a model say a text, or make the sound that a text describes.",
    inputs=(
        Field(
            name="text",
            kind=Spoken(lines=3, max_chars=MOST_CHARS, placeholder="Hello. One two three."),
            label="Text",
            help=f"What is to be said; for music models, what it is to sound like. At most "
            f"{MOST_CHARS:,} characters.",
            required=True,
        ),
    ),
    params=(
        Field(
            name="speaking_rate",
            kind=Number(low=0.25, high=4.0, step=0.05),
            label="Speaking rate",
            help="1 is the voice's own pace, 2 twice as fast; empty is the model's own.",
            route=FORWARD,
            needs="paced",
            docs=VITS_DOCS,
        ),
        Field(
            name="speaker_id",
            kind=Integer(low=0, high=MOST_SPEAKERS),
            label="Voice",
            help="The number of the voice, from 0, in a model that has several.",
            route=FORWARD,
            needs="voices",
            docs=VITS_DOCS,
        ),
        Field(
            name="seed",
            kind=Integer(low=0, high=2**32 - 1),
            label="Seed",
            help="The same seed gives the same sound again; empty is random.",
            route=ENGINE,
            docs=DOCS,
        ),
        Field(
            name="sentence_by_sentence",
            kind=Flag(),
            label="Sentence by sentence",
            help="On: every sentence is said by itself, however long the text is.",
            default=True,
            route=ENGINE,
            needs="speaks",
            docs=DOCS,
        ),
        Field(
            name="pause",
            kind=Number(low=0.0, high=3.0, step=0.05, unit="s"),
            label="Pause",
            help="Silence between two sentences.",
            default=PAUSE,
            route=ENGINE,
            needs="speaks",
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="max_new_tokens",
            kind=Integer(low=1, high=MOST_TOKENS, unit="tokens"),
            label="Max new tokens",
            help="The longest sound; MusicGen makes 50 tokens a second. Empty: 256.",
            route=GENERATE,
            needs="whole",
            docs=MUSIC_DOCS,
        ),
        generation_field(
            "do_sample",
            route=GENERATE,
            needs="generates",
            default=None,
            help="On: draws the sound by chance. Empty: what the model's own settings say.",
        ),
        generation_field("temperature", route=GENERATE, needs="generates", default=None),
        Field(
            name="guidance_scale",
            kind=Number(low=1.0, high=15.0, step=0.5),
            label="Guidance",
            help="Higher keeps closer to the text (MusicGen); 1 is off.",
            route=GENERATE,
            needs="whole",
            docs=MUSIC_DOCS,
        ),
        generation_field("top_k", route=GENERATE, needs="generates", default=None),
        generation_field("top_p", route=GENERATE, needs="generates", default=None),
        *(
            generation_field(name, route=GENERATE, needs="generates", default=None)
            for name in ("min_p", "typical_p", "repetition_penalty", "min_new_tokens")
        ),
    ),
    outputs=(Output(name="sound", kind=Sound, label="Sound"),),
    models=(
        Model(
            id="facebook/mms-tts-eng", note="English, 36M, quick; its family has 1,100 languages"
        ),
        Model(
            id="suno/bark-small", revision="1dbd7a1", note="13 languages, 0.4B, laughs and sighs"
        ),
        Model(id="facebook/mms-tts-spa", note="Spanish, 36M, quick"),
        Model(id="facebook/mms-tts-deu", note="German, 36M, quick"),
        Model(id="facebook/musicgen-small", note="music from a description, 0.6B"),
        Model(id="facebook/musicgen-stereo-small", note="the same in stereo"),
    ),
    starter=Starter(
        knows="46 English words in one voice, those that the starter of speech recognition hears",
        vocabulary=STARTER_WORDS,
    ),
    build_input=_texts_input,
    read_output=_sound,
    to_json=_sound_json,
    work=_seconds,
    unit="× real time",
    batches=False,
    pieces=True,
    dtype="float32",  # a VITS adds up its frames: bfloat16 cannot count beyond 256 of them
    steps=lambda inputs, params, facts: len(inputs["text"]),
    finish=_joined,
    code_finish=_code,
    code_imports=("import numpy", "import soundfile"),
    refused={
        "SpeechT5ForTextToSpeech": VOCODER,
        "FastSpeech2ConformerModel": VOCODER,
        "FastSpeech2ConformerWithHifiGan": "the pipeline of transformers gives its spectrogram "
        "instead of the sound; choose another model.",
    },
    examples=(
        Example(
            label="Hello, four five six seven",
            values={"text": "Hello. Four five six seven."},
            expect="hello four five six seven",
        ),
        Example(
            label="Please open door. Thanks.",
            values={"text": "Please open door. Thanks."},
            expect="please open door thanks",
        ),
        Example(
            label="Slowly: turn left, stop",
            values={"text": "Turn left. Stop.", "speaking_rate": 0.8},
            expect="turn left stop",
        ),
        Example(
            label="Red circle, blue star",
            values={"text": "Red circle. Blue star. Yellow triangle."},
            expect="red circle blue star yellow triangle",
        ),
    ),
    raw_example={
        "audio": [0.0, 0.25, 0.5, 0.25, 0.0, -0.25, -0.5, -0.25] * 40,
        "sampling_rate": 16000,
    },
    withheld={
        "forward_params": "set by the fields for pace and voice",
        "generate_kwargs": "set by the fields for sampling and length",
        "preprocess_params": "a voice preset names a file that would be fetched (security)",
        "processor_kwargs": "reaches the chat template (security)",
        "num_beams": "models of sound draw their codes, they do not search with beams",
        "length_penalty": "only used with beams",
        "no_repeat_ngram_size": "made for words; a sound repeats itself",
        "num_return_sequences": "one text, one sound; another seed gives another one",
        "stop_strings": "a sound has no text to stop at",
    },
)
