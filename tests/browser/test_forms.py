"""Typed questions as a form and as JSON; a table to write in, to open and to ask about."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Locator

from pipelines.tasks import task
from tests.browser.conftest import App, Visit

pytestmark = pytest.mark.browser

DECISION, TABLES = task("decision"), task("table-question-answering")
ROW = ".question .question"
"""A row of the form; Gradio gives a group's class to two elements (6.31)."""
URGENT = {"type": "noul", "instructions": "Is it urgent?", "criteria": {"true": "today"}}
TEAM = {
    "type": "choice", "instructions": "Who handles it?",
    "criteria": {"billing": "bills", "repairs": None},
}  # fmt: skip


CHECKED = {**URGENT, "criteria": {"true": "today", "false": None}}


def fill(made: Visit, n: int, name: str, says: str, options: str) -> None:
    """A question of the form, counted from 0."""
    group = made.page.locator(ROW).nth(n)
    group.get_by_label(f"Name {n + 1}").fill(name)
    group.get_by_label("Question", exact=True).fill(says)
    group.get_by_label("Options").fill(options)


def pick(made: Visit, n: int, shown: str) -> None:
    made.page.locator(ROW).nth(n).get_by_label("Type").click()
    made.page.get_by_role("option", name=shown, exact=True).click()


def asked(made: Visit, app: App) -> Any:
    """What the engine was given."""
    made.seen("button.run").click()
    made.done()
    return app.engine.requests[-1].inputs


def test_questions_are_added_removed_and_kept_between_form_and_json(
    app: App, see: Callable[..., Visit]
) -> None:
    made = see()
    made.open(DECISION.modality, DECISION.title)
    made.page.get_by_label(DECISION.inputs[0].label, exact=True).fill("My parcel is late.")
    fill(made, 0, "team", "Who handles it?", "billing: bills\nrepairs")
    made.page.get_by_role("button", name="Add a question").click()
    made.page.locator(ROW).nth(1).wait_for()
    fill(made, 1, "urgent", "Is it urgent?", "yes: today")
    pick(made, 1, "yes/no")
    made.page.get_by_role("radio", name="JSON", exact=True).check()
    code = made.seen(".cm-content")
    made.page.get_by_text('"Is it urgent?"').wait_for()
    assert json.loads(code.inner_text()) == {"team": TEAM, "urgent": URGENT}
    made.page.get_by_role("radio", name="Form", exact=True).check()
    second = made.page.locator(ROW).nth(1)
    second.wait_for()
    assert second.get_by_label("Options").input_value() == "yes: today"
    made.page.locator(ROW).nth(0).get_by_role("button", name="Remove").click()
    second.wait_for(state="hidden")
    first = made.page.locator(ROW).nth(0)
    assert first.get_by_label("Name 1").input_value() == "urgent"
    assert first.get_by_label("Type").input_value() == "yes/no"
    assert dict(asked(made, app)["questions"]) == {"urgent": CHECKED}


def test_json_that_is_written_by_hand_is_there_as_a_form(
    app: App, see: Callable[..., Visit]
) -> None:
    made = see()
    made.open(DECISION.modality, DECISION.title)
    made.page.get_by_label(DECISION.inputs[0].label, exact=True).fill("My parcel is late.")
    made.page.get_by_role("radio", name="JSON", exact=True).check()
    code = made.seen(".cm-content")
    code.click()
    made.page.keyboard.press("Control+A")
    made.page.keyboard.insert_text(json.dumps({"team": TEAM, "urgent": URGENT}))
    made.page.get_by_role("radio", name="Form", exact=True).check()
    second = made.page.locator(ROW).nth(1)
    second.wait_for()
    assert second.get_by_label("Name 2").input_value() == "urgent"
    assert made.page.locator(ROW).nth(0).get_by_label("Options").input_value() == (
        "billing: bills\nrepairs"
    )
    assert dict(asked(made, app)["questions"]) == {"team": TEAM, "urgent": CHECKED}


def csv_file(folder: Path) -> Path:
    (folder / "sold.csv").write_text("Name,Apples\nMia,12\nTom,30\n")
    return folder / "sold.csv"


def xlsx_file(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Name", "Apples"), ("Mia", 12), ("Tom", 30)):
        sheet.append(row)
    book.save(folder / "sold.xlsx")
    return folder / "sold.xlsx"


def cell(made: Visit, text: str) -> Locator:
    """A cell of the grid that is asked about; a second table, which is hidden, measures it."""
    cells = made.page.locator(".ask .table").get_by_text(text, exact=True)
    return cells.locator("visible=true").first


def ask(made: Visit, question: str) -> None:
    made.page.get_by_label(TABLES.inputs[1].label).fill(question)
    made.seen("button.run").click()
    made.done()


@pytest.mark.parametrize("write", [csv_file, xlsx_file], ids=["csv", "xlsx"])
def test_a_table_is_opened_and_a_cell_is_changed(
    app: App, see: Callable[..., Visit], tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    made = see()
    made.open(TABLES.modality, TABLES.title)
    with made.page.expect_file_chooser() as chooser:
        made.page.get_by_role("button", name="Open a table file").click()
    chooser.value.set_files(write(tmp_path))
    cell(made, "30").dblclick()
    editor = made.page.locator(".ask .table textarea:focus, .ask .table input:focus")
    editor.fill("31")
    made.page.keyboard.press("Enter")
    ask(made, "How many apples?")
    table = app.engine.requests[-1].inputs["table"]
    assert list(table.columns) == ["Name", "Apples"]
    assert [list(row) for row in table.rows] == [["Mia", "12"], ["Tom", "31"]]


def test_answers_are_marked_and_old_questions_are_gone_back_to(see: Callable[..., Visit]) -> None:
    made = see()
    made.open(TABLES.modality, TABLES.title)
    made.seen(".examples button").click()
    made.done()
    marked = made.page.locator(".cells td.chosen >> visible=true")
    assert marked.all_inner_texts() == ["12"]
    ask(made, "And pears?")
    past = made.page.locator(".result .table").get_by_text("How many pears were sold in total?")
    past.locator("visible=true").first.click()
    made.page.locator(".cells td.chosen >> nth=2 >> visible=true").wait_for()
    assert marked.all_inner_texts() == ["4", "11", "9"]
    made.page.get_by_role("button", name="Clear", exact=True).locator("visible=true").click()
    marked.first.wait_for(state="hidden")
