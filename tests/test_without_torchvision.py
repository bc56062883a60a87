"""What stands in for torchvision does as torchvision does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipelines import without_torchvision

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def kept(boxes: list[tuple[int, ...]], scores: list[float], most: float) -> list[int]:
    import torch

    rows = torch.tensor(boxes, dtype=torch.long).reshape(-1, 4)
    return without_torchvision.nms(rows, torch.tensor(scores), most).tolist()


def test_of_boxes_that_overlap_the_surest_stays() -> None:
    boxes = [(0, 0, 10, 10), (1, 0, 11, 10), (20, 20, 30, 30), (0, 0, 10, 5)]
    assert kept(boxes, [0.5, 0.9, 0.2, 0.8], 0.7) == [1, 3, 2]
    assert kept(boxes, [0.5, 0.9, 0.2, 0.8], 0.4) == [1, 2]
    assert kept(boxes, [0.5, 0.9, 0.2, 0.8], 1.0) == [1, 3, 0, 2]


def test_a_box_that_overlaps_by_the_limit_itself_stays() -> None:
    assert kept([(0, 0, 10, 10), (0, 0, 10, 5)], [0.9, 0.8], 0.5) == [0, 1]


def test_only_boxes_that_stay_push_others_out() -> None:
    row = [(0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10)]
    assert kept(row, [0.9, 0.8, 0.7], 0.4) == [0, 2]


def test_no_boxes_and_boxes_without_area_are_no_trouble() -> None:
    assert kept([], [], 0.7) == []
    assert kept([(5, 5, 5, 5), (5, 5, 5, 5)], [0.3, 0.3], 0.7) == [0, 1]


def test_as_torchvision_itself() -> None:
    if not without_torchvision.works():
        pytest.skip("torchvision does not work here")
    import torch
    from torchvision.ops import nms

    torch.manual_seed(0)
    corner, size = torch.rand(300, 2) * 50, torch.rand(300, 2) * 30
    boxes, scores = torch.cat([corner, corner + size], 1), torch.rand(300)
    for most in (0.0, 0.3, 0.7):
        assert nms(boxes, scores, most).equal(without_torchvision.nms(boxes, scores, most))


def test_only_processors_that_make_masks_are_mended() -> None:
    pipe = SimpleNamespace(image_processor=SimpleNamespace(), tokenizer=None)
    assert without_torchvision.mend(pipe) is pipe
    assert not vars(pipe.image_processor)
    assert without_torchvision.mend(SimpleNamespace()) is not None
