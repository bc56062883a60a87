"""Automatic speech recognition: speech to text, with times."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pipelines.errors import InputError
from pipelines.field import ENGINE, GENERATE, Field
from pipelines.kinds import WORD as WORD_FORM
from pipelines.kinds import Audio, Choice, Flag, Number, Pattern
from pipelines.outputs import Spectrogram, Transcript
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.spectrograms import picture
from pipelines.tasks.fields import docs
from pipelines.tasks.generation import generation_field

DOCS = docs("AutomaticSpeechRecognitionPipeline")
SEARCH = (
    "top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "no_repeat_ngram_size",
    "length_penalty", "min_new_tokens",
)  # fmt: skip
"""How a model that writes chooses its words, beside beams and temperature."""
AUTO_TIMESTAMPS = "auto"
AUTO_CHUNK_SECONDS = 30.0
"""Longer recordings are read in windows of this length unless told otherwise."""
MIN_CHUNK_SECONDS = 1.0
MIN_STEP_SECONDS = 0.1
"""How far the window moves at least."""
STRIDE_SHARE = 6
"""The pipeline's own default: the overlap on each side is a sixth of the window."""
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "nl", "ja", "zh", "hi", "ar", "ru")
MAX_CHUNK_SECONDS = 300.0
TIMESTAMPS: dict[str, tuple[Any, ...]] = {"ctc": ("word", "char"), "whisper": (True, "word")}
"""Trait of the model -> the values it can give; the first is its automatic one."""

STARTER_WORDS = tuple(
    "zero one two three four five six seven eight nine ten red green blue yellow orange purple "
    "black white circle square triangle star yes no hello please thanks stop go open close play "
    "turn left right up down door light music water cat dog house tree".split()
)

Values = Mapping[str, Any]


def _speech_input(inputs: Values, params: Values, facts: ModelFacts) -> Invocation:
    chunk, stride = _windows(inputs, params, facts)
    timestamps = _timestamps(params["return_timestamps"], facts)
    kwargs = {"return_timestamps": timestamps} if timestamps else {}
    windows = {"chunk_length_s": chunk, "stride_length_s": stride} if chunk else {}
    return Invocation((inputs["audio"],), {**kwargs, **windows})


def _timestamps(wanted: Any, facts: ModelFacts) -> Any:
    """The value for this type of model, or a refusal that names what it can give."""
    possible = next((v for trait, v in TIMESTAMPS.items() if trait in facts.traits), ())
    if wanted == AUTO_TIMESTAMPS:
        return possible[0] if possible else False
    if wanted is False or wanted in possible:
        return wanted
    names = {True: "segments", "word": "words", "char": "characters"}
    offered = " or ".join(names[v] for v in possible) or "none"
    raise InputError("return_timestamps", f"{names[wanted]}: this model gives {offered}.")


def _windows(inputs: Values, params: Values, facts: ModelFacts) -> tuple[float, float]:
    """Window and overlap in seconds; (0, 0) reads the recording as a whole."""
    chunk, stride = params["chunk_length_s"], params["stride_length_s"]
    if chunk is None:
        # Whisper moves its own window along, but not without timestamps.
        needed = "whisper" not in facts.traits or params["return_timestamps"] is False
        long = _seconds(inputs, facts) > AUTO_CHUNK_SECONDS
        chunk = AUTO_CHUNK_SECONDS if needed and long else 0.0
    if not chunk:
        return 0.0, 0.0
    if chunk < MIN_CHUNK_SECONDS:
        raise InputError("chunk_length_s", f"must be 0 or at least {MIN_CHUNK_SECONDS:g} s.")
    stride = chunk / STRIDE_SHARE if stride is None else stride
    if chunk - 2 * stride < MIN_STEP_SECONDS:
        raise InputError("stride_length_s", "must be less than half of chunk_length_s.")
    return chunk, stride


def _seconds(inputs: Values, facts: ModelFacts) -> float:
    return len(inputs["audio"]) / (facts.sampling_rate or 1)


def _chunks(inputs: Values, params: Values, facts: ModelFacts) -> int:
    chunk, stride = _windows(inputs, params, facts)
    if not chunk:
        return 1
    rest = max(0.0, _seconds(inputs, facts) - chunk)
    return 1 + math.ceil(rest / (chunk - 2 * stride))


def _transcript(raw: Any) -> dict[str, Any]:
    """{"text", "chunks"?} with [start, end] in seconds and nothing else."""
    answer: dict[str, Any] = {"text": raw["text"]}
    if "chunks" in raw:
        answer["chunks"] = [
            {**chunk, "timestamp": list(chunk["timestamp"])} for chunk in raw["chunks"]
        ]
    return answer


def _outputs(raw: Any, inputs: Values, params: Values, facts: ModelFacts) -> dict[str, Any]:
    transcript = _transcript(raw)
    marks = [(*chunk["timestamp"], chunk["text"]) for chunk in transcript.get("chunks", ())]
    spectrogram = {**picture(inputs["audio"], facts.sampling_rate), "marks": marks}
    return {"transcript": transcript, "spectrogram": spectrogram}


ROW = TaskSpec(
    id="automatic-speech-recognition",
    modality="Audio",
    title="Speech recognition",
    help="Turn speech into text, with the time of every word or segment.",
    inputs=(Field(name="audio", kind=Audio(), label="Recording", required=True),),
    params=(
        Field(
            name="return_timestamps",
            kind=Choice(
                options=(
                    ("automatic", AUTO_TIMESTAMPS),
                    ("segments", True),
                    ("words", "word"),
                    ("characters", "char"),
                    ("off", False),
                )
            ),
            label="Timestamps",
            help="Whisper gives segments or words; CTC models give words or characters.",
            default=AUTO_TIMESTAMPS,
            route=ENGINE,
            docs=DOCS,
        ),
        Field(
            name="language",
            kind=Pattern(
                regex=WORD_FORM,
                form="a language such as en or french",
                suggestions=LANGUAGES,
            ),
            label="Spoken language",
            help="Empty: the model finds out. Multilingual Whisper models only.",
            route=GENERATE,
            needs="multilingual",
            docs=DOCS,
        ),
        Field(
            name="task",
            kind=Choice(
                options=(
                    ("the model's own", None),
                    ("transcribe", "transcribe"),
                    ("translate to English", "translate"),
                )
            ),
            label="Do",
            help="Whisper can translate into English while it listens.",
            route=GENERATE,
            needs="multilingual",
            docs=DOCS,
        ),
        Field(
            name="chunk_length_s",
            kind=Number(low=0.0, high=MAX_CHUNK_SECONDS, step=1.0, unit="s"),
            label="Window",
            help="Reads long audio in windows of this length. Empty: as the model needs; 0: whole.",
            route=ENGINE,
            docs=DOCS,
        ),
        Field(
            name="stride_length_s",
            kind=Number(low=0.0, high=MAX_CHUNK_SECONDS / 2, step=0.5, unit="s"),
            label="Overlap",
            help="Overlap of windows on each side. Empty: a sixth of the window.",
            route=ENGINE,
            advanced=True,
            docs=DOCS,
        ),
        Field(
            name="return_language",
            kind=Flag(),
            label="Name the language",
            help="Adds the detected language to each segment. Whisper only.",
            needs="whisper",
            advanced=True,
            docs=DOCS,
        ),
        generation_field(
            "num_beams",
            route=GENERATE,
            needs="generates",
            help="1 is greedy and about 3 times faster than the pipeline's silent default of 5.",
        ),
        generation_field(
            "max_new_tokens", route=GENERATE, needs="generates", default=None, advanced=True
        ),
        generation_field(
            "do_sample", route=GENERATE, needs="generates", default=None, advanced=True
        ),
        generation_field(
            "temperature", route=GENERATE, needs="generates", default=None, advanced=True
        ),
        generation_field("seed", needs="generates"),
        *(
            generation_field(name, route=GENERATE, needs="generates", default=None, advanced=True)
            for name in SEARCH
        ),
    ),
    outputs=(
        Output(name="transcript", kind=Transcript, label="Transcript"),
        Output(name="spectrogram", kind=Spectrogram, label="Spectrogram"),
    ),
    models=(
        Model(id="facebook/wav2vec2-base-960h", revision="22aad52", note="English, 94M, CTC"),
        Model(id="openai/whisper-tiny", note="99 languages, 38M, quick"),
        Model(id="openai/whisper-base", note="99 languages, 73M"),
        Model(id="openai/whisper-small", note="99 languages, 242M"),
        Model(id="openai/whisper-large-v3-turbo", note="99 languages, 809M, best", lent=True),
        Model(id="distil-whisper/distil-large-v3.5", note="English, 756M, fast for its size"),
    ),
    starter=Starter(
        knows="46 English words as a speech synthesizer says them",
        vocabulary=STARTER_WORDS,
    ),
    build_input=_speech_input,
    read_output=_outputs,
    to_json=_transcript,
    work=lambda raw, inputs, facts, forwards: _seconds(inputs, facts),
    unit="× real time",
    steps=_chunks,
    batch_size=4,
    examples=(
        Example(
            label="Six words",
            values={"audio": "speech_six_words.wav"},
            expect="yes one thanks purple door star",
        ),
        Example(label="Two words", values={"audio": "speech_short.wav"}, expect="turn house"),
        Example(
            label="Five words",
            values={"audio": "speech_sentence.wav"},
            expect="three square up stop house",
        ),
        Example(
            label="24 seconds, in windows of 5",
            values={"audio": "speech_long.wav", "chunk_length_s": 5},
            expect="right three water play white open blue water",
        ),
    ),
    raw_example={"text": "one two", "chunks": [{"text": "one", "timestamp": [0.1, 0.4]}]},
    withheld={
        "ignore_warning": "silences a log line only",
        "decoder_kwargs": "options of the pyctcdecode package, which is not used here",
        "num_return_sequences": "one recording has one transcript",
        "stop_strings": "generate() would need the tokenizer, which the pipeline does not give it",
    },
)
