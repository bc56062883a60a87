"""Audio classification: what a recording sounds like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.field import ENGINE, Field
from pipelines.kinds import Integer
from pipelines.outputs import Heard
from pipelines.spec import Example, Invocation, Model, ModelFacts, Output, Starter, TaskSpec
from pipelines.tasks import listening, timelines
from pipelines.tasks.fields import FUNCTION_TO_APPLY, docs

MAX_LABELS = 1_000


def _audio_input(
    inputs: Mapping[str, Any], params: Mapping[str, Any], facts: ModelFacts
) -> Invocation:
    """Every label of every window: only then can they be put together."""
    return Invocation(listening.heard(inputs, params, facts).args, {"top_k": None})


ROW = TaskSpec(
    id="audio-classification",
    modality="Audio",
    title="Audio classification",
    help="Say what a recording sounds like, and when.",
    inputs=(listening.AUDIO,),
    params=(
        Field(
            name="top_k",
            kind=Integer(low=1, high=MAX_LABELS),
            label="Labels shown",
            help="How many of the likeliest labels to show; more than there are shows all.",
            default=5,
            route=ENGINE,
            docs=docs("AudioClassificationPipeline"),
        ),
        *listening.WINDOWS,
        FUNCTION_TO_APPLY,
    ),
    outputs=(Output(name="sounds", kind=Heard, label="Labels by score"),),
    models=(
        Model(id="superb/wav2vec2-base-superb-ks", revision="372e048", note="12 commands, 95M"),
        Model(
            id="MIT/ast-finetuned-audioset-10-10-0.4593",
            note="527 sounds of AudioSet, 87M; 10 s at once",
        ),
        Model(id="MIT/ast-finetuned-speech-commands-v2", note="35 words, 85M; 1 s at once"),
        Model(id="superb/hubert-base-superb-er", note="4 emotions in speech, 95M"),
        Model(id="facebook/mms-lid-126", note="which of 126 languages, 965M"),
        Model(id="sanchit-gandhi/whisper-medium-fleurs-lang-id", note="102 languages, 308M"),
    ),
    starter=Starter(
        knows="fourteen sounds, most of them made of sines and noise, 1.9 s at once; low "
        "beeps in a compressed file it may take for speech or a siren",
        vocabulary=listening.STARTER_SOUNDS,
    ),
    build_input=_audio_input,
    finish=timelines.together,
    code_finish=timelines.written_together,
    read_output=listening.drawn,
    to_json=lambda raw: raw,
    work=listening.seconds,
    unit="× real time",
    steps=listening.window_count,
    examples=(
        Example(label="A bell", values={"audio": "sound_bell.flac"}, expect="bell"),
        Example(label="A siren", values={"audio": "sound_siren.flac"}, expect="siren"),
        Example(label="A voice", values={"audio": "sound_voice.flac"}, expect="speech"),
        Example(
            label="14 seconds: an engine, a bell, a drum",
            values={"audio": "sounds_long.ogg"},
            expect="engine",
        ),
    ),
    raw_example=[
        {"label": "siren", "score": 0.91, "scores": [0.99, 0.83]},
        {"label": "beeps", "score": 0.09, "scores": [0.01, 0.17]},
    ],
)  # fmt: skip
