"""Data sets of the Hub as rows: streamed by a child process, kept as they come, pinned."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow.parquet import write_table

from pipelines import hub
from pipelines.errors import InputError
from pipelines.jobs.dataset import DIED, Lines, read_ask
from pipelines.jobs.job import DONE, PAUSED, Job
from pipelines.jobs.order import Order, fill
from pipelines.jobs.preview import preview
from pipelines.jobs.scores import read_report
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from tests.fake_rows import TASK, RowsEngine
from tests.loopback_datasets import COMMIT, serve
from tests.made import png
from tests.test_folders import PICTURES, NamesEngine

STANDIN = str(Path(__file__).parent / "standin")
INSTALLED = importlib.util.find_spec("datasets") is not None
ROWS = 90
PATIENCE = 60.0


@pytest.fixture(params=["stand-in", "datasets"][: 1 + INSTALLED])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Data sets on a loopback Hub, read by the stand-in or by the library where it is there."""
    from huggingface_hub import constants

    if request.param == "stand-in":
        monkeypatch.syspath_prepend(STANDIN)
        monkeypatch.setenv("PYTHONPATH", STANDIN)
    with serve(repositories(tmp_path / "hub")) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(hub, "_probe", (float("-inf"), False))
        yield


def repositories(root: Path) -> Path:
    words = {"text": [f"row {n} says word{n % 2}" for n in range(ROWS)], "label": [0, 1] * 45}
    label = {"names": ["word0", "word1"], "_type": "ClassLabel"}
    repository(root / "me" / "words", words, {"text": {"_type": "Value", "dtype": "string"},
               "label": label})  # fmt: skip
    picture = {"bytes": png(4, 4), "path": "a.png"}
    pictures = {"image": [picture] * 2, "other": [picture] * 2, "id": [1, 2]}
    image = {"_type": "Image"}
    repository(root / "me" / "pictures", pictures, {"image": image, "other": image,
               "id": {"_type": "Value", "dtype": "int64"}})  # fmt: skip
    for name, files in (("away", "http://127.0.0.1:1/x.csv"), ("root", "/etc/passwd")):
        (root / "me" / name).mkdir()
        card = f"---\nconfigs:\n- config_name: default\n  data_files: {files!r}\n---\n"
        (root / "me" / name / "README.md").write_text(card)
    return root


def repository(home: Path, columns: dict[str, list[Any]], features: dict[str, Any]) -> None:
    (home / "data").mkdir(parents=True)
    told = {"huggingface": json.dumps({"info": {"features": features}})}
    write_table(
        pyarrow.table(columns).replace_schema_metadata(told), home / "data" / "test.parquet"
    )


def made(
    folder: Path, id: str, *, task: str = TASK, limits: Limits | None = None, **more: Any
) -> Job:
    folder.mkdir()
    dataset = {"id": id, **more.pop("dataset", {})}
    return fill(folder, Order(task=task, dataset=dataset, **more), limits or Limits())


def labels(job: Job) -> list[str]:
    results = list(job.results())
    assert [result.index for result in results] == list(range(len(results)))
    return [r.error or r.answer[0]["label"] for r in results]


def test_a_job_reads_a_data_set_stops_and_goes_on(served: None, tmp_path: Path) -> None:
    job = made(tmp_path / "job", "me/words", truth="label", batch_size=4, dataset={"rows": 80})
    told = job.manifest.dataset
    assert (told["revision"], told["split"], told["rows"]) == (COMMIT, "test", 80)
    assert job.columns == ("text", "label")
    signal = Signal()
    asked = (job, RowsEngine(seconds=0.05), Limits(), signal)
    thread = threading.Thread(target=carry_out, args=asked)
    thread.start()
    end = time.monotonic() + PATIENCE
    while not job.state.done:
        assert time.monotonic() < end
        time.sleep(0.02)
    signal.ask(PAUSED)
    thread.join(PATIENCE)
    half = Job(job.folder)
    assert half.state.status == PAUSED
    assert 0 < half.state.done < 80
    assert half.spool
    kept = half.spool.path.read_bytes().splitlines(keepends=True)[:10]
    half.spool.path.write_bytes(b"".join(kept) + b'{"text": "torn')  # as a killed process leaves it
    half.log.path.write_bytes(b"".join(half.log.path.read_bytes().splitlines(keepends=True)[:8]))
    carry_out(half, RowsEngine(), Limits(), Signal())  # type: ignore[arg-type]
    assert (half.state.status, half.state.done, half.state.total) == (DONE, 80, 80)
    assert labels(half) == ["word0", "word1"] * 40
    assert len(list(half.rows())) == 80
    report = read_report(half)
    assert report
    assert report.scores["accuracy"] == 1.0  # numbers of a ClassLabel became their names


def test_pictures_are_kept_as_files_and_only_those_that_are_asked(
    served: None, tmp_path: Path
) -> None:
    job = made(tmp_path / "job", "me/pictures", task=PICTURES, columns={"image": "image"})
    carry_out(job, NamesEngine(), Limits(), Signal())  # type: ignore[arg-type]
    names = [str(cells["image"]) for cells in job.rows()]
    assert labels(job) == names
    assert [cells["id"] for cells in job.rows()] == [1, 2]
    assert all((job.files / name).read_bytes() == png(4, 4) for name in names)
    assert len(list(job.files.iterdir())) == 3  # two pictures and the rows


def test_a_look_gives_rows_and_what_there_is_to_choose(served: None) -> None:
    seen = preview(Order(task=TASK, dataset={"id": "me/words"}), Limits())
    assert (seen.columns, len(seen.rows)) == (("text", "label"), 5)
    assert seen.about
    assert (list(seen.about.configs), list(seen.about.splits)) == (["default"], ["test"])


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        ({"id": "me/away"}, "outside itself"),
        ({"id": "me/root"}, "outside itself"),
        ({"id": "me/nowhere"}, "not on the Hub"),
        ({"id": "me/words", "split": "no"}, "there are test"),
    ],
)
def test_what_cannot_be_read_is_refused(
    dataset: dict[str, Any], sentence: str, served: None, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        made(tmp_path / "job", dataset["id"], dataset=dataset)


def test_more_bytes_than_a_job_may_have_end_it(served: None, tmp_path: Path) -> None:
    job = made(tmp_path / "job", "me/pictures", task=PICTURES, columns={"image": "image"})
    carry_out(job, NamesEngine(), Limits(dataset_bytes=100), Signal())  # type: ignore[arg-type]
    assert "fewer rows" in job.state.reason


@pytest.mark.parametrize("torn", [b'{"row": {"a": 1', b'{"row": {"a": "\xc3'])
def test_a_child_that_dies_amid_a_line_is_noticed(torn: bytes) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", f"import os; os.write(1, {torn!r})"], stdout=subprocess.PIPE,
        text=True, encoding="utf-8",
    )  # fmt: skip
    lines = Lines(child, lambda: None)
    assert lines.take() == DIED
    lines.close()
    child.wait()


@pytest.mark.skipif(INSTALLED, reason="datasets is installed")
def test_without_the_package_a_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pip install 'datasets>=4'"):
        made(tmp_path / "job", "me/words")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"id": "../x"}, "owner/name"),
        ({"id": "/etc"}, "owner/name"),
        ({"id": "a/b", "revision": "../.."}, "revision"),
        ({"id": "a/b", "rows": -1}, "whole number"),
        ({"id": "a/b", "rows": 1.5}, "whole number"),
        ({"id": "a/b", "rows": "many"}, "whole number"),
        ({"id": "a/b", "rows": float("nan")}, "whole number"),
        ({"id": "a/b", "rows": float("inf")}, "whole number"),
        ({"id": "a/b", "rows": 11}, "at most 10 rows"),
        ({"id": "a/b", "split": "x" * 300}, "characters"),
        ({"id": "a/b", "data_files": "x"}, "nothing else"),
    ],
)
def test_an_ask_is_checked(value: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_ask(value, Limits(dataset_rows=10))
    assert read_ask({"id": "a/b"}, Limits(dataset_rows=10)).rows == 10
