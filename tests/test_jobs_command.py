"""The command line of jobs: from rows to a file, and what it says instead."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pipelines.jobs import __main__ as command
from pipelines.jobs.dataset import ABSENT
from tests.fake_rows import TASK, RowsEngine, texts
from tests.test_dataset import INSTALLED


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is needed."""
    monkeypatch.setattr(command, "_engine", lambda options: RowsEngine())


def run(*more: object) -> int:
    return command.main(["run", "--task", TASK, *map(str, more)])


def test_the_first_rows_of_a_file_become_a_table(tmp_path: Path) -> None:
    lines, output = tmp_path / "lines.txt", tmp_path / "out.csv"
    lines.write_text(texts(20))
    assert run("--input", lines, "--output", output, "--rows", 3, "--batch-size", 2) == 0
    with output.open(encoding="utf-8-sig", newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["word0", "word1", "word2"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lines.txt", "out.csv"]


def test_a_folder_gives_its_only_table(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "rows.csv").write_text("id,text\na,one\nb,two\n")
    assert run("--input", folder, "--output", tmp_path / "out.jsonl") == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("origin", "sentence"),
    [
        (("--input", "nowhere.csv"), "does not exist"),
        (("--input", "."), "give a table"),
        (("--dataset", "../x"), "owner/name"),
        pytest.param(
            ("--dataset", "me/words"), ABSENT,
            marks=pytest.mark.skipif(INSTALLED, reason="datasets is installed"),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_sentence_and_leaves_nothing(
    origin: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*origin, "--output", tmp_path / "out.csv") == 1
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flag", [("--rows", "-5"), ("--batch-size", "0"), ("--rows", "many")])
def test_a_number_that_makes_no_sense_is_refused_by_name(
    flag: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run("--input", "a.csv", "--output", tmp_path / "out.csv", *flag)
    assert f"{flag[0]}: must be a whole number from" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--column", "--param"])
def test_a_pair_without_its_sign_is_refused(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run("--input", "a.csv", "--output", tmp_path / "out.csv", flag, "text")
    assert f"{flag}: must be a name and a value" in capsys.readouterr().err


def test_rows_come_from_one_place(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run("--input", "a.csv", "--dataset", "a/b", "--output", tmp_path / "out.csv")
    with pytest.raises(SystemExit):
        run("--output", tmp_path / "out.csv")


def test_what_was_guessed_and_where_it_went_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, output = tmp_path / "rows.csv", tmp_path / "out.csv"
    table.write_text("label;The review;id\none;This is one;1\ntwo;This is two;2\n")
    assert run("--input", table, "--output", output, "--truth", "label") == 0
    said = capsys.readouterr().err
    assert "text from 'The review', right answers from 'label'" in said
    assert "accuracy 1.000" in said
    assert f"Written to {output}." in said


def test_an_alias_of_a_task_is_understood(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text(texts(2))
    told = ["run", "--task", "sentiment-analysis", "--input", lines, "--output", tmp_path / "o.csv"]
    assert command.main([str(part) for part in told]) == 0


def test_an_unknown_task_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ["run", "--task", "sentiment", "--input", ".", "--output", str(tmp_path / "o.csv")]
    assert command.main(told) == 1
    assert "'sentiment' is not known" in capsys.readouterr().err


def test_an_id_with_languages_sets_them(tmp_path: Path) -> None:
    spec = command.task("translation_en_to_fr")
    options = command._parser().parse_args(
        ["run", "--task", "translation_en_to_fr", "--input", ".", "--output", "o.csv"]
    )
    assert command._values(spec, options) == {"src_lang": "English", "tgt_lang": "French"}


def test_a_job_that_answered_nothing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_engine", lambda options: RowsEngine(hopeless="No such model."))
    lines = tmp_path / "lines.txt"
    lines.write_text(texts(2))
    assert run("--input", lines, "--output", tmp_path / "out.csv") == 1
    said = capsys.readouterr().err
    assert "No such model. No row was answered." in said
    assert "--resume" not in said
    assert [p.name for p in tmp_path.iterdir()] == ["lines.txt"]


def test_an_empty_list_says_where_it_looked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["list", str(tmp_path)]) == 0
    assert f"No unfinished job below {tmp_path}" in capsys.readouterr().err
