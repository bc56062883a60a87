"""R2 and R11: a file is one that was uploaded, an address only where they are taken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import InputError
from pipelines.kinds import Audio, Document, FileKind, Image
from pipelines.limits import Limits
from tests.test_kinds import LIMITS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The one upload folder, with a file in it; beside it lies what must not be read."""
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "picture.png").write_bytes(b"x")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "uploads-other").mkdir()
    (tmp_path / "uploads-other" / "file").write_text("other")
    return uploads


def test_r2_a_file_in_the_upload_folder_is_taken_however_it_is_written(root: Path) -> None:
    limits, path = Limits(upload_roots=(root,)), root / "picture.png"
    for value in (
        str(path),
        {"path": str(path)},
        {"path": str(path), "url": "http://localhost/file"},
        {"composite": {"path": str(path)}, "layers": []},
        str(root / ".." / "uploads" / "picture.png"),
    ):
        assert Image().check("field", value, limits).path == path


@pytest.mark.parametrize("shape", ["text", "mapping", "composite"])
@pytest.mark.parametrize(
    "place",
    [
        "/etc/passwd",
        "{root}/../secret.txt",
        "{root}/missing.png",
        "{root}",
        "{root}/",
        "{root}-other/file",
        "{root}/link",
        "{root}/folder-link/secret.txt",
        "{root}/ring",
        "{root}/pipe",
        "{root}/picture.png\0.txt",
        "file://{root}/picture.png",
        "~/.bashrc",
        "/dev/zero",
        "/proc/self/environ",
        ".",
        "\ud800",
    ],
)
def test_r2_any_other_place_is_not_an_uploaded_file(root: Path, place: str, shape: str) -> None:
    (root / "link").symlink_to(root.parent / "secret.txt")
    (root / "folder-link").symlink_to(root.parent)
    (root / "ring").symlink_to(root / "ring")
    os.mkfifo(root / "pipe")
    text = place.replace("{root}", str(root))
    shapes = {"text": text, "mapping": {"path": text}, "composite": {"composite": {"path": text}}}
    for kind in (Image(), Audio(), Document()):
        with pytest.raises(
            InputError, match=r"^field: is not an uploaded file; upload it again\.$"
        ):
            kind.check("field", shapes[shape], Limits(upload_roots=(root,)))


def test_r2_without_upload_folders_no_file_is_taken(root: Path) -> None:
    with pytest.raises(InputError):
        Image().check("field", str(root / "picture.png"), Limits())


def test_r2_an_upload_folder_may_itself_be_reached_by_a_link(root: Path) -> None:
    link = root.parent / "link-to-uploads"
    link.symlink_to(root)
    upload = Image().check("field", str(link / "picture.png"), Limits(upload_roots=(link,)))
    assert upload.path == root / "picture.png"


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("a" * 5_000, "a" * 100),
        ("\ud800\0.png", "?.png"),
        ("", "picture.png"),
        (["x"], "picture.png"),
    ],
)
def test_the_shown_name_is_short_and_clean(root: Path, shown: Any, name: str) -> None:
    value = {"path": str(root / "picture.png"), "orig_name": shown}
    assert Image().check("field", value, Limits(upload_roots=(root,))).name == name


def test_r11_urls_are_taken_unless_switched_off() -> None:
    upload = FileKind().check("field", "https://example.com/a/b.png?x=/y", LIMITS)
    assert (upload.name, upload.path) == ("b.png", None)
    with pytest.raises(InputError, match="switched off"):
        FileKind().check("field", {"url": "HTTP://example.com"}, Limits(fetch_urls=False))
