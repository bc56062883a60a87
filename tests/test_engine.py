"""Every task over tiny models: it answers everywhere, parameters arrive, JSON is strict."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from pipelines.engine.request import Failed, Loading
from pipelines.tasks import BY_ID
from tests.engine_room import Room

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASR, IMAGE = "automatic-speech-recognition", "image-classification"
ZERO_SHOT, DOCUMENT = "zero-shot-classification", "document-question-answering"
TEXT = "text-generation"
every_task = pytest.mark.parametrize("id", BY_ID)


# Every task


@every_task
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "auto"])
def test_every_task_answers_in_every_dtype(room: Room, id: str, dtype: str) -> None:
    done = room.run(id, dtype=dtype)
    assert done.meta.dtype in (dtype, "float32", "bfloat16")
    assert set() < set(done.outputs) <= {output.name for output in BY_ID[id].outputs}


@every_task
def test_the_answer_is_strict_json_and_the_times_add_up(room: Room, id: str) -> None:
    """R29."""
    began = time.time()
    done = room.run(id)
    passed = time.time() - began
    assert json.loads(json.dumps(done.answer, allow_nan=False)) == done.answer
    meta = done.meta
    assert meta.queue_seconds + meta.load_seconds + meta.run_seconds <= passed + 0.05
    assert min(meta.queue_seconds, meta.load_seconds) >= 0
    assert meta.rate > 0
    assert (meta.revision, meta.device, meta.unit) == ("shipped", "cpu", BY_ID[id].unit)


@every_task
def test_auto_and_the_device_it_means_share_one_pipeline(room: Room, id: str) -> None:
    room.run(id, device="auto", dtype="auto")
    dtype = room.run(id, dtype="auto").meta.dtype
    events = room.events(id, device="cpu", dtype=dtype)
    assert not any(isinstance(event, Loading) for event in events)


@every_task
def test_device_map_auto_answers_on_a_cpu(room: Room, id: str) -> None:
    assert room.run(id, device_map="auto").meta.device == "cpu"


@every_task
def test_a_device_that_is_not_there_is_a_sentence(room: Room, id: str) -> None:
    assert room.refusal(id, device="cuda:99").field == "device"


@every_task
def test_a_batch_gives_the_answer_that_one_at_a_time_gives(room: Room, id: str) -> None:
    one, four = room.run(id).answer, room.run(id, batch_size=4).answer
    assert json.dumps(_rounded(four)) == json.dumps(_rounded(one))


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value


@every_task
def test_a_run_that_is_stopped_before_it_starts_ends_without_an_answer(room: Room, id: str) -> None:
    cancelled = threading.Event()
    cancelled.set()
    assert room.events(id, cancelled=cancelled)[-1] == Failed("Stopped.")


# Parameters reach the pipeline

ROUTED = [
    (ASR, "whisper", {"language": "fr"}, {"generate_kwargs": {"language": "fr", "num_beams": 1}}),
    (
        ASR,
        "whisper",
        {"task": "translate"},
        {"generate_kwargs": {"task": "translate", "num_beams": 1}},
    ),
    (ASR, "whisper", {"num_beams": 3}, {"generate_kwargs": {"num_beams": 3}}),
    (ASR, "whisper", {"return_language": True}, {"return_language": True}),
    (ASR, "whisper", {"return_timestamps": "words"}, {"return_timestamps": "word"}),
    (
        ASR,
        "whisper",
        {"max_new_tokens": 5, "do_sample": True, "temperature": 0.5, "seed": 1},
        {
            "generate_kwargs": {
                "num_beams": 1,
                "max_new_tokens": 5,
                "do_sample": True,
                "temperature": 0.5,
            }
        },
    ),
    (ASR, "wav2vec2", {"return_timestamps": "char"}, {"return_timestamps": "char"}),
    (
        ASR,
        "wav2vec2",
        {"chunk_length_s": 1.2},
        {"return_timestamps": "word", "chunk_length_s": 1.2, "stride_length_s": pytest.approx(0.2)},
    ),
    (
        ASR,
        "wav2vec2",
        {"chunk_length_s": 1.0, "stride_length_s": 0.0, "return_timestamps": False},
        {"chunk_length_s": 1.0, "stride_length_s": 0.0},
    ),
    (IMAGE, "", {"top_k": 2}, {"top_k": 2}),
    (IMAGE, "", {"function_to_apply": "sigmoid"}, {"top_k": 5, "function_to_apply": "sigmoid"}),
    (
        ZERO_SHOT,
        "",
        {"multi_label": True, "hypothesis_template": "about {}"},
        {
            "candidate_labels": ["sports", "cooking", "rain"],
            "multi_label": True,
            "hypothesis_template": "about {}",
        },
    ),
    (
        DOCUMENT,
        "",
        {
            "top_k": 3,
            "max_answer_len": 2,
            "handle_impossible_answer": True,
            "max_seq_len": 64,
            "doc_stride": 8,
        },
        {
            "top_k": 3,
            "max_answer_len": 2,
            "handle_impossible_answer": True,
            "max_seq_len": 64,
            "doc_stride": 8,
        },
    ),
    (DOCUMENT, "donut", {"top_k": 1}, {"top_k": 1}),
]


@pytest.mark.parametrize(("id", "model", "values", "expected"), ROUTED)
def test_parameters_reach_the_pipeline_under_its_own_names(
    room: Room, id: str, model: str, values: dict[str, Any], expected: dict[str, Any]
) -> None:
    called = room.call(id, model, **values)
    assert {name: called.get(name) for name in expected} == expected


GENERATION = {
    "max_new_tokens": 5,
    "do_sample": True,
    "temperature": 1.5,
    "top_p": 0.5,
    "top_k": 3,
    "min_p": 0.1,
    "typical_p": 0.5,
    "repetition_penalty": 1.5,
    "no_repeat_ngram_size": 2,
    "num_beams": 2,
    "length_penalty": 2.0,
    "min_new_tokens": 2,
    "num_return_sequences": 2,
    "stop_sequence": ["a"],
    "return_full_text": True,
    "continue_final_message": True,
    "skip_special_tokens": False,
    "clean_up_tokenization_spaces": True,
}


def test_every_parameter_of_generation_reaches_it(room: Room) -> None:
    row = BY_ID[TEXT]
    assert set(GENERATION) == {f.name for f in row.params} - {"seed"}
    assert room.call(TEXT, **GENERATION) == GENERATION
    assert len(room.run(TEXT, **GENERATION).outputs["reply"]) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("language", "fr"),
        ("task", "translate"),
        ("return_language", True),
        ("num_beams", 2),
        ("max_new_tokens", 9),
        ("seed", 3),
    ],
)
def test_what_a_model_has_not_is_refused_by_name(room: Room, name: str, value: Any) -> None:
    failed = room.refusal(ASR, "wav2vec2", **{name: value})
    assert (failed.field, "starter/wav2vec2 is none" in failed.message) == (name, True)


def test_a_switch_that_is_off_asks_for_nothing(room: Room) -> None:
    room.run(ASR, "wav2vec2", return_language=False)


def test_donut_answers_from_pixels_and_takes_no_word_parameters(room: Room) -> None:
    (answer,) = room.run(DOCUMENT, "donut").outputs["answers"]["answers"]
    assert (answer["score"], answer["boxes"]) == (None, [])
    assert room.refusal(DOCUMENT, "donut", max_answer_len=3).field == "max_answer_len"
