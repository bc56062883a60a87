"""The text rows on tiny models: what a person asked for, whatever the library would have done."""

from __future__ import annotations

import contextlib
import io
import json
import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines import loading
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, Event, Failed, RunnerSettings
from pipelines.engine.runner import Runner
from pipelines.limits import Limits
from pipelines.tasks import task
from tests.tiny_models import WINDOW, WORDS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

SENTENCE = "the quick brown fox jumps over a lazy dog"
LONG = " ".join(WORDS * 8)
LIMITS = Limits()


@pytest.fixture(scope="module")
def runner(checkpoints: dict[str, Path]) -> Any:
    """A runner for which every tiny checkpoint is a starter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "STARTERS", checkpoints["bert-nli"].parent)
        yield Runner(RunnerSettings(limits=LIMITS, models="starter"))


def last(runner: Runner, id: str, model: str, **values: Any) -> Event:
    spec, events = task(id), []
    asked = {"model": f"starter/{model}", "device": "cpu", "dtype": "float32", **values}
    runner.execute(request_from(spec, asked, LIMITS, "me"), events.append, threading.Event())
    return events[-1]


def done(runner: Runner, id: str, model: str, **values: Any) -> Done:
    event = last(runner, id, model, **values)
    assert isinstance(event, Done), event
    json.dumps(event.answer, allow_nan=False)
    return event


def refused(runner: Runner, id: str, model: str, **values: Any) -> str:
    event = last(runner, id, model, **values)
    assert isinstance(event, Failed)
    assert event.expected, event.message
    return event.message


def reproduced(event: Done, checkpoints: dict[str, Path]) -> Any:
    """What the shown Python prints, with the starters where the tests have them."""
    code = event.code.replace("starter/models", str(checkpoints["bert-nli"].parent))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102  our own code, made of this test's values
    return eval(printed.getvalue(), {"np": np})  # noqa: S307  what it printed


def alike(one: Any, two: Any) -> bool:
    """Equal, with floats as near as float32 is."""
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(alike(one[k], two[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(alike, one, two))
    if isinstance(one, str | None):
        return bool(one == two)
    return math.isclose(one, two, rel_tol=1e-4, abs_tol=1e-6)


SHOWN = [
    ("text-classification", "bert-sentiment", {"text": SENTENCE}),
    ("text-classification", "bert-nli", {"text": SENTENCE, "text_pair": "a dog jumps", "top_k": 2}),
    ("text-classification", "bert-sentiment", {"text": LONG, "function_to_apply": "sigmoid"}),
    ("token-classification", "bert-ner", {"text": SENTENCE}),
    ("token-classification", "bert-ner", {"text": LONG, "stride": 8}),
    ("token-classification", "bert-ner", {"text": LONG, "aggregation_strategy": "none"}),
    ("fill-mask", "bert-fill-mask", {"text": "the quick <mask> fox"}),
    ("fill-mask", "roberta-fill-mask", {"text": "the [MASK] fox [MASK]", "targets": ["dog"]}),
    ("feature-extraction", "bert-fill-mask", {"text": [SENTENCE, "hello world"]}),
    ("feature-extraction", "bert-nli", {"text": [SENTENCE, "hello"], "pooling": "none"}),
]


@pytest.mark.parametrize(("id", "model", "values"), SHOWN)
def test_the_shown_python_gives_the_same_answer(
    id: str, model: str, values: dict[str, Any], runner: Runner, checkpoints: dict[str, Path]
) -> None:
    event = done(runner, id, model, **values)
    assert alike(event.answer, reproduced(event, checkpoints))


@pytest.mark.parametrize(("id", "model", "values"), SHOWN)
def test_a_batch_size_does_not_change_the_answer(
    id: str, model: str, values: dict[str, Any], runner: Runner
) -> None:
    one, four = (done(runner, id, model, **values, batch_size=size) for size in (1, 4))
    assert alike(one.answer, four.answer)


def test_every_label_is_shown_unless_fewer_are_asked_for(runner: Runner) -> None:
    every = done(runner, "text-classification", "bert-nli", text=SENTENCE)
    assert len(every.outputs["scores"]) == 3
    assert sum(s["score"] for s in every.outputs["scores"]) == pytest.approx(1)
    one = done(runner, "sentiment-analysis", "bert-nli", text=SENTENCE, top_k=1)
    assert one.answer == every.answer[:1]


def test_a_second_text_changes_the_answer_and_takes_its_room(runner: Runner) -> None:
    alone = done(runner, "text-classification", "bert-nli", text=SENTENCE)
    pair = done(runner, "text-classification", "bert-nli", text=SENTENCE, text_pair="who")
    assert alone.answer != pair.answer
    cut = done(runner, "text-classification", "bert-nli", text=LONG, text_pair="who is the baker")
    assert cut.notes == (f"{WINDOW - 3 - 4} of {len(LONG.split())} tokens of the text were read.",)


def test_long_text_is_read_in_windows_and_reported(runner: Runner) -> None:
    whole = done(runner, "token-classification", "bert-ner", text=LONG)
    count = len(LONG.split())
    assert whole.notes == (f"{count} tokens were read in windows of {WINDOW - 2}.",)
    assert max(s["end"] for s in whole.outputs["spans"]["spans"]) > len(LONG) / 2
    alone = done(runner, "token-classification", "bert-ner", text=LONG, aggregation_strategy="none")
    assert alone.notes == (f"{WINDOW - 2} of {count} tokens of the text were read.",)


@pytest.mark.parametrize("strategy", ["simple", "first", "average", "max", "none"])
def test_spans_stand_where_they_say(strategy: str, runner: Runner) -> None:
    event = done(
        runner, "ner", "bert-ner", text=SENTENCE, aggregation_strategy=strategy, ignore_labels=[]
    )
    spans = event.outputs["spans"]["spans"]
    assert spans
    for span in spans:
        assert type(span["score"]) is float
        word = span["word"].removeprefix("##").replace(" ##", "")
        assert SENTENCE[span["start"] : span["end"]].replace(" ", "") == word.replace(" ", "")


def test_too_wide_an_overlap_is_refused_by_name(runner: Runner) -> None:
    message = refused(runner, "token-classification", "bert-ner", text=SENTENCE, stride=WINDOW)
    assert message == f"stride: is more than half of the window of {WINDOW} tokens."


@pytest.mark.parametrize("model", ["bert-fill-mask", "roberta-fill-mask"])
@pytest.mark.parametrize("mask", ["[MASK]", "<mask>"])
def test_every_sign_for_a_gap_is_understood(model: str, mask: str, runner: Runner) -> None:
    event = done(runner, "fill-mask", model, text=f"the {mask} fox jumps {mask}", top_k=3)
    fills = event.outputs["fills"]
    assert [len(fills["parts"]), len(fills["fills"])] == [3, 2]
    assert all(len(gap) == 3 for gap in fills["fills"])


def test_more_fills_than_words_gives_every_word(runner: Runner) -> None:
    event = done(runner, "fill-mask", "bert-fill-mask", text="a [MASK]", top_k=100)
    assert len(event.outputs["fills"]["fills"][0]) == 100


def test_a_text_without_a_gap_gets_one_sentence(runner: Runner) -> None:
    said = "text: has no gap; write [MASK] where a word is missing."
    assert refused(runner, "fill-mask", "bert-fill-mask", text=SENTENCE) == said
    late = refused(runner, "fill-mask", "bert-fill-mask", text=f"{LONG} [MASK]")
    assert late == f"text: has its gap behind the {WINDOW - 2} tokens that the model reads."


def test_targets_are_words_as_they_stand_in_a_sentence(runner: Runner) -> None:
    text, words = "the [MASK] fox", ["brown", "quick", "zebra"]
    event = done(runner, "fill-mask", "roberta-fill-mask", text=text, targets=words)
    found = {fill["token_str"] for fill in event.answer}
    assert {" brown", " quick"} <= found
    assert event.notes == ("“zebra” is no word of the model; its beginning was compared.",)


@pytest.mark.parametrize("pooling", ["mean", "first", "last", "max", "none"])
def test_a_text_has_the_same_vector_alone_and_among_others(pooling: str, runner: Runner) -> None:
    texts = [SENTENCE, "hello", "the team scored a goal ."]
    several = done(runner, "feature-extraction", "bert-nli", text=texts, pooling=pooling)
    alone = done(runner, "feature-extraction", "bert-nli", text="hello", pooling=pooling)
    assert alike(alone.answer[0], several.answer[1])
    vectors = np.asarray(several.outputs["vectors"]["vectors"])
    assert vectors.shape == (3, 32)


def test_long_lines_are_cut_and_named(runner: Runner) -> None:
    """RoBERTa reads one token fewer than its config says, here; two are special."""
    event = done(runner, "feature-extraction", "roberta-nli", text=["hello", LONG])
    count = len(LONG.split())
    assert event.notes == (f"{WINDOW - 3} of {count} tokens of text 2 were read.",)


def test_too_many_numbers_are_refused(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.tasks.feature_extraction.MAX_NUMBERS", 10)
    message = refused(runner, "feature-extraction", "bert-nli", text="hello", pooling="none")
    assert message.startswith("pooling: none would give 96 numbers; at most 10.")
