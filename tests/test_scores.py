"""Scores of a job: each measure against cases counted by hand, and a whole job's report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.jobs import measures, scores
from pipelines.jobs.job import Job, Manifest, fingerprint, make
from pipelines.jobs.scores import check_truth, read_report
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.tasks import BY_ID, task
from tests.fake_rows import POISON, TASK, RowsEngine


def test_labels_are_compared_without_case() -> None:
    measure = measures.LabelMeasure()
    added = [measure.add("Cat", "cat "), measure.add("dog", "cat"), measure.add("dog", "dog")]
    assert added == [1.0, 0.0, 1.0]
    assert measure.scores() == {
        "accuracy": pytest.approx(2 / 3),
        "macro F1": pytest.approx((2 / 3 + 2 / 3) / 2),
    }
    assert measure.matrix() == (["cat", "dog"], [[1, 1], [0, 1]])


def test_a_transcript_is_counted_by_words_and_characters() -> None:
    measure = measures.WordMeasure()
    assert measure.add("The cat sat.", "the cat sat") == 1.0
    assert measure.add("the bat", "the cat sat down") == pytest.approx(1 - 3 / 4)
    found = measure.scores()
    assert found["WER"] == pytest.approx(3 / 7)
    assert 0 < found["CER"] < 1
    assert measure.add("", "") == 1.0


def test_answers_are_counted_as_squad_does() -> None:
    measure = measures.AnswerMeasure()
    assert measure.add("The Mill Bakery", "mill bakery") == 1.0
    assert measure.add("42 euro", "42") == pytest.approx(2 / 3)
    assert measure.add(None, "42") == 0.0
    assert measure.scores() == {"exact match": pytest.approx(1 / 3), "F1": pytest.approx(5 / 9)}


def test_entities_count_where_label_and_word_are_right() -> None:
    measure = measures.EntityMeasure()
    assert measure.add("PER: Mia; LOC: Oslo", "LOC: oslo; PER: Mia") == 1.0
    assert measure.add("PER: Tom; LOC: Oslo", "ORG: Tom") == 0.0
    found = measure.scores()
    assert (found["precision"], found["recall"]) == (0.5, pytest.approx(2 / 3))


def box(label: str, x: int, score: float = 0.9) -> dict[str, object]:
    edges = {"xmin": x, "ymin": 0, "xmax": x + 10, "ymax": 10}
    return {"label": label, "score": score, "box": edges}


def test_boxes_are_counted_by_mean_average_precision() -> None:
    measure = measures.BoxMeasure()
    truth = json.dumps([box("cat", 0), box("dog", 50)])
    assert measure.add([box("cat", 1), box("dog", 50)], truth) == 1.0
    assert measure.scores() == {"mAP at IoU 0.5": 1.0}
    assert measure.add([box("cat", 30, score=0.5)], truth) == 0.0
    assert measure.scores()["mAP at IoU 0.5"] == pytest.approx(0.5)
    assert measure.add([], "no JSON") == 1.0


def job_of(folder: Path, table: str) -> Job:
    folder.mkdir()
    file = folder / "rows.csv"
    file.write_text(table)
    manifest = Manifest(
        task=TASK, input="rows.csv", sha256=fingerprint(file), columns={"text": "text"},
        values={}, name="rows.csv", batch_size=2, truth="label",
    )  # fmt: skip
    return make(folder, manifest)


def done(job: Job) -> Job:
    carry_out(job, RowsEngine(), Limits(), Signal())  # type: ignore[arg-type]
    return Job(job.folder)


def test_a_job_with_a_column_of_truth_ends_with_a_report(tmp_path: Path) -> None:
    table = f"text,label\nit is good,good\nit is bad,good\n{POISON},good\nit is odd,\nso bad,bad\n"
    report = read_report(done(job_of(tmp_path / "job", table)))
    assert report is not None
    assert report.rows == 3
    assert report.scores["accuracy"] == pytest.approx(2 / 3)
    assert report.worst == [{"row": 2, "score": 0.0, "truth": "good", "found": "bad"}]
    assert (report.labels, report.confusion) == (["bad", "good"], [[1, 0], [1, 1]])


def test_the_worst_rows_are_kept_and_no_more(tmp_path: Path) -> None:
    lines = "".join(f"row {n},x{n}\n" for n in range(3 * scores.WORST))
    report = read_report(done(job_of(tmp_path / "job", f"text,label\n{lines}")))
    assert report is not None
    assert report.scores["accuracy"] == 0
    assert [entry["row"] for entry in report.worst] == list(range(1, scores.WORST + 1))
    assert len(report.labels) == measures.MOST_LABELS


def test_without_truth_there_is_no_report(tmp_path: Path) -> None:
    job = job_of(tmp_path / "job", "text,label\na,\n")
    assert read_report(job) is None
    report = read_report(done(job))
    assert report is not None
    assert (report.rows, report.scores) == (0, {})


def test_a_column_that_nothing_can_be_compared_with_is_refused() -> None:
    check_truth(task(TASK), "", ())
    check_truth(task(TASK), "label", ("label",))
    with pytest.raises(InputError, match="no column 'lable'"):
        check_truth(task(TASK), "lable", ("label",))
    with pytest.raises(InputError, match="cannot be compared"):
        check_truth(task("feature-extraction"), "label", ("label",))


@pytest.mark.parametrize("id", BY_ID)
def test_whatever_is_measured_takes_the_rows_own_answer(id: str) -> None:
    spec = task(id)
    comparison = scores._comparison(spec)
    if comparison is not None:
        found = comparison.read(spec, spec.to_json(spec.raw_example))
        truth = [("thing", found[0][1])] if comparison.decodes else "something"
        assert 0 <= comparison.measure().add(found, truth) <= 1
        assert comparison.shown(found)
