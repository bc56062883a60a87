"""The page in the language of the browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from pipelines.engine.request import Failed
from tests.browser.conftest import PHONE, App, Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_spanish_browser_reads_spanish(see: Callable[..., Visit], app: App) -> None:
    visit = see(locale="es-ES", size=PHONE)
    assert visit.page.evaluate("document.documentElement.lang") == "es"
    visit.open("Texto", "Entidades con nombre")
    visit.seen(".examples button").click()
    assert "ejecución" in visit.done()
    heads = visit.page.locator(".table th >> visible=true").all_inner_texts()
    assert [head.split("\n")[0] for head in heads] == ["Texto", "Etiqueta", "Puntuación"]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    app.engine.fail = lambda request: Failed("Out of memory; use a smaller batch size, shorter "
                                             "input or a smaller model.")  # fmt: skip
    visit.seen("button.run").click()
    visit.seen(".alert").wait_for()
    assert visit.alert().startswith("Sin memoria;")


def test_a_panel_that_is_opened_later_is_spanish_too(see: Callable[..., Visit]) -> None:
    visit = see(locale="es-MX")
    visit.open("Visión", "Detección de objetos")
    assert visit.seen("button.run").inner_text() == "Ejecutar"
    visit.seen(".examples button").click()
    visit.done()
    assert visit.seen(".boxes svg").get_attribute("aria-label").split()[1] == "recuadros:"
    assert "Descargar" in visit.seen(".downloads").inner_text()


def test_a_visitor_may_choose_the_language(see: Callable[..., Visit]) -> None:
    visit = see(locale="en-US")
    visit.seen(".models.ready").wait_for()
    visit.page.goto(f"{visit.page.url}?__theme=dark")
    visit.seen(".models.ready").wait_for()
    visit.page.get_by_role("link", name="Español").click()
    visit.open("Visión", "Clasificación de imágenes")
    assert visit.seen("button.run").inner_text() == "Ejecutar"
    assert "clic" in visit.seen(".upload-container, button:has(.wrap)").inner_text()
    visit.seen(".examples button").click()
    assert "ejecución" in visit.done()
    assert visit.page.url.endswith("?__theme=dark&lang=es")
    visit.page.get_by_role("link", name="English").click()
    visit.open("Text", "Text classification")
    assert visit.seen("button.run").inner_text() == "Run"


def test_any_other_browser_reads_english(see: Callable[..., Visit]) -> None:
    visit = see(locale="fr-FR")
    expect(visit.page.locator("html")).to_have_attribute("lang", "en")
    visit.open("Text", "Text classification")
    visit.seen(".examples button").click()
    assert "run " in visit.done()
    assert visit.seen("button.run").inner_text() == "Run"
