"""What a job gives away: the input's own columns, the answers, and the errors."""

from __future__ import annotations

import csv
import json
import zipfile
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.errors import InputError
from pipelines.jobs import cells
from pipelines.jobs.exports import export, guarded, records
from pipelines.jobs.job import Job, Manifest, fingerprint, make
from pipelines.jobs.made import taken_out
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.outputs import OutputKind
from pipelines.spec import TaskSpec
from pipelines.strict_json import to_json
from pipelines.tasks import ROWS
from pipelines.waves import to_wav
from tests.fake_rows import POISON, TASK, RowsEngine
from tests.made import saved

TABLE = f"id,text,label\n=1,it is good,x\n2,{POISON},y\n3,so fine,\n"
every_row = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "a.csv").write_text(TABLE)
    sha = fingerprint(tmp_path / "a.csv")
    manifest = Manifest(
        task=TASK, input="a.csv", sha256=sha, columns={"text": "text"}, values={}, name="a.csv",
        batch_size=2,
    )  # fmt: skip
    job = make(tmp_path, manifest)
    carry_out(job, RowsEngine(), Limits(), Signal())  # type: ignore[arg-type]
    return job


def test_a_row_has_its_own_cells_the_answers_and_the_error(job: Job) -> None:
    first, second, third = records(job)
    assert (first["id"], first["input_label"], first["label"]) == ("=1", "x", "good")
    assert (second["label"], second["error"]) == (None, "text: is poison.")
    assert (third["label"], third["score"], third["error"]) == ("fine", 0.5, "")


def test_csv_is_safe_in_a_spreadsheet(job: Job, tmp_path: Path) -> None:
    export(job, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["id"] == "'=1"
    assert [row["label"] for row in rows] == ["good", "", "fine"]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [("=1+1", "'=1+1"), ("@a", "'@a"), ("-5", "-5"), ("+1.5", "+1.5"), ("-x", "'-x"), (3, 3)],
)
def test_formulas_are_guarded_and_numbers_are_not(cell: object, safe: object) -> None:
    assert guarded(cell) == safe


def test_json_lines_hold_the_answer_itself(job: Job, tmp_path: Path) -> None:
    export(job, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows[0]["answer"] == [{"label": "good", "score": 0.5}]
    assert rows[1]["answer"] is None


def test_parquet_has_numbers_as_numbers(job: Job, tmp_path: Path) -> None:
    from pyarrow.parquet import read_table

    export(job, tmp_path / "out.parquet")
    rows = read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["score"] for row in rows] == [0.5, None, 0.5]
    assert [row["id"] for row in rows] == ["=1", "2", "3"]


def test_a_zip_holds_the_table(job: Job, tmp_path: Path) -> None:
    export(job, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["answers.csv"]
        written = archive.read("answers.csv").decode("utf-8-sig").splitlines()
    assert [row["label"] for row in csv.DictReader(written)] == ["good", "", "fine"]
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix in (".csv", ".new")) == ["a.csv"]


def test_the_files_of_an_answer_are_taken_out_of_it() -> None:
    wav = to_wav(np.zeros((30, 1), np.int16), 8_000)
    png = saved(Image.new("L", (40, 30), 255), "PNG")
    one = {"audio": b64encode(wav).decode(), "sampling_rate": 8_000}
    assert taken_out(one, "00007") == (
        {"audio": "00007.wav", "sampling_rate": 8_000},
        {"00007.wav": wav},
    )
    masks = [{"mask": b64encode(png).decode(), "label": "cat"}] * 2
    masks.append({"mask": f"data:image/png;base64,{b64encode(png).decode()}", "label": "UklGR"})
    named, files = taken_out(masks, "00001")
    assert [mask["mask"] for mask in named] == ["00001-1.png", "00001-2.png", "00001-3.png"]
    assert named[2]["label"] == "UklGR"
    assert list(files.values()) == [png] * 3


@pytest.mark.parametrize(
    "answer", ["UklGR" + "!" * 80, "UklGRabc", [{"label": "/9j/"}], None, 3.5, {"a": [1, "b"]}]
)
def test_words_and_numbers_stay_in_the_answer(answer: object) -> None:
    assert taken_out(answer, "1") == (answer, {})


def test_an_unknown_format_is_refused(job: Job, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="csv, jsonl, parquet, zip"):
        export(job, tmp_path / "out.docx")


def test_every_kind_of_output_has_its_cells() -> None:
    assert set(cells.FLATTEN) == set(OutputKind.__subclasses__())


@every_row
def test_an_answer_becomes_plain_cells(row: TaskSpec) -> None:
    flat = cells.flat(row, to_json(row.to_json(row.raw_example)))
    assert all(isinstance(cell, str | int | float | None) for cell in flat.values())
    assert json.loads(flat[cells.ANSWER]) == to_json(row.to_json(row.raw_example))
    shown = {name: cell for name, cell in flat.items() if name != cells.ANSWER}
    assert not shown or any(cell not in (None, "") for cell in shown.values())
