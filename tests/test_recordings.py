"""R4, R7 and what a recording is: its level, its rate, its length, whatever its header says."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest

from pipelines import media
from pipelines.errors import InputError
from pipelines.kinds import Audio
from pipelines.limits import Limits
from tests import made
from tests.door import REFUSAL_SECONDS, Take, refusal


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
