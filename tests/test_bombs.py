"""R4: small files that grow large are refused from their headers, in little time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from pipelines.kinds import Image as ImageKind
from tests import made
from tests.door import REFUSAL_BYTES, REFUSAL_SECONDS, Take

PACKED = zlib.compress(b"\0" * 100_000_000, 1)
TILED = [(256, 4, 1, 9), (257, 4, 1, 9), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1)]
STRIPS = [(256, 4, 1, 1), (257, 4, 1, 10**6), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
BOMBS: dict[str, tuple[bytes, str]] = {
    "png_of_100_megapixels": (made.png(10_000, 10_000) + PACKED[:97_000], "at most 40 megapixels"),
    "png_of_4_gigapixels": (made.png(65_000, 65_000), "at most 40 megapixels"),
    "png_of_one_long_line": (made.png(9_000, 9), "100 times the other"),
    "png_text_of_100_mb": (made.png(9, 9, made.png_chunk(b"zTXt", b"k\0\0" + PACKED)), "damaged"),
    "png_profile_of_100_mb": (
        made.png(9, 9, made.png_chunk(b"iCCP", b"k\0\0" + PACKED)),
        "damaged",
    ),
    "gif_of_4_gigapixels": (made.gif(65_535, 65_535), "at most 40 megapixels"),
    "gif_of_15_mb_of_comments": (made.gif(9, 9, comments=60_000), "large header"),
    "tiff_of_overlapping_tags": (made.overlapping_tags(20_000, 10**7), "large header"),
    "tiff_of_a_million_strips": (
        made.tiff(
            [*STRIPS, (273, 4, 10**6, None), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 1, 1)],
            b"\0" * 4 * 10**6,
        ),
        "large header",
    ),
    "tiff_of_one_giant_tile": (
        made.tiff(
            [*TILED, (322, 4, 1, 30_000), (323, 4, 1, 30_000), (324, 4, 1, None)],
            PACKED,
        ),
        "tiles with too many pixels",
    ),
    "jpeg_of_overlapping_exif": (
        made.with_exif(made.TINY, made.overlapping_tags(20_000, 2 * 10**6)),
        "64 KB of camera metadata",
    ),
    "image_of_21_mb": (made.saved(Image.new("RGB", (9, 9)), "PNG") + b"\0" * 21 * 10**6, "20 MB"),
}
MEASURE = """
import json, sys, time
from pathlib import Path
from pipelines import media
from pipelines.errors import InputError
from pipelines.kinds import Audio, Image
from pipelines.uploads import Upload
from pipelines.limits import Limits

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024

def run(name):
    Path("/proc/self/clear_refs").write_text("5")
    start, before = time.perf_counter(), peak()
    try:
        kind = Audio() if name.endswith(".m4a") else Image()
        media.decode(kind, Upload("x", path=Path(name)), {}, 0, Limits(), name="field")
        said = ""
    except InputError as error:
        said = str(error)
    return time.perf_counter() - start, peak() - before, said

run(sys.argv[1])
print(json.dumps([run(name) for name in sys.argv[1:]]))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, int, str]]:
    """Seconds, peak growth in bytes and sentence of every refusal, in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("peak memory is read from Linux's /proc")
    folder = tmp_path_factory.mktemp("bombs")
    names = ["warm", *BOMBS, "table.m4a"]
    plain = made.contained(made.sine(1.0, 48_000), 48_000, "ipod", "aac")
    (folder / "table.m4a").write_bytes(made.m4a_with_endless_table(plain, 10**7))
    (folder / "warm").write_bytes(made.TINY)
    for name, (content, _) in BOMBS.items():
        (folder / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *(str(folder / name) for name in names)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        check=True,
    )
    return dict(zip(names, map(tuple, json.loads(done.stdout)), strict=True))


@pytest.mark.parametrize("name", BOMBS)
def test_r4_image_bomb_is_refused_in_half_a_second_and_100_mb(
    measured: dict[str, tuple[float, int, str]], name: str
) -> None:
    seconds, size, said = measured[name]
    assert BOMBS[name][1] in said
    assert seconds < REFUSAL_SECONDS
    assert size < REFUSAL_BYTES


def test_r4_exif_of_a_png_is_not_unpacked_when_it_is_large(take: Take) -> None:
    extra = made.png_chunk(b"eXIf", made.overlapping_tags(20_000, 2 * 10**6))
    start = time.perf_counter()
    take(ImageKind(), made.png(9, 9, extra, b"\0" * 28 * 9))
    assert time.perf_counter() - start < REFUSAL_SECONDS


def test_r4_an_m4a_with_an_endless_table_costs_the_worker_nothing(
    measured: dict[str, tuple[float, int, str]],
) -> None:
    _, size, said = measured["table.m4a"]
    assert "is not a readable recording" in said
    assert size < REFUSAL_BYTES
