"""int8, int4 and attention: asked for in the right place, really there, or one sentence."""

from __future__ import annotations

import contextlib
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines import precision
from pipelines.engine.inline import InlineEngine
from pipelines.engine.intake import request_from
from pipelines.engine.request import Done, RunnerSettings
from pipelines.errors import InputError, ModelError
from pipelines.limits import Limits
from pipelines.tasks import task
from settings import EXAMPLES
from tests.loads import loaded, refusal

ROOT = Path(__file__).parents[1]
CLASSIFY, WRITE = "text-classification", "text-generation"
ROUNDS = 8
slow = pytest.mark.slow
quiet = pytest.mark.filterwarnings("default")


def no_model() -> Any:
    raise AssertionError("nothing is to be made")


def test_without_the_package_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install bitsandbytes"):
        precision.load_arguments("int8", "cpu", no_model)
    with pytest.raises(InputError, match="mps"):
        precision.load_arguments("int4", "mps", no_model)
    assert precision.load_arguments("float32", "cpu", no_model) == {"dtype": "float32"}


def test_a_model_that_stayed_large_is_refused() -> None:
    class Large:
        def parameters(self) -> list[float]:
            return [1.0, 2.0]

    precision.verify(Large(), "float32", "owner/name")
    with pytest.raises(ModelError, match="owner/name"):
        precision.verify(Large(), "int8", "owner/name")


@slow
@quiet
@pytest.mark.parametrize("id", [CLASSIFY, WRITE])
def test_quantized_weights_are_smaller_and_still_answer(id: str) -> None:
    spec = task(id)
    whole = loaded(id, spec.starter_id)
    for dtype, kind in precision.PARAMETERS.items():
        small = loaded(id, spec.starter_id, dtype=dtype)
        assert any(type(p).__name__ == kind for p in small.pipe.model.parameters())
        assert small.facts.bytes < whole.facts.bytes
        assert small.facts.dtype == dtype
        assert small.facts.bfloat16_bytes == 2 * whole.pipe.model.num_parameters()
    assert whole.facts.bfloat16_bytes == 0


def test_what_is_saved_is_said_in_bytes() -> None:
    assert precision.saved("float32", 4_000_000, 0) == ()
    (less,) = precision.saved("int8", 6_000_000, 10_000_000)
    assert less == "In int8 the model takes 6.00 MB, 40 % less than the 10.00 MB of bfloat16."
    (none,) = precision.saved("int4", 10_000_000, 10_000_000)
    assert "no less than" in none


@slow
@quiet
@pytest.mark.parametrize("dtype", ["int8", "int4"])
def test_an_answer_in_few_bits_and_its_python(
    dtype: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = InlineEngine(RunnerSettings(limits=Limits(), models="starter"))
    values: dict[str, Any] = {"text": "The food was terrible and the waiter was rude."}
    request = request_from(task(CLASSIFY), {**values, "dtype": dtype, "device": "cpu"}, Limits())
    *_, done = engine.run(request)
    engine.close()
    assert isinstance(done, Done), done
    assert done.answer[0]["label"] == "negative"
    assert done.meta.dtype == dtype
    (note,) = [note for note in done.notes if "of bfloat16" in note]
    assert note.startswith(f"In {dtype} the model takes ")
    assert "llm_int8_skip_modules=[" in done.code
    assert "'lm_head'" in done.code
    monkeypatch.chdir(ROOT)
    exec(compile(done.code, "snippet", "exec"), {})  # noqa: S102  our own snippet
    assert "negative" in capsys.readouterr().out


@slow
@quiet
def test_attention_is_the_one_that_was_asked_for() -> None:
    for name in ("eager", "sdpa"):
        found = loaded(CLASSIFY, f"starter/{CLASSIFY}", attention=name)
        assert found.pipe.model.config._attn_implementation == name


@slow
@quiet
@pytest.mark.skipif(
    importlib.util.find_spec("flash_attn") is not None, reason="flash_attn is installed here"
)
def test_an_attention_that_is_not_there_is_one_sentence() -> None:
    sentence = refusal(CLASSIFY, f"starter/{CLASSIFY}", attention="flash_attention_2")
    assert "flash_attention_2" in sentence


@slow
@quiet
@pytest.mark.parametrize("dtype", precision.QUANTIZED)
@pytest.mark.parametrize("id", ["fill-mask", "mask-generation"])
def test_a_shared_weight_and_inputs_of_four_axes_are_answered_in_few_bits(
    id: str, dtype: str
) -> None:
    """The first model's head is its embedding; the second one's layers see (1, n, tokens, d)."""
    limits = Limits(upload_roots=(EXAMPLES,))
    engine = InlineEngine(RunnerSettings(limits=limits, models="starter"))
    values = {**task(id).examples[0].located(EXAMPLES), "dtype": dtype, "device": "cpu"}
    *_, done = engine.run(request_from(task(id), values, limits))
    engine.close()
    assert isinstance(done, Done), done
    assert done.answer


@slow
@quiet
def test_models_that_load_at_once_leave_each_other_their_dtype() -> None:
    """transformers sets the dtype of the whole process while it makes a model (5.23)."""
    import torch

    asked = [(WRITE, "int8"), ("text2text-generation", "float16"), ("decision", "int8")]

    def load(id: str, dtype: str) -> None:
        with contextlib.suppress(ModelError):  # no weight of a decision is small in int8
            loaded(id, f"starter/{id}", dtype=dtype)

    for each in asked:
        load(*each)  # transformers itself is imported by one thread
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(len(asked)) as pool:
            list(pool.map(load, *zip(*asked, strict=True)))
        assert torch.get_default_dtype() == torch.float32
