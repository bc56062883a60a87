"""Files of rows: every format and encoding, and those that are broken or mean harm (R9, R10)."""

from __future__ import annotations

import io
import json
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import InputError
from pipelines.jobs import archives, tables
from pipelines.jobs.archives import files_in, unpack
from pipelines.jobs.mapping import check, guess, values_of
from pipelines.jobs.tables import MOST_CELL_CHARS, MOST_COLUMNS, open_table
from pipelines.tasks import task

TEXT, IMAGE = task("text-classification"), task("image-classification")
ZERO_SHOT = task("zero-shot-classification")
ROWS = [{"id": "1", "text": "good, really"}, {"id": "2", "text": "schön"}]


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()


def xlsx(rows: list[dict[str, Any]]) -> bytes:
    from openpyxl import Workbook

    book, file = Workbook(), io.BytesIO()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(file)
    return file.getvalue()


CSV = 'id,text\r\n1,"good, really"\r\n2,schön\r\n'
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
FORMATS = {
    "a.csv": CSV.encode(),
    "bom.csv": CSV.encode("utf-8-sig"),
    "latin.csv": CSV.encode("latin-1"),
    "wide.csv": CSV.encode("utf-16"),
    "semicolon.csv": "id;text\n1;good, really\n2;schön\n".encode(),
    "a.tsv": "id\ttext\n1\tgood, really\n2\tschön\n".encode(),
    "a.jsonl": LINES.encode(),
    "no-ending": LINES.encode(),
    "a.parquet": parquet(ROWS),
    "named-wrongly.csv": parquet(ROWS),
    "a.xlsx": xlsx(ROWS),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    table = open_table(written(tmp_path, name, FORMATS[name]))
    assert table.columns == ("id", "text")
    assert list(table.rows()) == ROWS


@pytest.mark.parametrize(("name", "note"), [("latin.csv", "Latin-1"), ("wide.csv", "UTF-16")])
def test_an_unusual_encoding_is_noted(name: str, note: str, tmp_path: Path) -> None:
    assert note in open_table(written(tmp_path, name, FORMATS[name])).notes[0]


def test_plain_lines_are_a_column_of_texts(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "a.txt", b"one\n\n  \ntwo\r\nthree"))
    assert list(table.rows()) == [{"text": "one"}, {"text": "two"}, {"text": "three"}]


def test_short_rows_are_filled_and_columns_named_once(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "a.csv", b"a,,a\n1\n1,2,3,4\n"))
    assert table.columns == ("a", "column 2", "a (3)")
    assert next(table.rows()) == {"a": "1", "column 2": "", "a (3)": ""}
    table = open_table(written(tmp_path, "b.csv", b"a,a (3),a\n1,2,3\n"))
    assert next(table.rows()) == {"a": "1", "a (3)": "2", "a (4)": "3"}


def test_utf_16_that_ends_amid_a_letter_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "a.csv", FORMATS["wide.csv"][:-5]))
    assert [row["id"] for row in table.rows()] == ["1", "2"]


def test_a_picture_in_parquet_comes_as_its_bytes(tmp_path: Path) -> None:
    rows = [{"image": {"bytes": b"abc", "path": "x.png"}, "label": 1}]
    table = open_table(written(tmp_path, "a.parquet", parquet(rows)))
    assert list(table.rows()) == [{"image": b"abc", "label": 1}]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("empty.csv", b"", "no rows"),
        ("head.csv", b"a,b\n", "no rows"),
        ("wide.csv", b",".join([b"a"] * (MOST_COLUMNS + 2)) + b"\n1\n", "columns"),
        ("long.csv", b"a\n" + b"x" * (MOST_CELL_CHARS + 10) + b"\n", "broken"),
        ("a.jsonl", b"{\n", "line 1"),
        ("list.jsonl", b"[1]\n", "object"),
        ("deep.jsonl", b'{"a":' * 60 + b"1" + b"}" * 60, "deeper"),
        ("deeper.jsonl", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "line 1"),
        ("a.parquet", b"PAR1 and nothing more", "Parquet"),
        ("a.xlsx", b"PK\x03\x04 and nothing more", "XLSX"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence(
    name: str, data: bytes, why: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=why):
        list(open_table(written(tmp_path, name, data)).rows())
    assert time.monotonic() - began < 2


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 20_000_000)
    with pytest.raises(InputError, match="unpacks"):
        open_table(path)


def archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return path


def test_a_zip_gives_a_row_for_each_file_and_leaves_out_what_is_none(tmp_path: Path) -> None:
    entries = {
        "b.png": b"b", "deep/a.png": b"a", ".hidden": b"x", "__MACOSX/a.png": b"x",
        "inner.zip": b"PK", "deep/": b"",
    }  # fmt: skip
    assert unpack(archive(tmp_path / "a.zip", entries), tmp_path / "out") == 2
    assert list(files_in(tmp_path / "out")) == [{"file": "b.png"}, {"file": "deep/a.png"}]


@pytest.mark.parametrize("name", ["../a.png", "/etc/a.png", "a/../../b.png", "c:/a.png", "..\\a"])
def test_a_zip_that_names_a_place_outside_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="outside"):
        unpack(archive(tmp_path / "a.zip", {name: b"x"}), tmp_path / "in" / "out")
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".zip"]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("a.png")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(entry, "/etc/passwd")
    with pytest.raises(InputError, match="link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_is_refused(packing: int, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", packing) as made:
        made.writestr("a.txt", b"hello world" * 200)
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes(byte ^ 0x5A for byte in whole[40:70]) + whole[70:])
    with pytest.raises(InputError, match="damaged"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("x" * 300,), (".",)])
def test_a_zip_whose_names_cannot_be_made_is_refused(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="rename it"):
        unpack(archive(tmp_path / "a.zip", dict.fromkeys(names, b"x")), tmp_path / "out")


def test_a_zip_with_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_ENTRIES", 3)
    with pytest.raises(InputError, match="4 files"):
        unpack(archive(tmp_path / "a.zip", {f"{n}": b"" for n in range(4)}), tmp_path / "out")


def test_a_zip_is_counted_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1_000_000)
    path = archive(tmp_path / "a.zip", {"a": b"0" * 900_000, "b": b"0" * 900_000})
    lying = path.read_bytes().replace(struct.pack("<I", 900_000), struct.pack("<I", 9))
    path.write_bytes(lying)
    with pytest.raises(InputError):
        unpack(path, tmp_path / "out")


def test_columns_are_guessed_by_name_then_by_what_they_are_often_called() -> None:
    assert guess(TEXT, ["id", "text", "label"]) == {"text": "text"}
    assert guess(TEXT, ["id", "review"]) == {"text": "review"}
    assert guess(TEXT, ["what"]) == {"text": "what"}
    assert guess(TEXT, ["label", "id", "Review Text"]) == {"text": "Review Text"}
    assert guess(TEXT, ["label", "what"]) == {"text": "what"}
    assert guess(TEXT, ["Label"]) == {"text": "Label"}
    assert guess(IMAGE, ["id", "image_path"]) == {"image": "image_path"}
    assert guess(IMAGE, ["label", "file_name"]) == {"image": "file_name"}
    both = guess(ZERO_SHOT, ["sentence", "candidate_labels"])
    assert both == {"candidate_labels": "candidate_labels", "text": "sentence"}


def test_a_mapping_to_what_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no field"):
        check(TEXT, {"image": "a"}, ["a"])
    with pytest.raises(InputError, match="no column"):
        check(TEXT, {"text": "b"}, ["a"])


def test_cells_become_values_of_their_kinds(tmp_path: Path) -> None:
    cells = {"t": "x", "l": "red|green, dark", "m": "Yes", "k": "3", "e": ""}
    columns = {"text": "t", "candidate_labels": "l", "multi_label": "m", "hypothesis_template": "e"}
    assert values_of(ZERO_SHOT, cells, columns, tmp_path, tmp_path) == {
        "text": "x", "candidate_labels": ["red", "green, dark"], "multi_label": True,
    }  # fmt: skip
    assert values_of(TEXT, {"t": 5, "k": "3"}, {"text": "t", "top_k": "k"}, tmp_path, tmp_path) == {
        "text": "5", "top_k": 3,
    }  # fmt: skip


@pytest.mark.parametrize(("field", "cell"), [("top_k", "three"), ("text", b"bytes")])
def test_a_cell_that_does_not_suit_its_field_is_refused(
    field: str, cell: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=field):
        values_of(TEXT, {"c": cell}, {field: "c"}, tmp_path, tmp_path)


def test_a_file_cell_is_a_name_beside_the_table_an_address_or_bytes(tmp_path: Path) -> None:
    def image(cell: Any) -> Any:
        return values_of(IMAGE, {"f": cell}, {"image": "f"}, tmp_path, tmp_path / "s")["image"]

    assert image("a.png") == str(tmp_path / "a.png")
    assert image("https://example.com/a.png") == "https://example.com/a.png"
    assert Path(image(b"abc")).read_bytes() == b"abc"
    with pytest.raises(InputError):
        image(7)


def test_the_readers_are_those_that_are_named() -> None:
    assert set(tables.TEXT) < set(tables.READERS)
