"""Zero-shot audio classification: which of the user's own labels names a recording."""

from __future__ import annotations

from pipelines.field import Field
from pipelines.kinds import Labels
from pipelines.outputs import Heard
from pipelines.spec import Example, Model, Output, Starter, TaskSpec
from pipelines.tasks import listening, timelines
from pipelines.tasks.fields import docs, template_field

DOCS = docs("ZeroShotAudioClassificationPipeline")
DEFAULT_TEMPLATE = "This is a sound of {}."

ROW = TaskSpec(
    id="zero-shot-audio-classification",
    modality="Audio",
    title="Zero-shot audio classification",
    help="Say which of your own labels a recording sounds like, and when.",
    inputs=(listening.AUDIO,),
    params=(
        Field(
            name="candidate_labels",
            kind=Labels(),
            label="Labels",
            help="What it may be; type one and press Enter.",
            required=True,
            docs=DOCS,
        ),
        template_field(DEFAULT_TEMPLATE, DOCS),
        *listening.WINDOWS,
    ),
    outputs=(Output(name="sounds", kind=Heard, label="Labels by score"),),
    models=(
        Model(id="laion/clap-htsat-fused", revision="cca9e28", note="any sound, 154M"),
        Model(id="laion/clap-htsat-unfused", note="any sound, 153M; 10 s at once"),
        Model(id="laion/larger_clap_general", note="sounds, music and speech, 194M"),
        Model(id="laion/larger_clap_music_and_speech", note="music and speech, 194M"),
    ),
    starter=Starter(
        knows="fourteen sounds, most of them made of sines and noise, by several names each: a "
        "bell, a police siren, slow ticking, someone speaking",
        vocabulary=listening.STARTER_SOUNDS,
    ),
    only_classes=("ClapModel",),
    build_input=listening.heard,
    finish=timelines.together,
    code_finish=timelines.written_together,
    read_output=listening.drawn,
    to_json=lambda raw: raw,
    work=listening.seconds,
    unit="× real time",
    steps=listening.window_count,
    examples=(
        Example(
            label="A bell or a dog",
            values={
                "audio": "sound_bell.flac",
                "candidate_labels": ["a dog", "church bell", "a piano", "rain"],
            },
            expect="church bell",
        ),
        Example(
            label="A siren, not speech",
            values={
                "audio": "sound_siren.flac",
                "candidate_labels": ["the sound of a siren", "someone speaking", "a dog"],
            },
            expect="the sound of a siren",
        ),
        Example(
            label="Slow or fast ticking",
            values={
                "audio": "sound_ticking.flac",
                "candidate_labels": ["slow ticking", "fast ticking", "wind"],
            },
            expect="slow ticking",
        ),
        Example(
            label="14 seconds: when is what?",
            values={
                "audio": "sounds_long.ogg",
                "candidate_labels": ["motor", "church bell", "drumming", "a cat"],
            },
            expect="motor",
        ),
    ),
    raw_example=[
        {"label": "a siren", "score": 0.91, "scores": [0.99, 0.83]},
        {"label": "a dog", "score": 0.09, "scores": [0.01, 0.17]},
    ],
)  # fmt: skip
