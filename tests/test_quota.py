"""The room that uploads may take: orphans go, new ones wait while there is none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.limits import MB, Limits
from pipelines.quota import Quota

LIMITS = Limits(uploads_bytes=10_000, upload_seconds=0.2, free_bytes=5 * MB)


def stored(folder: Path, name: str, size: int = 1_000) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    os.utime(file, (0, 0))  # a copy keeps the times of its original
    return file


def grow_old() -> None:
    time.sleep(0.3)


def why_not(quota: Quota, size: int) -> str:
    with quota.room_for(size) as why:
        return why


def test_old_uploads_and_their_folders_go_and_young_ones_stay(tmp_path: Path) -> None:
    old = stored(tmp_path, "a/old.png")
    grow_old()
    young = stored(tmp_path, "b/young.png")
    assert Quota(tmp_path, LIMITS).sweep() == 1
    assert not old.parent.exists()
    assert young.is_file()
    assert tmp_path.is_dir()


def test_what_a_link_leads_to_is_not_swept(tmp_path: Path) -> None:
    kept = stored(tmp_path, "elsewhere/kept.txt")
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "link").symlink_to(kept)
    (uploads / "folder").symlink_to(kept.parent)
    grow_old()
    assert Quota(uploads, LIMITS).sweep() == 0
    assert kept.is_file()


def test_an_upload_over_the_quota_is_refused_until_a_sweep_makes_room(tmp_path: Path) -> None:
    quota = Quota(tmp_path, LIMITS)
    stored(tmp_path, "a/old.png", size=8_000)
    assert not why_not(quota, 2_000)
    assert why_not(quota, 2_001).startswith("The 1e-05 GB for uploads are taken")
    grow_old()
    quota.sweep()
    assert not why_not(quota, 2_001)


def test_uploads_that_are_on_their_way_count(tmp_path: Path) -> None:
    quota = Quota(tmp_path, LIMITS)
    with quota.room_for(6_000) as why:
        assert not why
        assert why_not(quota, 6_000)
    assert not why_not(quota, 6_000)


def test_below_the_floor_uploads_are_refused_and_recover(tmp_path: Path) -> None:
    free = [5 * MB + 100]
    quota = Quota(tmp_path / "not there yet", LIMITS, free=lambda _: free[0])
    assert not why_not(quota, 100)
    assert why_not(quota, 101) == (
        "The disk has 5 MB left, and uploads leave 5 MB free; try again once there is more."
    )
    free[0] = 6 * MB
    assert not why_not(quota, 101)


def test_the_real_disk_is_asked(tmp_path: Path) -> None:
    most = Limits(free_bytes=1 << 62)
    assert "uploads leave" in why_not(Quota(tmp_path / "a" / "b", most), 1)


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    quota = Quota(tmp_path / "none", LIMITS)
    assert quota.sweep() == 0
    assert not why_not(quota, 1)


@pytest.mark.parametrize("failing", [OSError("gone"), KeyError("x")])
def test_an_upload_that_fails_gives_its_room_back(tmp_path: Path, failing: Exception) -> None:
    quota = Quota(tmp_path, LIMITS)
    with pytest.raises(type(failing)), quota.room_for(9_000):
        raise failing
    assert not why_not(quota, 9_000)
