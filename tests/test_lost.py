"""Tasks that transformers 5 took out, through models of every kind that did them (R17)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pipelines import kinds
from pipelines.engine.refusal import CROWDED_SAID
from pipelines.engine.request import Done, Event, Partial, Progress
from pipelines.errors import InputError
from pipelines.field import Field
from pipelines.spec import ModelFacts
from pipelines.tasks import ALIASES, FORMER, TASKS, task
from pipelines.tasks.question_answering import ROW as QUESTION_ROW
from pipelines.tasks.rewriting import written
from tests.engine_room import Room

TEXT2TEXT, SUMMARY = "text2text-generation", "summarization"
TRANSLATION, QUESTION = "translation", "question-answering"
LONG = "the team scored a goal . " * 40
SHORT = {"max_new_tokens": 12}
WRITERS = ["t5", "bart", "pegasus", "marian", "nllb", "mbart", "llama", "gpt2"]


def test_the_lost_tasks_are_rows_that_say_what_became_of_them() -> None:
    assert {SUMMARY, TRANSLATION, TEXT2TEXT, QUESTION} <= set(FORMER)
    assert not set(FORMER) & set(TASKS)
    for row in FORMER.values():
        assert row.became.endswith(".")
        assert "transformers 5" in row.became
        assert row.ways


@pytest.mark.slow
def test_the_lost_tasks_are_those_that_the_library_took_out() -> None:
    from transformers.pipelines import REMOVED_TASKS, SUPPORTED_TASKS

    assert set(TASKS) <= set(SUPPORTED_TASKS)
    redirected = {"image-to-text"}
    assert {row.was or row.id for row in FORMER.values()} <= {*REMOVED_TASKS, *redirected}
    assert set(REMOVED_TASKS) - {"image-to-image"} <= {*FORMER, *ALIASES}


def test_an_old_id_with_languages_sets_them() -> None:
    row = task("translation_en_to_fr")
    defaults = {p.name: p.default for p in row.params}
    assert row.id == TRANSLATION
    assert (defaults["src_lang"], defaults["tgt_lang"]) == ("English", "French")
    assert task("translation_de_to_zh").id == TRANSLATION
    assert task(TRANSLATION) is FORMER[TRANSLATION]
    with pytest.raises(InputError, match="not known"):
        task("translation_to_fr")


def test_answers_are_joined_over_the_parts_and_thoughts_left_out() -> None:
    two = [[{"generated_text": "a"}, {"generated_text": "b"}], [{"generated_text": " c"}] * 2]
    assert written(two) == ["a c", "b c"]
    assert written([{"generated_text": "<think>\nhm\n</think>\n\nYes."}]) == ["Yes."]
    assert written([{"generated_text": "<think> still at it"}]) == [""]


def test_a_written_answer_is_found_in_the_text_where_it_stands() -> None:
    inputs = {"question": "Who?", "context": "It was Tom. Tom saw it."}
    facts = ModelFacts(model="m", revision="")

    def placed(text: str) -> tuple[Any, Any]:
        raw = [{"generated_text": text}]
        (found,) = QUESTION_ROW.read_output(raw, inputs, {}, facts)["passages"]["answers"]
        return found["start"], found["end"]

    assert placed("tom.") == (7, 10)
    assert placed("Mia") == placed("") == (None, None)


def run(room: Room, id: str, model: str, **values: Any) -> tuple[str, Done, list[Event]]:
    """The text, the answer and all events of a run."""
    events = room.events(id, model, **{**SHORT, **values})
    done = events[-1]
    assert isinstance(done, Done), done
    return done.outputs["written"]["texts"][0], done, events


@pytest.mark.parametrize("model", WRITERS)
@pytest.mark.parametrize("id", [TEXT2TEXT, SUMMARY, TRANSLATION])
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_every_kind_of_writer_answers_every_row(room: Room, id: str, model: str) -> None:
    chosen = model in ("nllb", "mbart", "llama", "gpt2") and id == TRANSLATION
    _, done, events = run(room, id, model, **({"tgt_lang": "French"} if chosen else {}))
    assert isinstance(done.answer, dict)
    assert list(done.answer) == [
        {TEXT2TEXT: "generated_text", SUMMARY: "summary_text", TRANSLATION: "translation_text"}[id]
    ]
    streamed = [e.outputs["written"]["texts"][0] for e in events if isinstance(e, Partial)]
    assert bool(streamed) is (model != "bart"), "beams come all at once"
    assert not streamed or streamed[-1] == done.outputs["written"]["texts"][0]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("model", ["t5", "bart", "llama", "gpt2"])
def test_a_long_text_is_cut_or_read_in_parts_and_it_is_said(room: Room, model: str) -> None:
    _, done, _ = run(room, SUMMARY, model, text=LONG)
    assert "of 280 tokens of the text were read" in " ".join(done.notes)
    whole, done, events = run(room, SUMMARY, model, text=LONG, split_long=True)
    counts = [e.done for e in events if isinstance(e, Progress) and e.total]
    assert f"280 tokens were read in {len(counts)} parts" in " ".join(done.notes)
    assert counts == list(range(1, len(counts) + 1))
    batched, _, _ = run(room, SUMMARY, model, text=LONG, split_long=True, batch_size=2)
    assert batched == whole


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_several_answers_are_a_list(room: Room) -> None:
    _, done, _ = run(room, SUMMARY, "t5", num_beams=3, num_return_sequences=3)
    assert [list(a) for a in done.answer] == [["summary_text"]] * 3


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_row_that_is_stopped_gives_what_it_has(room: Room) -> None:
    cancelled = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, Partial):
            cancelled.set()

    values = {"max_new_tokens": 2_000, "cancelled": cancelled, "hear": hear}
    done = room.events(TEXT2TEXT, "t5", **values)[-1]  # type: ignore[arg-type]
    assert isinstance(done, Done)
    assert done.meta.stopped


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        ("nllb", {}, "tgt_lang: is missing: starter/nllb knows English, Spanish, French, Chinese"),
        ("nllb", {"tgt_lang": "Klingon"}, "tgt_lang: cannot be Klingon"),
        ("nllb", {"tgt_lang": "fr", "src_lang": "Welsh"}, "src_lang: cannot be Welsh"),
        ("marian-many", {}, "tgt_lang: is missing"),
        ("marian", {"tgt_lang": "German"}, "translates English to French only"),
        ("marian", {"src_lang": "German"}, "src_lang: cannot be German"),
        ("t5", {"tgt_lang": "Welsh"}, "tgt_lang: cannot be Welsh: starter/t5 knows English to"),
        ("t5", {"src_lang": "French"}, "src_lang: cannot be French"),
        ("bart", {"tgt_lang": "French"}, "tgt_lang: is not known to starter/bart"),
        ("llama", {}, "tgt_lang: is missing: it writes many languages"),
    ],
)
def test_a_translation_that_a_model_cannot_make_is_refused(
    room: Room, model: str, asked: dict[str, str], said: str
) -> None:
    assert said in room.refusal(TRANSLATION, model, **asked).message


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_each_model_is_told_the_language_in_its_own_way(room: Room) -> None:
    def read(model: str, **asked: str) -> Any:
        return room.prepared(TRANSLATION, model, **asked).call

    assert read("t5").args == ("translate English to German: the team scored a goal",)
    assert read("t5", tgt_lang="fr").args[0].startswith("translate English to French: ")
    assert read("marian-many", tgt_lang="es").args[0].startswith(">>spa<< ")
    assert read("marian", tgt_lang="French", src_lang="en").args == ("the team scored a goal",)
    told = read("nllb", tgt_lang="Chinese").kwargs
    assert (told["src_lang"], told["tgt_lang"]) == ("eng_Latn", "zho_Hans")
    told = read("mbart", tgt_lang="pt", src_lang="German").kwargs
    assert (told["src_lang"], told["tgt_lang"]) == ("de_DE", "pt_XX")
    ((message,),) = read("llama", tgt_lang="fr").args
    assert message["content"].startswith("Translate the following text to French.")
    assert read("gpt2", tgt_lang="fr").args[0].endswith("French:")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_language_asked_for_begins_the_answer_and_the_next_one_is_not_left_with_it(
    room: Room,
) -> None:
    found = [run(room, TRANSLATION, "nllb", tgt_lang=to)[0] for to in ("fr", "es", "fr")]
    assert found[0] == found[2]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("model", ["bert-answers", "roberta-answers"])
def test_answers_stand_in_the_text_however_long_it_is(room: Room, model: str) -> None:
    context = f"{LONG}rain is about weather . {LONG}"
    values = {"context": context, "top_k": 5, "max_seq_len": 40, "doc_stride": 8}
    done = room.run(QUESTION, model, **values)
    assert len(done.answer) == 5
    for answer in done.answer:
        assert context[answer["start"] : answer["end"]] == answer["answer"] != ""
        assert 0 < answer["score"] < 1
    assert [a["score"] for a in done.answer] == sorted(a["score"] for a in done.answer)[::-1]
    assert "read in several windows" in " ".join(done.notes)
    batched = room.run(QUESTION, model, **values, batch_size=8)
    assert [a["answer"] for a in batched.answer] == [a["answer"] for a in done.answer]


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("model", ["t5", "endless", "gpt2"])
def test_a_model_that_writes_answers_too(room: Room, model: str) -> None:
    done = room.run(QUESTION, model, max_new_tokens=8)
    (answer,) = done.answer
    assert set(answer) == {"answer", "score", "start", "end"}
    assert answer["score"] is None
    refused = room.refusal(QUESTION, model, top_k=5)
    assert refused.field == "top_k"


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"max_seq_len": 400}, "max_seq_len: is 400; starter/bert-answers reads 128."),
        ({"max_seq_len": 30, "doc_stride": 28}, CROWDED_SAID),
        ({"question": "a " * 140}, CROWDED_SAID),
        ({"max_new_tokens": 5}, "max_new_tokens: is for models that write their answer"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(
    room: Room, values: dict[str, Any], said: str
) -> None:
    assert said in room.refusal(QUESTION, "bert-answers", **values).message


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("model", ["bert-nli", "whisper", "bert-answers"])
def test_a_model_of_another_kind_is_refused_before_it_loads(room: Room, model: str) -> None:
    refused = room.refusal(SUMMARY, model)
    assert "cannot do summarization" in refused.message
    assert refused.hopeless


def test_the_text_fields_name_the_flag_of_their_parts() -> None:
    for id in (TEXT2TEXT, SUMMARY, TRANSLATION):
        (field,) = FORMER[id].inputs
        assert isinstance(field, Field)
        assert isinstance(field.kind, kinds.Text)
        assert field.kind.parts in {p.name for p in FORMER[id].params}
