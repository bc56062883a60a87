"""Documents of several pages asked through real models: answers, pages, progress, Stop, rows."""

from __future__ import annotations

import gc
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from gradio_client import handle_file
from PIL import Image

from pipelines import ocr, pages
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, Partial, Progress, Request, Row, RowsDone
from pipelines.jobs.cells import flat
from pipelines.sheets import KeptSheets
from pipelines.tasks import task
from tests.engine_room import PAGE, Room
from tests.fakes import FakeEngine
from tests.served import serve
from tests.tiny import MODELS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

DOCUMENT = "document-question-answering"
NAMED = {"model": f"starter/{MODELS[DOCUMENT]}", "dtype": "float32", "device": "cpu"}


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "kept_sheets", KeptSheets())


def test_all_pages_are_asked_and_the_best_answers_come_first(room: Room) -> None:
    whole = room.run(DOCUMENT, image=room.file("pages.pdf"), top_k=4)
    assert whole.notes[0] == "Read 3 pages."
    single = [
        found
        for page in (1, 2, 3)
        for found in room.run(DOCUMENT, image=room.file("pages.pdf"), page=page, top_k=4).answer
    ]
    best = sorted(single, key=lambda answer: -answer["score"])[:4]
    assert len({answer["page"] for answer in single}) == 3
    assert whole.answer == best
    for answer in whole.answer:
        words = PAGE[answer["page"] - 1].split()
        assert answer["answer"] == " ".join(words[answer["start"] : answer["end"] + 1])


def test_a_model_that_looks_at_the_page_too_reads_its_words_once(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own processor would run tesseract again on each page, while others wait."""
    import pytesseract

    read: list[Any] = []
    run = pytesseract.image_to_data
    monkeypatch.setattr(
        pytesseract, "image_to_data", lambda image, **more: read.append(image) or run(image, **more)
    )
    monkeypatch.setattr(ocr, "_readings", ocr._Readings(9))
    given = {"image": room.file("pages.pdf"), "top_k": 1}
    (whole,) = room.run(DOCUMENT, "layoutlmv3", **given).answer
    assert len(read) == 3
    single = [room.run(DOCUMENT, "layoutlmv3", page=n, **given).answer[0] for n in (1, 2, 3)]
    assert whole == max(single, key=lambda answer: answer["score"])
    assert len(read) == 3


def test_only_pages_with_answers_are_shown_and_boxes_are_of_their_page(room: Room) -> None:
    done = room.run(DOCUMENT, image=room.file("pages.pdf"), top_k=2)
    found = done.outputs["answers"]
    assert found["total"] == 3
    assert set(found["pages"]) == {answer["page"] for answer in done.answer}
    for answer in found["answers"]:
        look = found["pages"][answer["page"]]
        width, height = look["size"]
        with Image.open(io.BytesIO(look["jpeg"])) as picture:
            assert picture.width / picture.height == pytest.approx(width / height, rel=0.01)
            assert max(picture.size) <= 1_600
        assert answer["boxes"]
        assert all(
            0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height for x0, y0, x1, y1 in answer["boxes"]
        )


def test_a_model_that_writes_answers_once_a_page_in_their_order(room: Room) -> None:
    done = room.run(DOCUMENT, "donut", image=room.file("pages.pdf"))
    found = done.answer
    assert sorted(answer["page"] for answer in found) == [1, 2, 3]
    assert [a["page"] for a in found if a["answer"]] == sorted(
        a["page"] for a in found if a["answer"]
    )
    assert all(answer["score"] is None for answer in found)
    assert set(done.outputs["answers"]["pages"]) == {1, 2, 3}


def test_progress_counts_the_pages(room: Room) -> None:
    events = room.events(DOCUMENT, image=room.file("pages.pdf"))
    told = [(e.note, e.done, e.total) for e in events if isinstance(e, Progress) and e.total]
    assert told == [(f"{note} page", n, 3) for note in ("Reading", "Asking") for n in (1, 2, 3)]


@pytest.mark.parametrize("model", ["layoutlm", "donut"])
def test_a_run_that_is_stopped_while_it_asks_keeps_what_it_has(room: Room, model: str) -> None:
    cancelled = threading.Event()

    def hear(event: Any) -> None:
        if isinstance(event, Progress) and (event.note, event.done) == ("Asking page", 3):
            cancelled.set()

    values = {"image": room.file("pages.pdf"), "top_k": 9}
    last = room.events(DOCUMENT, model, cancelled=cancelled, hear=hear, **values)[-1]
    assert isinstance(last, Done)
    assert last.meta.stopped
    assert {answer["page"] for answer in last.answer} == {1, 2}


def test_what_draws_the_pages_ends_with_a_stopped_run(room: Room) -> None:
    """And not when garbage is collected next."""
    cancelled = threading.Event()

    def hear(event: Any) -> None:
        if isinstance(event, Progress) and (event.note, event.done) == ("Asking page", 2):
            cancelled.set()

    gc.disable()
    try:
        values = {"image": room.file("pages.pdf")}
        room.events(DOCUMENT, "donut", cancelled=cancelled, hear=hear, **values)
        drawing = [p for p in psutil.Process().children() if "pipelines.pdf" in p.cmdline()]
        assert not drawing
    finally:
        gc.enable()


def test_a_run_that_is_stopped_while_it_reads_ends_there(room: Room) -> None:
    cancelled = threading.Event()
    told: list[int] = []

    def hear(event: Any) -> None:
        if isinstance(event, Progress) and event.note == "Reading page":
            told.append(event.done)
            cancelled.set()

    values = {"image": room.file("pages.pdf")}
    last = room.events(DOCUMENT, cancelled=cancelled, hear=hear, **values)[-1]
    assert isinstance(last, Failed)
    assert told == [1]


def test_answers_so_far_are_shown_while_the_rest_is_asked(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.engine.run.PIECE_SECONDS", 0.0)
    events = room.events(DOCUMENT, "donut", image=room.file("pages.pdf"))
    partial = [e.outputs["answers"]["pages"] for e in events if isinstance(e, Partial)]
    assert [list(pages) for pages in partial] == [[1], [1, 2]]


def test_rows_of_documents_and_pictures_have_a_column_for_the_page(room: Room) -> None:
    files = [room.file(name) for name in ("pages.pdf", "page.png", "blank.png")]
    spec = task(DOCUMENT)
    results = rows(room, [{"image": file, "question": "what is the total?"} for file in files])
    assert [result.error for result in results] == ["", "", ""]
    cells = [flat(spec, result.answer) for result in results]
    single = room.run(DOCUMENT, image=files[0]).answer[0]
    assert (cells[0]["answer"], cells[0]["page"]) == (single["answer"], single["page"])
    assert [cell["page"] for cell in cells[1:]] == [None, None]


def rows(room: Room, values: list[dict[str, Any]]) -> Any:
    made = [request_from(task(DOCUMENT), {**NAMED, **v}, room.limits) for v in values]
    several = tuple(Row(n, request.inputs, request.params) for n, request in enumerate(made))
    events: list[Any] = []
    request = replace(made[0], inputs={}, params={}, rows=several)
    room.runner.execute(request, events.append, threading.Event())
    assert isinstance(events[-1], RowsDone), events[-1]
    return events[-1].results


@dataclass
class Answering(FakeEngine):
    """Answers requests by the models of a room."""

    room: Room | None = None

    def run(self, request: Request) -> Iterator[Event]:
        assert self.room is not None
        events: list[Event] = []
        self.room.runner.execute(request, events.append, threading.Event())
        yield from events


def test_the_api_answers_from_all_pages_or_the_one_that_is_asked_for(
    room: Room, tmp_path: Path
) -> None:
    given = {"question": "what is the total?", "top_k": 50, **NAMED}
    with serve(tmp_path, Answering(room=room)) as served:

        def pages(name: str, **more: Any) -> list[Any]:
            file = handle_file(room.file(name))
            answer = served.client.predict(
                image=file, **given, **more, api_name="/document_question_answering"
            )
            return [found.get("page") for found in answer]

        assert set(pages("pages.pdf")) == {1, 2, 3}
        assert set(pages("pages.pdf", page=2)) == {2}
        assert set(pages("pages.tif")) == {1, 2, 3}
        assert set(pages("page.png")) == {None}
