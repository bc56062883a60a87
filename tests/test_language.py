"""The language of a request: by the address of the page, or the browser; the API stays English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import gradio as gr
import httpx
import pytest

from pipelines.tasks import ROWS
from settings import Settings
from tests.fakes import FakeEngine
from tests.served import no_loop_left_open
from ui import handlers, say
from ui.app import build_app, launch_options
from ui.catalogue import Catalogue, Template
from ui.full_queue import FULL, SOON
from ui.language import preferred, speaking, told, wanted
from ui.place import Place
from ui.task_tab import build_panel


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
    settings = Settings()
    with gr.Blocks(analytics_enabled=False):
        panel = build_panel(row, Place(FakeEngine(), settings))
    with speaking("es"):
        *_, last = handlers.answer(panel, FakeEngine(), settings, {}, "me")
    assert "“Texto” falta; añadir" in last[panel.status]
