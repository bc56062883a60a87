"""Questions on pictures and captions, through models of every kind that did them (R17)."""

from __future__ import annotations

import threading
from typing import Any

import gradio as gr
import pytest

from pipelines.engine.request import Done, Event, Partial, Progress
from pipelines.outputs import Asked, Captions
from pipelines.spec import Output
from pipelines.tasks import task
from pipelines.uploads import Upload
from tests.engine_room import Room
from tests.outputs_made import MADE
from tests.served import no_loop_left_open
from tests.tiny_looks import CAPTION_WINDOW, KNOWN, QUESTION_TOKENS
from ui import asked, captions
from ui.panel import Display

QUESTIONS, CAPTIONING = "visual-question-answering", "image-captioning"
ASKED = ["vilt", "blip-answers", "git", "llava"]
CAPTIONERS = ["blip", "git", "pix2struct", "vit-gpt2", "trocr", "llava"]
TWO = ["what is it?", "who jumps over the dog?"]
slow = pytest.mark.slow
loud = pytest.mark.filterwarnings("default")


def partials(events: list[Event]) -> list[Any]:
    return [next(iter(e.outputs.values())) for e in events if isinstance(e, Partial)]


def done(events: list[Event]) -> Done:
    assert isinstance(events[-1], Done), events[-1]
    return events[-1]


def test_the_old_names_lead_to_their_rows() -> None:
    assert task("vqa").id == QUESTIONS
    assert task(CAPTIONING).was == "image-to-text"
    assert task("image-to-text").id == "image-text-to-text", "as the library has it"


@slow
@loud
@pytest.mark.parametrize("model", ASKED)
def test_every_question_gets_its_answers(room: Room, model: str) -> None:
    events = room.events(QUESTIONS, model, question=TWO)
    answer = done(events).answer
    assert len(answer) == 2
    assert all(set(a) == {"answer", "score"} for answers in answer for a in answers)
    assert [one["question"] for one in done(events).outputs["asked"]] == TWO
    assert [(e.done, e.total) for e in events if isinstance(e, Progress) and e.total] == [
        (1, 2), (2, 2)
    ]  # fmt: skip
    alone = room.run(QUESTIONS, model, question=[TWO[1]])
    assert [a["answer"] for a in alone.answer] == [a["answer"] for a in answer[1]]


@slow
@loud
def test_a_model_that_chooses_ranks_what_it_knows(room: Room) -> None:
    found = room.run(QUESTIONS, "vilt", question=["who?"], top_k=50)
    assert {a["answer"] for a in found.answer} == set(KNOWN)
    scores = [a["score"] for a in found.answer]
    assert scores == sorted(scores, reverse=True)
    assert "of its answer alone" in found.notes[0]
    assert len(room.run(QUESTIONS, "vilt", question=["who?"], top_k=2).answer) == 2
    assert room.refusal(QUESTIONS, "vilt", num_beams=2).field == "num_beams"
    assert room.refusal(QUESTIONS, "blip-answers", top_k=3).field == "top_k"


@slow
@loud
@pytest.mark.parametrize("model", ["blip-answers", "git", "blip-2", "llava"])
def test_a_written_answer_does_not_repeat_the_question(room: Room, model: str) -> None:
    found = room.run(QUESTIONS, model, question=["who jumps?"], max_new_tokens=8)
    ((answer,),) = [found.answer]
    assert answer["score"] is None
    assert "who jumps" not in answer["answer"]


@slow
@loud
def test_the_question_and_the_picture_make_a_difference(room: Room) -> None:
    for model in ("vilt", "git", "llava"):
        one, other = room.run(QUESTIONS, model, question=TWO).answer
        blank = room.run(QUESTIONS, model, question=TWO[:1], image=room.file("blank.png"))
        assert one != other, model
        assert one != blank.answer, model


@slow
@loud
@pytest.mark.parametrize("model", CAPTIONERS)
def test_every_picture_gets_its_caption(room: Room, model: str) -> None:
    names = ["picture.png", "blank.png", "page.png"]
    files = [room.file(name) for name in names]
    found = done(room.events(CAPTIONING, model, image=files))
    texts = [answer["generated_text"] for answer in found.answer]
    assert len(texts) == 3
    assert [[t] for t in texts] == found.outputs["captions"]["texts"]
    alone = room.run(CAPTIONING, model, image=files[2:])
    assert alone.answer == {"generated_text": texts[2]}


@slow
@loud
@pytest.mark.parametrize("model", CAPTIONERS)
def test_captions_grow_one_after_the_other(room: Room, model: str) -> None:
    events = room.events(CAPTIONING, model, max_new_tokens=20, min_new_tokens=20)
    counts = [len(value["texts"]) for value in partials(events)]
    assert counts[0] == 1
    assert counts[-1] == 2
    assert counts == sorted(counts)
    assert all(len(v["texts"]) == len(v["pictures"]) for v in partials(events))


@slow
@loud
@pytest.mark.parametrize("model", ["blip", "git", "pix2struct", "vit-gpt2"])
def test_a_caption_that_was_begun_is_whole_from_its_first_word(room: Room, model: str) -> None:
    one = {"image": [room.file("picture.png")], "prompt": "the quick", "max_new_tokens": 20}
    events = room.events(CAPTIONING, model, **one)
    assert done(events).answer["generated_text"].startswith("the quick")
    assert all(v["texts"][0][0].startswith("the quick") for v in partials(events))


@slow
@loud
def test_a_chat_model_does_what_the_words_say(room: Room) -> None:
    def asked(**values: str) -> Any:
        text = room.call(CAPTIONING, "llava", image=[room.file("picture.png")], **values)["text"]
        return text[0]["content"][1]["text"]

    assert asked() == "Describe the picture."
    assert asked(prompt="What colours are there?") == "What colours are there?"


@slow
@loud
def test_several_captions_of_a_picture_are_a_list(room: Room) -> None:
    values = {"num_return_sequences": 2, "num_beams": 2}
    found = room.run(CAPTIONING, "blip", image=[room.file("picture.png")], **values)
    assert [list(a) for a in found.answer] == [["generated_text"]] * 2
    assert len(found.outputs["captions"]["texts"][0]) == 2
    both = room.run(CAPTIONING, "blip", **values).answer
    assert [len(captions) for captions in both] == [2, 2]


@slow
@loud
@pytest.mark.parametrize("model", ["blip", "vit-gpt2", "llava"])
def test_a_run_that_is_stopped_keeps_the_captions_so_far(
    room: Room, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.engine.watch.STREAM_SECONDS", 0.0)
    cancelled = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Partial) and len(event.outputs["captions"]["texts"]) == 2:
            cancelled.set()

    values = {"max_new_tokens": 40, "min_new_tokens": 40, "cancelled": cancelled, "hear": hear}
    whole = room.run(CAPTIONING, model, max_new_tokens=40, min_new_tokens=40)
    stopped = done(room.events(CAPTIONING, model, **values))  # type: ignore[arg-type]
    assert stopped.meta.stopped
    first, second = (a["generated_text"] for a in stopped.answer)
    assert first.removeprefix("##") == whole.answer[0]["generated_text"].removeprefix("##")
    assert len(second) < len(whole.answer[1]["generated_text"])


@slow
@loud
@pytest.mark.parametrize(
    ("id", "model", "values", "said"),
    [
        (QUESTIONS, "vilt", {"question": ["the fox " * 20]}, f"vilt reads {QUESTION_TOKENS}."),
        (QUESTIONS, "blip", {}, "it writes captions and was not taught to answer"),
        (QUESTIONS, "vit-gpt2", {}, "cannot be asked here"),
        (QUESTIONS, "pix2struct-asked", {}, "choose a chat model"),
        (QUESTIONS, "blip-2", {"question": TWO}, "question: has 2 of them; starter/blip-2"),
        (QUESTIONS, "vit", {}, "cannot do visual questions"),
        (CAPTIONING, "pix2struct-asked", {}, "a question that is drawn into its picture"),
        (CAPTIONING, "blip-answers", {}, "cannot do captions"),
        (CAPTIONING, "vilt", {}, "cannot do captions"),
        (CAPTIONING, "blip-2", {}, "image: has 2 of them; starter/blip-2"),
        (CAPTIONING, "vit-gpt2", {"prompt": "fox " * 120}, f"vit-gpt2 reads {CAPTION_WINDOW}."),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    room: Room, id: str, model: str, values: dict[str, Any], said: str
) -> None:
    assert said in room.refusal(id, model, **values).message


@slow
@loud
def test_an_answer_stays_in_the_window(room: Room) -> None:
    """Beyond its last place a model with learned places crashes."""
    long = {"max_new_tokens": 500, "min_new_tokens": 20}
    for model in ("blip", "git", "vit-gpt2", "trocr"):
        assert room.run(CAPTIONING, model, **long).answer, model
    prepared = room.prepared(CAPTIONING, "vit-gpt2", prompt="the quick", **long)
    assert prepared.room == prepared.params["max_new_tokens"] < CAPTION_WINDOW


def drawn(display: Display, value: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The updates by the label or type of their component."""
    return {
        getattr(c, "label", None) or type(c).__name__: update
        for c, update in display.draw(value, inputs).items()
    }


@pytest.fixture
def caption_display() -> Display:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return captions.captions(Output(name="captions", kind=Captions, label="Caption"))


def test_answers_are_cards_and_bars_without_markup_of_their_own() -> None:
    ranked = [{"answer": "<b>red", "score": 0.75}, {"answer": "blue", "score": 0.2}]
    html = asked.card({"question": "What <i>colour</i>?", "answers": ranked})
    assert "<b>red" not in html
    assert "What &lt;i&gt;colour" in html
    assert 'style="width:75.0%"' in html
    assert html.count("<li>") == 2
    written = asked.card({"question": "?", "answers": [{"answer": "", "score": None}]})
    assert "(nothing)" in written
    assert "<li>" not in written
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        display = asked.asked(Output(name="asked", kind=Asked, label="Answers"))
    cards, files = display.draw([{"question": "=1", "answers": ranked}], {}).values()
    assert cards.count("<section") == 1
    assert "%27%3D1" in files, "a question is no formula"


def test_one_caption_is_a_text_and_several_are_a_gallery(caption_display: Display) -> None:
    value, inputs = MADE[Captions](), {"image": (Upload(name="a.png"), Upload(name="b.png"))}
    updates = drawn(caption_display, value, inputs)
    assert (
        updates["Caption"]
        == "1. a.png: a red square / a <b>square\n2. b.png: a blue square / a wall"
    )
    assert [text for _, text in updates["Pictures"]["value"]] == ["a red square", "a blue square"]
    under_way = {"pictures": value["pictures"][:1], "texts": value["texts"][:1]}
    assert drawn(caption_display, under_way, inputs)["Pictures"]["visible"] is False
    alone = drawn(caption_display, under_way, {"image": inputs["image"][:1]})
    assert alone["Caption"] == "a red square"
    assert alone["Other captions"]["value"] == "a <b>square"
    assert alone["Pictures"]["visible"] is False
