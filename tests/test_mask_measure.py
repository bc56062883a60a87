"""Masks compared with true ones: what a cell may hold, the numbers, and a report of a job."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.engine.request import Event, Request, RowResult, RowsDone
from pipelines.jobs import mask_measure, scores
from pipelines.jobs.job import DONE
from pipelines.jobs.mask_measure import MaskMeasure, found_masks, iou, resized, true_masks
from pipelines.jobs.order import Order, fill
from pipelines.jobs.scores import read_report
from pipelines.jobs.stops import Signal
from pipelines.jobs.work import carry_out
from pipelines.limits import Limits
from pipelines.tasks import task
from pipelines.tasks.masks import Mask, png, runs
from tests.fake_rows import RowsEngine, meta

SIZE = (6, 4)
"""(width, height)."""


def block(left: int, right: int) -> Mask:
    mask = np.zeros(SIZE[::-1], bool)
    mask[:, left:right] = True
    return mask


def file_of(picture: Any, mode: str | None = None) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture, mode).save(file, "PNG")
    return file.getvalue()


def test_labels_are_joined_and_summed_over_rows() -> None:
    measure = MaskMeasure()
    found = [("cat", block(0, 1)), ("Cat", block(1, 2)), ("dog", block(3, 6))]
    assert measure.add(found, [("cat", block(0, 2)), ("dog", block(3, 6))]) == 1.0
    assert measure.add([], [("cat", block(0, 2))]) == 0.0
    assert measure.scores() == {"mean IoU": 0.75, "found at IoU 0.5": pytest.approx(2 / 3)}


def test_a_mask_without_a_label_is_compared_with_the_one_that_fits_best() -> None:
    measure = MaskMeasure()
    found = [("mask 1", block(0, 3)), ("mask 2", block(2, 4))]
    assert measure.add(found, [("", block(0, 2)), ("", block(2, 4))]) == pytest.approx(5 / 6)
    assert measure.scores()["mean IoU"] == pytest.approx(5 / 6)
    assert MaskMeasure().scores() == {}
    assert MaskMeasure().add([], []) == 1.0
    assert iou(block(0, 0), block(0, 0)) == 1.0


def test_masks_of_another_size_are_brought_to_it() -> None:
    large = np.repeat(np.repeat(block(0, 3), 2, axis=0), 2, axis=1)
    assert (resized(large, SIZE[::-1]) == block(0, 3)).all()
    assert MaskMeasure().add([("", block(0, 3))], [("", large)]) == 1.0
    assert MaskMeasure().add([("a", block(0, 3))], [("a", large)]) == 1.0


def json_of(**part: Any) -> str:
    return json.dumps([{"label": "cat", **part}])


@pytest.mark.parametrize(
    "cell",
    [
        "a.png",
        file_of(np.uint8(block(0, 3))),
        json_of(mask=png(block(0, 3))),
        json_of(mask=f"data:image/png;base64,{png(block(0, 3))}"),
        json_of(mask="a.png"),
        json_of(rle=runs(block(0, 3)), size=SIZE),
        json_of(rle=runs(block(0, 3))),
        json.loads(json_of(mask=png(block(0, 3)))),
        base64.b64encode(file_of(np.uint8(block(0, 3)))).decode(),
    ],
    ids=lambda cell: str(cell)[:20],
)
def test_a_cell_of_truth_is_read_in_every_form(cell: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(file_of(np.uint8(block(0, 3) * 255)))
    read = true_masks(cell, tmp_path, [("cat", block(0, 1))])
    assert read
    ((label, mask),) = read
    assert label in ("", "cat")
    assert (mask == block(0, 3)).all()


@pytest.mark.parametrize("form", ["grey", "palette", "colours"])
def test_every_colour_of_a_map_but_the_first_is_a_mask(form: str, tmp_path: Path) -> None:
    map = np.uint8(block(0, 2) * 1 + block(4, 6) * 7)
    if form == "colours":
        content = file_of(np.stack([map * 20, map * 0, map * 3], axis=-1))
    else:
        picture = Image.fromarray(map)
        if form == "palette":
            picture.putpalette([0, 0, 0, 9, 9, 9] + [5, 5, 5] * 254)
        file = io.BytesIO()
        picture.save(file, "PNG")
        content = file.getvalue()
    read = true_masks(content, tmp_path, [])
    assert read
    assert sorted(int(mask.sum()) for _, mask in read) == [8, 8]
    assert (read[0][1] | read[1][1] == (map > 0)).all()


@pytest.mark.parametrize(
    "cell",
    [
        "../secret.png", "no.png", "[broken", "text", 7, b"no picture", json_of(mask=7),
        json_of(rle=[3, 3], size=SIZE), json_of(rle=[-1, 25], size=SIZE),
        json_of(rle=[0], size=[0, 0]), json_of(rle=[10**12], size=[10**6, 10**6]), json_of(),
        json.dumps([7]), "link.png", "photo.png",
    ],
    ids=lambda cell: str(cell)[:24],
)  # fmt: skip
def test_what_is_no_mask_is_passed_over(cell: Any, tmp_path: Path) -> None:
    inside = tmp_path / "files"
    inside.mkdir()
    (tmp_path / "secret.png").write_bytes(file_of(np.uint8(block(0, 3))))
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    Image.new("L", SIZE).save(inside / "photo.png", "JPEG")
    assert true_masks(cell, inside, []) is None


class MaskEngine(RowsEngine):
    """Every picture shows a cat on its left half."""

    def run(self, request: Request) -> Iterator[Event]:
        answer = [{"label": "cat", "score": 0.9, "mask": png(block(0, 3))}]
        rows = [RowResult(row.index, answer) for row in request.rows]
        yield RowsDone(tuple(rows), meta(1.0), request.batch_size)


def test_a_zip_with_a_table_of_masks_ends_with_mean_iou(tmp_path: Path) -> None:
    archive, folder = tmp_path / "set.zip", tmp_path / "job"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("rows.csv", "image,mask\np.png,right.png\np.png,half.png\np.png,no.png\n")
        packed.writestr("p.png", file_of(np.uint8(block(0, 3))))
        packed.writestr("right.png", file_of(np.uint8(block(0, 3))))
        packed.writestr("half.png", file_of(np.uint8(block(0, 6))))
    folder.mkdir()
    order = Order(task="image-segmentation", files=[str(archive)], truth="mask")
    job = fill(folder, order, Limits(upload_roots=(tmp_path,)))
    carry_out(job, MaskEngine(), Limits(), Signal())  # type: ignore[arg-type]
    assert job.state.status == DONE
    report = read_report(job)
    assert report
    assert (report.rows, report.scores["mean IoU"]) == (2, 0.75)
    assert [(w["row"], w["found"]) for w in report.worst] == [(2, "1 mask: cat")]


def test_a_comparison_that_breaks_leaves_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    table = tmp_path / "rows.csv"
    table.write_text("image,mask\np.png,a.png\n")
    order = Order(task="image-segmentation", files=[str(table)], truth="mask")
    job = fill(folder, order, Limits(upload_roots=(tmp_path,)))
    job.log.path.write_text('{"index":0,"answer":[{"mask":"no picture"}]}\n')
    scores.write_report(job)
    report = read_report(job)
    assert report
    assert report.note == scores.BROKEN
    monkeypatch.setattr(scores, "REPORT_SECONDS", 0.01)
    scores.write_report(job)
    late = read_report(job)
    assert late
    assert late.note == scores.TOO_LONG


def test_both_kinds_of_rows_with_masks_can_be_compared() -> None:
    for id in ("image-segmentation", "mask-generation"):
        spec = task(id)
        found = found_masks(spec.to_json(spec.raw_example))
        assert scores.measurable(spec)
        assert mask_measure.shown(found).startswith(f"{len(found)} mask")
        assert MaskMeasure().add(found, found) == 1.0
