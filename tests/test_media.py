"""The door for files: R2, R3, R5 and R11; its guests have files of their own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines import media, sources
from pipelines.errors import InputError
from pipelines.kinds import Audio
from pipelines.kinds import Image as ImageKind
from pipelines.limits import Limits
from pipelines.uploads import Upload
from tests import made
from tests.door import Take, refusal


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


def test_r2_a_path_swapped_for_a_link_or_a_pipe_is_not_opened(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    real.write_bytes(made.TINY)
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
