"""R6: pictures of every mode, scale and orientation come as RGB, as they are meant to be seen."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from pipelines import media
from pipelines.images import scale_to_eight_bit
from pipelines.kinds import Image as ImageKind
from tests import made
from tests.door import Take


def pixels(decoded: media.Decoded) -> list[list[int]]:
    """The rows of a picture that must be grey in RGB."""
    array = np.asarray(decoded.value)
    assert decoded.value.mode == "RGB"
    assert (array == array[..., :1]).all()
    return [[int(value) for value in row] for row in array[..., 0]]


def rgba(*values: tuple[int, int, int, int]) -> Image.Image:
    return Image.fromarray(np.array([values], np.uint8))


def test_r6_alpha_is_composited_on_white(take: Take) -> None:
    picture = rgba((0, 0, 0, 255), (0, 0, 0, 128), (0, 0, 0, 0), (255, 255, 255, 0))
    assert pixels(take(ImageKind(), made.saved(picture, "PNG"))) == [[0, 127, 255, 255]]


@pytest.mark.parametrize(
    ("size", "longest", "given"),
    [((90, 30), 60, (60, 20)), ((30, 60), 60, (30, 60)), ((90, 30), 0, (90, 30)),
     ((90, 1), 30, (30, 1))],
)  # fmt: skip
def test_a_picture_over_the_longest_side_is_read_smaller_with_a_note(
    take: Take, size: tuple[int, int], longest: int, given: tuple[int, int]
) -> None:
    decoded = take(ImageKind(longest=longest), made.saved(Image.new("RGB", size), "PNG"))
    assert decoded.value.size == given
    assert bool(decoded.notes) == (size != given)


def test_r6_grey_with_alpha_is_composited_on_white(take: Take) -> None:
    picture = Image.fromarray(np.array([[[100, 255], [100, 0]]], np.uint8))
    assert picture.mode == "LA"
    assert pixels(take(ImageKind(), made.saved(picture, "PNG"))) == [[100, 255]]


@pytest.mark.parametrize("form", ["PNG", "GIF"])
def test_r6_a_transparent_palette_colour_shows_white(take: Take, form: str) -> None:
    picture = Image.frombytes("P", (2, 1), bytes([0, 1]))
    picture.putpalette([10, 10, 10, 20, 20, 20])
    content = made.saved(picture, form, transparency=1)
    assert pixels(take(ImageKind(), content)) == [[10, 255]]


@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
def test_r6_a_transparent_colour_of_a_png_shows_white(take: Take, mode: str) -> None:
    picture = made.grey([[0, 255]]).convert(mode)
    colour = (0, 0, 0) if mode == "RGB" else 0
    content = made.saved(picture, "PNG", transparency=colour)
    assert pixels(take(ImageKind(), content)) == [[255, 255]]


@pytest.mark.parametrize(
    ("values", "golden", "noted"),
    [
        ([0, 257, 32_896, 65_535], [0, 1, 128, 255], False),  # light: divided by 257
        ([0, 100, 255], [0, 100, 255], False),  # 8-bit values in 16-bit words
        ([0, 2_000, 4_000], [0, 128, 255], True),  # 12-bit scan, depth in millimetres
        ([1_000, 1_500, 2_000], [0, 128, 255], True),
    ],
)
def test_r6_sixteen_bit_is_scaled_by_what_it_measures(
    take: Take, values: list[int], golden: list[int], noted: bool
) -> None:
    picture = Image.fromarray(np.array([values], np.uint16))
    for form in ("PNG", "TIFF"):
        decoded = take(ImageKind(), made.saved(picture, form))
        assert pixels(decoded) == [golden]
        assert bool(decoded.notes) is noted


@pytest.mark.parametrize(
    ("values", "golden"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 127.6, 255.0], [0, 128, 255]),
        ([-2.0, 0.0, 2.0], [0, 128, 255]),
        ([1e-3, 0.25, 0.75], [0, 64, 191]),
        ([float("nan"), 0.0, 1e30], [0, 0, 255]),
        ([float("inf"), float("-inf"), float("nan")], [0, 0, 0]),
        ([-3e38, 0.0, 3e38], [0, 128, 255]),
        ([5e6, 5e6, 5e6], [0, 0, 0]),
    ],
)
def test_r6_float_is_scaled_and_never_black_or_white_all_over(
    take: Take, values: list[float], golden: list[int]
) -> None:
    content = made.saved(Image.fromarray(np.array([values], np.float32)), "TIFF")
    assert pixels(take(ImageKind(), content)) == [golden]


def test_r6_scaling_says_which_values_it_stretched() -> None:
    _, note = scale_to_eight_bit(np.array([[400, 4000]], np.float32))
    assert note == ("Pixel values from 400 to 4000 were stretched to black to white.",)


def test_r6_integers_of_32_bits_are_scaled(take: Take) -> None:
    picture = Image.fromarray(np.array([[0, 100_000, 200_000]], np.int32))
    assert pixels(take(ImageKind(), made.saved(picture, "TIFF"))) == [[0, 128, 255]]


def test_r6_cmyk_becomes_rgb(take: Take) -> None:
    picture = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    for form in ("TIFF", "JPEG"):
        red = np.asarray(take(ImageKind(), made.saved(picture, form)).value).astype(int)
        assert np.abs(red - (255, 0, 0)).max() <= 3


def test_r6_one_bit_is_black_and_white(take: Take) -> None:
    picture = made.grey([[0, 255, 0]]).convert("1")
    for form in ("PNG", "TIFF", "BMP"):
        assert pixels(take(ImageKind(), made.saved(picture, form))) == [[0, 255, 0]]


STORED = [[10, 20, 30], [40, 50, 60]]
SHOWN = {
    1: STORED,
    2: [[30, 20, 10], [60, 50, 40]],
    3: [[60, 50, 40], [30, 20, 10]],
    4: [[40, 50, 60], [10, 20, 30]],
    5: [[10, 40], [20, 50], [30, 60]],
    6: [[40, 10], [50, 20], [60, 30]],
    7: [[60, 30], [50, 20], [40, 10]],
    8: [[30, 60], [20, 50], [10, 40]],
    9: STORED,
}


@pytest.mark.parametrize("orientation", SHOWN)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_r6_exif_orientation_is_applied_once(take: Take, form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if form == "WEBP" else {}
    picture = made.grey(STORED).convert("RGB")
    content = made.saved(picture, form, exif=exif, **options)
    assert pixels(take(ImageKind(), content)) == SHOWN[orientation]


def test_r6_exif_orientation_of_a_jpeg_is_applied(take: Take) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = made.saved(Image.new("RGB", (40, 20)), "JPEG", exif=exif)
    assert take(ImageKind(), content).value.size == (20, 40)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("exif", [b"", b"II", b"garbage!", b"II*\0\x08\0\0\0\xff\xff cut"])
def test_damaged_exif_does_not_spoil_the_picture(take: Take, exif: bytes) -> None:
    for content in (
        made.with_exif(made.TINY, exif),
        made.png(9, 9, made.png_chunk(b"eXIf", exif), b"\0" * 28 * 9),
    ):
        assert take(ImageKind(), content).value.size == (9, 9)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_r6_an_animation_gives_its_first_frame_and_a_note(take: Take, form: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("white", "black", "grey")]
    content = made.saved(
        frames[0], form, save_all=True, append_images=frames[1:], duration=50, loop=0
    )
    decoded = take(ImageKind(), content)
    assert pixels(decoded) == [[255] * 8] * 8
    assert decoded.notes == ("The picture is animated; its first frame was used.",)


def test_a_tiff_whose_directories_form_a_ring_gives_its_first_page(take: Take) -> None:
    pages = [Image.new("L", (5, 5), 99), Image.new("L", (5, 5), 0)]
    content = bytearray(made.saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    first = struct.unpack_from("<I", content, 4)[0]
    following = first + 2 + 12 * struct.unpack_from("<H", content, first)[0]
    second = struct.unpack_from("<I", content, following)[0]
    back = second + 2 + 12 * struct.unpack_from("<H", content, second)[0]
    struct.pack_into("<I", content, back, first)
    decoded = take(ImageKind(), bytes(content))
    assert pixels(decoded) == [[99] * 5] * 5
    assert decoded.notes == ("The picture has several pages; the first was used.",)
