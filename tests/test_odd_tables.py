"""Tables and archives as people and strangers really have them: odd, broken, or made to do harm."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.engine.request import Request
from pipelines.errors import InputError
from pipelines.jobs.archives import unpack
from pipelines.jobs.exports import WRITERS, export, records
from pipelines.jobs.job import DONE, FAILED, Job, make
from pipelines.jobs.order import Order, fill
from pipelines.jobs.tables import Broken, open_table
from pipelines.limits import Limits
from tests.fake_rows import TASK, RowsEngine
from tests.made import png
from tests.test_jobs import job_of, work
from tests.test_tables import written, xlsx

QUICK_SECONDS = 2.0
MOST_MEMORY = 100_000_000
"""Bytes that Arrow may take for a table of 180 MB that is 1 KB as a file."""


def read(folder: Path, name: str, data: bytes) -> list[dict[str, Any]]:
    return list(open_table(written(folder, name, data)).rows())


def parquet(names: list[str], columns: list[list[Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    table = pyarrow.Table.from_arrays([pyarrow.array(c) for c in columns], names=names)
    parquet.write_table(table, file, compression="zstd")
    return file.getvalue()


def workbook(*cells: tuple[str, Any]) -> bytes:
    from openpyxl import Workbook

    book, file = Workbook(), io.BytesIO()
    for place, value in cells:
        book.active[place] = value
    book.save(file)
    return file.getvalue()


ODD = [
    ("windows.csv", b"text,n\n\x93good\x94 \x80,1\n", [{"text": "“good” €", "n": "1"}]),
    ("no-windows.csv", b"text,n\n\x81,1\n", [{"text": "\x81", "n": "1"}]),
    ("clash.csv", b"a,a (3),a\n1,2,3\n", [{"a": "1", "a (3)": "2", "a (4)": "3"}]),
    ("commas-at-the-end.csv", b"a,b\n1,2,,\n", [{"a": "1", "b": "2"}]),
    ("twice.parquet", parquet(["a", "a"], [["x"], ["y"]]), [{"a": "x", "a (2)": "y"}]),
    ("named-wrongly.csv", xlsx([{"a": "x"}]), [{"a": "x"}]),
    ("blank-line.xlsx", workbook(("A2", "a"), ("A3", "x")), [{"a": "x"}]),
    ("surrogate.jsonl", b'{"a\\udfff": ["x\\ud800", "\\u00e9"]}\n', [{"a?": ["x?", "é"]}]),
]


@pytest.mark.parametrize(("name", "data", "rows"), ODD, ids=[name for name, *_ in ODD])
def test_an_odd_table_loses_nothing(
    name: str, data: bytes, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert read(tmp_path, name, data) == rows


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("old.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "save it as XLSX or CSV"),
        ("a.txt", b"%PDF-1.7\n", "is a PDF file"),
        ("a.xlsx", b"text\ngood\n", "save it as .xlsx or CSV"),
        ("wide.csv", b"," * 2_000_000 + b"\n1\n", "2,000,001 columns"),
        ("line.txt", b"a" * 21_000_000, "line of more than"),
        ("array.json", b'[{"text": "a"}]', "write one object on each line"),
        ("bomb.parquet", parquet(["a"], [["x" * 70_000_000]]), "unpacks to far more"),
    ],
)
def test_what_cannot_be_a_table_is_refused_at_once(
    name: str, data: bytes, sentence: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, name, data)
    assert time.monotonic() - began < QUICK_SECONDS


def test_a_value_that_every_row_repeats_does_not_fill_the_memory(tmp_path: Path) -> None:
    import pyarrow

    values = pyarrow.DictionaryArray.from_arrays([0] * 200, ["a" * 900_000])
    data = parquet(["text"], [values.cast(pyarrow.string())])
    assert len(data) < 2_000
    table, before = written(tmp_path, "a.parquet", data), pyarrow.total_allocated_bytes()
    taken = [pyarrow.total_allocated_bytes() - before for _ in open_table(table).rows()]
    assert len(taken) == 200
    assert max(taken) < MOST_MEMORY


def test_a_cell_at_the_end_of_the_sheet_costs_little(tmp_path: Path) -> None:
    far = workbook(("A1", "text"), ("A2", "ok"), ("XFD200000", 1))
    began = time.monotonic()
    assert read(tmp_path, "far.xlsx", far) == [{"text": "ok"}]
    assert time.monotonic() - began < 5 * QUICK_SECONDS


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.csv", b'text,n\nfine,1\nI like it, but no,2\n"so, so",3\n', "3 cells in line 3"),
        ("a.jsonl", b'{"text": "fine"}\n{bad\n{"text": "so, so"}\n', "no JSON value in line 2"),
        ("a.jsonl", b'{"text": "fine"}\n[1]\n{"text": "so, so"}\n', "no JSON object in line 2"),
    ],
)
def test_a_broken_row_is_an_error_row_and_stops_nothing(
    name: str, data: bytes, why: str, tmp_path: Path
) -> None:
    rows = read(tmp_path, name, data)
    assert [isinstance(row, Broken) for row in rows] == [False, True, False]
    upload = written(tmp_path, name, data)
    (tmp_path / "job").mkdir()
    limits = Limits(upload_roots=(tmp_path,))
    job = work(fill(tmp_path / "job", Order(task=TASK, files=[str(upload)]), limits))
    first, second, third = records(job)
    assert (job.state.status, first["error"], third["error"]) == (DONE, "", "")
    assert second["error"].startswith("input: has ")
    assert why in second["error"]


def zipped(*entries: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def locked(archive: bytes) -> bytes:
    """The ZIP of one entry, its flags saying that it is encrypted."""
    made = bytearray(archive)
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def damaged(archive: bytes) -> bytes:
    """The ZIP with what is packed in it overwritten."""
    return archive[:40] + b"\xff" * 20 + archive[60:]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (zipped(("in.zip", zipped(("a.png", b"x")))), "only archives"),
        (zipped(), "holds no files"),
        (locked(zipped(("a.png", b"x"))), "locked with a password"),
        (damaged(zipped(("a.png", bytes(range(256))))), "may be damaged"),
    ],
)
def test_an_odd_archive_is_refused_in_a_sentence(
    data: bytes, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        unpack(written(tmp_path, "a.zip", data), tmp_path / "out")


@pytest.mark.parametrize("name", ["a.png", "a.xls", "two.zip"])
def test_a_task_of_texts_is_not_asked_the_names_of_files(name: str, tmp_path: Path) -> None:
    data = zipped(("a.csv", b"text\na\n"), ("b.csv", b"text\na\n")) if "zip" in name else png(4, 4)
    upload = written(tmp_path, name, data)
    (tmp_path / "job").mkdir()
    order = Order(task=TASK, files=[str(upload)])
    with pytest.raises(InputError, match=r"give one \.csv"):
        fill(tmp_path / "job", order, Limits(upload_roots=(tmp_path,)))


def test_files_and_lines_at_once_are_refused(tmp_path: Path) -> None:
    table = written(tmp_path, "a.csv", b"text\na\n")
    order = Order(task=TASK, files=[str(table)], lines="a")
    with pytest.raises(InputError, match="given twice"):
        fill(tmp_path, order, Limits(upload_roots=(tmp_path,)))


@pytest.mark.parametrize("format", WRITERS)
def test_lone_surrogates_are_written_nowhere(format: str, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    order = Order(task=TASK, lines="a\ud800b\nok", values={"function_to_apply": "softmax"})
    job = work(fill(tmp_path / "job", order, Limits()))
    assert [record["text"] for record in records(job)] == ["a?b", "ok"]
    assert export(job, tmp_path / f"out.{format}").stat().st_size


def test_a_manifest_with_lone_surrogates_can_be_read_again(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", "a\n")
    values = {"text_pair": "x\ud800"}
    made = make(job.folder, type(job.manifest)(**{**vars(job.manifest), "values": values}))
    assert Job(made.folder).manifest.values == values


class BrokenEngine(RowsEngine):
    """Has a bug."""

    def run(self, request: Request) -> Iterator[Any]:
        raise KeyError(request.task)


def test_a_job_that_meets_a_bug_says_so_and_does_not_stay_under_way(tmp_path: Path) -> None:
    job = work(job_of(tmp_path / "job", "a\n"), BrokenEngine())
    assert job.state.status == FAILED
    assert "Something went wrong here (id " in job.state.reason
    assert TASK not in job.state.reason
    assert work(job).state.status == DONE
