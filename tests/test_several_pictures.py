"""Several pictures in one field: every form that clients send, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.errors import InputError
from pipelines.jobs import mapping
from pipelines.kinds import Images
from pipelines.limits import Limits
from pipelines.tasks import task


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        Image.new("RGB", (4, 4)).save(tmp_path / name)
    return tmp_path


def test_several_pictures_come_in_every_form_that_clients_send(folder: Path) -> None:
    limits = Limits(upload_roots=(folder.resolve(),))
    a, b = str(folder / "a.png"), str(folder / "b.png")
    forms: list[Any] = [
        [a, b], (a, b), f"{a}\n\n{b}\n", [{"path": a}, {"path": b}],
        [{"image": {"path": a}, "caption": None}, {"image": {"path": b}}],
        [({"path": a}, None), [{"path": b}, "a caption"]],
    ]  # fmt: skip
    for form in forms:
        found = Images().check("image", form, limits)
        assert [upload.path for upload in found] == [Path(a).resolve(), Path(b).resolve()]
    assert len(Images().check("image", {"path": a}, limits)) == 1


@pytest.mark.parametrize("value", [[], "", 7, True, None, [None], [7], [[]], [{}], {"image": 3}])
def test_what_is_no_list_of_files_is_refused_by_name(value: Any, folder: Path) -> None:
    with pytest.raises(InputError, match="image: "):
        Images().check("image", value, Limits(upload_roots=(folder.resolve(),)))


def test_a_file_of_the_server_is_no_picture_of_a_request(folder: Path) -> None:
    shutil.copy(folder / "a.png", folder.parent / "secret.png")
    limits = Limits(upload_roots=(folder.resolve(),))
    for place in ("/etc/passwd", str(folder.parent / "secret.png"), f"{folder}/../secret.png"):
        with pytest.raises(InputError, match="image: is not an uploaded file"):
            Images().check("image", [str(folder / "a.png"), place], limits)


def test_more_pictures_than_the_limit_are_refused(folder: Path) -> None:
    limits = Limits(upload_roots=(folder.resolve(),), pictures=3)
    with pytest.raises(InputError, match="image: has 4 pictures; at most 3"):
        Images().check("image", [str(folder / "a.png")] * 4, limits)


def test_a_row_of_a_table_brings_one_picture(folder: Path) -> None:
    spec, limits = task("image-feature-extraction"), Limits(upload_roots=(folder.resolve(),))
    columns = mapping.guess(spec, ["note", "file_name"])
    assert columns == {"image": "file_name"}
    cells = {"file_name": "b.png", "note": "x"}
    values = mapping.values_of(spec, cells, columns, folder, folder / "scratch")
    (upload,) = spec.parse(values, limits).inputs["image"]
    assert upload.name == "b.png"
