"""Speech, pictures, labels and documents over tiny models: what goes in and what comes out."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from pipelines.engine.refusal import CROWDED_SAID
from pipelines.engine.request import Progress
from tests.engine_room import Room
from tests.tiny_models import WINDOW

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

ASR, IMAGE = "automatic-speech-recognition", "image-classification"
ZERO_SHOT, DOCUMENT = "zero-shot-classification", "document-question-answering"


# Speech


@pytest.mark.parametrize(
    ("model", "wanted", "texts"),
    [("wav2vec2", "auto", "word"), ("wav2vec2", "char", "char"), ("whisper", "word", "word")],
)
def test_timestamps_come_by_the_type_of_the_model(
    room: Room, model: str, wanted: str, texts: str
) -> None:
    chunks = room.run(ASR, model, return_timestamps=wanted).answer["chunks"]
    assert chunks
    assert all(len(chunk["timestamp"]) == 2 for chunk in chunks)
    assert (len(chunks) > 50) == (texts == "char")


def test_whisper_gives_segments_on_its_own_accord(room: Room) -> None:
    assert room.call(ASR, "whisper")["return_timestamps"] is True
    assert "chunks" in room.run(ASR, "whisper").answer


def test_no_timestamps_when_they_are_off(room: Room) -> None:
    assert set(room.run(ASR, return_timestamps="off").answer) == {"text"}


@pytest.mark.parametrize(
    ("model", "wanted", "offered"),
    [("wav2vec2", "segments", "words or characters"), ("whisper", "char", "segments or words")],
)
def test_other_timestamps_are_refused_with_what_there_is(
    room: Room, model: str, wanted: str, offered: str
) -> None:
    failed = room.refusal(ASR, model, return_timestamps=wanted)
    assert failed.field == "return_timestamps"
    assert offered in failed.message


def test_a_language_that_whisper_does_not_know_is_a_sentence(room: Room) -> None:
    assert "klingon" in room.refusal(ASR, "whisper", language="klingon").message


@pytest.mark.parametrize(
    ("chunk", "stride", "named"),
    [
        (1.0, 0.5, "stride_length_s"),
        (1.0, 0.499, "stride_length_s"),
        (0.01, None, "chunk_length_s"),
    ],
)
def test_windows_that_do_not_move_are_refused(
    room: Room, chunk: float, stride: float | None, named: str
) -> None:
    assert room.refusal(ASR, chunk_length_s=chunk, stride_length_s=stride).field == named


@pytest.mark.parametrize(("chunk", "stride"), [(1.0, None), (1.0, 0.0), (1.3, 0.4)])
@pytest.mark.parametrize("batch", [1, 2])
def test_progress_counts_the_chunks_of_a_long_recording(
    room: Room, chunk: float, stride: float | None, batch: int
) -> None:
    events = room.events(ASR, chunk_length_s=chunk, stride_length_s=stride, batch_size=batch)
    steps = [event for event in events if isinstance(event, Progress) and event.total]
    assert len(steps) > 1
    assert steps[-1].done == steps[-1].total
    assert [s.done for s in steps] == sorted({s.done for s in steps})


# Images


def test_top_k_is_the_number_of_labels_and_they_are_ranked(room: Room) -> None:
    scores = room.run(IMAGE, top_k=3).answer
    assert len(scores) == 3
    assert scores == sorted(scores, key=lambda s: -s["score"])


@pytest.mark.parametrize(("function", "whole"), [("softmax", 1.0), ("sigmoid", 4.0)])
def test_the_score_function_is_applied(room: Room, function: str, whole: float) -> None:
    scores = room.run(IMAGE, function_to_apply=function, top_k=8).answer
    assert sum(s["score"] for s in scores) == pytest.approx(whole, abs=0.2)


# Zero-shot


def test_progress_counts_the_labels(room: Room) -> None:
    events = room.events(ZERO_SHOT)
    steps = [(e.done, e.total) for e in events if isinstance(e, Progress) and e.total]
    assert steps == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("model", ["bert-nli", "roberta-nli", "bart-nli", "gpt2-nli"])
def test_a_text_too_long_is_cut_and_the_cut_is_told(room: Room, model: str) -> None:
    """R8."""
    done = room.run(ZERO_SHOT, model, text="the team scored a goal " * 500)
    (note,) = done.notes
    assert note.endswith("tokens of the text were read.")
    read = int(note.split()[0])
    assert WINDOW - 20 < read < WINDOW


def test_a_text_that_fits_is_read_without_a_note(room: Room) -> None:
    assert room.run(ZERO_SHOT).notes == ()


def test_labels_that_fill_the_window_are_refused(room: Room) -> None:
    failed = room.refusal(
        ZERO_SHOT, candidate_labels=["a " * 50], hypothesis_template="{} " + "b " * 90
    )
    assert "has no room" in failed.message


def test_multi_label_scores_do_not_share_one_whole(room: Room) -> None:
    alone = room.run(ZERO_SHOT).answer
    several = room.run(ZERO_SHOT, multi_label=True).answer
    assert sum(s["score"] for s in alone) == pytest.approx(1.0, abs=1e-4)
    assert sum(s["score"] for s in several) > 1.2


def test_a_model_that_cannot_fill_up_short_inputs_takes_one_at_a_time(room: Room) -> None:
    done = room.run(ZERO_SHOT, "gpt2-nli", batch_size=4)
    assert "the batch size was 1" in done.notes[0]
    assert "batch_size" not in done.code


# Documents


def test_answers_are_boxed_on_the_page(room: Room) -> None:
    found = room.run(DOCUMENT, top_k=3).outputs["answers"]
    width, height = found["pages"][1]["size"]
    assert (width, height) == (600, 300)
    assert list(found["pages"]) == [1]
    with Image.open(io.BytesIO(found["pages"][1]["jpeg"])) as picture:
        assert picture.size == (600, 300)
    assert len(found["answers"]) == 3
    for answer in found["answers"]:
        assert len(answer["boxes"]) == len(answer["answer"].split())
        for left, top, right, bottom in answer["boxes"]:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height


def test_an_answer_of_nothing_has_no_boxes(room: Room) -> None:
    done = room.run(DOCUMENT, handle_impossible_answer=True, top_k=50)
    empty = [a for a in done.outputs["answers"]["answers"] if not a["answer"]]
    assert [a["boxes"] for a in empty] == [[]]


def test_a_blank_page_has_no_answers(room: Room) -> None:
    assert room.run(DOCUMENT, image=room.file("blank.png")).answer == []


def test_a_page_of_a_pdf_answers_and_one_that_is_not_there_is_named(room: Room) -> None:
    assert room.run(DOCUMENT, image=room.file("page.pdf"), page=1).answer
    assert room.refusal(DOCUMENT, image=room.file("page.pdf"), page=2).field == "page"
    assert room.refusal(DOCUMENT, image=room.file("page.png"), page=2).field == "page"


@pytest.mark.parametrize(
    ("values", "named"),
    [({"max_seq_len": 512}, "max_seq_len"), ({"doc_stride": 100}, "doc_stride"),
     ({"max_seq_len": 64, "doc_stride": 40}, "doc_stride")],
)  # fmt: skip
def test_a_window_that_the_model_has_not_is_refused(
    room: Room, values: dict[str, int], named: str
) -> None:
    assert room.refusal(DOCUMENT, **values).field == named


def test_a_question_that_leaves_no_room_is_a_sentence_and_not_a_panic(room: Room) -> None:
    failed = room.refusal(DOCUMENT, question="what is " * 60)
    assert failed.message == CROWDED_SAID
