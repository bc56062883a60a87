"""Which model answers, by mode, by request and by whether the Hub is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.engine.catalogue import resolve
from pipelines.errors import ModelError
from pipelines.loading import LoadSettings
from pipelines.tasks import BY_ID, task

SPEC = task("text-generation")
AUTO = LoadSettings(task=SPEC.id, model="auto")


def not_asked() -> bool:
    raise AssertionError("the Hub need not be asked")


@pytest.mark.parametrize("spec", BY_ID.values(), ids=list(BY_ID))
@pytest.mark.parametrize(("mode", "online"), [("hub", False), ("auto", True)])
def test_the_hubs_default_answers_at_its_pinned_commit(
    spec: object, mode: str, online: bool
) -> None:
    found = resolve(spec, LoadSettings(task=spec.id, model="auto"), mode, lambda: online)
    assert (found.model, found.revision) == (spec.models[0].id, spec.models[0].revision)


@pytest.mark.parametrize("mode", ["starter", "auto"])
def test_offline_or_by_choice_the_starter_answers(mode: str) -> None:
    found = resolve(SPEC, AUTO, mode, lambda: False)
    assert found.model == "starter/text-generation"


@pytest.mark.parametrize("mode", ["auto", "hub", "starter"])
def test_a_starter_may_always_be_named(mode: str) -> None:
    named = replace(AUTO, model="starter/text-generation")
    assert resolve(SPEC, named, mode, not_asked) == named


def test_only_starters_answer_in_starter_mode() -> None:
    with pytest.raises(ModelError, match="--models starter"):
        resolve(SPEC, replace(AUTO, model="gpt2"), "starter", not_asked)


def test_the_hub_is_not_asked_when_the_answer_does_not_depend_on_it() -> None:
    for mode in ("hub", "starter"):
        resolve(SPEC, AUTO, mode, not_asked)


def test_a_known_model_gets_its_pin_and_a_given_revision_wins() -> None:
    pinned = SPEC.models[0]
    named = replace(AUTO, model=pinned.id)
    assert resolve(SPEC, named, "hub", not_asked).revision == pinned.revision
    chosen = replace(named, revision="v2")
    assert resolve(SPEC, chosen, "hub", not_asked).revision == "v2"


def test_an_unknown_model_stays_without_a_revision() -> None:
    assert resolve(SPEC, replace(AUTO, model="acme/x"), "hub", not_asked).revision == ""
