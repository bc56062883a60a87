"""The tutorial's published examples through our engine: on the Hub, and a dry run without it.

The dry run uses tiny checkpoints with random weights, so it shows that every example is asked and
answered in its form, not that it is answered rightly. The tests marked hub do that; they fetch
several gigabytes and have not been run so far. Only safetensors are loaded: a model that has none
on the Hub by then fails its test with the sentence that says so.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import hub
from pipelines.engine.inline import InlineEngine
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, RunnerSettings
from pipelines.jobs.stream import run_rows
from pipelines.limits import Limits
from pipelines.tasks import task
from tests import published
from tests.engine_room import make_files
from tests.loopback_hub import Hub
from tests.published import COUNT, EXAMPLES, GPT2, Published

DRY_COUNT = 24
every_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)


def answered(engine: InlineEngine, example: Published, limits: Limits, **changes: str) -> Done:
    """What our engine answers to an example."""
    values = {"dtype": "float32", **example.values, "model": example.model, **changes}
    *_, last = engine.run(request_from(task(example.task), values, limits))
    assert isinstance(last, Done), last
    assert last.meta.model == example.model
    assert last.meta.dtype == example.dtype
    return last


def written(engine: InlineEngine, count: int, limits: Limits, **values: str) -> int:
    """Characters that GPT-2 writes to so many prompts; every prompt gets an answer."""
    same = {"model": GPT2, "dtype": "float32", "max_new_tokens": 20, "do_sample": False, **values}
    rows = published.prompts(count)
    found = list(run_rows(engine, "text-generation", rows, limits=limits, **same))
    assert [result.error for result in found] == [""] * count
    return sum(len(result.answer["generated_text"]) for result in found)


@pytest.fixture(scope="module")
def online() -> Iterator[InlineEngine]:
    if os.environ.get("HF_HUB_OFFLINE") or not hub.reachable():
        pytest.skip("needs the network: the Hub cannot be reached")
    engine = InlineEngine(RunnerSettings(limits=Limits(), models="hub"))
    yield engine
    engine.close()


@pytest.mark.hub
class TestOnTheHub:
    @every_example
    def test_the_published_answer_comes_out(self, online: InlineEngine, example: Published) -> None:
        example.holds(answered(online, example, Limits()).answer)

    def test_gpt2_writes_to_a_thousand_prompts(self, online: InlineEngine) -> None:
        assert written(online, COUNT, Limits()) > COUNT


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
class TestDryRun:
    @pytest.fixture
    def files(self, tmp_path: Path) -> Path:
        make_files(tmp_path)
        return tmp_path

    @pytest.fixture
    def engine(self, loopback: Hub, checkpoints: dict[str, Path]) -> Iterator[InlineEngine]:
        loopback.repos |= {e.model: checkpoints[e.stand_in] for e in EXAMPLES}
        loopback.repos[GPT2] = checkpoints["gpt2"]
        engine = InlineEngine(RunnerSettings(limits=Limits(), models="hub"))
        yield engine
        engine.close()

    @pytest.mark.skipif(not shutil.which("tesseract"), reason="document answers need tesseract")
    @every_example
    def test_every_example_is_asked_and_answered_in_its_form(
        self, engine: InlineEngine, example: Published, files: Path
    ) -> None:
        limits = Limits(upload_roots=(files.resolve(),))
        media = {name: str(files / file) for name, file in example.file.items()}
        answer = answered(engine, example, limits, revision="main", **media).answer
        assert answer
        wrong = pytest.raises(AssertionError) if example.figures else contextlib.nullcontext()
        with wrong:  # random weights do not give the published figures
            example.holds(answer)

    def test_many_prompts_are_answered(self, engine: InlineEngine) -> None:
        assert written(engine, DRY_COUNT, Limits(), device="cpu") > DRY_COUNT


@every_example
def test_every_example_is_a_valid_request(example: Published) -> None:
    request = request_from(task(example.task), {**example.values, "model": example.model}, Limits())
    assert request.load.model == example.model
    urls = {name for name, value in request.inputs.items() if getattr(value, "url", None)}
    assert urls == set(example.file)
