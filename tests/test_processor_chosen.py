"""Another model's tokenizer or processor: fetched without weights, checked, named in the Python."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines import loading
from pipelines.engine.catalogue import resolve
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, RunnerSettings
from pipelines.engine.runner import Runner
from pipelines.errors import InputError, ModelError
from pipelines.limits import Limits
from pipelines.loading import LoadSettings
from pipelines.tasks import task
from tests.loads import loaded, refusal
from tests.loopback_hub import COMMIT, Hub

TEXT, IMAGE, ANSWERS = "text-generation", "image-classification", "question-answering"
slow = pytest.mark.slow
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def repos(loopback: Hub, checkpoints: dict[str, Path]) -> Hub:
    loopback.repos |= {f"acme/{name}": folder for name, folder in checkpoints.items()}
    return loopback


@pytest.mark.parametrize("id", ["../gpt2", "/etc", "a/b/c", "https://x.y/z"])
def test_it_is_an_id_like_that_of_a_model(id: str) -> None:
    """R13."""
    with pytest.raises(InputError, match=r"^processor: "):
        request_from(task(TEXT), {"text": "a", "processor": id}, Limits())


def test_only_starters_where_only_starters_answer() -> None:
    load = LoadSettings(task=TEXT, model="starter/x", processor="acme/x")
    with pytest.raises(ModelError, match="to use acme/x"):
        resolve(task(TEXT), load, "starter", lambda: True)


@slow
def test_it_comes_without_weights_and_makes_a_pipeline_of_its_own(repos: Hub) -> None:
    found = loaded(TEXT, "acme/gpt2", processor="acme/llama")
    assert found.pipe.tokenizer.chat_template
    assert (found.facts.processor, found.facts.processor_revision) == ("acme/llama", COMMIT)
    assert found.facts.parts == ("tokenizer",)
    assert not any("acme/llama" in line and "safetensors" in line for line in repos.asked)


@slow
@pytest.mark.parametrize(
    ("id", "model", "processor", "said"),
    [
        (TEXT, "gpt2", "nothing", "acme/nothing is not on the Hub"),
        (IMAGE, "vit", "gpt2", "acme/gpt2 lacks a tokenizer or processor for image-class"),
        (TEXT, "gpt2", "tokenizerless", "acme/tokenizerless lacks a tokenizer"),
        (TEXT, "gpt2", "bare", "acme/bare has no tokenizer and no processor"),
        (TEXT, "gpt2", "broken-tokenizer", "acme/broken-tokenizer lacks a tokenizer"),
    ],
)
def test_one_that_does_not_suit_is_one_sentence(
    repos: Hub, tmp_path: Path, id: str, model: str, processor: str, said: str
) -> None:
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text("{}")
    repos.repos["acme/bare"] = tmp_path / "bare"
    assert said in refusal(id, f"acme/{model}", processor=f"acme/{processor}")


@slow
def test_one_with_more_words_than_the_model_is_refused(
    repos: Hub, tmp_path: Path, checkpoints: dict[str, Path]
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoints["gpt2"])
    tokenizer.add_tokens([f"word{n}" for n in range(2_000)])
    tokenizer.save_pretrained(tmp_path / "more")
    repos.repos["acme/more"] = tmp_path / "more"
    assert "words and acme/gpt2 knows" in refusal(TEXT, "acme/gpt2", processor="acme/more")


@slow
@pytest.mark.parametrize(
    ("id", "model", "given"),
    [
        (TEXT, "gpt2", {"text": "the quick", "max_new_tokens": 4, "do_sample": False}),
        (ANSWERS, "bert-answers", {"question": "who scored?", "context": "the team scored"}),
    ],
)
def test_the_python_loads_it_at_its_commit_and_gives_the_same(
    monkeypatch: pytest.MonkeyPatch, checkpoints: dict[str, Path], repos: Hub,
    capsys: pytest.CaptureFixture[str], id: str, model: str, given: dict[str, Any],
) -> None:  # fmt: skip
    monkeypatch.setattr(loading, "STARTERS", checkpoints["bert-nli"].parent)
    runner = Runner(RunnerSettings(limits=Limits(), models="hub"))
    values = {
        **given, "model": f"acme/{model}", "processor": f"acme/{model}", "device": "cpu",
        "dtype": "float32",
    }  # fmt: skip
    events: list[Any] = []
    runner.execute(request_from(task(id), values, Limits()), events.append, threading.Event())
    done = events[-1]
    assert isinstance(done, Done), done
    line = f"AutoTokenizer.from_pretrained('acme/{model}',revision='{COMMIT}'"
    assert line in "".join(done.code.split())
    exec(compile(done.code, "snippet", "exec"), {})  # noqa: S102  our own snippet
    answer = done.answer[0] if isinstance(done.answer, list) else done.answer
    assert str(answer.get("generated_text", answer.get("answer"))) in capsys.readouterr().out
