"""Pictures as vectors: on tiny models, through the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.tasks.image_feature_extraction import POOL, POOLING
from tests.engine_room import Room

FEATURES = "image-feature-extraction"
slow = pytest.mark.slow
default = pytest.mark.filterwarnings("default")


@slow
@default
def test_a_picture_of_one_pixel_has_a_vector(room: Room) -> None:
    Image.new("RGB", (1, 1), "red").save(room.folder / "dot.png")
    assert room.run(FEATURES, image=[room.file("dot.png")]).answer


def plain_features(room: Room, model: str, **kwargs: Any) -> list[np.ndarray]:
    """What the library's own pipeline gives for the room's two pictures."""
    from transformers import pipeline

    from pipelines import loading

    pipe = pipeline(FEATURES, model=str(loading.STARTERS / model), device="cpu")
    pictures = [Image.open(room.file("picture.png")).convert("RGB")]
    layer = Image.open(room.file("clear.png")).convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    pictures.append(Image.alpha_composite(white, layer).convert("RGB"))
    return [np.array(found) for found in pipe(pictures, **kwargs)]


@slow
@default
@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [("first", lambda v: v[0]), ("mean", lambda v: v.mean(0)), ("max", lambda v: v.max(0))],
)
def test_pooling_is_that_of_the_librarys_own_rows(room: Room, pooling: str, pooled: Any) -> None:
    answer = room.run(FEATURES, pool=False, pooling=pooling).answer
    plain = plain_features(room, "vit-backbone")
    assert np.allclose(answer, [pooled(v[0]) for v in plain], atol=1e-5)


@slow
@default
@pytest.mark.parametrize("model", ["vit-backbone", "resnet-body"])
def test_the_models_own_vector_is_the_librarys(room: Room, model: str) -> None:
    done = room.run(FEATURES, model)
    plain = [v.reshape(-1) for v in plain_features(room, model, pool=True)]
    assert np.allclose(done.answer, plain, atol=1e-5)
    assert not done.notes
    assert np.shape(done.answer) == (2, len(plain[0]))


@slow
@default
def test_a_map_of_a_convolution_is_read_as_rows(room: Room) -> None:
    (map_, _) = plain_features(room, "resnet-body")
    rows = room.run(FEATURES, "resnet-body", pool=False, pooling="none").answer[0]
    assert np.allclose(rows, map_[0].reshape(map_.shape[1], -1).T, atol=1e-5)


@slow
@default
@pytest.mark.parametrize("model", ["segformer-body", "vit"])
def test_a_pooler_that_is_missing_or_was_never_trained_is_not_used(room: Room, model: str) -> None:
    """A classifier's checkpoint has no pooler, and the library would make one up at random."""
    done = room.run(FEATURES, model)
    assert done.answer == room.run(FEATURES, model, pool=False).answer
    assert "has no trained pooler" in done.notes[0]
    assert "pool=True" not in done.code


@slow
@default
@pytest.mark.parametrize("pooling", POOL)
def test_the_python_that_is_shown_pools_as_the_row_does(pooling: str) -> None:
    import torch

    for shape in ((1, 5, 3), (1, 3, 2, 2)):
        v = torch.randn(shape)
        assert eval(POOLING[pooling], {"v": v}) == POOL[pooling](v)  # noqa: S307


@slow
@default
def test_batches_give_the_same_vectors(room: Room) -> None:
    one, two = (room.run(FEATURES, batch_size=n).answer for n in (1, 2))
    assert np.allclose(one, two, atol=1e-5)


@slow
@default
def test_a_bad_picture_among_good_ones_is_named(room: Room) -> None:
    (room.folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    failed = room.refusal(FEATURES, image=[room.file("picture.png"), room.file("bad.png")])
    assert failed.message.startswith("image: has “bad.png”, which is not a readable PNG file")


@slow
@default
def test_large_pictures_are_compared_at_a_smaller_size(room: Room) -> None:
    Image.new("RGB", (3_000, 1_500), "red").save(room.folder / "large.png")
    done = room.run(FEATURES, image=[room.file("large.png")])
    shown = done.outputs["likeness"]["pictures"][0]
    assert max(shown.size) <= 192


@slow
@default
def test_too_many_numbers_are_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.tasks import image_feature_extraction

    monkeypatch.setattr(image_feature_extraction, "MAX_NUMBERS", 100)
    failed = room.refusal(FEATURES, pool=False, pooling="none")
    assert (failed.field, "at most 100" in failed.message) == ("pooling", True)
