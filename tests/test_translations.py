"""The translations of the page: every text of it has one, with the same gaps, and none is dead."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from pipelines.jobs.desk import Desk
from pipelines.kinds import Choice
from pipelines.languages import LANGUAGES as TONGUES
from pipelines.load_fields import load_fields
from pipelines.spec import TaskSpec
from pipelines.tasks import ROWS
from settings import Settings
from tests.fakes import FakeEngine
from tests.served import no_loop_left_open
from ui import language
from ui.app import build_app
from ui.catalogue import NAME, Catalogue, Template
from ui.jobs import jobs_tab
from ui.language import FOLDER, LANGUAGES, translated
from ui.models import models_tab
from ui.place import Place
from ui.task_tab import build_panel

ROOT = Path(__file__).parents[1]
SETTINGS = Settings()
TRANSLATED = [name for name in LANGUAGES if name != language.ENGLISH]
SAME = re.compile(r"[\d.]*|https?://\S*|\{\}|hf_…|/home/\S+|value|\d+(?:st|nd|rd|th)")
"""Read alike in every language, or never read: endpoints have tables that nobody sees."""
GAP = re.compile(r"\{[^{}]*\}")
every_language = pytest.mark.parametrize("name", TRANSLATED)


class Recorder(Catalogue):
    """A catalogue that keeps what it was asked for in vain, and all that it was asked for."""

    def __init__(self, entries: dict[str, str]) -> None:
        super().__init__(entries)
        self.missed: set[str] = set()
        self.asked: set[str] = set()

    def find(self, text: str, deep: bool = False) -> str | None:
        found = super().find(text, deep)
        self.asked.add(text)
        if found is None:
            self.missed.add(text)
        return found


@cache
def entries(name: str) -> dict[str, str]:
    """All entries of a language; a key may stand in one file only."""
    found: dict[str, str] = {}
    for file in sorted((FOLDER / name).glob("*.json")):
        pairs = json.loads(file.read_text("utf-8"), object_pairs_hook=list)
        keys = [key for key, _ in pairs]
        assert len(set(keys)) == len(keys), file.name
        assert not found.keys() & set(keys), file.name
        found |= dict(pairs)
    return found


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """The configuration of the page, and of everything that is rendered later."""
    engine = FakeEngine()
    desk = Desk(engine, SETTINGS.limits, tmp_path_factory.mktemp("jobs"))
    with no_loop_left_open():
        page = build_app(engine, SETTINGS, desk)
        with gr.Blocks(analytics_enabled=False) as rest:
            with gr.Tabs() as tabs:
                pass
            place = Place(engine, SETTINGS, desk, gr.State(""), tabs)
            for row in ROWS:
                build_panel(row, place)
            models_tab(place)
            jobs_tab(place)
        yield [page.get_config_file(), rest.get_config_file()]
    desk.close()
    engine.close()


@cache
def literals() -> set[str]:
    """Every text in the code, {} for what is filled in."""
    found = set()
    for file in (*(ROOT / "ui").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(GAP.sub("{}", node.value))
            elif isinstance(node, ast.JoinedStr):
                found.add("".join(map(_piece, node.values)))
    return found


def _piece(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "{}"


def codes(row: TaskSpec) -> set[str]:
    """What a row's page shows and no language changes: ids, words of the starter, what is typed."""
    shown = (*row.inputs, *row.params, *load_fields(row))
    options = [option for f in shown if isinstance(f.kind, Choice) for option in f.kind.options]
    suggested = [s for f in shown for s in getattr(f.kind, "suggestions", ())]
    typed = json.dumps([dict(e.values) for e in row.examples], default=str, ensure_ascii=False)
    return {
        row.id, row.was, row.starter_id, " · ".join(row.starter.vocabulary), *suggested,
        *(model.id for model in row.models),
        *(label for label, value in options if label == value),
        *(e.label for e in row.examples if json.dumps(e.label, ensure_ascii=False)[1:-1] in typed),
    }  # fmt: skip


def texts(thing: Any) -> set[str]:
    """Every text in a row and in what it is made of."""
    if isinstance(thing, str):
        return {thing}
    if is_dataclass(thing) and not isinstance(thing, type):
        thing = [getattr(thing, f.name) for f in fields(thing)]
    elif isinstance(thing, Mapping):
        thing = list(thing.values())
    return set().union(*map(texts, thing)) if isinstance(thing, list | tuple) else set()


def unspoken(name: str, rows: Sequence[TaskSpec]) -> set[str]:
    """The texts of rows of which nothing was translated yet: a new task edits one file."""
    known = entries(name).keys()
    return set().union(*(texts(row) for row in rows if not {row.title, row.help} & known))


@every_language
def test_every_text_of_the_page_is_translated(name: str, layouts: list[Any]) -> None:
    """A task that has no word of a language yet is shown in English; half a task is a mistake."""
    recorder = Recorder(entries(name))
    for layout in layouts:
        translated(layout, recorder)
    known = set().union(unspoken(name, ROWS), *map(codes, ROWS))
    missed = {text for text in recorder.missed - known if not SAME.fullmatch(text)}
    assert not missed
    assert not {row.unit for row in ROWS} - entries(name).keys() - known


@every_language
def test_a_new_task_needs_no_translation_and_half_of_one_is_not_enough(name: str) -> None:
    row = ROWS[0]
    strange = replace(row.params[0], label="A label that nobody translated")
    half = replace(row, params=(strange,))
    new = replace(half, title="A task that nobody knows", help="It does what nobody did.")
    assert strange.label not in unspoken(name, [row, half])
    assert {new.title, new.help, strange.label} <= unspoken(name, [row, new])


@every_language
def test_no_translation_is_dead(name: str, layouts: list[Any]) -> None:
    recorder = Recorder(entries(name))
    for layout in layouts:
        translated(layout, recorder)
    alive = recorder.asked | literals() | set(TONGUES) | {row.unit for row in ROWS}
    dead = [key for key in entries(name) if key not in alive and GAP.sub("{}", key) not in alive]
    shapes = [Template(key, "") for key in dead if NAME.search(key)]
    used = {shape.source for shape in shapes if any(map(shape.match, recorder.asked))}
    assert not set(dead) - used


@every_language
def test_a_translation_has_the_gaps_of_its_source(name: str) -> None:
    for key, value in entries(name).items():
        assert sorted(NAME.findall(key)) == sorted(NAME.findall(value)), key
        assert len(set(NAME.findall(key))) == len(NAME.findall(key)), key
        assert value.strip() == value, key
