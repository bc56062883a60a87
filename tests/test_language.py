"""The page's languages: every text of it is translated, and the API stays English."""

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
import httpx
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
from ui import handlers, language, say
from ui.app import build_app, launch_options
from ui.catalogue import NAME, Catalogue, Template
from ui.full_queue import FULL, SOON
from ui.jobs import jobs_tab
from ui.language import FOLDER, LANGUAGES, preferred, speaking, told, translated, wanted
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


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("es-ES", "es"), ("es-MX,es;q=0.9,en;q=0.8", "es"), ("fr-FR,fr;q=0.9", "en"),
        ("en-GB,es;q=0.5", "en"), ("fr;q=0.9, es;q=0.4", "es"), ("es;q=0.3,en;q=0.7", "en"),
        ("", "en"), ("*", "en"), ("ES", "es"), ("es;q=zero", "en"), (",;q=1,;;", "en"),
    ],
)  # fmt: skip
def test_the_header_says_the_language(header: str, wanted: str) -> None:
    assert preferred(header) == wanted


@pytest.mark.parametrize(
    ("query", "headers", "found"),
    [
        ("lang=es", {}, "es"), ("job=1&lang=es", {"accept": "text/html"}, "es"),
        ("lang=en", {"accept-language": "es"}, "en"), ("", {"referer": "http://a/?lang=es"}, "es"),
        ("", {"referer": "http://a/b/?x=1&lang=es#c", "accept-language": "en"}, "es"),
        ("lang=en", {"referer": "http://a/?lang=es"}, "en"),
        ("", {"referer": "http://a/?lang=es", "accept": "text/html,*/*"}, "en"),
        ("lang=fr", {"accept-language": "es"}, "es"), ("lang=es-MX", {}, "en"),
        ("slang=es", {}, "en"), ("", {"referer": "http://[?lang=esp"}, "en"),
    ],
)  # fmt: skip
def test_the_address_of_the_page_goes_before_the_browser(
    query: str, headers: dict[str, str], found: str
) -> None:
    assert wanted(headers, query) == found


def test_gaps_are_filled_and_what_stands_in_them_is_left_alone() -> None:
    book = Catalogue({"{a} of {b}": "{b}: {a}", "Run": "Ejecutar", "{field}: {said}": "{said}!"})
    assert book.find("Run of 3") == "3: Run"
    assert book.find("Run of 3", deep=True) == "3: Ejecutar"
    assert book.find("name: Run") == "Ejecutar!"
    assert book.find("Runs") is None


@pytest.mark.parametrize("text", ["of of of", " of ", "3 of", "of 3", "", " of of ", "{a} of {b}"])
def test_a_text_that_is_nearly_a_template_is_no_error(text: str) -> None:
    found = Template("{a} of {b}", "{a}/{b}").match(text)
    assert found is None or f"{found['a']} of {found['b']}" == text


def test_long_texts_are_matched_at_once() -> None:
    shape = Template("{a} of {b} of {c} of {d} of {e}!", "")
    assert shape.match(" of " * 100_000) is None


def test_every_sentence_of_the_page_is_said_in_the_language_of_the_request() -> None:
    with speaking("es"):
        assert told("Run") == "Ejecutar"
        assert (
            say.alert("text: is missing; add it and run again.")
            == '<div class="alert" role="alert">text: falta; añadir y ejecutar de nuevo.</div>'
        )
        assert "Detenido;" in told("Stopped; this is what there was so far.")
        assert told("No such sentence.") == "No such sentence."
    assert told("Run") == "Run"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole page, served."""
    settings = Settings(server_name="127.0.0.1", server_port=0)
    with pytest.MonkeyPatch.context() as patch, no_loop_left_open():
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        engine = FakeEngine()
        page = build_app(engine, settings)
        options = launch_options(settings) | {"server_port": None, "quiet": True}
        _, found, _ = page.launch(prevent_thread_lock=True, **options)
        yield found
        engine.close()
        page.close(verbose=False)


def asking(url: str, path: str, wanted: str) -> httpx.Response:
    return httpx.get(f"{url}{path}", headers={"Accept-Language": wanted}, timeout=30)


def test_the_page_says_its_language(url: str) -> None:
    spanish, french = asking(url, "", "es-ES"), asking(url, "", "fr-FR")
    assert 'lang="es"' in spanish.text
    assert "Clasificación de texto" in spanish.text
    assert 'lang="en"' in french.text
    assert "Text classification" in french.text
    assert "Clasificación de texto" not in french.text
    assert "Accept-Language" in spanish.headers["vary"]
    assert "Ejecutar" in json.dumps(asking(url, "config", "es").json(), ensure_ascii=False)
    assert "Ejecutar" not in asking(url, "config", "en").text


def test_a_page_in_a_chosen_language_leads_back_and_has_gradios_words_in_it(url: str) -> None:
    plain, chosen, back = (
        asking(url, place, "en-US").text for place in ("", "?lang=es", "?lang=en")
    )
    assert "Clasificación de texto" in chosen
    assert "navigator" not in plain
    assert 'Object.defineProperty(navigator, "language"' in chosen
    links = [re.findall(r'"link":"(\?lang=..)"', page) for page in (plain, chosen, back)]
    assert links == [["?lang=es"], ["?lang=en"], ["?lang=es"]]
    assert "Clasificación de texto" not in back


def test_the_api_speaks_english(url: str) -> None:
    headers = {"Accept-Language": "es-ES", "Referer": f"{url}?lang=es"}
    route = f"{url}gradio_api/call/text_classification"
    started = httpx.post(route, json={"data": [""]}, headers=headers, timeout=30).json()
    answer = httpx.get(f"{route}/{started['event_id']}", headers=headers, timeout=30).text
    assert "is empty; write something to run on." in answer
    info = asking(url, "gradio_api/info", "es").text
    assert "Sentence" not in info or "frase" not in info
    assert info == asking(url, "gradio_api/info", "en").text


def test_a_full_queue_is_told_in_the_language_of_the_request() -> None:
    with speaking("es"):
        assert told(FULL.format(waiting=3, wait=SOON)).endswith("otra vez en un momento.")


def test_a_refused_value_is_named_by_its_label_in_the_language_of_the_request() -> None:
    row = next(row for row in ROWS if row.title == "Text classification")
    with gr.Blocks(analytics_enabled=False):
        panel = build_panel(row, Place(FakeEngine(), SETTINGS))
    with speaking("es"):
        *_, last = handlers.answer(panel, FakeEngine(), SETTINGS, {}, "me")
    assert "“Texto” falta; añadir" in last[panel.status]
