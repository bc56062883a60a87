"""The row: every value of a request is checked at once, before anything loads (R15, R18)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import InputError
from pipelines.field import CALL, ENGINE, FORWARD, GENERATE, LOAD
from pipelines.kinds import TAKES_FILES, Integer, Number
from pipelines.limits import Limits
from pipelines.spec import Parsed, TaskSpec
from pipelines.tasks import BY_ID, MODALITIES, task
from pipelines.traits import TRAITS
from tests.outputs_made import OBJECTS

every_row = pytest.mark.parametrize("spec", BY_ID.values(), ids=list(BY_ID))


@pytest.fixture
def limits(tmp_path: Path) -> Limits:
    (tmp_path / "file").write_bytes(b"x")
    return Limits(upload_roots=(tmp_path.resolve(),))


def complete(spec: TaskSpec, limits: Limits) -> dict[str, Any]:
    """The least that a request of this row must bring."""
    given: dict[str, Any] = {
        f.name: OBJECTS.get(type(f.kind), "a word") for f in spec.fields if f.required
    }
    for f in spec.inputs:
        if isinstance(f.kind, TAKES_FILES) and f.required:
            given[f.name] = str(limits.upload_roots[0] / "file")
    return given


def parse(spec: TaskSpec, limits: Limits, **changes: Any) -> Parsed:
    return spec.parse({**complete(spec, limits), **changes}, limits)


@every_row
def test_a_row_is_whole(spec: TaskSpec) -> None:
    names = [f.name for f in spec.fields]
    assert len(names) == len(set(names))
    assert spec.modality in MODALITIES
    assert all((spec.models, spec.help, spec.starter.knows, spec.unit))
    assert task(spec.id) is spec


@every_row
def test_every_field_goes_somewhere_and_asks_for_traits_that_exist(spec: TaskSpec) -> None:
    for f in spec.fields:
        assert f.route in (CALL, GENERATE, FORWARD, ENGINE, LOAD)
        assert not f.needs or f.needs in TRAITS
        assert f.label
    assert all(f.help for f in spec.params)


@every_row
def test_every_default_passes_its_own_check(spec: TaskSpec, limits: Limits) -> None:
    for f in spec.fields:
        if f.default is not None:
            assert f.check(f.default, limits) == f.default


@every_row
def test_the_least_request_gets_every_default(spec: TaskSpec, limits: Limits) -> None:
    parsed = parse(spec, limits)
    assert set(parsed.inputs) == {f.name for f in spec.inputs}
    for f in spec.params:
        if not f.required:
            assert parsed.params[f.name] == f.default
    assert parsed.load == {f.name: f.default for f in spec.fields if f.route == LOAD}


@every_row
def test_empty_controls_mean_the_default(spec: TaskSpec, limits: Limits) -> None:
    empty = {f.name: None for f in spec.fields if not f.required}
    assert parse(spec, limits, **empty) == parse(spec, limits)


@every_row
def test_what_is_required_is_missed_by_name(spec: TaskSpec, limits: Limits) -> None:
    for f in spec.fields:
        if f.required:
            with pytest.raises(InputError, match=rf"^{f.name}: ") as refused:
                parse(spec, limits, **{f.name: None})
            assert refused.value.field == f.name


@every_row
def test_an_unknown_name_is_refused_with_the_nearest_known_one(
    spec: TaskSpec, limits: Limits
) -> None:
    with pytest.raises(InputError, match=r"Did you mean batch_size\?"):
        parse(spec, limits, batchsize=2)
    with pytest.raises(InputError, match="Known: "):
        parse(spec, limits, zzz=2)


DANGEROUS = (
    "trust_remote_code custom_generate chat_template tokenizer_encode_kwargs tesseract_config "
    "num_workers assistant_model generation_config streamer stopping_criteria logits_processor"
).split()


@every_row
def test_dangerous_parameters_are_not_there(spec: TaskSpec, limits: Limits) -> None:
    """R15."""
    for name in DANGEROUS:
        with pytest.raises(InputError, match=f"^{name}: "):
            parse(spec, limits, **{name: "x"})


@every_row
def test_numbers_outside_their_range_and_not_numbers_are_refused(
    spec: TaskSpec, limits: Limits
) -> None:
    """R15, R18."""
    for f in spec.fields:
        if isinstance(f.kind, Number | Integer):
            wrong: tuple[Any, ...] = (
                f.kind.low - 1,
                f.kind.high + 1,
                math.nan,
                math.inf,
                "1",
                True,
            )
            for value in wrong:
                with pytest.raises(InputError, match=rf"^{f.name}: "):
                    f.check(value, limits)


@pytest.mark.parametrize("batch", [0, 257, 1.5, -1])
def test_the_batch_size_is_1_to_256(batch: float, limits: Limits) -> None:
    """R18."""
    with pytest.raises(InputError, match=r"^batch_size: "):
        parse(task("image-classification"), limits, batch_size=batch)


def test_beams_times_sequences_times_tokens_have_a_budget(limits: Limits) -> None:
    """R18."""
    spec = task("text-generation")
    parse(spec, limits, num_beams=4, max_new_tokens=8_192)
    with pytest.raises(InputError, match="at most 32,768"):
        parse(spec, limits, num_beams=5, max_new_tokens=8_192)


def test_the_least_length_is_not_above_the_most(limits: Limits) -> None:
    with pytest.raises(InputError, match=r"^min_new_tokens: "):
        parse(task("text-generation"), limits, max_new_tokens=8, min_new_tokens=9)


@pytest.mark.parametrize(
    "model", ["../x", "/etc", "a/b/c", "starter/../x", "a..b", "https://x/y", "a b", "~/x", ".."]
)
def test_a_model_is_an_id_and_not_a_path(model: str, limits: Limits) -> None:
    """R13."""
    with pytest.raises(InputError, match=r"^model: "):
        parse(task("text-generation"), limits, model=model)


@pytest.mark.parametrize("model", ["gpt2", "openai/whisper-tiny", "starter/text-generation"])
def test_a_model_id_is_taken_as_it_is(model: str, limits: Limits) -> None:
    assert parse(task("text-generation"), limits, model=model).load["model"] == model


@pytest.mark.parametrize("revision", ["../../refs", "a/../b", "-x", "x y"])
def test_a_revision_cannot_leave_the_cache(revision: str, limits: Limits) -> None:
    """R13."""
    with pytest.raises(InputError, match=r"^revision: "):
        parse(task("text-generation"), limits, revision=revision)


def test_an_unknown_task_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="text-generation"):
        task("poetry")
