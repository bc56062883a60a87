"""The door for files: R1, R3-R7 and documents, with every file made in code."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines import media, sources
from pipelines.errors import InputError
from pipelines.images import scale_to_eight_bit
from pipelines.kinds import Audio, Document, Kind
from pipelines.kinds import Image as ImageKind
from pipelines.limits import Limits
from pipelines.uploads import Upload
from tests import made

REFUSAL_SECONDS = 0.5
REFUSAL_BYTES = 100_000_000
NO_PARAMS: dict[str, Any] = {}
LIMITS = Limits()

Take = Callable[..., media.Decoded]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """take(kind, content, params, rate, limits) decodes `content` as an upload for "field"."""

    def _take(
        kind: Kind,
        content: bytes,
        params: dict[str, Any] = NO_PARAMS,
        rate: int = made.RATE,
        limits: Limits = LIMITS,
    ) -> media.Decoded:
        path = tmp_path / "upload.exe"
        path.write_bytes(content)
        return media.decode(
            kind, Upload("upload.exe", path=path), params, rate, limits, name="field"
        )

    return _take


def refusal(take: Take, *args: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        take(*args, **options)
    message = str(caught.value)
    assert "Traceback" not in message
    assert "/" not in message
    return message


def pixels(decoded: media.Decoded) -> list[list[int]]:
    """The rows of a picture that must be grey in RGB."""
    array = np.asarray(decoded.value)
    assert decoded.value.mode == "RGB"
    assert (array == array[..., :1]).all()
    return [[int(value) for value in row] for row in array[..., 0]]


# --- R3: the type is what the bytes say


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_r3_each_allowed_picture_is_known_by_its_bytes(take: Take, form: str) -> None:
    decoded = take(ImageKind(), made.saved(Image.new("RGB", (9, 5), "red"), form))
    assert decoded.value.size == (9, 5)
    assert np.abs(np.asarray(decoded.value).astype(int) - (255, 0, 0)).max() <= 3
    assert decoded.notes == ()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is an empty file"),
        (b"just text", "of a type that is not read here"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "of a type that is not read here"),
        (b"%!PS-Adobe-3.0 EPSF", "of a type that is not read here"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "of a type that is not read here"),
        (made.wav(8000, b"\0" * 8000), "is a WAV file; give PNG, JPEG, WEBP, GIF, BMP or TIFF."),
    ],
)
def test_r3_any_other_file_is_refused_with_the_types_that_are_read(
    take: Take, content: bytes, words: str
) -> None:
    assert words in refusal(take, ImageKind(), content)


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        b"\0\0\0\x1cftypM4A \0\0\0\0#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"\x1a\x45\xdf\xa3#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    ],
)
def test_r5_a_playlist_is_no_recording_and_is_never_followed(take: Take, content: bytes) -> None:
    refusal(take, Audio(), content)


# --- R4: limits, from headers


TINY = made.saved(Image.new("RGB", (9, 9)), "JPEG")
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
        made.with_exif(TINY, made.overlapping_tags(20_000, 2 * 10**6)),
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
    (folder / "warm").write_bytes(TINY)
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


def test_r4_decoding_stops_at_its_deadline(take: Take) -> None:
    content = made.saved(Image.new("RGB", (500, 500)), "PNG")
    assert "too long to decode" in refusal(
        take, ImageKind(), content, limits=Limits(decode_seconds=-1)
    )


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_file_that_is_cut_short_is_refused_with_a_sentence(take: Take, form: str) -> None:
    content = made.saved(Image.effect_noise((99, 99), 60), form)
    words = refusal(take, ImageKind(), content[: len(content) // 2])
    assert f"is not a readable {form} file" in words


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


# --- R6: image modes


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
        made.with_exif(TINY, exif),
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


# --- R7 and audio


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "PCM_U8"),
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "PCM_32"),
        ("WAV", "FLOAT"),
        ("WAV", "DOUBLE"),
        ("WAV", "ULAW"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_each_recording_comes_at_its_level_and_at_the_rate_that_was_asked_for(
    take: Take, form: str, subtype: str
) -> None:
    content = made.sound(made.sine(1.0, 48_000), 48_000, form, subtype)
    decoded = take(Audio(), content, rate=16_000)
    _assert_sine(decoded, 16_000)


@pytest.mark.parametrize(
    ("form", "codec"), [("ipod", "aac"), ("ipod", "alac"), ("webm", "libopus"), ("mp4", "mp3")]
)
def test_recordings_of_phones_and_browsers_are_read(take: Take, form: str, codec: str) -> None:
    import av

    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg cannot write {codec}")
    content = made.contained(made.sine(1.0, 48_000), 48_000, form, codec)
    _assert_sine(take(Audio(), content, rate=16_000), 16_000)


def _assert_sine(decoded: media.Decoded, rate: int, hertz: float = 440.0) -> None:
    samples = decoded.value
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) == pytest.approx(rate, rel=0.1)
    middle = samples[rate // 4 : 3 * rate // 4]
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.05)
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(hertz, abs=3)
    assert decoded.notes == ()


def test_rate_zero_keeps_the_samples_as_they_are(take: Take) -> None:
    samples = made.sine(0.5, 22_050)
    decoded = take(Audio(), made.sound(samples, 22_050, "WAV", "FLOAT"), rate=0)
    np.testing.assert_allclose(decoded.value, samples, atol=1e-6)


def test_resampling_block_by_block_gives_what_soxr_gives_at_once(take: Take) -> None:
    import soxr

    samples = made.sine(8.0, 44_100)
    decoded = take(Audio(), made.sound(samples, 44_100, "WAV", "FLOAT"), rate=16_000)
    whole = soxr.resample(samples, 44_100, 16_000)
    assert len(decoded.value) == len(whole)
    np.testing.assert_allclose(decoded.value, whole, atol=1e-5)


def test_channels_are_mixed_to_their_mean(take: Take) -> None:
    left, right = np.full(8_000, 0.5, np.float32), np.full(8_000, -0.25, np.float32)
    both = np.stack([left, right, left, left, left, left], axis=1)
    decoded = take(Audio(), made.sound(both, 16_000, "WAV", "FLOAT"), rate=0)
    np.testing.assert_allclose(decoded.value, 0.375, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_r7_not_a_number_is_refused(take: Take, bad: float) -> None:
    samples = np.zeros(8_000, "<f4")
    samples[5_000] = bad
    content = made.wav(16_000, samples.tobytes(), bits=32, form=3)
    assert "NaN or infinity" in refusal(take, Audio(), content)


def test_r7_huge_finite_samples_end_in_range(take: Take) -> None:
    samples = np.full((8_000, 2), 3e38, np.float32)
    content = made.wav(16_000, samples.tobytes(), channels=2, bits=32, form=3)
    try:
        value = take(Audio(), content, rate=8_000).value
    except InputError:
        return
    assert np.abs(value).max() <= 1


def test_r7_louder_than_full_scale_is_scaled_down_with_a_note(take: Take) -> None:
    content = made.sound(made.sine() * 2_000, made.RATE, "WAV", "FLOAT")
    decoded = take(Audio(), content)
    assert np.abs(decoded.value).max() == pytest.approx(1)
    assert decoded.notes == ("The recording goes to 1000 times full scale; it was scaled down.",)


def test_r7_shorter_than_a_tenth_of_a_second_is_refused(take: Take) -> None:
    content = made.wav(16_000, b"\1\1" * 1_500)
    assert "lasts 0.09 s; at least 0.1 s" in refusal(take, Audio(), content)
    assert len(take(Audio(), made.wav(16_000, b"\1\1" * 1_600)).value) == 1_600


def test_r7_silence_is_answered_with_a_note(take: Take) -> None:
    assert take(Audio(), made.wav(16_000, b"\0" * 32_000)).notes == (
        "The recording is silent: its loudest sample is below -60 dB.",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (made.wav(1, b"\0" * 20_000), "rate of 1 Hz; 4000 to 384000 Hz"),
        (made.wav(400_000, b"\0" * 20_000), "rate of 400000 Hz; 4000 to 384000 Hz"),
        (made.wav(16_000, b"\0" * 36_000, channels=9), "9 channels; at most 8"),
        (made.wav(16_000, b""), "at least 0.1 s"),
        (made.wav(0, b"\0" * 20_000), "field: "),
        (made.wav(16_000, b"\0" * 36_000)[:30], "is not a readable WAV file"),
        (b"OggS" + b"\0" * 500, "is not a readable OGG file"),
        (b"fLaC" + b"\0" * 500, "is not a readable FLAC file"),
        (b"ID3" + b"\0" * 500, "is not a readable MP3 file"),
    ],
)
def test_r4_recording_is_refused_from_its_header_in_half_a_second(
    take: Take, content: bytes, words: str
) -> None:
    start = time.perf_counter()
    assert words in refusal(take, Audio(), content)
    assert time.perf_counter() - start < REFUSAL_SECONDS


def test_r4_a_wav_that_claims_more_than_it_holds_gives_what_it_holds(take: Take) -> None:
    content = made.wav(16_000, b"\1\1" * 16_000, says=0xFFFFFFF0)
    assert len(take(Audio(), content).value) == 16_000


SHORT = Limits(audio_seconds=5)


@pytest.mark.parametrize(
    ("form", "subtype"),
    [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")],
)
def test_r4_a_recording_over_the_limit_of_time_is_refused(
    take: Take, form: str, subtype: str
) -> None:
    content = made.sound(made.sine(6.0), made.RATE, form, subtype)
    start = time.perf_counter()
    assert "lasts more than" in refusal(take, Audio(), content, limits=SHORT)
    assert time.perf_counter() - start < REFUSAL_SECONDS


def _flac_without_length(seconds: float) -> bytes:
    content = bytearray(made.sound(made.sine(seconds), made.RATE, "FLAC", "PCM_16"))
    content[21] &= 0xF0
    content[22:26] = b"\0\0\0\0"
    return bytes(content)


def test_r4_seconds_are_counted_where_a_flac_header_does_not_say(take: Take) -> None:
    assert len(take(Audio(), _flac_without_length(1.0)).value) == made.RATE
    words = refusal(take, Audio(), _flac_without_length(40.0), limits=SHORT)
    assert "lasts more than" in words


def _webm_that_says(seconds: float, length: float) -> bytes:
    content = bytearray(made.contained(made.sine(length, 48_000), 48_000, "webm", "libopus"))
    place = content.index(b"\x44\x89") + 3
    content[place : place + 8] = struct.pack(">d", seconds * 1_000)
    return bytes(content)


def test_r4_a_webm_that_lies_about_its_length_is_refused_by_its_packets(take: Take) -> None:
    assert "lasts more than" in refusal(take, Audio(), _webm_that_says(1, 8), limits=SHORT)
    assert "lasts more than" in refusal(take, Audio(), _webm_that_says(9_999, 1))


def test_r4_an_m4a_whose_times_lie_is_counted_while_it_is_decoded(take: Take) -> None:
    content = bytearray(made.contained(made.sine(8.0, 48_000), 48_000, "ipod", "aac"))
    for tag, offset in ((b"mvhd", 12), (b"mdhd", 12)):
        place = content.index(tag) + 4 + offset
        rate = struct.unpack_from(">I", content, place)[0]
        struct.pack_into(">I", content, place, rate * 100)
    assert "lasts more than" in refusal(take, Audio(), bytes(content), limits=SHORT)


def test_r4_an_m4a_with_an_endless_table_costs_the_worker_nothing(
    measured: dict[str, tuple[float, int, str]],
) -> None:
    _, size, said = measured["table.m4a"]
    assert "is not a readable recording" in said
    assert size < REFUSAL_BYTES


def test_r4_a_slow_container_is_stopped_at_the_deadline(take: Take) -> None:
    content = made.contained(made.sine(1.0, 48_000), 48_000, "ipod", "aac")
    words = refusal(take, Audio(), content, limits=Limits(decode_seconds=0.01))
    assert "too long to decode" in words


def test_a_cut_off_container_is_refused_with_a_sentence(take: Take) -> None:
    content = made.contained(made.sine(1.0, 48_000), 48_000, "ipod", "aac")
    assert "cut short or damaged" in refusal(take, Audio(), content[: len(content) // 2])


def test_a_container_with_another_codec_is_refused(take: Take) -> None:
    content = made.contained(made.sine(1.0, 48_000), 48_000, "matroska", "ac3")
    assert "holds a codec that is not read here" in refusal(take, Audio(), content)


# --- Documents


def _coloured(*colours: str) -> list[Image.Image]:
    return [Image.new("RGB", (90, 45), colour) for colour in colours]


def _corner(decoded: media.Decoded) -> tuple[int, ...]:
    return tuple(decoded.value.image.getpixel((20, 20)))


def test_a_document_may_be_a_picture(take: Take) -> None:
    decoded = take(Document(), made.saved(_coloured("red")[0], "PNG"))
    assert _corner(decoded) == (255, 0, 0)
    assert decoded.notes == ()


def test_a_pdf_page_is_drawn_at_200_dpi_with_a_note(take: Take) -> None:
    content = made.pdf_of(_coloured("white", "black", "red"))
    first, second = (take(Document(), content, {"page": page}) for page in (1, 2))
    assert first.value.image.mode == "RGB"
    assert first.value.image.size == (250, 125)
    assert (_corner(first), _corner(second)) == ((255, 255, 255), (0, 0, 0))
    assert (first.notes, second.notes) == (("Page 1 of 3.",), ("Page 2 of 3.",))


@pytest.mark.parametrize("page", [-1, 4, 10**9])
def test_a_page_that_is_not_there_is_refused_on_its_own_field(take: Take, page: int) -> None:
    content = made.pdf_of(_coloured("white", "black", "red"))
    assert refusal(take, Document(), content, {"page": page}) == (
        f"page: is {page}; the document has 3 pages."
    )
    picture = made.saved(_coloured("red")[0], "PNG")
    assert refusal(take, Document(), picture, {"page": 4}) == "page: is 4; the document has 1 page."


def test_a_locked_pdf_is_refused_with_a_sentence(take: Take) -> None:
    assert "locked with a password" in refusal(take, Document(), made.pdf_locked())


def test_a_pdf_with_too_many_pages_is_refused(take: Take) -> None:
    content = made.pdf_of(_coloured("white", "black", "red"))
    words = refusal(take, Document(), content, limits=Limits(document_pages=2))
    assert "has 3 pages; at most 2" in words


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"(" * 10**6])
def test_a_damaged_pdf_is_refused_with_a_sentence(take: Take, content: bytes) -> None:
    assert "is not a readable PDF file" in refusal(take, Document(), content)


def test_r4_a_huge_page_is_drawn_within_the_limit_of_pixels(take: Take) -> None:
    content = made.pdf([made.CATALOG, made.PAGES, made.BLANK % (14_400, 7_200)])
    width, height = take(Document(), content, limits=Limits(image_pixels=10**6)).value.image.size
    assert 900_000 < width * height <= 1_010_000


def test_r4_a_page_that_draws_itself_ten_to_the_twelfth_times_is_stopped(take: Take) -> None:
    start = time.perf_counter()
    limits = Limits(decode_seconds=0.5)
    assert "too long to decode" in refusal(take, Document(), made.pdf_of_laughs(), limits=limits)
    assert time.perf_counter() - start < 3


def test_scripts_and_xfa_of_a_pdf_are_never_run(take: Take) -> None:
    catalog = (
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /XFA (<xdp/>) /Fields [] >>"
        b" /OpenAction << /S /JavaScript /JS (while \\(true\\) {}) >> >>"
    )
    decoded = take(Document(), made.pdf([catalog, made.PAGES, made.BLANK % (90, 45)]))
    assert _corner(decoded) == (255, 255, 255)


# --- Places


def test_r2_a_path_swapped_for_a_link_or_a_pipe_is_not_opened(tmp_path: Path) -> None:
    import os

    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    real.write_bytes(TINY)
    link.symlink_to(real)
    os.mkfifo(pipe)
    for path in (link, pipe, tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match="is not an uploaded file"):
            media.decode(ImageKind(), Upload("x", path=path), {}, 0, Limits(), name="field")


def test_r11_a_url_comes_through_the_one_fetcher(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fake(url: str, max_bytes: int, limits: Limits, *, name: str) -> bytes:
        asked.append((url, max_bytes, name))
        return made.contained(made.sine(1.0, 48_000), 48_000, "ipod", "aac")

    monkeypatch.setattr(sources, "fetch", fake)
    upload = Upload("x", url="https://example.com/x.png")
    decoded = media.decode(Audio(), upload, {}, 16_000, Limits(), name="field")
    assert len(decoded.value) == pytest.approx(16_000, rel=0.1)
    assert asked == [("https://example.com/x.png", Limits().audio_bytes, "field")]
